#include "scenarios/error_spells.h"

#include "model/events.h"
#include "model/explain.h"
#include "model/java_hash.h"

namespace brokerlab::scenarios {
namespace {

using model::ClientError;
using model::ErrorCode;

/// "TimeoutException (REQUEST_TIMED_OUT)": as logs have it.
std::string name_of(const ClientError& error) {
  const std::string code(to_text(error.error));
  if (error.exception.empty()) return code;
  if (error.error == ErrorCode::none) return std::string(error.exception);
  return fmt::format("{} ({})", error.exception, code);
}

/// Half of how a group rebalances, and told as that.
bool is_usual(const ClientError& error) {
  return error.error == ErrorCode::rebalance_in_progress && !error.final;
}

}  // namespace

ErrorSpells::ErrorSpells(sim::World& world, Cluster& cluster, Ledger& ledger)
    : world_(world), cluster_(cluster), ledger_(ledger) {
  ledger.listen(*this);
}

void ErrorSpells::on_client_error(const ClientError& error) {
  const bool by_name =
      error.source == ClientError::Source::response || error.source == ClientError::Source::client;
  if (!by_name || is_usual(error)) return;
  const std::string name = name_of(error);
  const auto key = std::make_tuple(std::string(error.client), std::string(error.api), name);
  const auto known = open_.find(key);
  if (known != open_.end() && world_.now() - spells_[known->second].last <= apart) {
    Spell& spell = spells_[known->second];
    ++spell.count;
    spell.last = world_.now();
    return;
  }
  const sim::World::KeepCause keep(world_);
  const bool commit = error.api == "OffsetCommit" && error.final;
  const sim::EventKind& kind = commit ? model::events::commit_failed
                               : error.source == ClientError::Source::client
                                   ? model::events::client_exception
                                   : model::events::client_error;
  sim::Trace::About about{.machine = world_.trace().find_machine(error.client),
                          .cause = why(error)};
  if (error.partition != nullptr && error.partition->partition >= 0) {
    about.partition = cluster_.context().partitions.id_of(*error.partition);
  }
  const sim::EventId told = world_.trace().record(
      kind, about,
      {{"client", std::string(error.client)}, {"api", std::string(error.api)}, {"error", name}});
  open_[key] = told;
  spells_[told] = {1, world_.now(), world_.now()};
}

std::optional<model::TopicPartition> ErrorSpells::coordinator_of(std::string_view client) const {
  const Cluster::Member* member = cluster_.find(client);
  if (member == nullptr || member->role.role != Role::consumer) return std::nullopt;
  const Scenario& scenario = cluster_.scenario();
  const std::string& group = scenario.consumers[member->role.spec].group;
  const int number = model::java_positive(model::java_hash(group)) %
                     scenario.brokers.front().config.offsets_topic_num_partitions;
  return model::TopicPartition{model::offsets_topic, number};
}

sim::EventId ErrorSpells::why_waiting(const model::TopicPartition& name) const {
  constexpr Duration looked_back = 40s;
  const auto view = ledger_.partitions().find(name);
  if (view == ledger_.partitions().end()) return {};
  const auto& machines = cluster_.context().broker_machines;
  const auto leader = machines.find(view->second.leader);
  if (leader == machines.end()) return {};
  for (const model::BrokerId member : view->second.isr) {
    const auto other = machines.find(member);
    if (other == machines.end() || member == view->second.leader) continue;
    const sim::EventId trouble =
        cluster_.network().trouble(leader->second, other->second, world_.now() - looked_back);
    if (trouble.valid()) return trouble;
  }
  return {};
}

/// What the client was doing when it heard of it has nothing to do with it.
sim::EventId ErrorSpells::why(const ClientError& error) const {
  constexpr Duration recent = 1min;
  const bool of_partition = error.partition != nullptr && error.partition->partition >= 0;
  const std::optional<model::TopicPartition> about =
      of_partition ? std::optional(*error.partition) : coordinator_of(error.client);
  if (!about) return {};
  const sim::PartitionId partition = cluster_.context().partitions.id_of(*about);
  const sim::Trace& trace = world_.trace();
  sim::EventId behind = model::why_answered(trace, error.error, partition);
  if (error.error == ErrorCode::request_timed_out && of_partition) {
    behind = model::why_not_written(trace, partition, trace.find_machine(error.client),
                                    world_.now() - 2min);
  }
  const bool waits = error.error == ErrorCode::request_timed_out ||
                     error.error == ErrorCode::coordinator_not_available;
  // A leader elected long ago is no reason.
  if (waits && behind.valid() && trace.event(behind).time + recent < world_.now()) behind = {};
  return waits && !behind.valid() ? why_waiting(*about) : behind;
}

}  // namespace brokerlab::scenarios

#include "scenarios/ledger/exposure.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

/// Copies that are remembered of a partition: more than are made while an answer is on its way.
constexpr std::size_t copies_kept = 256;

}  // namespace

std::optional<sim::MachineId> Exposure::machine_of(model::BrokerId broker) const {
  const auto found = context()->broker_machines.find(broker);
  if (found == context()->broker_machines.end()) return std::nullopt;
  return found->second;
}

void Exposure::on_transfer(const sim::Transfer& transfer) {
  if (transfer.arrived == never) return;
  if (transfer.kind == "Produce response") produce_answers_[transfer.source] = transfer.sent;
  if (transfer.kind == "Fetch response") fetch_answers_[transfer.destination] = transfer.sent;
}

void Exposure::on_acknowledged(const model::RecordRun& run, const model::TopicPartition& name,
                               model::Offset offset) {
  Ledger::on_acknowledged(run, name, offset);
  const auto view = partitions().find(name);
  const model::BrokerId leader =
      view == partitions().end() ? model::BrokerId{} : view->second.serving;
  const auto machine = machine_of(leader);
  const auto answer = machine ? produce_answers_.find(*machine) : produce_answers_.end();
  const bool answered = offset != log::no_offset && answer != produce_answers_.end();
  acknowledged_.push_back({leader, answered ? answer->second : world().now()});
  Acknowledged& now = acknowledged_.back();
  if (offset == log::no_offset) {  // acks=0: nobody vouches for it
    now.copied = now.sent;
    return;
  }
  for (const Copy& copy : copies_[name]) {
    if (copy.end > offset) now.copied = std::min(now.copied, std::max(copy.sent, now.sent));
  }
  if (now.copied == never) waiting_[name].emplace(offset, acknowledged_.size() - 1);
}

void Exposure::on_log_end(model::BrokerId broker, const model::TopicPartition& name,
                          model::Offset end) {
  Ledger::on_log_end(broker, name, end);
  const auto machine = machine_of(broker);
  const auto answer = machine ? fetch_answers_.find(*machine) : fetch_answers_.end();
  const Time sent = answer == fetch_answers_.end() ? world().now() : answer->second;
  std::vector<Copy>& copies = copies_[name];
  copies.push_back({end, sent});
  if (copies.size() > 2 * copies_kept) copies.erase(copies.begin(), copies.end() - copies_kept);
  const auto waiting = waiting_.find(name);
  if (waiting == waiting_.end()) return;
  Waiting& offsets = waiting->second;
  while (!offsets.empty() && offsets.begin()->first < end) {
    Acknowledged& one = acknowledged_[offsets.begin()->second];
    one.copied = std::max(one.sent, sent);
    offsets.erase(offsets.begin());
  }
}

std::vector<Exposed> Exposure::all() const {
  std::vector<Exposed> all;
  for (const Acknowledged& one : acknowledged_) {
    if (!one.leader.valid()) continue;
    std::string leader = context()->broker_name(one.leader);
    const bool same = !all.empty() && all.back().leader == leader && all.back().from == one.sent;
    if (same) {
      all.back().until = std::max(all.back().until, one.copied);
    } else {
      all.push_back({std::move(leader), one.sent, one.copied});
    }
  }
  return all;
}

}  // namespace brokerlab::scenarios

#include "model/client/fetcher.h"

#include "model/events.h"
#include "model/explain.h"

#include <algorithm>

namespace brokerlab::model {

namespace {

/// A Java client's clock has milliseconds; so has what it waits for, be the setting 0.
constexpr Duration tick = 1ms;

}  // namespace

Fetcher::Fetcher(sim::Process& process, const ConsumerSetup& setup, ClientNetwork& network,
                 ClusterContext& context)
    : process_(process),
      world_(process.world()),
      setup_(setup),
      config_(setup.config),
      network_(network),
      context_(context) {}

void Fetcher::assign(const std::vector<TopicPartition>& partitions) {
  positions_.clear();
  // What was fetched stays in the buffer: collect() drops it, unless the position turns out to be
  // the same again.
  for (const TopicPartition& partition : partitions) positions_[partition];
}

std::vector<TopicPartition> Fetcher::initializing() const {
  std::vector<TopicPartition> partitions;
  for (const auto& [partition, position] : positions_) {
    if (position.state == State::initializing) partitions.push_back(partition);
  }
  return partitions;
}

/// SubscriptionState.seekUnvalidated: the log may have been cut since the commit, so with an epoch
/// the position is checked first (KIP-320).
void Fetcher::set_committed(const TopicPartition& partition, Offset offset, LeaderEpoch epoch) {
  Position* position = find(partition);
  if (position == nullptr || position->state != State::initializing) return;
  if (offset == log::no_offset) {
    reset(partition, *position, ApiKey::offset_fetch, "NoOffsetForPartitionException");
    return;
  }
  position->offset = offset;
  position->offset_epoch = epoch;
  position->leader = network_.view().leader(partition);
  const bool check = epoch != log::no_epoch && position->leader.epoch != log::no_epoch;
  position->state = check ? State::await_validation : State::fetching;
}

void Fetcher::reset(const TopicPartition& partition, Position& position, ApiKey api,
                    std::string_view exception) {
  position.retry_at = {};
  if (config_.auto_offset_reset != AutoOffsetReset::none) {
    position.state = State::await_reset;
    return;
  }
  const bool had_one = position.offset != log::no_offset;
  position.state = State::failed;
  fail_application(partition, api, had_one ? ErrorCode::offset_out_of_range : ErrorCode::none,
                   exception);
}

void Fetcher::fail_application(const TopicPartition& partition, ApiKey api, ErrorCode error,
                               std::string_view exception) {
  network_.errors().gave_up(api, error, exception, &partition);
  if (!failure_) failure_ = ConsumerFailure{std::string(exception), {}};
  if (failure_->exception == exception) failure_->partitions.push_back(partition);
}

Fetcher::Position* Fetcher::find(const TopicPartition& partition) {
  const auto found = positions_.find(partition);
  return found == positions_.end() ? nullptr : &found->second;
}

Offset Fetcher::position(const TopicPartition& partition) const {
  const auto found = positions_.find(partition);
  return found == positions_.end() ? log::no_offset : found->second.offset;
}

Offset Fetcher::high_watermark(const TopicPartition& partition) const {
  const auto found = positions_.find(partition);
  return found == positions_.end() ? log::no_offset : found->second.high_watermark;
}

/// SubscriptionState.allConsumed.
std::vector<OffsetCommitRequest::Partition> Fetcher::consumed() const {
  std::vector<OffsetCommitRequest::Partition> all;
  for (const auto& [partition, position] : positions_) {
    if (position.state != State::fetching) continue;
    all.push_back({partition, position.offset, position.offset_epoch});
  }
  return all;
}

// --- Positions ---

/// SubscriptionState.maybeValidatePosition: under the same leadership nothing can have been cut
/// off; under a new one it can.
void Fetcher::validate(Position& position, const LeaderInfo& leader) {
  if (position.state != State::fetching && position.state != State::await_validation) return;
  if (!leader.leader.valid()) return;
  if (position.leader.leader == leader.leader && position.leader.epoch == leader.epoch) return;
  position.leader = leader;
  position.retry_at = {};
  const bool check = position.offset_epoch != log::no_epoch && leader.epoch != log::no_epoch;
  position.state = check ? State::await_validation : State::fetching;
}

void Fetcher::validate_on_new_metadata() {
  if (std::exchange(seen_version_, network_.version()) == network_.version()) return;
  for (auto& [partition, position] : positions_) {
    validate(position, network_.view().leader(partition));
  }
}

/// Partitions in that state whose time has come, by the broker to ask.
std::map<BrokerId, std::vector<Fetcher::Asked>> Fetcher::wanted(State state) {
  std::map<BrokerId, std::vector<Asked>> by_node;
  for (auto& [partition, position] : positions_) {
    if (position.state != state || position.retry_at > world_.now()) continue;
    // A reset asks whoever leads now.
    const LeaderInfo leader =
        state == State::await_reset ? network_.view().leader(partition) : position.leader;
    if (leader.leader.valid()) {
      by_node[leader.leader].push_back({partition, position.offset, leader, position.offset_epoch});
    } else {
      network_.request_update();
    }
  }
  return by_node;
}

void Fetcher::update_positions() {
  validate_on_new_metadata();
  for (const State state : {State::await_validation, State::await_reset}) {
    for (auto& [node, asked] : wanted(state)) {
      NodeConnection* connection = network_.node(node);
      if (connection == nullptr) {
        network_.request_update();
        continue;
      }
      if (!network_.ready(*connection)) continue;
      for (const Asked& one : asked) {
        positions_.at(one.partition).retry_at = world_.now() + config_.request_timeout;
      }
      if (state == State::await_reset) {
        process_.spawn(list_offsets(*connection, std::move(asked)));
      } else {
        process_.spawn(ask_epochs(*connection, std::move(asked)));
      }
    }
  }
}

Time Fetcher::next_attempt() {
  Time next = never;
  for (const auto& [partition, position] : positions_) {
    if (position.retry_at > world_.now()) next = std::min(next, position.retry_at);
    const NodeConnection* node = network_.node(position.leader.leader);
    if (node != nullptr && node->unavailable()) next = std::min(next, node->backoff_until());
    // Something is missing that no answer under way will bring (pollForFetches).
    const bool missing =
        position.state == State::await_reset || position.state == State::initializing;
    if (missing) next = std::min(next, world_.now() + std::max(config_.retry_backoff, tick));
  }
  return next;
}

/// OffsetFetcherUtils: the answer was an error; another attempt follows after retry.backoff.ms.
void Fetcher::retry_later(const TopicPartition& partition, ApiKey api, ErrorCode error) {
  network_.errors().answered(api, error, &partition);
  network_.request_update();
  Position& position = positions_.at(partition);
  note_failing(partition, position, error);
  position.retry_at = world_.now() + config_.retry_backoff;
}

void Fetcher::note_failing(const TopicPartition& partition, Position& position, ErrorCode error) {
  if (position.failing) return;
  const sim::EventId behind =
      why_answered(world_.trace(), error, context_.partitions.id_of(partition));
  position.failing = behind.valid() ? behind : world_.cause();
}

void Fetcher::fail_all(ApiKey api, const NodeConnection& connection, const RpcFailure& failure,
                       const std::vector<Asked>& asked) {
  network_.errors().unanswered(api, failure);
  note_unreachable(connection.address(), failure.kind, failure.cause);
  network_.request_update();
  for (const Asked& one : asked) {
    Position* position = find(one.partition);
    if (position == nullptr) continue;
    // A request to the old leader may fail long after the new one was asked.
    const bool still_there =
        position->state == State::await_reset || position->leader.leader == one.leader.leader;
    if (still_there) position->failing = unreachable_.at(connection.address());
    if (api != ApiKey::fetch) position->retry_at = world_.now() + config_.retry_backoff;
  }
}

void Fetcher::note_unreachable(Address address, RpcFailure::Kind error, sim::EventId cause) {
  if (unreachable_.contains(address)) return;
  sim::Trace::About here{.machine = process_.machine().id()};
  if (cause.valid()) here.cause = cause;
  const sim::EventId told = world_.trace().record(events::consumer_stalled, here,
                                                  {{"to", machine_name(process_, address)},
                                                   sim::Detail::of("what", what_failed(error)),
                                                   sim::Detail::of("error", to_phrase(error))});
  unreachable_[address] = told;
  for (auto& [partition, position] : positions_) {
    const auto leader = network_.view().brokers().find(network_.view().leader(partition).leader);
    if (leader != network_.view().brokers().end() && leader->second == address) {
      position.failing = told;
    }
  }
}

sim::Task<> Fetcher::list_offsets(NodeConnection& connection, std::vector<Asked> asked) {
  auto request = std::make_unique<ListOffsetsRequest>();
  const bool earliest = config_.auto_offset_reset == AutoOffsetReset::earliest;
  for (const Asked& one : asked) {
    request->partitions.push_back(
        {one.partition, one.leader.epoch, earliest ? earliest_timestamp : latest_timestamp});
  }
  RequestPtr message = std::move(request);
  note_asked(asked);
  Result<std::unique_ptr<ListOffsetsResponse>, RpcFailure> result =
      co_await call_as<ListOffsetsResponse>(connection, std::move(message));
  if (!result) {
    fail_all(ApiKey::list_offsets, connection, result.error(), asked);
  } else {
    note_reached(connection.address());
    for (const ListOffsetsResponse::Partition& answer : (*result)->partitions) {
      Position* position = find(answer.partition);
      if (position == nullptr || position->state != State::await_reset) continue;
      if (answer.error != ErrorCode::none) {
        retry_later(answer.partition, ApiKey::list_offsets, answer.error);
        continue;
      }
      // Without an epoch: there is nothing to validate about it.
      position->offset = answer.offset;
      position->offset_epoch = log::no_epoch;
      position->leader = network_.view().leader(answer.partition);
      position->state = State::fetching;
      position->retry_at = {};
    }
  }
  network_.changed().notify_all();
}

/// KIP-320: asks the new leader where the epoch of our last record ends in its log.
sim::Task<> Fetcher::ask_epochs(NodeConnection& connection, std::vector<Asked> asked) {
  auto request = std::make_unique<OffsetForLeaderEpochRequest>();
  for (const Asked& one : asked) {
    request->partitions.push_back({one.partition, one.leader.epoch, one.offset_epoch});
  }
  RequestPtr message = std::move(request);
  note_asked(asked);
  Result<std::unique_ptr<OffsetForLeaderEpochResponse>, RpcFailure> result =
      co_await call_as<OffsetForLeaderEpochResponse>(connection, std::move(message));
  if (!result) {
    fail_all(ApiKey::offset_for_leader_epoch, connection, result.error(), asked);
  } else {
    note_reached(connection.address());
    for (const OffsetForLeaderEpochResponse::Partition& answer : (*result)->partitions) {
      const auto one = std::find_if(asked.begin(), asked.end(), [&](const Asked& candidate) {
        return candidate.partition == answer.partition;
      });
      if (one != asked.end()) take_end_of_epoch(*one, answer);
    }
  }
  network_.changed().notify_all();
}

/// SubscriptionState.maybeCompleteValidation.
void Fetcher::take_end_of_epoch(const Asked& asked,
                                const OffsetForLeaderEpochResponse::Partition& answer) {
  Position* found = find(asked.partition);
  if (found == nullptr || found->state != State::await_validation) return;
  Position& position = *found;
  if (answer.error != ErrorCode::none) {
    retry_later(asked.partition, ApiKey::offset_for_leader_epoch, answer.error);
    return;
  }
  const bool same = position.offset == asked.offset &&
                    position.leader.leader == asked.leader.leader &&
                    position.leader.epoch == asked.leader.epoch;
  if (!same) return;  // the leadership has moved on: that one is asked
  position.retry_at = {};
  if (answer.end_offset == log::no_offset || answer.leader_epoch == log::no_epoch) {
    reset(asked.partition, position, ApiKey::offset_for_leader_epoch, "LogTruncationException");
  } else if (answer.end_offset >= position.offset) {
    position.state = State::fetching;
  } else {
    // The log was cut behind us: records we have read are gone, others will take their offsets.
    if (!position.failing) position.failing = world_.cause();
    if (config_.auto_offset_reset == AutoOffsetReset::none) {
      position.state = State::failed;
      fail_application(asked.partition, ApiKey::offset_for_leader_epoch,
                       ErrorCode::offset_out_of_range, "LogTruncationException");
      return;
    }
    position.state = State::fetching;
    position.offset = answer.end_offset;
    position.offset_epoch = answer.leader_epoch;
  }
}

// --- Fetching ---

/// FetchBuffer.bufferedPartitions.
std::set<TopicPartition> Fetcher::buffered() const {
  std::set<TopicPartition> partitions;
  if (next_in_line_) partitions.insert(next_in_line_->partition);
  for (const CompletedFetch& fetch : completed_) partitions.insert(fetch.partition);
  return partitions;
}

void Fetcher::send_fetches() {
  validate_on_new_metadata();
  if (network_.update_due()) return;  // metadata first; changed() tells when it is on its way
  const std::set<TopicPartition> in_buffer = buffered();
  for (auto& [node, asked] : wanted(State::fetching)) {
    NodeConnection* connection = network_.node(node);
    if (connection == nullptr) {
      network_.request_update();
      continue;
    }
    std::erase_if(asked, [&](const Asked& one) { return in_buffer.contains(one.partition); });
    if (asked.empty() || connection->unavailable() || !fetching_.insert(node).second) continue;
    std::stable_sort(asked.begin(), asked.end(), [this](const Asked& a, const Asked& b) {
      return positions_.at(a.partition).turn < positions_.at(b.partition).turn;
    });
    process_.spawn(fetch(node, *connection, std::move(asked)));
  }
}

sim::Task<> Fetcher::fetch(BrokerId node, NodeConnection& connection, std::vector<Asked> asked) {
  auto request = std::make_unique<FetchRequest>();
  request->max_wait = config_.fetch_max_wait;
  request->min_bytes = config_.fetch_min_bytes;
  request->max_bytes = config_.fetch_max_bytes;
  for (const Asked& one : asked) {
    FetchRequest::Partition partition;
    partition.partition = one.partition;
    partition.current_leader_epoch = one.leader.epoch;
    partition.fetch_offset = one.offset;
    partition.max_bytes = config_.max_partition_fetch_bytes;
    request->partitions.push_back(std::move(partition));
  }
  RequestPtr message = std::move(request);
  note_asked(asked);
  Result<std::unique_ptr<FetchResponse>, RpcFailure> result =
      co_await call_as<FetchResponse>(connection, std::move(message));
  fetching_.erase(node);
  if (!result) {
    fail_all(ApiKey::fetch, connection, result.error(), asked);
  } else {
    note_reached(connection.address());
    buffer(asked, **result, connection.address());
  }
  network_.changed().notify_all();
}

void Fetcher::note_asked(const std::vector<Asked>& asked) {
  for (const Asked& one : asked) {
    Position* position = find(one.partition);
    if (position != nullptr && position->asked_since == never) position->asked_since = world_.now();
  }
}

/// When the answer comes, not when the application gets to it: that may be long after.
void Fetcher::note_answered(const Asked& asked, const FetchResponse::Partition& answer,
                            Address from) {
  Position* position = find(asked.partition);
  if (position == nullptr || position->state != State::fetching) return;
  if (answer.error != ErrorCode::none || position->offset != asked.offset) return;
  // Nobody reads again to whom nothing is readable though there is something to read.
  if (answer.records.empty() && answer.high_watermark < answer.log_end_offset) return;
  const Duration waited = world_.now() - std::exchange(position->asked_since, never);
  if (!position->failing) return;
  const sim::EventId interrupted = *std::exchange(position->failing, std::nullopt);
  const sim::World::KeepCause keep(world_);
  const sim::PartitionId id = context_.partitions.id_of(asked.partition);
  world_.trace().record(events::consumer_resumed,
                        {.machine = process_.machine().id(),
                         .partition = id,
                         .cause = why_again(world_.trace(), id, interrupted, interrupted)},
                        {{"to", machine_name(process_, from)},
                         {"waited", to_rounded_text(waited)},
                         {"waited_ns", std::to_string(waited.count())}});
}

/// AbstractFetch.handleFetchSuccess.
void Fetcher::buffer(std::vector<Asked>& asked, FetchResponse& response, Address from) {
  for (FetchResponse::Partition& answer : response.partitions) {
    const auto one = std::find_if(asked.begin(), asked.end(), [&](const Asked& candidate) {
      return candidate.partition == answer.partition;
    });
    ENSURE(one != asked.end(), "an answer about a partition that was not asked for");
    Position* position = find(answer.partition);
    const bool was_failing = position != nullptr && position->failing.has_value();
    note_answered(*one, answer, from);
    if (position != nullptr && answer.error == ErrorCode::none) {
      const Offset told = std::exchange(position->told_high_watermark, answer.high_watermark);
      const bool news = told != answer.high_watermark || was_failing;
      if (answer.records.empty() && !news) continue;
    }
    network_.errors().answered(ApiKey::fetch, answer.error, &answer.partition);
    CompletedFetch fetch;
    fetch.partition = answer.partition;
    fetch.from = from;
    fetch.next_offset = one->offset;
    fetch.error = answer.error;
    fetch.high_watermark = answer.high_watermark;
    fetch.bytes = std::move(answer.records);
    completed_.push_back(std::move(fetch));
    if (!names_new_leader(answer.error, answer.current_leader)) continue;
    if (!network_.update_leader(answer.partition, answer.current_leader, response.node_endpoints)) {
      continue;
    }
    if (position != nullptr) validate(*position, network_.view().leader(answer.partition));
  }
}

}  // namespace brokerlab::model

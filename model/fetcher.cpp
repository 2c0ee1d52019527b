#include "model/fetcher.h"

#include "log/record_batch.h"
#include "model/codec_cost.h"
#include "model/events.h"
#include "model/explain.h"

#include <algorithm>

namespace brokerlab::model {

namespace {

/// Of a response: a select, a read call, parsing its header.
constexpr Duration response_cost = 10us;
/// Deserialising a record and handing it over. Kreps 2014: one consumer reads 940,521 records of
/// 100 bytes a second.
constexpr Duration record_cost = 1us;

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
  ++assignment_;
  positions_.clear();
  completed_.clear();
  for (const TopicPartition& partition : partitions) positions_[partition];
}

std::vector<TopicPartition> Fetcher::initializing() const {
  std::vector<TopicPartition> partitions;
  for (const auto& [partition, position] : positions_) {
    if (position.state == State::initializing) partitions.push_back(partition);
  }
  return partitions;
}

/// The log may have been cut since the commit: with an epoch the position is checked first
/// (KIP-320).
void Fetcher::set_committed(const TopicPartition& partition, Offset offset, LeaderEpoch epoch) {
  Position* position = find(partition);
  if (position == nullptr || position->state != State::initializing) return;
  if (offset != log::no_offset) {
    position->offset = offset;
    position->offset_epoch = epoch;
    position->state = epoch == log::no_epoch ? State::fetching : State::await_validation;
  } else {
    reset(partition, *position, ApiKey::offset_fetch, "NoOffsetForPartitionException");
  }
}

void Fetcher::reset(const TopicPartition& partition, Position& position, ApiKey api,
                    std::string_view exception) {
  position.buffer.clear();
  position.state = State::await_reset;
  if (config_.auto_offset_reset != AutoOffsetReset::none) return;
  position.state = State::failed;
  const bool lost = position.offset != log::no_offset;
  network_.errors().gave_up(api, lost ? ErrorCode::offset_out_of_range : ErrorCode::none, exception,
                            &partition);
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

std::vector<OffsetCommitRequest::Partition> Fetcher::consumed() const {
  std::vector<OffsetCommitRequest::Partition> all;
  for (const auto& [partition, position] : positions_) {
    if (position.offset == log::no_offset) continue;
    all.push_back({partition, position.offset, position.offset_epoch});
  }
  return all;
}

// --- Sending ---

void Fetcher::notice_new_leader(const TopicPartition& partition, Position& position) {
  const LeaderInfo leader = network_.view().leader(partition);
  if (leader.epoch <= position.current_epoch) return;
  const bool first = position.current_epoch == log::no_epoch;
  position.current_epoch = leader.epoch;
  // Under the same leadership nothing can have been cut off; under a new one it can.
  if (position.offset_epoch == log::no_epoch || first) return;
  if (position.state == State::fetching) position.state = State::await_validation;
}

void Fetcher::pump() {
  std::map<BrokerId, std::map<State, std::vector<TopicPartition>>> work;
  for (auto& [partition, position] : positions_) {
    notice_new_leader(partition, position);
    if (position.asked || position.retry_at > world_.now()) continue;
    if (position.state == State::initializing || position.state == State::failed) continue;
    if (position.state == State::fetching && !position.buffer.empty()) continue;
    const LeaderInfo leader = network_.view().leader(partition);
    if (!leader.leader.valid()) {
      network_.request_update();
      later(position);
      continue;
    }
    if (position.state == State::fetching && fetching_.contains(leader.leader)) continue;
    work[leader.leader][position.state].push_back(partition);
  }
  for (const auto& [node, states] : work) {
    NodeConnection* connection = network_.node(node);
    if (connection == nullptr) {
      network_.request_update();
      continue;
    }
    if (!network_.ensure_connected(*connection)) continue;
    for (const auto& [state, partitions] : states) send(node, *connection, state, partitions);
  }
}

void Fetcher::send(BrokerId node, NodeConnection& connection, State state,
                   const std::vector<TopicPartition>& partitions) {
  std::vector<TopicPartition> order = partitions;
  std::stable_sort(order.begin(), order.end(), [this](const auto& a, const auto& b) {
    return positions_.at(a).turn < positions_.at(b).turn;
  });
  std::vector<Asked> asked;
  for (const TopicPartition& partition : order) {
    Position& position = positions_.at(partition);
    position.asked = true;
    asked.push_back({partition, position.offset, position.current_epoch, position.offset_epoch});
  }
  if (state == State::fetching) {
    fetching_.insert(node);
    process_.spawn(fetch(node, connection, std::move(asked), assignment_));
  } else if (state == State::await_reset) {
    process_.spawn(list_offsets(connection, std::move(asked), assignment_));
  } else {
    process_.spawn(validate(connection, std::move(asked), assignment_));
  }
}

void Fetcher::later(Position& position) {
  position.retry_at = world_.now() + config_.retry_backoff;
}

Time Fetcher::next_attempt() const {
  Time next = never;
  for (const auto& [partition, position] : positions_) {
    if (!position.asked && position.retry_at > world_.now()) {
      next = std::min(next, position.retry_at);
    }
  }
  return next;
}

// --- Answers ---

void Fetcher::fail_all(ApiKey api, const NodeConnection& connection, const RpcFailure& failure,
                       const std::vector<Asked>& asked, std::int64_t assignment) {
  network_.errors().unanswered(api, failure.kind);
  note_unreachable(connection.address(), failure.kind, failure.cause);
  network_.request_update();
  if (assignment != assignment_) return;
  for (const Asked& one : asked) {
    Position& position = positions_.at(one.partition);
    position.asked = false;
    position.failing = unreachable_.at(connection.address());
    later(position);
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

void Fetcher::handle_error(const TopicPartition& partition, Position& position, ApiKey api,
                           ErrorCode error) {
  network_.errors().answered(api, error, &partition);
  if (!position.failing) {
    const sim::EventId behind =
        why_answered(world_.trace(), error, context_.partitions.id_of(partition));
    position.failing = behind.valid() ? behind : world_.cause();
  }
  if (error == ErrorCode::offset_out_of_range) {
    reset(partition, position, api, "OffsetOutOfRangeException");
    return;
  }
  if (needs_metadata(error) || error == ErrorCode::unknown_leader_epoch ||
      error == ErrorCode::offset_not_available) {
    network_.request_update();
  }
  later(position);
}

sim::Task<> Fetcher::fetch(BrokerId node, NodeConnection& connection, std::vector<Asked> asked,
                           std::int64_t assignment) {
  auto request = std::make_unique<FetchRequest>();
  request->max_wait = config_.fetch_max_wait;
  request->min_bytes = config_.fetch_min_bytes;
  request->max_bytes = config_.fetch_max_bytes;
  for (const Asked& one : asked) {
    FetchRequest::Partition partition;
    partition.partition = one.partition;
    partition.current_leader_epoch = one.current_epoch;
    partition.fetch_offset = one.offset;
    partition.max_bytes = config_.max_partition_fetch_bytes;
    request->partitions.push_back(std::move(partition));
  }
  RequestPtr message = std::move(request);
  Result<std::unique_ptr<FetchResponse>, RpcFailure> result =
      co_await call_as<FetchResponse>(connection, std::move(message));
  if (!result) {
    fetching_.erase(node);
    fail_all(ApiKey::fetch, connection, result.error(), asked, assignment);
    network_.changed().notify_all();
    co_return;
  }
  note_reached(connection.address());
  std::vector<Decoded> decoded;
  Duration demand = response_cost;
  for (const FetchResponse::Partition& answer : (*result)->partitions) {
    const auto found = find_asked(asked, answer.partition);
    decoded.push_back(found == asked.end() ? Decoded{} : decode(*found, answer.records));
    demand += decoded.back().demand;
  }
  if (demand > response_cost) co_await process_.machine().cpu().run(demand);
  fetching_.erase(node);
  if (assignment == assignment_) {
    for (const Asked& one : asked) positions_.at(one.partition).asked = false;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
      const FetchResponse::Partition& answer = (*result)->partitions[i];
      const auto found = find_asked(asked, answer.partition);
      if (found != asked.end()) take_fetched(*found, answer, std::move(decoded[i]), connection);
    }
  }
  network_.changed().notify_all();
}

std::vector<Fetcher::Asked>::const_iterator Fetcher::find_asked(const std::vector<Asked>& asked,
                                                                const TopicPartition& partition) {
  return std::find_if(asked.begin(), asked.end(),
                      [&](const Asked& one) { return one.partition == partition; });
}

void Fetcher::take_fetched(const Asked& asked, const FetchResponse::Partition& answer,
                           Decoded decoded, const NodeConnection& connection) {
  Position& position = positions_.at(asked.partition);
  // A validation in between has moved the position: the answer is about another place.
  if (position.state != State::fetching || position.offset != asked.offset) return;
  if (answer.error != ErrorCode::none) {
    handle_error(asked.partition, position, ApiKey::fetch, answer.error);
    return;
  }
  position.high_watermark = answer.high_watermark;
  if (answer.diverging_epoch) {
    position.state = State::await_validation;
    return;
  }
  // Nobody reads again to whom nothing is readable though there is something to read.
  const bool reads = !decoded.records.empty() || answer.high_watermark >= answer.log_end_offset;
  if (position.failing && reads) tell_resumed(asked.partition, position, connection);
  if (decoded.after != log::no_offset) position.after_buffer = decoded.after;
  if (decoded.damaged) tell_damage(asked.partition, position, connection);
  if (decoded.damaged) later(position);  // what came before the damage is good; then ask again
  std::move(decoded.records.begin(), decoded.records.end(), std::back_inserter(position.buffer));
  if (position.buffer.empty()) return;
  position.turn = next_turn_++;
  completed_.push_back(asked.partition);
}

void Fetcher::tell_resumed(const TopicPartition& partition, Position& position,
                           const NodeConnection& connection) {
  const sim::EventId interrupted = *std::exchange(position.failing, std::nullopt);
  const sim::World::KeepCause keep(world_);
  const sim::PartitionId id = context_.partitions.id_of(partition);
  world_.trace().record(events::consumer_resumed,
                        {.machine = process_.machine().id(),
                         .partition = id,
                         .cause = why_again(world_.trace(), id, interrupted, interrupted)},
                        {{"to", machine_name(process_, connection.address())}});
}

void Fetcher::tell_damage(const TopicPartition& partition, Position& position,
                          const NodeConnection& connection) {
  if (std::exchange(position.damage_told, position.offset) == position.offset) return;
  const sim::World::KeepCause keep(world_);
  world_.trace().record(
      events::damage_met,
      {.machine = process_.machine().id(), .partition = context_.partitions.id_of(partition)},
      {{"from", machine_name(process_, connection.address())}});
}

Fetcher::Decoded Fetcher::decode(const Asked& asked, const log::ByteSlice& bytes) const {
  const sim::CpuConfig& cpu = process_.machine().cpu().config();
  log::ByteVector scratch;
  Decoded decoded;
  decoded.demand = time_for(Bytes(static_cast<std::int64_t>(bytes.size())), cpu.byte_rate);
  for (const log::BatchView& batch : log::Batches(bytes)) {
    if (config_.check_crcs && !batch.checksum_ok()) {
      decoded.damaged = true;
      break;
    }
    const auto take = [&](const log::RecordView& record) {
      if (record.offset < asked.offset) return true;  // the batch began before the position
      ConsumedRecord taken;
      taken.partition = asked.partition;
      taken.offset = record.offset;
      taken.leader_epoch = batch.leader_epoch();
      taken.timestamp = record.timestamp;
      if (record.key) taken.key.emplace(record.key->begin(), record.key->end());
      if (record.value) taken.value.assign(record.value->begin(), record.value->end());
      decoded.records.push_back(std::move(taken));
      return true;
    };
    if (!batch.is_control() && !log::for_each_record(batch, scratch, take).ok()) {
      decoded.damaged = true;
      break;
    }
    decoded.after = batch.next_offset();
    if (batch.codec() == log::Codec::none) continue;
    const Bytes outside(static_cast<std::int64_t>(scratch.size()));
    decoded.demand += decompress_time(cpu.codecs, batch.codec(), outside);
  }
  decoded.demand += record_cost * static_cast<std::int64_t>(decoded.records.size());
  return decoded;
}

std::vector<ConsumedRecord> Fetcher::collect() {
  std::vector<ConsumedRecord> records;
  while (!completed_.empty() &&
         records.size() < static_cast<std::size_t>(config_.max_poll_records)) {
    Position& position = positions_.at(completed_.front());
    if (position.state != State::fetching || position.buffer.empty()) {
      // It must be validated first; what was fetched under the old leader is fetched again.
      position.buffer.clear();
      completed_.pop_front();
      continue;
    }
    position.offset_epoch = position.buffer.front().leader_epoch;
    position.offset = position.buffer.front().offset + 1;
    records.push_back(std::move(position.buffer.front()));
    position.buffer.pop_front();
    if (position.buffer.empty()) {
      position.offset = std::max(position.offset, position.after_buffer);
      completed_.pop_front();
    }
  }
  return records;
}

sim::Task<> Fetcher::list_offsets(NodeConnection& connection, std::vector<Asked> asked,
                                  std::int64_t assignment) {
  auto request = std::make_unique<ListOffsetsRequest>();
  const bool earliest = config_.auto_offset_reset == AutoOffsetReset::earliest;
  for (const Asked& one : asked) {
    request->partitions.push_back(
        {one.partition, one.current_epoch, earliest ? earliest_timestamp : latest_timestamp});
  }
  RequestPtr message = std::move(request);
  Result<std::unique_ptr<ListOffsetsResponse>, RpcFailure> result =
      co_await call_as<ListOffsetsResponse>(connection, std::move(message));
  if (!result) {
    fail_all(ApiKey::list_offsets, connection, result.error(), asked, assignment);
  } else if (assignment == assignment_) {
    note_reached(connection.address());
    for (const Asked& one : asked) positions_.at(one.partition).asked = false;
    for (const ListOffsetsResponse::Partition& answer : (*result)->partitions) {
      Position* position = find(answer.partition);
      if (position == nullptr || position->state != State::await_reset) continue;
      if (answer.error != ErrorCode::none) {
        handle_error(answer.partition, *position, ApiKey::list_offsets, answer.error);
        continue;
      }
      position->offset = answer.offset;
      position->offset_epoch = answer.leader_epoch;
      position->state = State::fetching;
    }
  }
  network_.changed().notify_all();
}

/// KIP-320: asks the new leader where the epoch of our last record ends in its log.
sim::Task<> Fetcher::validate(NodeConnection& connection, std::vector<Asked> asked,
                              std::int64_t assignment) {
  auto request = std::make_unique<OffsetForLeaderEpochRequest>();
  for (const Asked& one : asked) {
    request->partitions.push_back({one.partition, one.current_epoch, one.offset_epoch});
  }
  RequestPtr message = std::move(request);
  Result<std::unique_ptr<OffsetForLeaderEpochResponse>, RpcFailure> result =
      co_await call_as<OffsetForLeaderEpochResponse>(connection, std::move(message));
  if (!result) {
    fail_all(ApiKey::offset_for_leader_epoch, connection, result.error(), asked, assignment);
  } else if (assignment == assignment_) {
    note_reached(connection.address());
    for (const Asked& one : asked) positions_.at(one.partition).asked = false;
    for (const OffsetForLeaderEpochResponse::Partition& answer : (*result)->partitions) {
      Position* position = find(answer.partition);
      if (position == nullptr || position->state != State::await_validation) continue;
      if (answer.error != ErrorCode::none) {
        handle_error(answer.partition, *position, ApiKey::offset_for_leader_epoch, answer.error);
      } else if (answer.end_offset == log::no_offset || answer.leader_epoch == log::no_epoch) {
        reset(answer.partition, *position, ApiKey::offset_for_leader_epoch,
              "LogTruncationException");
      } else {
        position->state = State::fetching;
        if (answer.end_offset >= position->offset) continue;
        // The log was cut behind us: records we have read are gone, others will take their offsets.
        if (!position->failing) position->failing = world_.cause();
        position->offset = answer.end_offset;
        position->offset_epoch = answer.leader_epoch;
        position->buffer.clear();
        if (config_.auto_offset_reset != AutoOffsetReset::none) continue;
        position->state = State::failed;
        network_.errors().gave_up(ApiKey::offset_for_leader_epoch, ErrorCode::offset_out_of_range,
                                  "LogTruncationException", &answer.partition);
      }
    }
  }
  network_.changed().notify_all();
}

}  // namespace brokerlab::model

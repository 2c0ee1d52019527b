#include "model/client/subscription_state.h"

#include <algorithm>
#include <iterator>

namespace brokerlab::model {

namespace {

/// A Java client's clock has milliseconds; so has what it waits for, be the setting 0.
constexpr Duration tick = 1ms;

}  // namespace

void SubscriptionState::assign(const std::vector<TopicPartition>& partitions) {
  changed_ = true;
  ++assignment_;
  Positions before = std::move(positions_);
  positions_.clear();
  in_state_.fill(0);
  // What was fetched stays in the buffer: collect() drops it, unless the position turns out to be
  // the same again.
  for (const TopicPartition& partition : partitions) {
    Position& position = positions_[partition];
    const auto kept = before.find(partition);
    if (kept != before.end()) position = kept->second;
    ++in(position.state_);
  }
  elsewhere_ = 0;
  postponed_ = 0;
  for (const auto& [partition, position] : positions_) {
    elsewhere_ += position.read_replica_.valid();
    postponed_ += position.retry_at_ != Time{};
  }
}

void SubscriptionState::set_paused(const TopicPartition& partition, bool paused) {
  Position* position = find(partition);
  if (position == nullptr) return;
  position->paused_ = paused;
  changed_ = true;
}

/// SubscriptionState.seekUnvalidated of a position without an epoch: there is nothing to check.
void SubscriptionState::seek(const TopicPartition& partition, Offset offset) {
  Position* position = find(partition);
  if (position == nullptr) return;
  position->offset = offset;
  position->offset_epoch = log::no_epoch;
  retry_at(*position, {});
  set_leader(*position, network_.view().leader(partition));
  enter(*position, PositionState::fetching);
}

/// SubscriptionState.requestOffsetReset.
void SubscriptionState::seek_by_time(const TopicPartition& partition, std::int64_t timestamp) {
  Position* position = find(partition);
  if (position == nullptr) return;
  position->reset_to_ = timestamp;
  retry_at(*position, {});
  enter(*position, PositionState::await_reset);
}

void SubscriptionState::stop_fetching() {
  changed_ = true;
  for (auto& [partition, position] : positions_) position.pending_revocation_ = true;
}

void SubscriptionState::enter(Position& position, PositionState state) {
  --in(position.state_);
  ++in(state);
  position.state_ = state;
  changed_ = true;
}

void SubscriptionState::set_leader(Position& position, const LeaderInfo& leader) {
  position.leader_ = leader;
  changed_ = true;
}

void SubscriptionState::retry_at(Position& position, Time when) {
  postponed_ += (when != Time{}) - (position.retry_at_ != Time{});
  position.retry_at_ = when;
}

BrokerId SubscriptionState::read_replica(Position& position, Time now) {
  if (position.read_replica_.valid() && now > position.read_replica_until_) {
    clear_read_replica(position);
  }
  return position.read_replica_;
}

bool SubscriptionState::set_read_replica(Position& position, BrokerId replica, Time until) {
  if (position.read_replica_ == replica) return false;
  elsewhere_ += !position.read_replica_.valid();
  position.read_replica_ = replica;
  position.read_replica_until_ = until;
  return true;
}

bool SubscriptionState::clear_read_replica(Position& position) {
  if (!position.read_replica_.valid()) return false;
  --elsewhere_;
  position.read_replica_ = BrokerId();
  return true;
}

void SubscriptionState::look_through() {
  if (!std::exchange(changed_, false)) return;
  leaders_.clear();
  std::map<BrokerId, std::vector<Positions::value_type*>> fetchable;
  for (Positions::value_type& entry : positions_) {
    const BrokerId leader = entry.second.leader_.leader;
    leaders_.insert(leader);
    if (entry.second.fetchable()) fetchable[leader].push_back(&entry);
  }
  by_leader_.assign(std::make_move_iterator(fetchable.begin()),
                    std::make_move_iterator(fetchable.end()));
}

const SubscriptionState::ByLeader& SubscriptionState::fetchable_by_leader() {
  look_through();
  return by_leader_;
}

std::vector<TopicPartition> SubscriptionState::initializing() const {
  std::vector<TopicPartition> partitions;
  if (in(PositionState::initializing) == 0) return partitions;
  for (const auto& [partition, position] : positions_) {
    if (position.state() == PositionState::initializing) partitions.push_back(partition);
  }
  return partitions;
}

/// SubscriptionState.seekUnvalidated: the log may have been cut since the commit, so with an epoch
/// the position is checked first (KIP-320).
void SubscriptionState::set_committed(const TopicPartition& partition, Offset offset,
                                      LeaderEpoch epoch) {
  Position* position = find(partition);
  if (position == nullptr || position->state() != PositionState::initializing) return;
  if (offset == log::no_offset) {
    reset(partition, *position, ApiKey::offset_fetch, "NoOffsetForPartitionException");
    return;
  }
  position->offset = offset;
  position->offset_epoch = epoch;
  set_leader(*position, network_.view().leader(partition));
  const bool check = epoch != log::no_epoch && position->leader().epoch != log::no_epoch;
  enter(*position, check ? PositionState::await_validation : PositionState::fetching);
}

void SubscriptionState::reset(const TopicPartition& partition, Position& position, ApiKey api,
                              std::string_view exception) {
  retry_at(position, {});
  if (config_.auto_offset_reset != AutoOffsetReset::none) {
    const bool earliest = config_.auto_offset_reset == AutoOffsetReset::earliest;
    position.reset_to_ = earliest ? earliest_timestamp : latest_timestamp;
    enter(position, PositionState::await_reset);
    return;
  }
  const bool had_one = position.offset != log::no_offset;
  enter(position, PositionState::failed);
  fail_application(partition, api, had_one ? ErrorCode::offset_out_of_range : ErrorCode::none,
                   exception);
}

void SubscriptionState::fail_application(const TopicPartition& partition, ApiKey api,
                                         ErrorCode error, std::string_view exception) {
  network_.errors().gave_up(api, error, exception, &partition);
  if (!failure_) failure_ = ConsumerFailure{std::string(exception), {}};
  if (failure_->exception == exception) failure_->partitions.push_back(partition);
}

Position* SubscriptionState::find(const TopicPartition& partition) {
  const auto found = positions_.find(partition);
  return found == positions_.end() ? nullptr : &found->second;
}

const Position* SubscriptionState::find(const TopicPartition& partition) const {
  const auto found = positions_.find(partition);
  return found == positions_.end() ? nullptr : &found->second;
}

bool SubscriptionState::fetchable(const TopicPartition& partition) const {
  const Position* position = find(partition);
  return position != nullptr && position->fetchable();
}

/// SubscriptionState.allConsumed.
std::vector<OffsetCommitRequest::Partition> SubscriptionState::consumed() const {
  std::vector<OffsetCommitRequest::Partition> all;
  for (const auto& [partition, position] : positions_) {
    if (position.state() != PositionState::fetching) continue;
    all.push_back({partition, position.offset, position.offset_epoch});
  }
  return all;
}

/// SubscriptionState.maybeValidatePosition: under the same leadership nothing can have been cut
/// off; under a new one it can.
void SubscriptionState::validate(const TopicPartition& partition, Position& position) {
  const LeaderInfo leader = network_.view().leader(partition);
  if (position.state() != PositionState::fetching &&
      position.state() != PositionState::await_validation)
    return;
  if (!leader.leader.valid()) return;
  if (position.leader().leader == leader.leader && position.leader().epoch == leader.epoch) return;
  set_leader(position, leader);
  clear_read_replica(position);
  retry_at(position, {});
  const bool check = position.offset_epoch != log::no_epoch && leader.epoch != log::no_epoch;
  enter(position, check ? PositionState::await_validation : PositionState::fetching);
}

void SubscriptionState::validate_on_new_metadata() {
  if (std::exchange(seen_version_, network_.version()) == network_.version()) return;
  for (auto& [partition, position] : positions_) {
    validate(partition, position);
  }
}

std::map<BrokerId, std::vector<AskedPosition>> SubscriptionState::wanted(PositionState state,
                                                                         Time now) {
  std::map<BrokerId, std::vector<AskedPosition>> by_node;
  if (in(state) == 0) return by_node;
  for (auto& [partition, position] : positions_) {
    if (position.state() != state || position.retry_at() > now) continue;
    // A reset asks whoever leads now.
    const LeaderInfo leader =
        state == PositionState::await_reset ? network_.view().leader(partition) : position.leader();
    if (leader.leader.valid()) {
      by_node[leader.leader].push_back(ask_about(partition, position));
      by_node[leader.leader].back().leader = leader;
    } else {
      network_.request_update();
    }
  }
  return by_node;
}

Time SubscriptionState::next_attempt(Time now) {
  look_through();
  Time next = never;
  if (postponed_ > 0) {
    for (const auto& [partition, position] : positions_) {
      if (position.retry_at_ > now) next = std::min(next, position.retry_at_);
    }
  }
  if (network_.any_backs_off()) {
    for (const BrokerId leader : leaders_) {
      const NodeConnection* node = network_.node(leader);
      if (node != nullptr && node->unavailable()) next = std::min(next, node->backoff_until());
    }
  }
  // Something is missing that no answer under way will bring (pollForFetches).
  if (in(PositionState::await_reset) + in(PositionState::initializing) > 0) {
    next = std::min(next, now + std::max(config_.retry_backoff, tick));
  }
  return next;
}

}  // namespace brokerlab::model

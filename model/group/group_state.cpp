#include "model/group/group_state.h"

#include <algorithm>

namespace brokerlab::model {

std::string_view to_text(GroupPhase phase) {
  switch (phase) {
    case GroupPhase::empty:
      return "Empty";
    case GroupPhase::preparing_rebalance:
      return "PreparingRebalance";
    case GroupPhase::completing_rebalance:
      return "CompletingRebalance";
    case GroupPhase::stable:
      return "Stable";
    case GroupPhase::dead:
      return "Dead";
  }
  UNREACHABLE();
}

GroupState::GroupState(std::string id, Rules rules, const GroupSnapshot& snapshot, Time now)
    : GroupState(std::move(id), rules) {
  managed_ = true;
  generation_ = snapshot.generation;
  protocol_ = snapshot.protocol;
  members_.restore(snapshot, now);
  phase_ = members_.empty() ? GroupPhase::empty : GroupPhase::stable;
}

void GroupState::enter(GroupPhase phase, Phrase why) {
  phase_ = phase;
  outbox_.changes.push_back({phase, generation_, std::move(why), {}, {}});
}

GroupSnapshot GroupState::snapshot() const {
  GroupSnapshot snapshot{generation_, protocol_, members_.leader(), {}};
  for (const auto& [id, member] : members_) {
    const auto assigned = assignment_.find(id);
    snapshot.members.push_back(
        {id, member.instance, member.client_id, member.client_host, member.rebalance_timeout,
         member.session_timeout,
         protocol_ && member.knows(*protocol_) ? member.subscription(*protocol_) : Subscription{},
         assigned == assignment_.end() ? member.partitions : assigned->second});
  }
  return snapshot;
}

std::set<std::string> GroupState::subscribed_topics() const {
  std::set<std::string> topics;
  for (const auto& [id, member] : members_) {
    if (!protocol_ || !member.knows(*protocol_)) continue;
    const std::vector<std::string>& own = member.subscription(*protocol_).topics;
    topics.insert(own.begin(), own.end());
  }
  return topics;
}

/// validateCurrentMember.
ErrorCode GroupState::validate_member(const std::string& member,
                                      const std::optional<std::string>& instance) const {
  if (instance) {
    const std::string* current = members_.find_instance(*instance);
    if (current == nullptr) return ErrorCode::unknown_member_id;
    if (*current != member) return ErrorCode::fenced_instance_id;
  }
  return members_.contains(member) ? ErrorCode::none : ErrorCode::unknown_member_id;
}

ErrorCode GroupState::validate(const Identity& who) const {
  if (phase_ == GroupPhase::dead) return ErrorCode::coordinator_not_available;
  const ErrorCode error = validate_member(who.member_id, who.instance);
  if (error != ErrorCode::none) return error;
  return who.generation == generation_ ? ErrorCode::none : ErrorCode::illegal_generation;
}

// --- Answers ---

GroupState::JoinReply GroupState::reply_for(const std::string& id) const {
  JoinReply reply;
  reply.generation = generation_;
  reply.protocol = protocol_.value_or("");
  reply.leader = members_.leader().value_or("");
  reply.member_id = id;
  if (members_.leader() == id) {
    for (const auto& [other, member] : members_) {
      reply.members.push_back({other, member.instance, member.subscription(reply.protocol)});
    }
  }
  return reply;
}

void GroupState::answer_join(Member& member, JoinReply reply) {
  if (!member.awaiting_join) return;
  outbox_.joins.emplace_back(*std::exchange(member.awaiting_join, std::nullopt), std::move(reply));
}

/// A member that asks again has given up on its earlier request (its connection broke). Kafka drops
/// the old callback; here somebody waits for it.
void GroupState::supersede(Member& member) {
  JoinReply reply;
  reply.error = ErrorCode::rebalance_in_progress;
  answer_join(member, std::move(reply));
  answer_sync(member, {ErrorCode::rebalance_in_progress, {}, {}});
}

bool GroupState::answer_sync(Member& member, SyncReply reply) {
  if (!member.awaiting_sync) return false;
  outbox_.syncs.emplace_back(*std::exchange(member.awaiting_sync, std::nullopt), std::move(reply));
  return true;
}

void GroupState::prepare_rebalance(const Phrase& why, Time now) {
  if (phase_ == GroupPhase::preparing_rebalance || phase_ == GroupPhase::dead) return;
  if (phase_ == GroupPhase::completing_rebalance) {
    for (auto& [id, member] : members_) member.partitions.clear();
    propagate(ErrorCode::rebalance_in_progress, now);
  }
  assignment_.clear();
  for (auto& [id, member] : members_) member.must_sync = false;
  sync_deadline_ = never;
  initial_join_ = phase_ == GroupPhase::empty;
  if (initial_join_) {
    initial_delay_ = rules_.initial_rebalance_delay;
    initial_remaining_ = std::max(members_.rebalance_timeout() - initial_delay_, Duration{0});
    join_deadline_ = now + initial_delay_;
  } else {
    join_deadline_ = now + members_.rebalance_timeout();
  }
  enter(GroupPhase::preparing_rebalance, why);
  try_complete_join(now);
}

void GroupState::try_complete_join(Time now) {
  if (phase_ != GroupPhase::preparing_rebalance || initial_join_ || members_.expects_any()) return;
  if (members_.all_joined()) complete_join(now);
}

void GroupState::initial_delay_over(Time now) {
  if (new_member_added_ && initial_remaining_ > Duration{0}) {
    // More members are coming: wait once more, within the rebalance timeout.
    new_member_added_ = false;
    const Duration delay = std::min(rules_.initial_rebalance_delay, initial_remaining_);
    initial_remaining_ = std::max(initial_remaining_ - initial_delay_, Duration{0});
    initial_delay_ = delay;
    join_deadline_ = now + delay;
  } else {
    complete_join(now);
  }
}

void GroupState::complete_join(Time now) {
  std::vector<std::string> missing;
  for (const auto& [id, member] : members_) {
    if (!member.awaiting_join && !member.instance) missing.push_back(id);
  }
  for (const std::string& id : missing) members_.erase(id);
  if (!members_.elect_joined_leader() && !members_.empty()) {
    join_deadline_ = now + members_.rebalance_timeout();
    return;
  }
  initial_join_ = false;
  join_deadline_ = never;
  assignment_.clear();
  ++generation_;
  if (members_.empty()) {
    protocol_.reset();
    enter(GroupPhase::empty);
    outbox_.to_store.push_back(snapshot());
    return;
  }
  protocol_ = members_.select_protocol();
  enter(GroupPhase::completing_rebalance);
  for (auto& [id, member] : members_) {
    answer_join(member, reply_for(id));
    member.is_new = false;
    member.must_sync = true;
    member.renew(now);
  }
  sync_deadline_ = now + members_.rebalance_timeout();
}

// --- Syncing ---

void GroupState::sync(Ticket ticket, const Sync& sync, Time now) {
  const auto answer = [&](ErrorCode error) {
    SyncReply reply;
    reply.error = error;
    outbox_.syncs.emplace_back(ticket, std::move(reply));
  };
  const std::string& id = sync.who.member_id;
  const ErrorCode invalid = validate(sync.who);
  if (invalid != ErrorCode::none) return answer(invalid);
  if (protocol_ != sync.protocol) return answer(ErrorCode::inconsistent_group_protocol);
  if (phase_ == GroupPhase::empty) return answer(ErrorCode::unknown_member_id);
  if (phase_ == GroupPhase::preparing_rebalance) return answer(ErrorCode::rebalance_in_progress);

  Member& member = members_.at(id);
  member.must_sync = false;
  supersede(member);
  member.awaiting_sync = ticket;
  if (members_.all_synced()) sync_deadline_ = never;
  if (phase_ == GroupPhase::stable) {
    answer_sync(member, {ErrorCode::none, *protocol_, member.partitions});
    member.renew(now);
  } else if (members_.leader() == id) {
    assignment_.clear();
    for (const auto& [other, unused] : members_) assignment_[other] = {};
    for (const SyncGroupRequest::Assignment& one : sync.assignments) {
      if (members_.contains(one.member_id)) assignment_[one.member_id] = one.partitions;
    }
    outbox_.to_store.push_back(snapshot());
  }
}

void GroupState::stored(int generation, ErrorCode error, Time now) {
  if (phase_ != GroupPhase::completing_rebalance || generation != generation_) return;
  if (error != ErrorCode::none) {
    for (auto& [id, member] : members_) member.partitions.clear();
    assignment_.clear();
    propagate(error, now);
    prepare_rebalance({fmt::format("storing the assignment failed: {}", to_text(error)),
                       fmt::format("할당 저장 실패: {}", to_text(error))},
                      now);
    return;
  }
  for (auto& [id, member] : members_) member.partitions = std::move(assignment_[id]);
  assignment_.clear();
  propagate(ErrorCode::none, now);
  enter(GroupPhase::stable);
}

void GroupState::propagate(ErrorCode error, Time now) {
  for (auto& [id, member] : members_) {
    SyncReply reply;
    reply.error = error;
    if (error == ErrorCode::none) {
      reply.protocol = protocol_.value_or("");
      reply.partitions = member.partitions;
    }
    if (answer_sync(member, std::move(reply))) member.renew(now);
  }
}

void GroupState::sync_overdue(Time now) {
  sync_deadline_ = never;
  std::vector<std::string> late;
  for (const auto& [id, member] : members_) {
    if (member.must_sync) late.push_back(id);
  }
  for (const std::string& id : late) members_.erase(id);
  if (late.empty()) return;
  prepare_rebalance({"a member did not send SyncGroup", "SyncGroup을 보내지 않은 멤버"}, now);
}

// --- Membership ---

ErrorCode GroupState::heartbeat(const Identity& who, Time now) {
  const ErrorCode invalid = validate(who);
  if (invalid != ErrorCode::none) return invalid;
  if (phase_ == GroupPhase::empty) return ErrorCode::unknown_member_id;
  members_.at(who.member_id).renew(now);
  return phase_ == GroupPhase::preparing_rebalance ? ErrorCode::rebalance_in_progress
                                                   : ErrorCode::none;
}

ErrorCode GroupState::leave(const std::string& member, const std::optional<std::string>& instance,
                            Time now) {
  if (phase_ == GroupPhase::dead) return ErrorCode::coordinator_not_available;
  std::string id = member;
  if (id.empty()) {
    const std::string* current = instance ? members_.find_instance(*instance) : nullptr;
    if (current == nullptr) return ErrorCode::unknown_member_id;
    id = *current;
  } else if (members_.expect_no_longer(id)) {
    try_complete_join(now);
    return ErrorCode::none;
  } else {
    const ErrorCode invalid = validate_member(id, instance);
    if (invalid != ErrorCode::none) return invalid;
  }
  const std::string& client = members_.at(id).client_id;
  const Phrase why{client + " left", client + " 탈퇴"};
  remove_member(id, why, now);
  return ErrorCode::none;
}

ErrorCode GroupState::check_commit(const Identity& who, Time now) {
  if (phase_ == GroupPhase::dead) return ErrorCode::coordinator_not_available;
  if (who.generation < 0 && phase_ == GroupPhase::empty) return ErrorCode::none;
  if (who.generation < 0 && who.member_id.empty() && !who.instance) {
    return ErrorCode::unknown_member_id;
  }
  const ErrorCode invalid = validate(who);
  if (invalid != ErrorCode::none) return invalid;
  if (phase_ == GroupPhase::completing_rebalance) return ErrorCode::rebalance_in_progress;
  members_.at(who.member_id).renew(now);
  return ErrorCode::none;
}

void GroupState::remove_member(const std::string& id, const Phrase& why, Time now) {
  JoinReply reply;
  reply.error = ErrorCode::unknown_member_id;
  answer_join(members_.at(id), std::move(reply));
  answer_sync(members_.at(id), {ErrorCode::unknown_member_id, {}, {}});
  members_.erase(id);
  if (phase_ == GroupPhase::stable || phase_ == GroupPhase::completing_rebalance) {
    prepare_rebalance(why, now);
  } else {
    try_complete_join(now);
  }
}

void GroupState::unload() {
  for (auto& [id, member] : members_) {
    JoinReply reply;
    reply.error = ErrorCode::not_coordinator;
    reply.member_id = id;
    answer_join(member, std::move(reply));
    answer_sync(member, {ErrorCode::not_coordinator, {}, {}});
  }
  join_deadline_ = sync_deadline_ = never;
  members_.clear();
  enter(GroupPhase::dead);
}

// --- Time ---

void GroupState::name_silent(const std::string& client, Duration silence,
                             std::size_t changes_before) {
  for (std::size_t i = changes_before; i < outbox_.changes.size(); ++i) {
    outbox_.changes[i].silent = client;
    outbox_.changes[i].silence = silence;
  }
}

Time GroupState::next_deadline() const {
  return std::min({join_deadline_, sync_deadline_, members_.next_expiry()});
}

void GroupState::advance(Time now) {
  if (join_deadline_ <= now) {
    join_deadline_ = never;
    initial_join_ ? initial_delay_over(now) : complete_join(now);
  }
  if (sync_deadline_ <= now) sync_overdue(now);
  std::vector<std::string> due;
  for (const auto& [id, member] : members_) {
    if (member.expires <= now) due.push_back(id);
  }
  for (const std::string& id : due) {
    if (!members_.contains(id) || members_.at(id).expires > now) continue;
    Member& member = members_.at(id);
    member.expires = never;
    // Whoever waits for us is alive as far as we know, but for a first join that waits too long.
    if (!member.is_new && (member.awaiting_join || member.awaiting_sync)) continue;
    const Phrase why{"no heartbeat from " + member.client_id,
                     member.client_id + "의 하트비트 끊김"};
    const std::string client = member.client_id;
    const Duration silence = member.session_timeout;
    const std::size_t changes = outbox_.changes.size();
    remove_member(id, why, now);
    name_silent(client, silence, changes);
  }
  if (members_.expect_no_longer(now)) try_complete_join(now);
}

}  // namespace brokerlab::model

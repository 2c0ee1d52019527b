// Who asks a group to be let in: strangers, members, and static members that come back.
#include "base/check.h"
#include "model/group/group_state.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

/// acceptJoiningMember: while a rebalance is prepared those who have joined already count, so that
/// the last of too many are put out.
bool GroupState::accepts(const std::string& member) const {
  const bool known = members_.contains(member);
  switch (phase_) {
    case GroupPhase::empty:
    case GroupPhase::dead:
      return true;
    case GroupPhase::preparing_rebalance:
      return (known && members_.at(member).awaiting_join) ||
             members_.count_joined() < rules_.max_size;
    case GroupPhase::completing_rebalance:
    case GroupPhase::stable:
      return known || members_.size() < rules_.max_size;
  }
  UNREACHABLE();
}

void GroupState::join(Ticket ticket, const Join& join, Time now) {
  const auto refuse = [&](ErrorCode error, const std::string& id) {
    JoinReply reply;
    reply.error = error;
    reply.member_id = id;
    outbox_.joins.emplace_back(ticket, std::move(reply));
  };
  const std::string* returning =
      join.instance && join.member_id.empty() ? members_.find_instance(*join.instance) : nullptr;
  if (!accepts(join.member_id)) {
    members_.erase(join.member_id);
    refuse(ErrorCode::group_max_size_reached, "");
  } else if (phase_ == GroupPhase::dead) {
    refuse(ErrorCode::coordinator_not_available, join.member_id);
  } else if (!members_.supports(join.protocols)) {
    refuse(ErrorCode::inconsistent_group_protocol, join.member_id);
  } else if (returning != nullptr) {
    replace_static(ticket, std::string(*returning), join, now);
  } else if (join.member_id.empty() && join.instance) {
    add_member(ticket, join.fresh_id, join, now);  // no MEMBER_ID_REQUIRED: it cannot come twice
  } else if (join.member_id.empty()) {
    members_.expect(join.fresh_id, now + join.session_timeout);
    refuse(ErrorCode::member_id_required, join.fresh_id);
  } else if (members_.expects(join.member_id)) {
    add_member(ticket, join.member_id, join, now);
  } else {
    const ErrorCode invalid = validate_member(join.member_id, join.instance);
    if (invalid != ErrorCode::none) {
      refuse(invalid, join.member_id);
    } else if (phase_ == GroupPhase::empty) {
      refuse(ErrorCode::unknown_member_id, join.member_id);
    } else {
      join_again(ticket, join, now);
    }
  }
  try_complete_join(now);
}

void GroupState::add_member(Ticket ticket, const std::string& id, const Join& join, Time now) {
  if (phase_ == GroupPhase::preparing_rebalance && generation_ == 0) new_member_added_ = true;
  managed_ = true;
  Member& member = members_.add(id, join.instance);
  member.client_id = join.client_id;
  member.client_host = join.client_host;
  member.session_timeout = join.session_timeout;
  member.rebalance_timeout = join.rebalance_timeout;
  member.protocols = join.protocols;
  member.awaiting_join = ticket;
  member.is_new = true;
  // It cannot send heartbeats while its first join waits, and a connection that breaks is not
  // noticed here: so the wait itself is bounded.
  member.expires = now + rules_.new_member_timeout;
  prepare_rebalance({join.client_id + " joins", join.client_id + " 참여"}, now);
}

/// doCurrentMemberJoinGroup.
void GroupState::join_again(Ticket ticket, const Join& join, Time now) {
  const std::string& id = join.member_id;
  Member& member = members_.at(id);
  const bool same = member.protocols == join.protocols;  // what it owns, and since when, too
  const bool is_leader = members_.leader() == id;
  if (phase_ == GroupPhase::preparing_rebalance || !same) {
    update_member(ticket, member, join,
                  {join.client_id + " joins again", join.client_id + " 다시 참여"}, now);
  } else if (phase_ == GroupPhase::stable && is_leader) {
    update_member(ticket, member, join,
                  {join.client_id + ", who leads it, joins again",
                   "그룹 리더 " + join.client_id + " 다시 참여"},
                  now);
  } else {
    // It may have missed the first answer; the current generation still stands.
    outbox_.joins.emplace_back(ticket, reply_for(id));
  }
}

void GroupState::update_member(Ticket ticket, Member& member, const Join& join, const Phrase& why,
                               Time now) {
  member.session_timeout = join.session_timeout;
  member.rebalance_timeout = join.rebalance_timeout;
  member.protocols = join.protocols;
  supersede(member);
  member.awaiting_join = ticket;
  prepare_rebalance(why, now);
}

// --- Static members ---

/// updateStaticMemberAndRebalance: who comes back finds its place, if the group goes on as it was.
void GroupState::replace_static(Ticket ticket, const std::string& old_id, const Join& join,
                                Time now) {
  Member& member = members_.replace(old_id, join.fresh_id);
  JoinReply fenced;
  fenced.error = ErrorCode::fenced_instance_id;
  fenced.member_id = old_id;
  answer_join(member, std::move(fenced));
  answer_sync(member, {ErrorCode::fenced_instance_id, {}, {}});
  member.renew(now);
  const Replaced before{old_id, member.session_timeout, member.rebalance_timeout};
  member.session_timeout = join.session_timeout;
  member.rebalance_timeout = join.rebalance_timeout;
  member.protocols = join.protocols;
  member.awaiting_join = ticket;
  if (phase_ == GroupPhase::stable && members_.select_protocol() == protocol_) {
    replacing_.insert_or_assign(*join.instance, before);
    outbox_.replacements.push_back({*join.instance, join.fresh_id, join.client_id, snapshot()});
  } else if (phase_ == GroupPhase::stable || phase_ == GroupPhase::completing_rebalance) {
    // Another way of assigning; or the leader may be assigning to the old id just now.
    prepare_rebalance({join.client_id + " joins again", join.client_id + " 다시 참여"}, now);
  }
}

void GroupState::replaced(const Replacement& replacement, ErrorCode error, Time now) {
  const auto was = replacing_.extract(replacement.instance);
  if (was.empty() || !members_.contains(replacement.member_id)) return;
  const Replaced& before = was.mapped();
  if (error != ErrorCode::none) {
    Member& member = members_.replace(replacement.member_id, before.old_id);
    member.session_timeout = before.session_timeout;
    member.rebalance_timeout = before.rebalance_timeout;
    member.renew(now);
    JoinReply reply;
    reply.error = error;
    reply.generation = generation_;
    answer_join(member, std::move(reply));
    return;
  }
  Member& member = members_.at(replacement.member_id);
  // Kafka goes on to call it by the one before (replaceStaticMember); what is told here is of who
  // is at work.
  member.client_id = replacement.client_id;
  JoinReply reply = reply_for(replacement.member_id);
  reply.skip_assignment = members_.leader() == replacement.member_id;
  answer_join(member, std::move(reply));
}

void GroupState::loaded(Time now) {
  if (members_.size() <= rules_.max_size) return;
  prepare_rebalance({"more members than group.max.size", "멤버가 group.max.size보다 많음"}, now);
}

}  // namespace brokerlab::model

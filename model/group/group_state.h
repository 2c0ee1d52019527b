// GroupState: the rules of one consumer group, as a state machine without a clock.
//
//   empty -> preparing_rebalance -> completing_rebalance -> stable       (dead: moved elsewhere)
//                 ^____________________|____________________|
//
// Calls bring the date along; next_deadline() says when advance() wants to be called without a
// request. Joins and syncs that must wait are known by the caller's ticket; their replies, records
// to be stored and changes of phase appear in the outbox. The caller stores what is in the outbox
// and reports back by stored(): an assignment is handed out only once it is safe in the log.
//
// A static member (KIP-345) that comes back under a new member id takes its place again without a
// rebalance, once that is stored; whoever still uses the old id is fenced.
//
// Only the consumer's protocol type is modelled. Joins are in group_joins.cpp, the rest in
// group_state.cpp.
//
// Lifetime: a value. Threads: none. Errors: error codes in the replies.
// Source:   kafka.coordinator.group.{GroupCoordinator, GroupMetadata, DelayedJoin}; the table of
//           members is GroupMembers.
#pragma once

#include "base/phrase.h"
#include "model/group/group_members.h"
#include "model/wire/protocol.h"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::model {

enum class GroupPhase { empty, preparing_rebalance, completing_rebalance, stable, dead };
std::string_view to_text(GroupPhase phase);  ///< "PreparingRebalance", as Kafka's tools show it.

class GroupState {
 public:
  using Ticket = GroupMember::Ticket;

  struct Rules {
    Duration initial_rebalance_delay = 3s;
    /// NewMemberJoinTimeoutMs: how long a first JoinGroup may wait.
    Duration new_member_timeout = 5min;
    std::size_t max_size = std::numeric_limits<std::int32_t>::max();  ///< group.max.size
  };
  struct Join {
    std::string member_id;                     ///< Empty: unknown.
    std::string fresh_id;                      ///< What an unknown member will be called.
    std::optional<std::string> instance = {};  ///< group.instance.id
    std::string client_id;
    std::string client_host;
    Duration session_timeout{};
    Duration rebalance_timeout{};
    std::vector<GroupProtocol> protocols;  ///< The one liked best comes first.
  };
  struct JoinReply {
    ErrorCode error = ErrorCode::none;
    int generation = -1;
    std::string protocol;
    std::string leader;
    bool skip_assignment = false;
    std::string member_id;
    std::vector<JoinGroupResponse::Member> members;  ///< For the leader only.
  };
  /// Who asks, as far as it knows.
  struct Identity {
    std::string member_id;
    int generation = -1;
    std::optional<std::string> instance = {};
  };
  struct Sync {
    Identity who;
    std::string protocol;
    std::vector<SyncGroupRequest::Assignment> assignments = {};  ///< From the leader.
  };
  struct SyncReply {
    ErrorCode error = ErrorCode::none;
    std::string protocol;
    std::vector<TopicPartition> partitions;
  };
  struct Change {
    GroupPhase phase;
    int generation;
    Phrase why;  ///< Of a rebalance.
    /// The member whose silence is the reason, and for how long it was silent; empty: another one.
    std::string silent;
    Duration silence{};
  };
  /// A static member is back: to be stored, and reported by replaced().
  struct Replacement {
    std::string instance;
    std::string member_id;
    std::string client_id;
    GroupSnapshot group;
  };
  struct Outbox {
    std::vector<std::pair<Ticket, JoinReply>> joins;
    std::vector<std::pair<Ticket, SyncReply>> syncs;
    std::vector<GroupSnapshot> to_store;
    std::vector<Replacement> replacements;
    std::vector<Change> changes;
  };

  GroupState(std::string id, Rules rules) : id_(std::move(id)), rules_(rules) {}
  /// As read from the log: every member gets a session timeout to show up.
  GroupState(std::string id, Rules rules, const GroupSnapshot& snapshot, Time now);

  void join(Ticket ticket, const Join& join, Time now);
  void sync(Ticket ticket, const Sync& sync, Time now);
  ErrorCode heartbeat(const Identity& who, Time now);
  /// Without a member id: an operator removes that static member.
  ErrorCode leave(const std::string& member, const std::optional<std::string>& instance, Time now);
  /// Whether that member may commit now; if so its session is renewed.
  ErrorCode check_commit(const Identity& who, Time now);
  /// The snapshot of that generation was stored, or was not.
  void stored(int generation, ErrorCode error, Time now);
  /// That static member was stored under its new id, or was not.
  void replaced(const Replacement& replacement, ErrorCode error, Time now);
  /// It has been read from the log: is it too large now? Source: onGroupLoaded.
  void loaded(Time now);
  /// The group has moved: whoever waits is answered NOT_COORDINATOR.
  void unload();

  /// Does what is due by `now`.
  void advance(Time now);
  Time next_deadline() const;
  Outbox take_outbox() { return std::exchange(outbox_, {}); }

  const std::string& id() const { return id_; }
  GroupPhase phase() const { return phase_; }
  int generation() const { return generation_; }
  std::vector<std::string> member_ids() const { return members_.ids(); }
  /// It has, or had, members; else it only keeps offsets for somebody (no protocol type).
  bool managed() const { return managed_; }
  /// What its members subscribe to, of a stable group.
  std::set<std::string> subscribed_topics() const;
  /// An operator deletes it, or nothing is left of it: it has no members.
  void die() { phase_ = GroupPhase::dead; }
  GroupSnapshot snapshot() const;
  /// The longest of its members'.
  Duration rebalance_timeout() const { return members_.rebalance_timeout(); }

 private:
  using Member = GroupMember;

  ErrorCode validate_member(const std::string& member,
                            const std::optional<std::string>& instance) const;
  ErrorCode validate(const Identity& who) const;
  bool accepts(const std::string& member) const;
  void join_again(Ticket ticket, const Join& join, Time now);
  void replace_static(Ticket ticket, const std::string& old_id, const Join& join, Time now);
  void add_member(Ticket ticket, const std::string& id, const Join& join, Time now);
  void rejoin(Ticket ticket, const std::string& id, const Join& join, Time now);
  void update_member(Ticket ticket, Member& member, const Join& join, const Phrase& why, Time now);
  JoinReply reply_for(const std::string& id) const;
  void answer_join(Member& member, JoinReply reply);
  void supersede(Member& member);
  bool answer_sync(Member& member, SyncReply reply);
  void propagate(ErrorCode error, Time now);
  void prepare_rebalance(const Phrase& why, Time now);
  void name_silent(const std::string& client, Duration silence, std::size_t changes_before);
  void remove_member(const std::string& id, const Phrase& why, Time now);
  void try_complete_join(Time now);
  void initial_delay_over(Time now);
  void complete_join(Time now);
  void sync_overdue(Time now);
  void enter(GroupPhase phase, Phrase why = {});

  std::string id_;
  Rules rules_;
  GroupPhase phase_ = GroupPhase::empty;
  int generation_ = 0;
  bool managed_ = false;
  std::optional<std::string> protocol_;
  GroupMembers members_;
  std::map<std::string, std::vector<TopicPartition>> assignment_;  ///< Being stored.
  Time join_deadline_ = never;
  bool initial_join_ = false;  ///< The rebalance of a group that was empty: always waits.
  bool new_member_added_ = false;
  Duration initial_delay_{};
  Duration initial_remaining_{};
  Time sync_deadline_ = never;
  /// Static members whose new id is being stored, by instance: what they were before.
  struct Replaced {
    std::string old_id;
    Duration session_timeout;
    Duration rebalance_timeout;
  };
  std::map<std::string, Replaced> replacing_;
  Outbox outbox_;
};

}  // namespace brokerlab::model

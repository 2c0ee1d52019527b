// GroupMembers: who is in a group, who leads it, and who was given an id and has not joined yet.
//
// The leader is the first that joins; when it goes, another member takes its place. A static member
// is found by its group.instance.id, whatever its member id is now (KIP-345).
//
// Lifetime: a value, part of a GroupState. Threads: none. Errors: who is asked for by id is there.
// Source:   kafka.coordinator.group.{GroupMetadata, MemberMetadata}.
#pragma once

#include "base/units.h"
#include "model/ids.h"
#include "model/wire/consumer_protocol.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model {

/// A group as its record in __consumer_offsets keeps it.
struct GroupSnapshot {
  struct Member {
    std::string id;
    std::optional<std::string> instance;
    std::string client_id;
    std::string client_host;
    Duration rebalance_timeout{};
    Duration session_timeout{};
    Subscription subscription;
    std::vector<TopicPartition> partitions;
    bool operator==(const Member&) const = default;
  };
  int generation = 0;
  std::optional<std::string> protocol;
  std::optional<std::string> leader;
  std::vector<Member> members;
  bool operator==(const GroupSnapshot&) const = default;
};

struct GroupMember {
  using Ticket = std::int64_t;

  std::optional<std::string> instance;  ///< group.instance.id, of a static member.
  std::string client_id;
  std::string client_host;
  Duration session_timeout{};
  Duration rebalance_timeout{};
  std::vector<GroupProtocol> protocols;
  std::vector<TopicPartition> partitions;
  std::optional<Ticket> awaiting_join;
  std::optional<Ticket> awaiting_sync;
  bool is_new = false;
  bool must_sync = false;
  Time expires = never;

  bool knows(const std::string& protocol) const;
  /// What it says if that one is chosen; it must know it.
  const Subscription& subscription(const std::string& protocol) const;
  void renew(Time now) { expires = now + session_timeout; }
};

class GroupMembers {
 public:
  bool empty() const { return members_.empty(); }
  bool contains(const std::string& id) const { return members_.contains(id); }
  GroupMember& at(const std::string& id) { return members_.at(id); }
  const GroupMember& at(const std::string& id) const { return members_.at(id); }
  auto begin() { return members_.begin(); }  ///< Pairs of id and member, by id.
  auto end() { return members_.end(); }
  auto begin() const { return members_.begin(); }
  auto end() const { return members_.end(); }
  std::vector<std::string> ids() const;

  std::size_t size() const { return members_.size(); }
  /// The member id of a static member; nullptr: there is none of that name.
  const std::string* find_instance(const std::string& instance) const;

  /// It has joined; `instance`: which static member it is, if it is one. There is none yet.
  GroupMember& add(const std::string& id, const std::optional<std::string>& instance);
  /// A static member goes on under a new id; all else stays. Source: replaceStaticMember.
  GroupMember& replace(const std::string& id, const std::string& by);
  void erase(const std::string& id);
  /// All of them, and those that were expected.
  void clear();
  /// As a record keeps them; every member gets a session timeout to show up.
  void restore(const GroupSnapshot& snapshot, Time now);

  const std::optional<std::string>& leader() const { return leader_; }
  /// The leader stays if it has joined again, else one that has takes its place. False: nobody has.
  bool elect_joined_leader();
  bool all_joined() const;
  std::size_t count_joined() const;
  bool all_synced() const;
  /// Every member knows one of these (GroupMetadata.supportsProtocols).
  bool supports(const std::vector<GroupProtocol>& protocols) const;
  /// Of the protocols that all know the one that most like best; of several the first by name.
  /// There must be members. Source: GroupMetadata.selectProtocol.
  std::string select_protocol() const;
  Duration rebalance_timeout() const;  ///< The longest.

  /// An id was given out; its owner should join by then.
  void expect(const std::string& id, Time until) { expected_[id] = until; }
  bool expects(const std::string& id) const { return expected_.contains(id); }
  bool expects_any() const { return !expected_.empty(); }
  bool expect_no_longer(const std::string& id) { return expected_.erase(id) > 0; }
  bool expect_no_longer(Time now);  ///< Those whose time is over; true: there were some.

  /// When the first session or expectation ends.
  Time next_expiry() const;

 private:
  bool all_know(const std::string& protocol) const;

  std::map<std::string, GroupMember> members_;
  std::map<std::string, Time> expected_;
  std::map<std::string, std::string> instances_;  ///< Member ids by group.instance.id.
  std::optional<std::string> leader_;
};

}  // namespace brokerlab::model

// Stories of one consumer group, told to the pure state machine: no simulator, no clock.
#include "model/group/group_state.h"

#include "base/random.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <map>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// A coordinator's desk: hands requests to the group, keeps what comes back, stores at once.
class Desk {
 public:
  explicit Desk(Duration initial_delay = 3s,
                std::size_t max_size = std::numeric_limits<std::int32_t>::max())
      : group("nifi", {.initial_rebalance_delay = initial_delay, .max_size = max_size}) {}

  GroupState::Ticket join(const std::string& member, const std::string& client = "nifi",
                          const std::string& protocol = "range") {
    GroupState::Join request;
    request.member_id = member;
    request.fresh_id = client + "-" + std::to_string(next_ticket_);
    request.client_id = client;
    request.session_timeout = 45s;
    request.rebalance_timeout = rebalance_timeout;
    if (!protocol.empty()) request.protocols = {{protocol, {{"wifi"}}}};
    return join(request);
  }
  GroupState::Ticket join(const GroupState::Join& request) {
    group.join(next_ticket_, request, now);
    collect();
    return next_ticket_++;
  }
  /// The two steps of a member that has no id yet; its id.
  std::string new_member(const std::string& client) {
    std::string id = joins.at(join("", client)).member_id;
    tickets[id] = join(id, client);
    return id;
  }
  GroupState::Ticket sync(const std::string& member,
                          std::vector<SyncGroupRequest::Assignment> assignments = {}) {
    const std::string protocol = group.snapshot().protocol.value_or("");
    group.sync(next_ticket_, {{member, group.generation()}, protocol, std::move(assignments)}, now);
    collect();
    return next_ticket_++;
  }
  void pass(Duration time) {
    const Time end = now + time;
    while (group.next_deadline() <= end) {
      now = std::max(now, group.next_deadline());
      group.advance(now);
      collect();
    }
    now = end;
    collect();
  }
  void store(ErrorCode error = ErrorCode::none) {
    group.stored(stored.back().generation, error, now);
    collect();
  }
  /// A static member under no id yet.
  GroupState::Ticket join_static(const std::string& instance, const std::string& fresh_id,
                                 const std::string& protocol = "range") {
    GroupState::Join request;
    request.fresh_id = fresh_id;
    request.client_id = request.instance.emplace(instance);
    request.session_timeout = 45s;
    request.rebalance_timeout = rebalance_timeout;
    request.protocols = {{protocol, {{"wifi"}}}};
    return join(request);
  }
  void store_replacement(ErrorCode error = ErrorCode::none) {
    group.replaced(replacements.back(), error, now);
    collect();
  }
  /// Two static members, stable in generation 1; the one that leads is "a-1".
  void stable_static_pair() {
    join_static("a", "a-1");
    join_static("b", "b-1");
    pass(9s);
    REQUIRE(group.phase() == GroupPhase::completing_rebalance);
    sync("b-1");
    sync("a-1", {{"a-1", {{"wifi", 0}}}, {"b-1", {{"wifi", 1}}}});
    store();
    REQUIRE(group.phase() == GroupPhase::stable);
  }
  /// Two members, stable in generation 1; the leader's id first.
  std::pair<std::string, std::string> stable_pair() {
    const std::string a = new_member("a");
    const std::string b = new_member("b");
    pass(6s);
    const std::string leader = joins.at(tickets[a]).leader;
    const std::string follower = leader == a ? b : a;
    sync(follower);
    sync(leader, {{a, {{"wifi", 0}}}, {b, {{"wifi", 1}}}});
    store();
    return {leader, follower};
  }
  bool answered(GroupState::Ticket ticket) const {
    return joins.contains(ticket) || syncs.contains(ticket);
  }

  GroupState group;
  Duration rebalance_timeout = 300s;
  Time now{};
  std::map<GroupState::Ticket, GroupState::JoinReply> joins;
  std::map<GroupState::Ticket, GroupState::SyncReply> syncs;
  std::map<std::string, GroupState::Ticket> tickets;  ///< Of each member's last join.
  std::vector<GroupSnapshot> stored;
  std::vector<GroupState::Replacement> replacements;
  std::vector<GroupPhase> phases;

 private:
  void collect() {
    GroupState::Outbox outbox = group.take_outbox();
    for (auto& [ticket, reply] : outbox.joins) REQUIRE(joins.emplace(ticket, reply).second);
    for (auto& [ticket, reply] : outbox.syncs) REQUIRE(syncs.emplace(ticket, reply).second);
    for (GroupSnapshot& snapshot : outbox.to_store) stored.push_back(std::move(snapshot));
    for (GroupState::Replacement& one : outbox.replacements) replacements.push_back(one);
    for (const auto& change : outbox.changes) phases.push_back(change.phase);
  }
  GroupState::Ticket next_ticket_ = 1;
};

}  // namespace

TEST_CASE("a member without an id is sent back with one, which expires unused", "[unit]") {
  Desk desk;
  const auto reply = desk.joins.at(desk.join("", "nifi-1"));
  CHECK(reply.error == ErrorCode::member_id_required);
  CHECK(reply.member_id.starts_with("nifi-1-"));
  CHECK(desk.group.phase() == GroupPhase::empty);

  desk.pass(46s);
  CHECK(desk.joins.at(desk.join(reply.member_id)).error == ErrorCode::unknown_member_id);
}

TEST_CASE("the first rebalance waits for more members, as long as they keep coming", "[unit]") {
  Desk desk(3s);
  const std::string a = desk.new_member("a");
  desk.pass(2s);
  const std::string b = desk.new_member("b");
  desk.pass(1500ms);
  CHECK_FALSE(desk.answered(desk.tickets[a]));
  desk.pass(2500ms);  // the second delay is over as well
  REQUIRE(desk.answered(desk.tickets[a]));
  REQUIRE(desk.answered(desk.tickets[b]));
  const auto& reply = desk.joins.at(desk.tickets[a]);
  CHECK(reply.generation == 1);
  CHECK(reply.leader == a);
  CHECK(reply.members.size() == 2);
  CHECK(desk.joins.at(desk.tickets[b]).members.empty());
  CHECK(desk.group.phase() == GroupPhase::completing_rebalance);
}

// GroupMetadata.supportsProtocols.
TEST_CASE("a member with another protocol than the group's is refused", "[unit]") {
  Desk desk;
  CHECK(desk.joins.at(desk.join("", "a", "")).error == ErrorCode::inconsistent_group_protocol);
  desk.stable_pair();
  const auto refused = desk.joins.at(desk.join("", "c", "roundrobin"));
  CHECK(refused.error == ErrorCode::inconsistent_group_protocol);
  CHECK(desk.group.phase() == GroupPhase::stable);
}

// GroupMetadata.selectProtocol: each member votes for the first of its own that all know.
TEST_CASE("the group takes the way of assigning that most of its members like best", "[unit]") {
  Desk desk;
  const auto member = [&](const std::string& client, const std::vector<std::string>& protocols) {
    GroupState::Join request;
    request.client_id = request.fresh_id = client;
    request.session_timeout = 45s;
    request.rebalance_timeout = 300s;
    for (const std::string& name : protocols) request.protocols.push_back({name, {{"wifi"}}});
    desk.join(request);
    request.member_id = client;
    return desk.join(request);
  };
  member("a", {"sticky", "range"});
  const auto second = member("b", {"range", "sticky"});
  member("c", {"roundrobin", "range", "sticky"});  // nobody else knows it: votes for range
  desk.pass(9s);
  CHECK(desk.joins.at(second).protocol == "range");

  // One who knows none of what all know stays out; one who knows less decides for all.
  CHECK(desk.joins.at(member("d", {"roundrobin"})).error == ErrorCode::inconsistent_group_protocol);
  const auto join = member("e", {"sticky"});
  for (const char* known : {"a", "b", "c"}) {
    GroupState::Join again;
    again.member_id = again.client_id = known;
    again.session_timeout = 45s;
    again.rebalance_timeout = 300s;
    again.protocols = {{"range", {{"wifi"}}}, {"sticky", {{"wifi"}}}};
    desk.join(again);
  }
  REQUIRE(desk.answered(join));
  CHECK(desk.joins.at(join).protocol == "sticky");
}

// GroupCoordinator.validateSyncGroup.
TEST_CASE("a SyncGroup for another protocol than the chosen one is refused", "[unit]") {
  Desk desk;
  const std::string a = desk.new_member("a");
  desk.pass(6s);
  desk.group.sync(100, {{a, 1}, "sticky", {}}, desk.now);
  desk.pass(0s);
  CHECK(desk.syncs.at(100).error == ErrorCode::inconsistent_group_protocol);
}

// MemberMetadata.matches compares bytes: which partitions it owns, and since which generation.
TEST_CASE("a follower that owns something else than it said begins a rebalance", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  GroupState::Join again;
  again.member_id = follower;
  again.client_id = "b";
  again.session_timeout = 45s;
  again.rebalance_timeout = 300s;
  again.protocols = {{"range", {{"wifi"}, {}, {{"wifi", 1}}, 1}}};
  CHECK_FALSE(desk.answered(desk.join(again)));
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
}

// GroupMetadata.hasAllMembersJoined counts those that were given an id and have not come back yet.
TEST_CASE("a rebalance waits for who was sent back with an id, until that expires", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  desk.join("", "c");
  const auto first = desk.join(leader);
  const auto second = desk.join(follower);
  CHECK_FALSE(desk.answered(first));
  desk.pass(44s);
  CHECK_FALSE(desk.answered(second));
  desk.pass(2s);
  CHECK(desk.joins.at(first).generation == 2);
  CHECK(desk.joins.at(second).generation == 2);
}

// GroupCoordinator.onCompleteJoin removes members that only send heartbeats.
TEST_CASE("who lives and does not join again is dropped at the rebalance timeout", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  const auto again = desk.join(leader);
  for (int i = 0; i < 30; ++i) {
    CHECK(desk.group.heartbeat({follower, 1}, desk.now) == ErrorCode::rebalance_in_progress);
    CHECK_FALSE(desk.answered(again));
    desk.pass(10s);
  }
  REQUIRE(desk.answered(again));
  CHECK(desk.joins.at(again).members.size() == 1);
  CHECK(desk.group.heartbeat({follower, 2}, desk.now) == ErrorCode::unknown_member_id);
}

// GroupCoordinator.NewMemberJoinTimeout, removeMemberAndUpdateGroup: whatever the others' rebalance
// timeout.
TEST_CASE("a first join waits for five minutes, then is sent to try again", "[unit]") {
  Desk desk;
  desk.rebalance_timeout = 20min;
  const auto pair = desk.stable_pair();
  const std::string late = desk.new_member("c");
  const auto others_go_on = [&] {
    desk.pass(10s);
    CHECK(desk.group.heartbeat({pair.first, 1}, desk.now) == ErrorCode::rebalance_in_progress);
    CHECK(desk.group.heartbeat({pair.second, 1}, desk.now) == ErrorCode::rebalance_in_progress);
  };
  for (int i = 0; i < 29; ++i) others_go_on();
  CHECK_FALSE(desk.answered(desk.tickets[late]));
  others_go_on();
  REQUIRE(desk.answered(desk.tickets[late]));
  CHECK(desk.joins.at(desk.tickets[late]).error == ErrorCode::unknown_member_id);
}

TEST_CASE("an assignment is handed out only once it is stored", "[unit]") {
  Desk desk;
  const std::string a = desk.new_member("a");
  const std::string b = desk.new_member("b");
  desk.pass(6s);
  const auto follower = desk.sync(b);
  const auto leader = desk.sync(a, {{a, {{"wifi", 0}, {"wifi", 1}}}, {b, {{"wifi", 2}}}});
  CHECK_FALSE(desk.answered(follower));
  CHECK_FALSE(desk.answered(leader));
  REQUIRE(desk.stored.size() == 1);
  CHECK(desk.stored[0].members.at(1).partitions == std::vector<TopicPartition>{{"wifi", 2}});

  desk.store();
  CHECK(desk.syncs.at(follower).partitions == std::vector<TopicPartition>{{"wifi", 2}});
  CHECK(desk.syncs.at(leader).partitions.size() == 2);
  CHECK(desk.group.phase() == GroupPhase::stable);
}

TEST_CASE("a failed store sends everyone back to joining", "[unit]") {
  Desk desk;
  const std::string a = desk.new_member("a");
  desk.pass(6s);
  const auto sync = desk.sync(a, {{a, {{"wifi", 0}}}});
  desk.store(ErrorCode::coordinator_not_available);
  CHECK(desk.syncs.at(sync).error == ErrorCode::coordinator_not_available);
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
}

TEST_CASE("a member that sends no heartbeat for its session timeout is removed", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  for (int i = 0; i < 14; ++i) {
    desk.pass(3s);
    CHECK(desk.group.heartbeat({leader, 1}, desk.now) == ErrorCode::none);
  }
  CHECK(desk.group.phase() == GroupPhase::stable);  // 42 s
  desk.pass(4s);
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
  CHECK(desk.group.heartbeat({leader, 1}, desk.now) == ErrorCode::rebalance_in_progress);
  CHECK(desk.group.heartbeat({follower, 1}, desk.now) == ErrorCode::unknown_member_id);

  // The only one left joins again: nobody else is to be waited for.
  const auto join = desk.join(leader);
  REQUIRE(desk.answered(join));
  CHECK(desk.joins.at(join).generation == 2);
  CHECK(desk.joins.at(join).members.size() == 1);
}

TEST_CASE("a dead leader's successor is elected among those who joined", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  const std::string c = desk.new_member("c");
  const auto join = desk.join(follower);
  CHECK_FALSE(desk.answered(join));
  CHECK(desk.group.heartbeat({follower, 1}, desk.now) == ErrorCode::rebalance_in_progress);
  desk.pass(46s);  // the leader's session ends while it should have joined
  REQUIRE(desk.answered(join));
  CHECK(desk.joins.at(join).leader != leader);
  CHECK(desk.group.member_ids().size() == 2);
}

TEST_CASE("a member that joins but never syncs is dropped at the rebalance timeout", "[unit]") {
  Desk desk;
  const std::string a = desk.new_member("a");
  const std::string b = desk.new_member("b");
  desk.pass(6s);
  const auto waiting = desk.sync(a, {{a, {{"wifi", 0}}}, {b, {}}});
  desk.store();
  REQUIRE(desk.answered(waiting));
  for (int i = 0; i < 99; ++i) {
    desk.pass(3s);
    desk.group.heartbeat({a, 1}, desk.now);
    desk.group.heartbeat({b, 1}, desk.now);
  }
  CHECK(desk.group.phase() == GroupPhase::stable);  // 297 s
  desk.pass(4s);
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
  CHECK(desk.group.member_ids() == std::vector<std::string>{a});
}

TEST_CASE("the last member to leave empties the group, and that is stored too", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  CHECK(desk.group.leave(follower, {}, desk.now) == ErrorCode::none);
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
  CHECK(desk.group.leave(leader, {}, desk.now) == ErrorCode::none);
  desk.pass(1ms);
  CHECK(desk.group.phase() == GroupPhase::empty);
  CHECK(desk.group.generation() == 2);
  CHECK(desk.stored.back().members.empty());
  CHECK_FALSE(desk.stored.back().protocol);
}

TEST_CASE("commits count by membership and phase", "[unit]") {
  Desk desk;
  CHECK(desk.group.check_commit({"", -1}, desk.now) == ErrorCode::none);  // no group management
  const auto [leader, follower] = desk.stable_pair();
  CHECK(desk.group.check_commit({leader, 1}, desk.now) == ErrorCode::none);
  CHECK(desk.group.check_commit({leader, 0}, desk.now) == ErrorCode::illegal_generation);
  CHECK(desk.group.check_commit({"stranger", 1}, desk.now) == ErrorCode::unknown_member_id);
  CHECK(desk.group.check_commit({"", -1}, desk.now) == ErrorCode::unknown_member_id);

  desk.new_member("c");
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
  CHECK(desk.group.check_commit({leader, 1}, desk.now) == ErrorCode::none);  // last words
  desk.join(leader);
  desk.join(follower);
  CHECK(desk.group.phase() == GroupPhase::completing_rebalance);
  CHECK(desk.group.check_commit({leader, 2}, desk.now) == ErrorCode::rebalance_in_progress);
}

TEST_CASE("a follower that asks again gets the current generation, a leader a new one", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  const auto again = desk.join(follower);
  REQUIRE(desk.answered(again));
  CHECK(desk.joins.at(again).generation == 1);
  CHECK(desk.group.phase() == GroupPhase::stable);
  CHECK(desk.syncs.at(desk.sync(follower)).error == ErrorCode::none);

  desk.join(leader);
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
}

// --- Static members (KIP-345) ---

// GroupCoordinator.updateStaticMemberAndRebalance.
TEST_CASE("a static member comes back under a new id and nobody has to join again", "[unit]") {
  Desk desk;
  desk.stable_static_pair();
  desk.pass(20s);
  const auto back = desk.join_static("b", "b-2");
  CHECK(desk.group.phase() == GroupPhase::stable);
  CHECK_FALSE(desk.answered(back));  // not before it is stored
  REQUIRE(desk.replacements.size() == 1);
  CHECK(desk.replacements[0].group.members[1].id == "b-2");
  desk.store_replacement();
  CHECK(desk.joins.at(back).error == ErrorCode::none);
  CHECK(desk.joins.at(back).member_id == "b-2");
  CHECK(desk.joins.at(back).generation == 1);
  CHECK(desk.joins.at(back).members.empty());
  CHECK(desk.syncs.at(desk.sync("b-2")).partitions == std::vector<TopicPartition>{{"wifi", 1}});
  CHECK(desk.group.heartbeat({"b-2", 1, "b"}, desk.now) == ErrorCode::none);
}

// The callback of updateStaticMemberAndRebalance answers in whatever state the group is.
TEST_CASE("a static member is answered once it is stored, though others join again", "[unit]") {
  Desk desk;
  desk.stable_static_pair();
  const auto back = desk.join_static("b", "b-2");
  desk.new_member("c");  // Meanwhile another one comes.
  REQUIRE(desk.group.phase() == GroupPhase::preparing_rebalance);
  CHECK_FALSE(desk.answered(back));
  desk.store_replacement();
  REQUIRE(desk.answered(back));
  CHECK(desk.joins.at(back).generation == 1);
  CHECK(desk.group.heartbeat({"b-2", 1, "b"}, desk.now) == ErrorCode::rebalance_in_progress);
}

TEST_CASE("a static leader that comes back leads, and does not assign again", "[unit]") {
  Desk desk;
  desk.stable_static_pair();
  const auto back = desk.join_static("a", "a-2");
  desk.store_replacement();
  CHECK(desk.joins.at(back).leader == "a-2");
  CHECK(desk.joins.at(back).skip_assignment);
  CHECK(desk.joins.at(back).members.size() == 2);
  CHECK(desk.syncs.at(desk.sync("a-2")).partitions == std::vector<TopicPartition>{{"wifi", 0}});
  CHECK(desk.group.phase() == GroupPhase::stable);
}

// GroupCoordinator.validateCurrentMember.
TEST_CASE("whoever still uses the old id of a static member is fenced", "[unit]") {
  Desk desk;
  desk.stable_static_pair();
  desk.join_static("b", "b-2");
  desk.store_replacement();
  CHECK(desk.group.heartbeat({"b-1", 1, "b"}, desk.now) == ErrorCode::fenced_instance_id);
  CHECK(desk.group.check_commit({"b-1", 1, "b"}, desk.now) == ErrorCode::fenced_instance_id);
  CHECK(desk.group.leave("b-1", "b", desk.now) == ErrorCode::fenced_instance_id);
  GroupState::Join again;
  again.member_id = "b-1";
  again.instance = "b";
  again.session_timeout = 45s;
  again.protocols = {{"range", {{"wifi"}}}};
  CHECK(desk.joins.at(desk.join(again)).error == ErrorCode::fenced_instance_id);
  CHECK(desk.group.heartbeat({"b-2", 1, "unknown"}, desk.now) == ErrorCode::unknown_member_id);
}

TEST_CASE("two that use one instance id fence each other while they join", "[unit]") {
  Desk desk;
  const auto first = desk.join_static("a", "a-1");
  const auto second = desk.join_static("a", "a-2");
  CHECK(desk.joins.at(first).error == ErrorCode::fenced_instance_id);
  desk.pass(9s);
  CHECK(desk.joins.at(second).member_id == "a-2");
  CHECK(desk.joins.at(second).members.size() == 1);
}

TEST_CASE("a static member that could not be stored under its new id keeps the old one", "[unit]") {
  Desk desk;
  desk.stable_static_pair();
  const auto back = desk.join_static("b", "b-2");
  desk.store_replacement(ErrorCode::not_coordinator);
  CHECK(desk.joins.at(back).error == ErrorCode::not_coordinator);
  CHECK(desk.group.heartbeat({"b-1", 1, "b"}, desk.now) == ErrorCode::none);
}

TEST_CASE("a static member that comes back with another way of assigning begins a rebalance",
          "[unit]") {
  Desk desk;
  desk.stable_static_pair();
  // The other knows one way only: who does not know it is refused.
  const auto refused = desk.join_static("b", "b-2", "sticky");
  CHECK(desk.joins.at(refused).error == ErrorCode::inconsistent_group_protocol);
  // While the assignment is under way the leader may be assigning to the old id.
  desk.join("a-1", "a");
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
  desk.join_static("b", "b-3");
  CHECK(desk.group.phase() == GroupPhase::completing_rebalance);
  desk.join_static("b", "b-4");
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
}

// GroupCoordinator.onCompleteJoin: only its session ends a static membership.
TEST_CASE("a rebalance leaves out no static member before its session ends", "[unit]") {
  Desk desk;
  desk.rebalance_timeout = 20s;
  desk.stable_static_pair();
  const auto join = desk.join("a-1", "a");  // the leader asks for a rebalance
  CHECK_FALSE(desk.answered(join));
  desk.pass(21s);
  REQUIRE(desk.answered(join));
  CHECK(desk.joins.at(join).members.size() == 2);
  CHECK(desk.group.member_ids().size() == 2);
}

TEST_CASE("an operator removes a static member by its instance id", "[unit]") {
  Desk desk;
  desk.stable_static_pair();
  CHECK(desk.group.leave("", "c", desk.now) == ErrorCode::unknown_member_id);
  CHECK(desk.group.leave("", "b", desk.now) == ErrorCode::none);
  CHECK(desk.group.phase() == GroupPhase::preparing_rebalance);
  CHECK(desk.group.member_ids() == std::vector<std::string>{"a-1"});
}

TEST_CASE("a static member is known again when its group is read back", "[unit]") {
  Desk desk;
  desk.stable_static_pair();
  GroupState moved("nifi", {}, desk.group.snapshot(), desk.now);
  CHECK(moved.heartbeat({"b-1", 1, "b"}, desk.now) == ErrorCode::none);
  CHECK(moved.heartbeat({"x", 1, "b"}, desk.now) == ErrorCode::fenced_instance_id);
}

// GroupCoordinator.acceptJoiningMember, onGroupLoaded.
TEST_CASE("a group takes no more than group.max.size members", "[unit]") {
  Desk desk(3s, 2);
  const auto [leader, follower] = desk.stable_pair();
  CHECK(desk.joins.at(desk.join("", "c")).error == ErrorCode::group_max_size_reached);
  CHECK(desk.group.phase() == GroupPhase::stable);
  // A smaller limit after a restart: who joins again last has to go.
  GroupState moved("nifi", {.max_size = 1}, desk.group.snapshot(), desk.now);
  moved.loaded(desk.now);
  CHECK(moved.phase() == GroupPhase::preparing_rebalance);
  GroupState::Join again;
  again.session_timeout = 45s;
  again.rebalance_timeout = 300s;
  again.protocols = {{"range", {{"wifi"}}}};
  again.member_id = follower;
  moved.join(1, again, desk.now);
  again.member_id = leader;
  moved.join(2, again, desk.now);
  const GroupState::Outbox outbox = moved.take_outbox();
  REQUIRE(outbox.joins.size() == 2);
  CHECK(outbox.joins[0].second.error == ErrorCode::group_max_size_reached);
  CHECK(outbox.joins[1].second.members.size() == 1);
}

TEST_CASE("a group read back from the log goes on without a rebalance", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  const GroupSnapshot snapshot = desk.group.snapshot();
  GroupState moved("nifi", {}, snapshot, desk.now);
  CHECK(moved.phase() == GroupPhase::stable);
  CHECK(moved.snapshot() == snapshot);
  CHECK(moved.heartbeat({leader, 1}, desk.now + 44s) == ErrorCode::none);
  CHECK(moved.heartbeat({follower, 1}, desk.now + 44s) == ErrorCode::none);
  moved.advance(desk.now + 88s);
  CHECK(moved.phase() == GroupPhase::stable);
  moved.advance(desk.now + 90s);
  CHECK(moved.phase() != GroupPhase::stable);
}

TEST_CASE("when the group moves away, everyone who waits is sent to look for it", "[unit]") {
  Desk desk;
  const auto [leader, follower] = desk.stable_pair();
  desk.new_member("c");
  const auto join = desk.join(leader);
  desk.group.unload();
  desk.pass(0s);
  const auto late = desk.sync(leader);
  CHECK(desk.syncs.at(late).error == ErrorCode::coordinator_not_available);
  CHECK(desk.group.heartbeat({follower, 1}, desk.now) == ErrorCode::coordinator_not_available);
  CHECK(desk.joins.at(join).error == ErrorCode::not_coordinator);
}

TEST_CASE("whatever members do, every request is answered once and nobody owns a partition twice",
          "[property]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    RandomStream random(seed, "group");
    Desk desk;
    std::vector<std::string> known;
    std::vector<GroupState::Ticket> asked;
    for (int step = 0; step < 150; ++step) {
      const auto any = [&] {
        return known[static_cast<std::size_t>(
            random.below(static_cast<std::int64_t>(known.size())))];
      };
      const std::int64_t choice = known.empty() ? 0 : random.below(8);
      if (choice == 0 && known.size() < 6) {
        known.push_back(desk.new_member("m" + std::to_string(step)));
        asked.push_back(desk.tickets[known.back()]);
      } else if (choice == 1 && random.chance(0.3)) {
        const std::string instance = random.chance(0.5) ? "s" : "t";
        known.push_back(instance + std::to_string(step));
        asked.push_back(desk.join_static(instance, known.back()));
      } else if (choice <= 2 && !known.empty()) {
        asked.push_back(desk.join(any()));
      } else if (choice == 3) {
        desk.group.leave(any(), {}, desk.now);
      } else if (choice == 4 || choice == 5) {
        std::vector<SyncGroupRequest::Assignment> shares;
        int partition = 0;
        for (const std::string& id : desk.group.member_ids()) {
          shares.push_back({id, {{"wifi", partition++}}});
        }
        asked.push_back(desk.sync(any(), shares));
      } else if (choice == 6) {
        if (!desk.stored.empty()) {
          desk.store(random.chance(0.9) ? ErrorCode::none : ErrorCode::not_coordinator);
        }
        if (!desk.replacements.empty()) {
          desk.store_replacement(random.chance(0.8) ? ErrorCode::none : ErrorCode::not_coordinator);
        }
      } else {
        for (const std::string& id : desk.group.member_ids()) {
          desk.group.heartbeat({id, desk.group.generation()}, desk.now);
        }
        desk.pass(random.uniform(Duration{0}, 50s));
      }
      std::map<TopicPartition, int> owners;
      for (const auto& member : desk.group.snapshot().members) {
        for (const TopicPartition& partition : member.partitions) ++owners[partition];
      }
      for (const auto& [partition, count] : owners) CHECK(count == 1);
    }
    desk.pass(1h);  // everyone is silent: every wait ends
    if (!desk.stored.empty()) desk.store();
    desk.pass(1h);
    desk.group.unload();
    desk.pass(0s);
    for (const GroupState::Ticket ticket : asked) CHECK(desk.answered(ticket));
  }
}

#include "model/zookeeper/sessions.h"
#include "model/zookeeper/storage.h"
#include "model/zookeeper/tree.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;
using Type = ZkOperation::Type;

namespace {

/// A tree and a hand that numbers the transactions.
struct Hand {
  ZkTree tree;
  Zxid zxid = first_zxid_of(1);
  std::vector<ZkChange> changes;  ///< Of the last transaction.

  std::vector<ZkReply> apply(ZkTransaction::Type type, SessionId session,
                             std::vector<ZkOperation> operations = {}) {
    ZkTransaction transaction;
    transaction.type = type;
    transaction.zxid = ++zxid;
    transaction.session = session;
    transaction.timeout = 18s;
    transaction.operations = std::move(operations);
    ZkOutcome outcome = tree.apply(transaction);
    changes = std::move(outcome.changes);
    return std::move(outcome.replies);
  }
  void open(SessionId session) { apply(ZkTransaction::Type::create_session, session); }
  void close(SessionId session) { apply(ZkTransaction::Type::close_session, session); }
  ZkReply perform(SessionId session, ZkOperation operation) {
    return apply(ZkTransaction::Type::operation, session, {std::move(operation)}).front();
  }
  ZkReply create(SessionId session, std::string path, std::string data = {},
                 ZkCreateMode mode = ZkCreateMode::persistent) {
    return perform(session, {.type = Type::create, .path = path, .data = data, .mode = mode});
  }
  std::vector<std::string> children(std::string path) const {
    return tree.read({.type = Type::children, .path = path}).children;
  }
};

const SessionId alice(1);
const SessionId bob(2);

}  // namespace

TEST_CASE("a node is created, read, changed by version and deleted", "[unit]") {
  Hand hand;
  hand.open(alice);
  CHECK(hand.create(alice, "/a/b").error == ZkError::no_node);
  const ZkReply made = hand.create(alice, "/a", "one");
  REQUIRE(made.ok());
  CHECK(made.node.stat.czxid == hand.zxid);
  CHECK(hand.create(alice, "/a").error == ZkError::node_exists);
  CHECK(hand.create(alice, "/a/b").ok());

  const ZkReply set =
      hand.perform(alice, {.type = Type::set, .path = "/a", .data = "two", .version = 0});
  CHECK(set.node.stat.version == 1);
  CHECK(
      hand.perform(alice, {.type = Type::set, .path = "/a", .data = "three", .version = 0}).error ==
      ZkError::bad_version);
  const ZkReply got = hand.tree.read({.type = Type::get, .path = "/a"});
  CHECK(got.node.data == "two");
  CHECK(got.node.stat.mzxid > got.node.stat.czxid);

  CHECK(hand.perform(alice, {.type = Type::remove, .path = "/a"}).error == ZkError::not_empty);
  CHECK(hand.perform(alice, {.type = Type::remove, .path = "/a/b"}).ok());
  CHECK(hand.perform(alice, {.type = Type::remove, .path = "/a", .version = 1}).ok());
  CHECK(hand.children("/").empty());
}

TEST_CASE("sequential nodes are numbered by the children their parent ever had", "[unit]") {
  Hand hand;
  hand.open(alice);
  hand.create(alice, "/q");
  const auto next = [&] {
    return hand.create(alice, "/q/n-", "", ZkCreateMode::persistent_sequential).path;
  };
  CHECK(next() == "/q/n-0000000000");
  CHECK(next() == "/q/n-0000000001");
  hand.perform(alice, {.type = Type::remove, .path = "/q/n-0000000001"});
  CHECK(next() == "/q/n-0000000002");
}

TEST_CASE("ephemeral nodes go with their session, in one transaction", "[unit]") {
  Hand hand;
  hand.open(alice);
  hand.open(bob);
  hand.create(alice, "/ids");
  hand.create(alice, "/ids/1", "", ZkCreateMode::ephemeral);
  hand.create(bob, "/ids/2", "", ZkCreateMode::ephemeral);
  hand.create(alice, "/ids/3", "", ZkCreateMode::ephemeral);
  CHECK(hand.create(bob, "/ids/2/x").error == ZkError::no_children_for_ephemerals);

  hand.close(alice);
  CHECK(hand.children("/ids") == std::vector<std::string>{"2"});
  REQUIRE(hand.changes.size() == 2);
  CHECK(hand.changes[0].path == "/ids/1");
  CHECK(hand.changes[1].path == "/ids/3");
  CHECK(hand.create(alice, "/late").error == ZkError::session_expired);
  CHECK(hand.tree.sessions().size() == 1);
}

TEST_CASE("a multi does all or nothing", "[unit]") {
  Hand hand;
  hand.open(alice);
  hand.create(alice, "/epoch", "4");
  hand.create(alice, "/mine", "", ZkCreateMode::ephemeral);
  const Bytes size = hand.tree.size();
  const std::vector<ZkReply> replies =
      hand.apply(ZkTransaction::Type::multi, alice,
                 {{.type = Type::create, .path = "/c", .mode = ZkCreateMode::ephemeral},
                  {.type = Type::remove, .path = "/mine"},
                  {.type = Type::check, .path = "/epoch", .version = 7},
                  {.type = Type::create, .path = "/d"}});
  REQUIRE(replies.size() == 4);
  CHECK(replies[0].ok());
  CHECK(replies[2].error == ZkError::bad_version);
  CHECK(hand.children("/") == std::vector<std::string>{"epoch", "mine"});
  CHECK(hand.changes.empty());
  CHECK(hand.tree.size() == size);

  const std::vector<ZkReply> again =
      hand.apply(ZkTransaction::Type::multi, alice,
                 {{.type = Type::check, .path = "/epoch", .version = 0},
                  {.type = Type::set, .path = "/epoch", .data = "5", .version = 0},
                  {.type = Type::create, .path = "/c", .mode = ZkCreateMode::ephemeral}});
  CHECK(again[1].node.stat.version == 1);
  hand.close(alice);
  CHECK(hand.children("/") == std::vector<std::string>{"epoch"});
}

TEST_CASE("equal histories have equal hashes, different ones do not", "[unit]") {
  Hand one, two, three;
  for (Hand* hand : {&one, &two, &three}) hand->open(alice);
  one.create(alice, "/a", "x");
  two.create(alice, "/a", "x");
  three.create(alice, "/a", "y");
  CHECK(one.tree.hash() == two.tree.hash());
  CHECK(one.tree.hash() != three.tree.hash());
  const ZkTree snapshot = one.tree;
  one.create(alice, "/b");
  CHECK(snapshot.hash() == two.tree.hash());
  CHECK(snapshot.find("/b") == nullptr);
}

TEST_CASE("a session expires at the tick after its timeout", "[unit]") {
  ZkSessionTracker sessions(2s);
  const auto at = [](Duration d) { return Time(d); };
  sessions.add(alice, 6s, at(1500ms));  // 7.5 s, rounded up to 8 s
  sessions.add(bob, 6s, at(2s));        // 8 s exactly is rounded up to the next one, 10 s
  CHECK(sessions.next() == at(8s));
  CHECK(sessions.expire(at(7999ms)).empty());
  CHECK(sessions.touch(alice, at(3s)));
  CHECK(sessions.expire(at(8s)).empty());
  const auto expired = sessions.expire(at(10s));
  REQUIRE(expired.size() == 2);
  CHECK(expired[0].session == alice);
  CHECK(expired[1].session == bob);
  CHECK(expired[0].timeout == 6s);
  CHECK_FALSE(sessions.touch(alice, at(10s)));
  CHECK(sessions.next() == never);
}

TEST_CASE("a disk keeps what was synced, and a truncated log what is common", "[unit]") {
  ZooKeeperStorage storage;
  const auto write = [&](std::int64_t counter) {
    auto transaction = std::make_shared<ZkTransaction>();
    transaction->zxid = first_zxid_of(1) + counter;
    storage.write(transaction);
  };
  write(1);
  write(2);
  storage.mark_synced();
  const std::int64_t end = storage.file_end();
  write(3);
  storage.lose_power();
  CHECK(storage.last_zxid() == first_zxid_of(1) + 2);
  CHECK(storage.file_end() == end);
  CHECK_FALSE(storage.truncate(first_zxid_of(1) + 7));
  CHECK(storage.truncate(first_zxid_of(1) + 1));
  CHECK(storage.log().size() == 1);
  storage.lose_power();
  CHECK(storage.log().size() == 1);
}

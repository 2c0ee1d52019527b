// Fetch sessions (KIP-227), a client and a broker of one table of partitions. Held against
// org.apache.kafka.clients.FetchSessionHandler and kafka.server.FetchSession (3.9), their
// FetchSessionHandlerTest and FetchSessionTest.
#include "model/broker/fetch_session.h"

#include "log/env/memory_env.h"
#include "model/wire/fetch_session_handler.h"
#include "sim/world.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <map>
#include <rapidcheck.h>
#include <set>
#include <string>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

TopicPartition t(int number) { return {"t", number}; }

/// A broker's side: what a fetch of a partition would give there.
struct Server {
  struct State {
    Offset high_watermark = 0;
    Offset end = 0;  ///< Of what may be read.
    ErrorCode error = ErrorCode::none;
  };

  explicit Server(int slots = 1000)
      : purgatory(world), sessions(slots, world.stream("fetch sessions")) {}

  /// Reads, and keeps the answer back.
  struct Read {
    FetchContext context;
    FetchResponse response;
  };
  Read read(const FetchRequest& request) {
    Read it{sessions.context(request, purgatory, now), {}};
    it.response.error = it.context.error();
    if (it.response.error != ErrorCode::none) return it;
    for (CachedPartition& wanted : it.context.partitions()) {
      const State& state = partitions[wanted.asked.partition];
      FetchResponse::Partition answer{.partition = wanted.asked.partition, .error = state.error};
      answer.high_watermark = state.high_watermark;
      answer.log_start_offset = 0;
      if (state.error == ErrorCode::none && wanted.asked.fetch_offset < state.end) {
        answer.records = log::ByteSlice::copy_of(log::as_bytes("records"));
      }
      if (it.context.must_respond(wanted, answer, {})) it.response.partitions.push_back(answer);
    }
    return it;
  }
  FetchResponse answer(Read read) {
    if (read.response.error == ErrorCode::none) {
      sessions.finish(read.context, read.response, now);
    }
    return std::move(read.response);
  }

  sim::World world{1};
  Purgatory purgatory;
  FetchSessionCache sessions;
  std::map<TopicPartition, State> partitions;
  Time now{1h};
};

/// A client that fetches what it wants, and what its requests named.
struct Client {
  explicit Client(Server& broker, bool is_follower = false)
      : server(broker), follower(is_follower) {}

  FetchRequest request() {
    FetchRequest request;
    if (follower) request.replica = BrokerId(2);
    std::vector<FetchRequest::Partition> next;
    for (const auto& [name, offset] : wanted) {
      next.push_back({.partition = name, .fetch_offset = offset});
    }
    handler.build(next, request);
    return request;
  }
  FetchResponse fetch() {
    const FetchRequest sent = request();
    named = names(sent.partitions);
    forgotten = names(sent.forgotten);
    FetchResponse response = server.answer(server.read(sent));
    good = handler.take(response);
    told = names(response.partitions);
    return response;
  }
  static const TopicPartition& name_of(const TopicPartition& name) { return name; }
  template <class Item>
  static const TopicPartition& name_of(const Item& item) {
    return item.partition;
  }
  template <class Items>
  static std::string names(const Items& items) {
    std::string all;
    for (const auto& item : items) all += (all.empty() ? "" : " ") + name_of(item).name();
    return all;
  }

  Server& server;
  const bool follower;
  FetchSessionHandler handler;
  std::map<TopicPartition, Offset> wanted;
  std::string named, forgotten, told;
  bool good = true;
};

}  // namespace

TEST_CASE("after the first fetch a session names only what is asked for otherwise", "[unit]") {
  Server server;
  Client client(server);
  client.wanted = {{t(0), 0}, {t(1), 0}, {t(2), 0}};
  CHECK(client.fetch().session_id != no_fetch_session);
  CHECK(client.named == "t-0 t-1 t-2");
  CHECK(client.told == "t-0 t-1 t-2");
  client.fetch();
  CHECK(client.named.empty());
  CHECK(client.told.empty());
  client.wanted[t(1)] = 5;
  client.wanted[t(3)] = 0;
  client.wanted.erase(t(0));
  client.fetch();
  CHECK(client.named == "t-3 t-1");
  CHECK(client.forgotten == "t-0");
  CHECK(client.handler.asked(t(1))->fetch_offset == 5);
  CHECK(client.handler.asked(t(0)) == nullptr);
  CHECK(server.sessions.sessions() == 1);
  CHECK(server.sessions.partitions() == 3);
}

// CachedPartition.maybeUpdateResponseData.
TEST_CASE("an answer names what has records, news or an error", "[unit]") {
  Server server;
  Client client(server);
  client.wanted = {{t(0), 0}, {t(1), 0}, {t(2), 0}};
  client.fetch();
  server.partitions[t(1)].high_watermark = 7;
  client.fetch();
  CHECK(client.told == "t-1");
  server.partitions[t(2)].end = 3;
  client.fetch();
  CHECK(client.told == "t-2");
  client.fetch();
  CHECK(client.told == "t-2");  // as long as it is not asked for behind them
  client.wanted[t(2)] = 3;
  client.fetch();
  CHECK(client.told.empty());
  server.partitions[t(0)].error = ErrorCode::not_leader_or_follower;
  client.fetch();
  CHECK(client.told == "t-0");
  client.fetch();
  CHECK(client.told == "t-0");
  server.partitions[t(0)].error = ErrorCode::none;
  client.fetch();
  CHECK(client.told == "t-0");  // all is well again: that is news
  client.fetch();
  CHECK(client.told.empty());
}

// IncrementalFetchContext.PartitionIterator.
TEST_CASE("who brought records goes to the end, so that all get their turn", "[unit]") {
  Server server;
  Client client(server);
  client.wanted = {{t(0), 0}, {t(1), 0}, {t(2), 0}};
  client.fetch();
  server.partitions[t(0)].end = 1;
  client.fetch();
  CHECK(client.told == "t-0");
  server.partitions[t(1)].end = 1;
  server.partitions[t(2)].end = 1;
  client.fetch();
  CHECK(client.told == "t-1 t-2 t-0");
}

TEST_CASE("a session ends with its last partition, and the next fetch begins another", "[unit]") {
  Server server;
  Client client(server);
  client.wanted = {{t(0), 0}};
  const FetchResponse first = client.fetch();
  client.wanted.clear();
  CHECK(client.fetch().session_id == no_fetch_session);
  CHECK(client.good);
  CHECK(server.sessions.sessions() == 0);
  client.wanted = {{t(1), 0}};
  const FetchResponse second = client.fetch();
  CHECK(client.named == "t-1");
  CHECK(second.session_id != no_fetch_session);
  CHECK(second.session_id != first.session_id);
}

TEST_CASE("a broker that does not know a session says so, and hears all again", "[unit]") {
  Server server;
  Client client(server);
  client.wanted = {{t(0), 0}, {t(1), 0}};
  client.fetch();
  SECTION("it was started anew") {
    Server other;
    FetchRequest lost = client.request();
    const FetchResponse refused = other.answer(other.read(lost));
    CHECK(refused.error == ErrorCode::fetch_session_id_not_found);
    CHECK_FALSE(client.handler.take(refused));
    CHECK(client.request().session_id == no_fetch_session);
  }
  SECTION("an answer was lost: the epochs differ, and the old session is closed") {
    server.answer(server.read(client.request()));
    FetchRequest again = client.request();
    CHECK(again.session_epoch == 1);
    const FetchResponse refused = server.answer(server.read(again));
    CHECK(refused.error == ErrorCode::invalid_fetch_session_epoch);
    CHECK_FALSE(client.handler.take(refused));
    client.fetch();
    CHECK(client.named == "t-0 t-1");
    CHECK(server.sessions.sessions() == 1);
  }
  SECTION("no answer came") {
    client.handler.fail();
    client.fetch();
    CHECK(client.named == "t-0 t-1");
    CHECK(server.sessions.sessions() == 1);
  }
}

// IncrementalFetchContext.updateAndGenerateResponseData.
TEST_CASE("an answer that a later request of the session has overtaken is none", "[unit]") {
  Server server;
  Client client(server);
  client.wanted = {{t(0), 0}};
  client.fetch();
  Server::Read slow = server.read(client.request());
  FetchRequest next = client.request();
  next.session_epoch = 2;
  CHECK(server.answer(server.read(next)).error == ErrorCode::none);
  const FetchResponse late = server.answer(std::move(slow));
  CHECK(late.error == ErrorCode::invalid_fetch_session_epoch);
  CHECK(late.session_id != no_fetch_session);
  CHECK(late.partitions.empty());
}

TEST_CASE("a client that leaves takes its session with it", "[unit]") {
  Server server;
  Client client(server);
  client.wanted = {{t(0), 0}};
  client.fetch();
  FetchRequest last;
  last.session_id = client.handler.session_id();
  CHECK(server.answer(server.read(last)).session_id == no_fetch_session);
  CHECK(server.sessions.sessions() == 0);
}

TEST_CASE("who asks without a session gets none", "[unit]") {
  Server server;
  FetchRequest request;
  request.partitions.push_back({.partition = t(0)});
  CHECK(server.answer(server.read(request)).session_id == no_fetch_session);
  CHECK(server.sessions.sessions() == 0);
}

// FetchSessionCacheShard.tryEvict; eight shards, so eight slots are one in each.
TEST_CASE("a full cache makes room for followers, for the larger, and for the stale", "[unit]") {
  Server server(8);
  std::vector<std::unique_ptr<Client>> clients;
  const auto join = [&](int partitions, bool follower) {
    Client& client = *clients.emplace_back(std::make_unique<Client>(server, follower));
    for (int i = 0; i < partitions; ++i) client.wanted[t(i)] = 0;
    return client.fetch().session_id != no_fetch_session;
  };
  for (int i = 0; i < 8; ++i) CHECK(join(2, false));
  CHECK(server.sessions.partitions() == 16);
  CHECK_FALSE(join(9, false));  // all are young
  CHECK(join(1, true));         // a follower's goes before a consumer's
  CHECK(server.sessions.evictions() == 1);
  server.now += 121s;
  for (std::size_t i = 2; i < 8; ++i) clients[i]->fetch();  // old, and in use
  CHECK_FALSE(join(1, false));                              // there is a larger one
  CHECK(join(3, false));                                    // there is a smaller one
  server.now += 121s;
  CHECK(join(1, false));  // nobody has used the one there
  CHECK(server.sessions.evictions() == 3);
  CHECK(server.sessions.sessions() == 8);
}

TEST_CASE("without slots there are no sessions, and every fetch names all", "[unit]") {
  Server server(0);
  Client client(server);
  client.wanted = {{t(0), 0}, {t(1), 0}};
  for (int i = 0; i < 3; ++i) {
    CHECK(client.fetch().session_id == no_fetch_session);
    CHECK(client.named == "t-0 t-1");
    CHECK(client.told == "t-0 t-1");
  }
}

TEST_CASE("epochs begin again at one", "[unit]") {
  CHECK(next_session_epoch(first_session_epoch) == 1);
  CHECK(next_session_epoch(std::numeric_limits<std::int32_t>::max()) == 1);
  CHECK(next_session_epoch(without_session_epoch) == without_session_epoch);
}

TEST_CASE("a client in a session knows what one without would know", "[property]") {
  const bool kept = rc::check("whatever changes between its fetches", [] {
    Server server(8);
    Client client(server);
    std::map<TopicPartition, Offset> known;
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      const TopicPartition name = t(*rc::gen::inRange(0, 5));
      Server::State& state = server.partitions[name];
      switch (*rc::gen::inRange(0, 9)) {
        case 0:
          client.wanted[name] = state.end;
          break;
        case 1:
          client.wanted.erase(name);
          break;
        case 2:
          ++state.high_watermark;
          break;
        case 3:
          ++state.end;
          break;
        case 4:
          state.error =
              state.error == ErrorCode::none ? ErrorCode::unknown_leader_epoch : ErrorCode::none;
          break;
        case 5:
          client.handler.fail();
          break;
        case 6:
          server.answer(server.read(client.request()));  // the answer is lost
          break;
        default: {
          const FetchResponse response = client.fetch();
          if (!client.good) break;
          // The session forgets a partition by a fetch that leaves it out: one that was left and
          // wanted again in between is the same to it, as to FetchSessionHandler.Builder.build.
          std::erase_if(known, [&](const auto& it) { return !client.wanted.contains(it.first); });
          std::set<TopicPartition> told;
          for (const auto& answer : response.partitions) {
            RC_ASSERT(client.wanted.contains(answer.partition));
            RC_ASSERT(told.insert(answer.partition).second);
            known[answer.partition] =
                answer.error == ErrorCode::none ? answer.high_watermark : log::no_offset;
          }
          for (const auto& [partition, offset] : client.wanted) {
            const Server::State& now = server.partitions[partition];
            const bool bad = now.error != ErrorCode::none;
            RC_ASSERT(known[partition] == (bad ? log::no_offset : now.high_watermark));
            if (bad || offset < now.end) RC_ASSERT(told.contains(partition));
          }
        }
      }
    }
  });
  REQUIRE(kept);
}

// --- Who rests ---

namespace {

/// A replica of t-1, and a session with t-0, t-1 and t-2.
struct Resting {
  Resting() {
    auto log = log::Log::open(env, "t-1", {}, {});
    REQUIRE(log.ok());
    replica.set_log(std::move(*log), 0, Time{1h});
    for (const int number : {0, 1, 2}) partitions.ask({.partition = t(number)});
    one().hosted = &replica;
    partitions.rest(one());
  }
  CachedPartition& one() { return *partitions.find(t(1)); }
  void change() { REQUIRE(replica.truncate_fully_and_start_at(++end).ok()); }
  std::string awake() {
    std::vector<TopicPartition> seen;
    partitions.for_each_awake([&](const CachedPartition& partition) {
      seen.push_back(partition.asked.partition);
      return true;
    });
    return Client::names(seen);
  }

  sim::World world{1};
  Purgatory purgatory{world};
  log::MemoryEnv env;
  Offset end = 0;
  Partition replica{BrokerId(1), t(1), sim::PartitionId(1), {}, 30s};
  FetchPartitions partitions{purgatory};
};

}  // namespace

TEST_CASE("who has nothing to tell is left alone until that changes", "[unit]") {
  Resting session;
  CHECK(session.awake() == "t-0 t-2");
  CHECK(session.partitions.size() == 3);
  session.change();
  CHECK(session.awake() == "t-0 t-1 t-2");
  session.change();  // nobody rests
  session.partitions.rest(session.one());
  session.partitions.rest(session.one());
  CHECK(session.awake() == "t-0 t-2");
}

TEST_CASE("who rests has its turn where it would have it awake", "[unit]") {
  Resting session;
  session.partitions.move_to_end(t(0));
  CHECK(session.awake() == "t-2 t-0");
  session.change();
  CHECK(session.awake() == "t-1 t-2 t-0");
  session.partitions.rest(session.one());
  session.partitions.move_to_end(t(1));
  CHECK(session.awake() == "t-2 t-0");
  session.change();
  CHECK(session.awake() == "t-2 t-0 t-1");
}

TEST_CASE("who is asked for anew, or may be hosted elsewhere, rests no more", "[unit]") {
  Resting session;
  session.partitions.ask({.partition = t(1), .fetch_offset = 7});
  CHECK(session.awake() == "t-0 t-1 t-2");
  session.partitions.rest(session.one());
  session.partitions.wake_if_changed(1);
  CHECK(session.awake() == "t-0 t-1 t-2");
  session.partitions.rest(session.one());
  session.partitions.wake_if_changed(1);
  CHECK(session.awake() == "t-0 t-2");
  session.partitions.forget(t(1));
  session.change();  // tells nobody
  CHECK(session.awake() == "t-0 t-2");
}

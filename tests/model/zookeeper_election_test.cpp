#include "base/random.h"
#include "model/zookeeper/election.h"

#include <catch2/catch.hpp>

#include <deque>
#include <vector>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// Servers 1..n that hear each other after a millisecond, or later, or not at all.
class Parliament {
 public:
  explicit Parliament(int servers) : down_(static_cast<std::size_t>(servers) + 1) {
    for (int id = 1; id <= servers; ++id) servers_.emplace_back(id, servers, 200ms);
  }
  ZkElection& server(int id) { return servers_[static_cast<std::size_t>(id - 1)]; }
  void start(int id, std::int64_t epoch, std::int64_t zxid) {
    server(id).start(epoch, zxid, now_);
    post(id);
  }
  void take_down(int id) { down_[static_cast<std::size_t>(id)] = true; }
  void delay_by(RandomStream& random) { random_ = &random; }

  /// Lets messages and timers happen until `end`.
  void run(Duration length) {
    const Time end = now_ + length;
    while (true) {
      Time next = end;
      for (std::size_t id = 1; id <= servers_.size(); ++id) {
        if (!down_[id]) next = std::min(next, server(static_cast<int>(id)).wake_at());
      }
      for (const Letter& letter : post_) next = std::min(next, letter.arrives);
      now_ = std::max(now_, next);
      if (now_ >= end) return;
      deliver();
      for (std::size_t id = 1; id <= servers_.size(); ++id) {
        if (down_[id]) continue;
        server(static_cast<int>(id)).tick(now_);
        post(static_cast<int>(id));
      }
    }
  }
  Duration elapsed() const { return now_.time_since_epoch(); }
  int leader_of(int id) { return server(id).winner() ? server(id).winner()->leader : 0; }

 private:
  struct Letter {
    Time arrives;
    int to;
    ZkNotification text;
  };
  void post(int from) {
    for (const int to : server(from).take_recipients()) {
      const Duration delay = random_ ? random_->uniform(Duration{1ms}, Duration{80ms}) : 1ms;
      post_.push_back({now_ + delay, to, server(from).notification()});
    }
  }
  void deliver() {
    std::deque<Letter> later;
    for (const Letter& letter : std::exchange(post_, {})) {
      if (letter.arrives > now_) {
        later.push_back(letter);
      } else if (!down_[static_cast<std::size_t>(letter.to)]) {
        server(letter.to).receive(letter.text, now_);
        post(letter.to);
      }
    }
    post_.insert(post_.begin(), later.begin(), later.end());
  }

  std::vector<ZkElection> servers_;
  std::vector<bool> down_;
  std::deque<Letter> post_;
  Time now_{};
  RandomStream* random_ = nullptr;
};

}  // namespace

TEST_CASE("equal servers elect the one with the highest id", "[unit]") {
  Parliament three(3);
  for (int id = 1; id <= 3; ++id) three.start(id, 0, 0);
  three.run(300ms);
  for (int id = 1; id <= 3; ++id) CHECK(three.leader_of(id) == 3);
}

TEST_CASE("more history beats a higher id, a newer epoch beats more history", "[unit]") {
  Parliament three(3);
  three.start(1, 2, 5);
  three.start(2, 2, 9);
  three.start(3, 1, 40);
  three.run(300ms);
  for (int id = 1; id <= 3; ++id) CHECK(three.leader_of(id) == 2);
}

TEST_CASE("a minority elects nobody and asks ever less often", "[unit]") {
  Parliament five(5);
  for (int id = 3; id <= 5; ++id) five.take_down(id);
  five.start(1, 0, 0);
  five.start(2, 0, 0);
  five.run(10s);
  CHECK(five.leader_of(1) == 0);
  CHECK(five.leader_of(2) == 0);
  CHECK(five.server(1).wake_at() > Time(10s));
}

TEST_CASE("a late server joins the leader that others follow", "[unit]") {
  Parliament three(3);
  three.start(1, 0, 0);
  three.start(2, 0, 0);
  three.run(300ms);
  REQUIRE(three.leader_of(1) == 2);
  // It has the highest id and even more history, but a leader who leads is left alone.
  three.start(3, 0, 7);
  three.run(300ms);
  CHECK(three.leader_of(3) == 2);
  CHECK(three.leader_of(1) == 2);
}

TEST_CASE("one server alone is its own majority", "[unit]") {
  Parliament one(1);
  one.start(1, 0, 0);
  one.run(201ms);
  CHECK(one.leader_of(1) == 1);
}

TEST_CASE("two majorities of one round never elect two leaders", "[property]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomStream random(seed, "parliament");
    Parliament five(5);
    five.delay_by(random);
    std::vector<int> order{1, 2, 3, 4, 5};
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1],
                order[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i)))]);
    }
    for (const int id : order) {
      five.start(id, random.below(2), random.below(3));
      five.run(random.uniform(Duration{0}, Duration{150ms}));
    }
    five.run(3s);
    INFO("seed " << seed);
    for (int id = 1; id <= 5; ++id) CHECK(five.leader_of(id) == five.leader_of(1));
    CHECK(five.leader_of(1) != 0);
  }
}

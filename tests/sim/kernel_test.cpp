#include "sim/channel.h"
#include "sim/flows.h"
#include "sim/trace.h"

#include <catch2/catch.hpp>

#include <string>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

struct Notes {
  World world{1};
  std::string text;
  void note(std::string_view what) {
    text += fmt::format("{}@{} ", what, to_text(Duration(world.now().time_since_epoch())));
  }
};

Task<> sleeper(Notes& notes, std::string name, Duration nap, int times) {
  for (int i = 0; i < times; ++i) {
    co_await notes.world.sleep(nap);
    notes.note(name);
  }
}

Task<int> slow_double(World& world, int number) {
  co_await world.sleep(1ms);
  co_return number * 2;
}

Task<> adder(Notes& notes, int& sum) {
  for (int i = 1; i <= 3; ++i) sum += co_await slow_double(notes.world, i);
  notes.note("done");
}

Task<> reader(Notes& notes, Channel<std::string>& channel, Duration patience) {
  while (true) {
    const std::optional<std::string> item = co_await channel.receive(notes.world.now() + patience);
    notes.note(item ? *item : "nothing");
    if (!item) co_return;
  }
}

Task<> worker(Notes& notes, Semaphore& semaphore, std::string name) {
  co_await semaphore.acquire();
  co_await notes.world.sleep(1ms);
  notes.note(name);
  semaphore.release();
}

struct Flag {
  bool& flag;
  ~Flag() { flag = true; }
};

Task<> holds_flag(World& world, bool& destroyed) {
  Flag flag{destroyed};
  co_await world.sleep(1h);
}

const EventKind test_fault{"test.fault", Level::fault, "{machine} fell over {how}",
                           "{machine} 고장"};
const EventKind test_effect{"test.effect", Level::control, "{partition} suffered",
                            "{partition} 영향"};

}  // namespace

TEST_CASE("events of one date run in the order they were asked for", "[unit]") {
  Notes notes;
  notes.world.after(5ms, [&] { notes.note("b"); });
  notes.world.after(1ms, [&] { notes.note("a"); });
  notes.world.after(5ms, [&] { notes.note("c"); });
  notes.world.run();
  REQUIRE(notes.text == "a@1ms b@5ms c@5ms ");
}

TEST_CASE("coroutines sleep, call each other and end", "[unit]") {
  Notes notes;
  TaskGroup group(notes.world);
  int sum = 0;
  group.spawn(sleeper(notes, "x", 2ms, 2));
  group.spawn(adder(notes, sum));
  notes.world.run();
  REQUIRE(notes.text == "x@2ms done@3ms x@4ms ");
  REQUIRE(sum == 12);
  REQUIRE(group.size() == 0);
}

TEST_CASE("a receiver gets the item or the deadline, never both", "[unit]") {
  Notes notes;
  TaskGroup group(notes.world);
  Channel<std::string> channel(notes.world);
  group.spawn(reader(notes, channel, 3ms));
  notes.world.after(2ms, [&] { channel.push("one"); });
  notes.world.after(5ms, [&] { channel.push("two"); });  // exactly at the deadline
  notes.world.after(20ms, [&] { channel.push("late"); });
  notes.world.run();
  REQUIRE(notes.text == "one@2ms two@5ms nothing@8ms ");
  REQUIRE(channel.size() == 1);
}

TEST_CASE("a callback that is called off never runs and holds nothing", "[unit]") {
  Notes notes;
  const auto held = std::make_shared<int>(1);
  const TimerId off = notes.world.after(5ms, [&, held] { notes.note("off"); });
  notes.world.after(7ms, [&] { notes.note("on"); });
  notes.world.cancel(off);
  REQUIRE(held.use_count() == 1);
  notes.world.after(6ms, [&] { notes.note("reuses its place"); });
  notes.world.cancel(off);  // is nobody's any more
  notes.world.run();
  REQUIRE(notes.text == "reuses its place@6ms on@7ms ");
}

// Whoever waits with a deadline that is far away, and is answered soon, again and again: the
// deadlines must not gather until they come.
TEST_CASE("deadlines that nobody waits for any more leave the agenda", "[unit]") {
  Notes notes;
  TaskGroup group(notes.world);
  Channel<std::string> channel(notes.world);
  group.spawn(reader(notes, channel, 24h));
  for (int i = 0; i < 100'000; ++i) {
    notes.world.after(i * 1ms, [&] { channel.push("."); });
  }
  notes.world.run(Time(100s));
  REQUIRE(notes.world.agenda_size() < 3'000);
  notes.world.run();  // and the last one still comes
  REQUIRE(notes.text.ends_with("nothing@86499.999s "));
}

Task<> patient(World& world, Signal& signal, Channel<int>& channel, int times) {
  for (int i = 0; i < times; ++i) {
    co_await signal.wait(world.now() + 1ms);
    (void)co_await channel.receive(world.now() + 1ms);
  }
}

TEST_CASE("waits that time out are not remembered", "[unit]") {
  World world(1);
  TaskGroup group(world);
  Signal signal(world);
  Channel<int> channel(world);
  group.spawn(patient(world, signal, channel, 10'000));
  world.run();
  CHECK(signal.waits() <= 16);
  CHECK(channel.waits() <= 16);
}

TEST_CASE("permits pass on in the order of asking", "[unit]") {
  Notes notes;
  TaskGroup group(notes.world);
  Semaphore semaphore(notes.world, 2);
  for (const char* name : {"a", "b", "c"}) group.spawn(worker(notes, semaphore, name));
  notes.world.run();
  REQUIRE(notes.text == "a@1ms b@1ms c@2ms ");
}

TEST_CASE("a killed group never runs again and its frames are destroyed", "[unit]") {
  Notes notes;
  TaskGroup group(notes.world);
  TaskGroup survivor(notes.world);
  Channel<std::string> channel(notes.world);
  bool destroyed = false;
  group.spawn(sleeper(notes, "dead", 10ms, 5));
  group.spawn(reader(notes, channel, 1h));
  group.spawn(holds_flag(notes.world, destroyed));
  survivor.spawn(sleeper(notes, "alive", 10ms, 2));
  notes.world.after(15ms, [&] {
    group.kill_all();
    channel.push("unheard");
    group.spawn(sleeper(notes, "reborn", 1ms, 1));
  });
  notes.world.run();
  REQUIRE(destroyed);
  REQUIRE(notes.text == "dead@10ms alive@10ms reborn@16ms alive@20ms ");
}

TEST_CASE("an answer reaches the one who waits, before or after", "[unit]") {
  Notes notes;
  TaskGroup group(notes.world);
  OneShot<int> answer(notes.world);
  struct Ask {
    static Task<> run(Notes& n, OneShot<int>& a, Time deadline) {
      const std::optional<int> got = co_await a.wait(deadline);
      n.note(got ? std::to_string(*got) : "timeout");
    }
  };
  group.spawn(Ask::run(notes, answer, Time(1ms)));
  notes.world.after(2ms, [&] {
    answer.set(7);
    answer.set(8);
    group.spawn(Ask::run(notes, answer, never));
  });
  notes.world.run();
  REQUIRE(notes.text == "timeout@1ms 7@2ms ");
}

TEST_CASE("what an event schedules remembers it as its cause", "[unit]") {
  Notes notes;
  World& world = notes.world;
  world.trace().name_machine(MachineId(1), "broker-1");
  world.trace().name_partition(PartitionId(0), "t-0");
  world.after(1ms, [&] {
    world.trace().record(test_fault, {.machine = MachineId(1)}, {{"how", "twice"}});
    world.after(3ms, [&] { world.trace().record(test_effect, {.partition = PartitionId(0)}); });
  });
  world.after(2ms, [&] { world.trace().record(test_fault, {.machine = MachineId(1)}); });
  world.run();
  const Trace& trace = world.trace();
  REQUIRE(trace.events().size() == 3);
  const auto chain = trace.chain(EventId(2));
  REQUIRE(chain.size() == 2);
  REQUIRE(trace.sentence(*chain[0], Language::english) == "t-0 suffered");
  REQUIRE(trace.sentence(*chain[1], Language::english) == "broker-1 fell over twice");
  REQUIRE(trace.sentence(*chain[1], Language::korean) == "broker-1 고장");
}

TEST_CASE("Korean particles fit the word before them", "[unit]") {
  const EventKind kind{"test.particles", Level::control, "",
                       "{a}이(가) {b}을(를) {c}(으)로 {d}은(는)"};
  World world(1);
  const EventId id = world.trace().record(
      kind, {}, {{"a", "broker-2"}, {"b", "broker-3"}, {"c", "[2,1]"}, {"d", "리더"}});
  const std::string sentence = world.trace().sentence(world.trace().event(id), Language::korean);
  REQUIRE(sentence == "broker-2가 broker-3을 [2,1]로 리더는");
}

TEST_CASE("the run stops at its end and goes on from there", "[unit]") {
  Notes notes;
  TaskGroup group(notes.world);
  group.spawn(sleeper(notes, "x", 4ms, 3));
  notes.world.run(Time(5ms));
  REQUIRE(notes.text == "x@4ms ");
  REQUIRE(notes.world.now() == Time(5ms));
  notes.world.run();
  REQUIRE(notes.text == "x@4ms x@8ms x@12ms ");
}

TEST_CASE("several flows cancelled at one moment leave their share to the others", "[unit]") {
  World world(1);
  Flows flows(world);
  for (int i = 0; i < 2; ++i) flows.add_host({1_Gbps, 1_Gbps}, -1);
  std::vector<FlowId> ids;
  std::vector<Time> ends;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(flows.start(0, 1, 1_MB, 10_Gbps, [&] { ends.push_back(world.now()); }));
  }
  // SimGrid's clock does not begin at 0 here: its seconds are rounded.
  const auto near = [](Bytes one, Bytes other) { return std::abs((one - other).count()) <= 1; };
  int steps = 0;
  std::function<void()> work = [&] {
    ++steps;
    world.after(10us, [&] { work(); });
  };
  work();
  // The kernel is ahead of SimGrid's clock here; what has moved is as of now.
  world.at(Time(2ms), [&] { CHECK(near(flows.moved(ids[0]), 62'500_B)); });
  world.at(Time(4ms), [&] {
    for (int i = 0; i < 3; ++i) flows.cancel(ids[static_cast<std::size_t>(i)]);
    CHECK(flows.moved(ids[0]) == 0_B);
    CHECK(near(flows.moving_out(0), 125'000_B));
    flows.cancel(ids[0]);           // again: nothing
    flows.set_cap(ids[1], 1_Mbps);  // no longer
  });
  world.at(Time(8ms), [&] { CHECK(near(flows.moved(ids[3]), 625'000_B)); });
  world.run(Time(20ms));
  REQUIRE(ends.size() == 1);
  CHECK(ends[0] == Time(11ms));  // 875 kB at the whole rate
  CHECK(steps == 2001);
  CHECK(flows.moved(ids[3]) == 0_B);  // it is over
}

TEST_CASE("what a run leaves in flight is nothing to the next run of the process", "[unit]") {
  for (const NicDiscipline discipline :
       {NicDiscipline::fair, NicDiscipline::fifo, NicDiscipline::fair}) {
    World world(1);
    Flows flows(world);
    for (int i = 0; i < 2; ++i) flows.add_host({1_Gbps, 1_Gbps, discipline}, -1);
    std::vector<Time> ends;
    const FlowId cancelled = flows.start(0, 1, 1_MB, 10_Gbps, [] { FAIL("it was cancelled"); });
    flows.start(0, 1, 125_KB, 10_Gbps, [&] { ends.push_back(world.now()); });
    for (int i = 0; i < 20; ++i) {
      world.at(Time(10ms), [&] { flows.start(0, 1, 1_GB, 10_Gbps, [] { FAIL("too soon"); }); });
    }
    world.at(Time(0ms), [&] { flows.cancel(cancelled); });
    world.run(Time(20ms));
    REQUIRE(ends == std::vector<Time>{Time(1ms)});
  }
}

TEST_CASE("flows that start and are cancelled at random share one card as the formula says",
          "[property]") {
  constexpr double rate = 125e6;  // bytes a second
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("again: brokerlab_tests_sim with the loop from " << seed);
    RandomStream random(seed, "flows");
    struct Transfer {
      double start;
      double size;
      double cancel;
      double end = -1;
      double left = 0;
    };
    std::vector<Transfer> transfers;
    for (int i = 0; i < 20; ++i) {
      const double start = static_cast<double>(random.below(20'000)) * 1e-6;
      const double stays = static_cast<double>(1 + random.below(20'000)) * 1e-6;
      transfers.push_back({start, static_cast<double>(20'000 + random.below(1'000'000)),
                           random.chance(0.4) ? start + stays : 1e9});
    }

    // Processor sharing: from one change to the next all have the same share.
    std::vector<Transfer> expected = transfers;
    for (double now = 0; now < 1e8;) {
      int active = 0;
      double next = 1e9;
      for (const Transfer& it : expected) active += it.left > 0 ? 1 : 0;
      for (const Transfer& it : expected) {
        if (it.end < 0 && it.left == 0 && it.start >= now) next = std::min(next, it.start);
        if (it.left > 0) next = std::min({next, it.cancel, now + it.left * active / rate});
      }
      for (Transfer& it : expected) {
        if (it.left > 0) {
          it.left -= (next - now) * rate / active;
          if (it.cancel <= next) it.left = 0, it.end = 1e9;
          if (it.left <= 1e-3 && it.end < 0) it.left = 0, it.end = next;
        } else if (it.end < 0 && it.start == next) {
          it.left = it.size;
        }
      }
      now = next;
    }

    World world(seed);
    Flows flows(world);
    for (int i = 0; i < 2; ++i) flows.add_host({1_Gbps, 1_Gbps}, -1);
    for (Transfer& it : transfers) {
      it.end = 1e9;
      world.at(Time(from_seconds(it.start)), [&it, &world, &flows] {
        const FlowId id =
            flows.start(0, 1, Bytes(static_cast<std::int64_t>(it.size)), 10_Gbps,
                        [&it, &world] { it.end = to_seconds(world.now().time_since_epoch()); });
        if (it.cancel > 1e8) return;
        world.at(Time(from_seconds(it.cancel)), [id, &flows] { flows.cancel(id); });
      });
    }
    std::function<void()> work = [&] { world.after(3us, [&] { work(); }); };
    work();
    world.run(Time(1s));
    for (std::size_t i = 0; i < transfers.size(); ++i) {
      INFO("transfer " << i << " from " << transfers[i].start << " s, cancelled at "
                       << transfers[i].cancel << " s");
      CHECK(std::abs(transfers[i].end - expected[i].end) < 20e-9);
    }
  }
}

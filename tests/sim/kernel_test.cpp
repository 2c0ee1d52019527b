#include "sim/channel.h"
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

// The recording is a promise to the viewer, to `why` and to students' SQL: what was written comes
// back, any instant can be rebuilt, and a wrong file gets a sentence.
#include "recording/recording.h"

#include "base/random.h"
#include "tests/recording/recording_file.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <unistd.h>

using namespace brokerlab;
using namespace brokerlab::recording;
using test::bytes_of;
using test::Folder;
using test::open;
using test::start;

namespace {

// Many state variables changing at random; returns what was told, in order.
struct Told {
  Time t;
  std::string subject, attribute, value;
};

std::vector<Told> tell_random_facts(Recording& recording, std::uint64_t seed) {
  RandomStream random(seed, "facts");
  std::vector<Told> told;
  Time t{};
  for (int i = 0; i < 20'000; ++i) {
    // Some at the same instant, many at whole multiples of 10 s, one long silence.
    if (random.chance(0.7)) t += random.exponential(30ms);
    if (i % 500 == 0) t = Time((t.time_since_epoch() / 10s + 1) * Duration(10s));
    if (i == 10'000) t += 95s;
    const auto which = random.below(40);
    Told fact{t, fmt::format("replica/{}/{}", which / 3, which % 3), "leo",
              std::to_string(random.below(1000))};
    if (random.chance(0.2)) fact.subject = "group/nifi", fact.attribute = "state";
    recording.fact(fact.t, fact.subject, fact.attribute, fact.value);
    told.push_back(fact);
  }
  return told;
}

Facts replay(const std::vector<Told>& told, Time until) {
  Facts facts;
  for (const auto& fact : told) {
    if (fact.t <= until) facts[fact.subject][fact.attribute] = fact.value;
  }
  return facts;
}

}  // namespace

TEST_CASE("everything written to a recording is read back", "[unit]") {
  Folder folder;
  const std::string path = folder.file("round trip.run");
  Recording writing = start(path);
  writing.meta("name", "first try");
  writing.meta("name", "사고");  // The last one stays.
  writing.meta("duration_ns", std::to_string(Duration(600s).count()));
  writing.machine(4, "broker-1", "broker");
  writing.process(7, 4, "broker-1", "broker", 1);
  writing.partition(0, "jnu_wifi_auth", 3, false);
  writing.partition(1, "__consumer_offsets", 0, true);
  const auto root = writing.event({.t = Time(330s),
                                   .kind = "machine.power_off",
                                   .level = EventLevel::fault,
                                   .machine = 4,
                                   .en = "broker-1 lost power.",
                                   .ko = "broker-1의 전원이 꺼졌습니다."});
  writing.event({.id = 90,
                 .t = Time(348s),
                 .kind = "zk.session_expired",
                 .level = EventLevel::control,
                 .cause = root,
                 .en = "\"quoted\"",
                 .ko = "",
                 .details = {{"session", std::string("0x1\n\"2\"")},
                             {"after_ms", std::int64_t{18'000}},
                             {"share", 0.25},
                             {"bad", 1.0 / 0.0}}});
  CHECK(writing.event({.t = Time(349s), .kind = "replica.truncated"}) == 91);
  const int rate = writing.metric("record-send-rate", "1/s", "row-reader");
  const int nic = writing.metric("nic-utilisation", "1", "", 4);
  writing.sample(rate, Time(2s), 21.5);
  writing.sample(rate, Time(1s), 20.0);
  writing.sample(nic, Time(1s), 0.5);
  writing.message({.sent = Time(1s),
                   .arrived = Time(1s) + 300us,
                   .source = 4,
                   .destination = 4,
                   .kind = "Produce",
                   .size = 1_KiB});
  writing.message({.sent = Time(2s), .source = 4, .destination = 4, .kind = "Fetch"});
  writing.invariant("one leader per epoch", true, 123, "");
  writing.lost_record(
      {.partition = 0, .offset = 77, .record_id = "row 5", .acknowledged = Time(329s), .why = "x"});
  REQUIRE_FALSE(std::filesystem::exists(path));  // Only a whole file gets the name.
  REQUIRE(writing.finish().ok());

  const auto reading = open(path);
  CHECK(reading.meta("name") == "사고");
  CHECK(reading.meta("nothing").empty());
  CHECK(reading.duration() == 600s);
  REQUIRE(reading.machines().size() == 1);
  CHECK(reading.machines()[0].id == 4);
  CHECK(reading.processes()[0].number == 1);
  REQUIRE(reading.partitions().size() == 2);
  CHECK(reading.partitions()[0].name() == "jnu_wifi_auth-3");
  CHECK(reading.partitions()[1].internal);

  const auto events = reading.events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].id == root);
  CHECK(events[0].machine == 4);
  CHECK(events[0].ko == "broker-1의 전원이 꺼졌습니다.");
  CHECK(events[1].level == EventLevel::control);
  CHECK(events[1].detail ==
        R"({"session":"0x1\u000a\"2\"","after_ms":18000,"share":0.25,"bad":null})");
  CHECK(reading.events(EventLevel::fault).size() == 1);
  CHECK(reading.events(EventLevel::detail).size() == 3);
  CHECK(reading.events(EventLevel::detail, Time(348s), Time(348s)).size() == 1);

  REQUIRE(reading.metrics().size() == 2);
  CHECK(reading.metrics()[1].machine == 4);
  const auto samples = reading.series(rate);
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].t == Time(1s));
  CHECK(samples[1].value == 21.5);

  const auto messages = reading.messages(Time{}, Time(10s), 100);
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].arrived == Time(1s) + 300us);
  CHECK(messages[0].size == 1_KiB);
  CHECK_FALSE(messages[1].arrived.has_value());
  CHECK(reading.invariants()[0].checked == 123);
  CHECK(reading.lost_records()[0].record_id == "row 5");
  CHECK_FALSE(reading.read_error().has_value());
}

TEST_CASE("the state at any instant equals a replay of every fact before it", "[property]") {
  const auto seed = GENERATE(1ULL, 2ULL, 3ULL);
  const auto keyframe_after = GENERATE(1, 777, 4096);
  INFO("seed " << seed << ", a keyframe after " << keyframe_after);
  Folder folder;
  Recording writing = start(folder.file("facts.run"), {.keyframe_after = keyframe_after});
  const auto told = tell_random_facts(writing, seed);
  REQUIRE(writing.finish().ok());
  const auto reading = open(folder.file("facts.run"));

  RandomStream random(seed, "instants");
  std::vector<Time> instants = {Time{}, told.front().t, told.back().t, told.back().t + 1h};
  for (int i = 0; i < 40; ++i) {
    const auto& some = told[static_cast<std::size_t>(random.below(std::ssize(told)))];
    instants.insert(instants.end(), {some.t, some.t - Duration{1}, some.t + Duration{1}});
  }
  for (const Time t : instants) {
    INFO(to_text(t));
    REQUIRE(reading.facts_at(t) == replay(told, t));
  }
}

TEST_CASE("facts become a cluster that can be asked", "[unit]") {
  const auto state = to_cluster_state({
      {"machine/3", {{"power", "off"}}},
      {"process/9", {{"state", "running"}}},
      {"broker/1", {{"controller", "true"}, {"registered", "false"}}},
      {"zookeeper/2", {{"role", "leader"}}},
      {"partition/5",
       {{"leader", "-1"}, {"epoch", "4"}, {"isr", "2,3"}, {"replicas", "1,2,3"}, {"hw", "812"}}},
      {"replica/5/2", {{"leo", "815"}}},
      {"group/nifi",
       {{"state", "Stable"}, {"generation", "2"}, {"members", "nifi-1,nifi-2"}, {"lag", "40"}}},
      {"assignment/nifi-1", {{"partitions", "0,1,2"}}},
      {"assignment/nifi-2", {{"partitions", ""}}},
      {"replica/5", {{"leo", "1"}}},  // Nonsense must not hurt.
      {"partition/x", {{"leader", "1"}}},
      {"unheard of", {{"a", "b"}}},
  });
  CHECK_FALSE(state.machine_on.at(3));
  CHECK(state.process_running.at(9));
  CHECK(state.brokers.at(1).controller);
  CHECK_FALSE(state.brokers.at(1).registered);
  CHECK(state.zookeeper_role.at(2) == "leader");
  REQUIRE(state.partitions.size() == 1);
  CHECK(state.partitions.at(5).leader == -1);
  CHECK(state.partitions.at(5).isr == std::vector{2, 3});
  CHECK(state.partitions.at(5).high_watermark == 812);
  REQUIRE(state.log_end_offset.size() == 1);
  CHECK(state.log_end_offset.at({5, 2}) == 815);
  CHECK(state.groups.at("nifi").members == std::vector<std::string>{"nifi-1", "nifi-2"});
  CHECK(state.groups.at("nifi").lag == 40);
  CHECK(state.assignment.at("nifi-1") == std::vector{0, 1, 2});
  CHECK(state.assignment.at("nifi-2").empty());
}

TEST_CASE("an event's causes lead back to the fault, and a circle ends", "[unit]") {
  Folder folder;
  Recording writing = start(folder.file("causes.run"));
  const auto power = writing.event({.t = Time(1s), .kind = "machine.power_off"});
  const auto expired = writing.event({.t = Time(2s), .kind = "zk.session_expired", .cause = power});
  writing.event({.t = Time(2s), .kind = "load.changed"});
  const auto elected =
      writing.event({.t = Time(3s), .kind = "partition.leader_elected", .cause = expired});
  writing.event({.id = 50, .t = Time(4s), .kind = "a", .cause = 51});
  writing.event({.id = 51, .t = Time(4s), .kind = "b", .cause = 50});
  writing.event({.id = 52, .t = Time(4s), .kind = "c", .cause = 999});
  REQUIRE(writing.finish().ok());
  const auto reading = open(folder.file("causes.run"));

  std::vector<std::string> story;
  for (const auto& event : reading.causes(elected)) story.push_back(event.kind);
  CHECK(story == std::vector<std::string>{"partition.leader_elected", "zk.session_expired",
                                          "machine.power_off"});
  CHECK(reading.causes(50).size() == 2);
  CHECK(reading.causes(52).size() == 1);
  CHECK(reading.causes(12345).empty());
}

TEST_CASE("messages under way are found, short ones for as long as asked", "[unit]") {
  Folder folder;
  Recording writing = start(folder.file("messages.run"));
  const auto send = [&](Time sent, std::optional<Time> arrived, std::string_view kind) {
    writing.message({.sent = sent, .arrived = arrived, .kind = kind});
  };
  send(Time(1s), Time(5s), "slow");
  send(Time(3s), Time(3s) + 1ms, "quick");
  send(Time(3s), {}, "lost");
  send(Time(4s), Time(4s) + 1ms, "later");
  REQUIRE(writing.finish().ok());
  const auto reading = open(folder.file("messages.run"));
  const auto kinds = [&](Time t, Duration at_least) {
    std::vector<std::string> found;
    for (const auto& message : reading.messages_in_flight(t, 100, at_least)) {
      found.push_back(message.kind);
    }
    return found;
  };
  using Kinds = std::vector<std::string>;
  CHECK(kinds(Time(3s), 0s) == Kinds{"slow", "quick", "lost"});
  CHECK(kinds(Time(3s) + 100ms, 0s) == Kinds{"slow"});
  CHECK(kinds(Time(3s) + 100ms, 400ms) == Kinds{"slow", "quick", "lost"});
  CHECK(kinds(Time(6s), 400ms).empty());
}

TEST_CASE("too many messages are thinned evenly and without flicker", "[unit]") {
  Folder folder;
  Recording writing = start(folder.file("messages.run"));
  for (int i = 0; i < 20'000; ++i) {
    writing.message({.sent = Time(i * 1ms), .arrived = Time(i * 1ms + 500us), .source = i % 2});
  }
  REQUIRE(writing.finish().ok());
  const auto reading = open(folder.file("messages.run"));
  const auto some = reading.messages(Time{}, Time(10s), 500);
  CHECK(some.size() > 200);
  CHECK(some.size() < 700);
  const auto odd = std::count_if(some.begin(), some.end(), [](const auto& m) { return m.source; });
  CHECK(odd > std::ssize(some) / 3);
  CHECK(odd < std::ssize(some) * 2 / 3);
  // The window moves by a second: who was shown and is still inside is still shown.
  const auto moved = reading.messages(Time(1s), Time(11s), 500);
  for (const auto& message : some) {
    if (message.sent < Time(1s)) continue;
    CHECK(std::any_of(moved.begin(), moved.end(),
                      [&](const auto& other) { return other.id == message.id; }));
  }
}

TEST_CASE("the same calls make the same bytes", "[property]") {
  Folder folder;
  for (const auto* name : {"one.run", "two.run"}) {
    Recording writing = start(folder.file(name));
    tell_random_facts(writing, 7);
    writing.event({.t = Time(1s), .kind = "load.changed", .en = "a", .ko = "b"});
    REQUIRE(writing.finish().ok());
  }
  CHECK(bytes_of(folder.file("one.run")) == bytes_of(folder.file("two.run")));
}

TEST_CASE("a file that is no recording gets a sentence", "[unit]") {
  Folder folder;
  const auto refusal = [&](const std::string& name) {
    const auto reader = Reader::open(folder.file(name));
    REQUIRE_FALSE(reader.ok());
    return reader.error();
  };
  CHECK_THAT(refusal("missing.run"), Catch::EndsWith("no such file"));
  CHECK_THAT(refusal("."), Catch::EndsWith("is a directory"));
  folder.holds("empty.run", "");
  CHECK_THAT(refusal("empty.run"), Catch::Contains("not a recording"));
  folder.holds("text.run", "{\"name\": \"a scenario, not a recording\"}");
  CHECK_THAT(refusal("text.run"), Catch::Contains("not a recording"));
  folder.holds("torn.run", "SQLite format 3" + std::string(1, '\0') + std::string(500, 'x'));
  CHECK_THAT(refusal("torn.run"), Catch::Contains("not a readable recording"));

  Recording future = start(folder.file("future.run"));
  future.meta("format", "3");
  REQUIRE(future.finish().ok());
  CHECK_THAT(refusal("future.run"), Catch::Contains("format 3") && Catch::Contains("format 2"));
}

TEST_CASE("a damaged recording yields fewer rows and an error, never a crash", "[unit]") {
  Folder folder;
  Recording writing = start(folder.file("whole.run"));
  tell_random_facts(writing, 5);
  REQUIRE(writing.finish().ok());
  const std::string whole = bytes_of(folder.file("whole.run"));
  folder.holds("half.run", whole.substr(0, whole.size() / 2));
  const auto reader = Reader::open(folder.file("half.run"));
  if (!reader.ok()) return;
  reader->facts_at(Time(300s));
  reader->messages(Time{}, never, 10);
  CHECK(reader->read_error().has_value());
}

TEST_CASE("a recording that cannot be written says so", "[unit]") {
  const auto nowhere = Recording::create("/proc/no/such/folder/x.run");
  REQUIRE_FALSE(nowhere.ok());
  CHECK_THAT(nowhere.error(), Catch::Contains("/proc/no/such/folder/x.run"));
}

TEST_CASE("an unfinished recording leaves no file behind", "[unit]") {
  Folder folder;
  {
    Recording writing = start(folder.file("killed.run"));
    writing.meta("name", "x");
  }
  CHECK_FALSE(std::filesystem::exists(folder.file("killed.run")));
  CHECK_FALSE(std::filesystem::exists(folder.file("killed.run.writing")));
}

TEST_CASE("a recording that another run is writing is refused at the start", "[unit]") {
  Folder folder;
  const std::string path = folder.file("both.run");
  Recording first = start(path);
  first.meta("name", "first");
  const auto second = Recording::create(path);
  REQUIRE_FALSE(second.ok());
  CHECK_THAT(second.error(), Catch::Contains("is being written by another process right now"));
  const auto early = Reader::open(path + ".writing");
  REQUIRE_FALSE(early.ok());
  CHECK_THAT(early.error(), Catch::Contains("a run is writing it right now"));
  CHECK_THAT(Reader::open(path).error(), Catch::Contains("a run is writing it right now"));
  REQUIRE(first.finish().ok());
  CHECK(open(path).meta("name") == "first");
  CHECK(Recording::create(path).ok());
}

TEST_CASE("what a killed run leaves is called unfinished, whatever its name", "[unit]") {
  Folder folder;
  const std::string path = folder.file("killed.run");
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Recording writing = std::move(Recording::create(path)).value();
    for (int i = 0; i < 50'000; ++i) {
      writing.event({.t = Time(i * 1ms), .kind = "x", .en = "something", .ko = ""});
    }
    raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  const std::string left = path + ".writing";
  REQUIRE(std::filesystem::exists(left));
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_THAT(Reader::open(path).error(),
             Catch::Contains("its run was ended before it had written everything"));
  CHECK_THAT(Reader::open(left).error(), Catch::Contains("an unfinished recording"));
  const std::string renamed = folder.file("renamed.run");
  std::filesystem::copy_file(left, renamed);
  const auto read = Reader::open(renamed);
  REQUIRE_FALSE(read.ok());
  CHECK_THAT(read.error(), Catch::Contains("unfinished") || Catch::Contains("not a readable"));
  // And it is in nobody's way.
  Recording again = start(path);
  REQUIRE(again.finish().ok());
  CHECK_FALSE(std::filesystem::exists(left));
  CHECK(Reader::open(path).ok());
}

TEST_CASE("a recording that finds the disk full leaves nothing", "[unit]") {
  Folder folder;
  const std::string path = folder.file("full.run");
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);  // as main() does: a write past the limit is an error
    const rlimit small{200'000, 200'000};
    setrlimit(RLIMIT_FSIZE, &small);
    int told = 8;
    {
      Recording writing = std::move(Recording::create(path)).value();
      for (int i = 0; i < 50'000; ++i) {
        writing.event({.t = Time(i * 1ms), .kind = "x", .en = "something", .ko = ""});
      }
      told = writing.finish().ok() ? 8 : 7;
    }
    _exit(told);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(std::filesystem::exists(path + ".writing"));
}

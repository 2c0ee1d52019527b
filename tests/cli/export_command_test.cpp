// brokerlab export: a recording as a Perfetto trace and as CSV, read back as others would.
#include "base/random.h"
#include "recording/recording.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace brokerlab;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;
using test::Answer;
using test::command;

namespace {

constexpr int producer = 1;
constexpr int broker = 2;

/// Two machines that talk: in order, at once, one way, into silence.
class Story {
 public:
  explicit Story(const recording::Scope& scope = {}) {
    auto created = recording::Recording::create(file());
    REQUIRE(created.ok());
    recording.emplace(std::move(created).value());
    recording->scope(scope);
    recording->meta("name", "talk");
    recording->meta("starts_at", "09:00:00");
    recording->machine(producer, "wifi, \"auth\"", "client");
    recording->machine(broker, "broker-1", "broker");
    recording->process(1, producer, "wifi-auth", "producer", 1);
    recording->process(2, broker, "broker-1", "broker", 1);
    recording->partition(0, "logins", 3, false);
    const auto lost = recording->event({.id = 4,
                                        .t = Time(2s),
                                        .kind = "machine.power_off",
                                        .level = recording::EventLevel::fault,
                                        .machine = broker,
                                        .en = "broker-1 lost power",
                                        .ko = "전원이 꺼졌다"});
    recording->event({.t = Time(3s) + 1ns,
                      .kind = "partition.leader_elected",
                      .level = recording::EventLevel::control,
                      .partition = 0,
                      .cause = lost,
                      .en = "a \"new\"\nleader",
                      .details = {{"epoch", std::int64_t{5}}}});
    const int rate = recording->metric("BytesInPerSec", "B/s", "", broker);
    recording->sample(rate, Time(1s), 10.5);
    recording->sample(rate, Time(2s), 0);
    recording->fact(Time(1s), "broker/1", "controller", "true");
  }
  void message(Time sent, std::optional<Time> arrived, int source, std::string_view kind,
               std::optional<std::int64_t> exchange) {
    recording->message({.sent = sent,
                        .arrived = arrived,
                        .source = source,
                        .destination = source == producer ? broker : producer,
                        .kind = kind,
                        .size = 100_B,
                        .exchange = exchange});
  }
  void finish() { REQUIRE(recording->finish().ok()); }
  std::string file() const { return path("a.run"); }
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  std::optional<recording::Recording> recording;

 private:
  log::test::TemporaryFolder folder_;
};

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

json trace_of(const Story& story, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"export", story.file(), "--perfetto", "-"});
  const Answer answer = command(more);
  INFO(answer.err);
  REQUIRE(answer.status == 0);
  return json::parse(answer.out);
}

std::int64_t nanoseconds(const json& event) {
  return std::llround(event.at("ts").get<double>() * 1000);
}

/// What Perfetto asks of a trace: times ascend on each track, slices nest and end, arrows have both
/// ends inside slices and never go back in time. Returns how many arrows there are.
std::size_t check_trace(const json& trace) {
  using Track = std::pair<std::int64_t, std::int64_t>;
  std::map<Track, std::int64_t> last;
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> last_sample;
  std::map<Track, int> open;
  std::map<std::int64_t, std::int64_t> leaves;
  std::map<std::int64_t, std::int64_t> reaches;
  std::set<std::int64_t> processes;
  std::set<Track> threads;
  for (const json& event : trace.at("traceEvents")) {
    INFO(event.dump());
    const std::string phase = event.at("ph");
    const Track track{event.at("pid"), event.at("tid")};
    const std::int64_t t = nanoseconds(event);
    if (phase == "M") {
      if (event.at("name") == "process_name") REQUIRE(processes.insert(track.first).second);
      if (event.at("name") == "thread_name") REQUIRE(threads.insert(track).second);
      continue;
    }
    REQUIRE(processes.contains(track.first));
    if (phase == "C") {
      auto& before = last_sample[{track.first, event.at("name")}];
      REQUIRE(t >= before);
      before = t;
      continue;
    }
    REQUIRE(threads.contains(track));
    REQUIRE(t >= last[track]);
    last[track] = t;
    if (phase == "B") REQUIRE(++open[track] == 1);
    if (phase == "E") REQUIRE(--open[track] == 0);
    if (phase == "s") {
      REQUIRE(open[track] == 1);
      REQUIRE(leaves.emplace(event.at("id"), t).second);
    }
    if (phase == "f") {
      REQUIRE(open[track] == 1);
      REQUIRE(reaches.emplace(event.at("id"), t).second);
    }
  }
  for (const auto& [track, count] : open) REQUIRE(count == 0);
  REQUIRE(leaves.size() == reaches.size());
  for (const auto& [id, t] : leaves) REQUIRE(reaches.at(id) >= t);
  return leaves.size();
}

std::vector<json> with_phase(const json& trace, const std::string& phase) {
  std::vector<json> found;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") == phase) found.push_back(event);
  }
  return found;
}

}  // namespace

TEST_CASE("export: a request is a slice at both machines, with arrows there and back", "[unit]") {
  Story story;
  story.message(Time(1s), Time(1s) + 300us, producer, "Produce", 1);
  story.message(Time(1s) + 800us, Time(1s) + 1'100'001ns, broker, "Produce response", 1);
  story.finish();
  const json trace = trace_of(story);
  CHECK(check_trace(trace) == 2);
  const auto begins = with_phase(trace, "B");
  REQUIRE(begins.size() == 2);
  CHECK(begins[0].at("name") == "Produce to broker-1");
  CHECK(begins[1].at("name") == "Produce from wifi, \"auth\"");
  CHECK(begins[0].at("pid") == producer + 1);
  CHECK(nanoseconds(begins[0]) == 1'000'000'000);
  CHECK(begins[1].at("pid") == broker + 1);
  CHECK(nanoseconds(begins[1]) == 1'000'300'000);
  CHECK(begins[1].at("args").at("from") == "wifi, \"auth\"");
  const auto ends = with_phase(trace, "E");
  CHECK(nanoseconds(ends[0]) == 1'000'800'000);
  CHECK(nanoseconds(ends[1]) == 1'001'100'001);
  CHECK(trace.at("otherData").at("name") == "talk");
}

TEST_CASE("export: faults, control events and metrics are in the trace", "[unit]") {
  Story story;
  story.finish();
  const json trace = trace_of(story);
  check_trace(trace);
  const auto instants = with_phase(trace, "i");
  REQUIRE(instants.size() == 2);
  CHECK(instants[0].at("name") == "machine.power_off");
  CHECK(instants[0].at("s") == "g");
  CHECK(instants[0].at("args").at("what") == "broker-1 lost power");
  CHECK(instants[1].at("name") == "partition.leader_elected logins-3");
  CHECK(instants[1].at("args") == json{{"what", "a \"new\"\nleader"},
                                       {"event", 5},
                                       {"cause", 4},
                                       {"partition", "logins-3"},
                                       {"detail", {{"epoch", 5}}}});
  CHECK(nanoseconds(instants[1]) == 3'000'000'001);
  const auto samples = with_phase(trace, "C");
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].at("name") == "BytesInPerSec [B/s]");
  CHECK(samples[0].at("args").at("value") == 10.5);
  const auto korean = with_phase(trace_of(story, {"--lang", "ko"}), "i");
  CHECK(korean[0].at("args").at("what") == "전원이 꺼졌다");
  const auto later = trace_of(story, {"--from", "09:00:02", "--to", "2s"});
  CHECK(with_phase(later, "i").size() == 1);
  CHECK(with_phase(later, "C").size() == 1);
}

TEST_CASE("export: what is lost, unanswered, at once or out of order still makes a trace",
          "[unit]") {
  Story story;
  story.message(Time(1s), {}, producer, "Produce", 1);                   // Lost.
  story.message(Time(1s), Time(2s), producer, "Fetch", 2);               // Never answered.
  story.message(Time(1s), Time(1s), producer, "Metadata", 3);            // In no time,
  story.message(Time(1s), Time(1s), broker, "Metadata response", 3);     // nor its answer.
  story.message(Time(2s), Time(3s), producer, "Heartbeat", 4);           // Its answer
  story.message(Time(3s), {}, broker, "Heartbeat response", 4);          // is lost.
  story.message(Time(1s), Time(2s), broker, "Fetch response", 5);        // Where is its request?
  story.message(Time(2s), Time(2s) + 1ms, broker, "ack", std::nullopt);  // Of no exchange.
  story.message(Time(500ms), Time(600ms), producer, "Produce", 6);       // Written late.
  story.finish();
  const json trace = trace_of(story);
  CHECK(check_trace(trace) == 7);
  std::size_t lost = 0;
  for (const auto& begin : with_phase(trace, "B")) lost += begin.at("args").contains("lost");
  CHECK(lost == 1);
  check_trace(trace_of(story, {"--from", "1s", "--to", "2s"}));
}

TEST_CASE("export: a request that waits in vain is a slice until its connection breaks", "[unit]") {
  Story story;
  story.message(Time(1s), Time(1s) + 1ms, producer, "Produce", 1);  // With acks=0, long ago.
  story.message(Time(2s), Time(2s) + 1ms, producer, "Produce", 2);
  story.message(Time(2s) + 5ms, {}, producer, "Fetch", 3);  // Did not even get there.
  story.message(Time(3s), Time(3s) + 1ms, producer, "Metadata", 4);
  story.message(Time(3s) + 2ms, Time(3s) + 3ms, broker, "Metadata response", 4);
  story.recording->event({.t = Time(32s),
                          .kind = "connection.broken",
                          .level = recording::EventLevel::control,
                          .machine = producer,
                          .en = "lost",
                          .details = {{"peer", "broker-1"}, {"count", "2"}}});
  story.message(Time(33s), Time(33s) + 1ms, producer, "Produce", 5);
  story.finish();
  const auto lengths = [](const json& trace) {
    check_trace(trace);
    std::map<std::pair<std::int64_t, std::int64_t>, json> open;
    std::vector<std::string> found;
    for (const json& event : trace.at("traceEvents")) {
      const std::pair<std::int64_t, std::int64_t> track{event.at("pid"), event.at("tid")};
      if (event.at("ph") == "B") open[track] = event;
      if (event.at("ph") != "E" || track.first != producer + 1) continue;
      const std::int64_t length = nanoseconds(event) - nanoseconds(open.at(track));
      found.push_back(fmt::format("{} {} ms", open.at(track).at("name").get<std::string>(),
                                  length / 1'000'000));
    }
    return fmt::format("{}", fmt::join(found, ", "));
  };
  CHECK(lengths(trace_of(story)) ==
        "Produce to broker-1 1 ms, Metadata to broker-1 3 ms, Produce to broker-1 30000 ms, "
        "Fetch to broker-1 29995 ms, Produce to broker-1 1 ms");
  CHECK(lengths(trace_of(story, {"--from", "2s", "--to", "10s"})) ==
        "Metadata to broker-1 3 ms, Produce to broker-1 30000 ms, Fetch to broker-1 29995 ms");
}

TEST_CASE("export: any talk is a trace that Perfetto takes", "[unit]") {
  const auto seed = GENERATE(1ULL, 2ULL, 3ULL);
  INFO("seed " << seed);
  Story story;
  RandomStream random(seed, "talk");
  // Written when it arrives or is lost, as a run does.
  std::multimap<Time, std::function<void()>> written;
  for (std::int64_t i = 0; i < 2000; ++i) {
    const Time sent(Duration(random.below(1'000'000)));
    const bool lost = random.chance(0.05);
    const Time arrived = sent + Duration(random.below(5'000));
    written.emplace(arrived, [&story, sent, arrived, lost, i] {
      story.message(sent, lost ? std::nullopt : std::optional(arrived), producer, "Fetch", i);
    });
    if (lost || random.chance(0.1)) continue;
    const Time answered = arrived + Duration(random.below(20'000));
    const Time back = answered + Duration(random.below(5'000));
    const bool lost_too = random.chance(0.05);
    written.emplace(back, [&story, answered, back, lost_too, i] {
      story.message(answered, lost_too ? std::nullopt : std::optional(back), broker,
                    "Fetch response", i);
    });
  }
  for (const auto& [t, write] : written) write();
  story.finish();
  CHECK(check_trace(trace_of(story)) > 3000);
  check_trace(trace_of(story, {"--from", "100us", "--to", "500us"}));
}

TEST_CASE("export: CSV has a file a table, quoted as RFC 4180 says", "[unit]") {
  Story story;
  story.message(Time(1s), {}, producer, "Produce", 1);
  story.finish();
  const std::string folder = story.path("csv");
  REQUIRE(command({"export", story.file(), "--csv", folder}).status == 0);
  CHECK(text_of(folder + "/machine.csv") ==
        "id,name,role\n1,\"wifi, \"\"auth\"\"\",client\n2,broker-1,broker\n");
  CHECK(text_of(folder + "/message.csv") ==
        "id,sent,arrived,source,destination,kind,bytes,exchange\n"
        "1,1000000000,,1,2,Produce,100,1\n");
  CHECK(text_of(folder + "/sample.csv") == "metric,t,value\n1,1000000000,10.5\n1,2000000000,0\n");
  CHECK_THAT(
      text_of(folder + "/event.csv"),
      Contains("5,3000000001,2,,0,4,\"a \"\"new\"\"\nleader\",\"\",\"{\"\"epoch\"\":5}\"\n"));
  for (const char* table : {"meta", "process", "partition", "event_kind", "fact", "keyframe",
                            "metric", "invariant", "lost_record"}) {
    INFO(table);
    CHECK(std::filesystem::exists(fmt::format("{}/{}.csv", folder, table)));
  }
  // Again into the same folder: replaced.
  CHECK(command({"export", story.file(), "--csv", folder}).status == 0);
}

TEST_CASE("export: what cannot be done is said in a sentence", "[unit]") {
  Story story;
  story.finish();
  const auto refused = [](const std::vector<std::string>& arguments, int status) {
    const Answer answer = command(arguments);
    CHECK(answer.status == status);
    return answer.err;
  };
  const std::string file = story.file();
  CHECK_THAT(refused({"export", story.path("no.run"), "--csv", "x"}, 3), Contains("no such file"));
  CHECK_THAT(refused({"export", file}, 3), Contains("choose --perfetto FILE or --csv FOLDER"));
  CHECK(command({"export", file, "--perfetto", "-", "--csv", "x"}).status == 3);
  CHECK_THAT(refused({"export", file, "--csv", "-"}, 3), Contains("is no folder"));
  CHECK_THAT(refused({"export", file, "--perfetto", file}, 3),
             Contains("no earlier export: choose another name"));
  CHECK_THAT(refused({"export", file, "--perfetto", story.path("")}, 3), Contains("is a folder"));
  CHECK_THAT(refused({"export", file, "--perfetto", story.path("no/such/x.json")}, 4),
             Contains("there is no folder "));
  CHECK_THAT(refused({"export", file, "--csv", file}, 3),
             Contains("is a file; CSV needs a folder"));
  CHECK_THAT(refused({"export", file, "--csv", story.path("")}, 3),
             Contains("something else in it, a.run"));
  CHECK_THAT(refused({"export", file, "--csv", "x", "--from", "1s"}, 3), Contains("--perfetto"));
  // An earlier export is replaced, and no half one stays behind.
  const std::string trace = story.path("a.json");
  REQUIRE(command({"export", file, "--perfetto", trace}).status == 0);
  CHECK(command({"export", file, "--perfetto", trace}).status == 0);
  CHECK_FALSE(std::filesystem::exists(trace + ".writing"));
}

TEST_CASE("export: says when the recording has no requests, or a part of them", "[unit]") {
  Story control({.level = recording::Level::control});
  control.finish();
  CHECK_THAT(command({"export", control.file(), "--perfetto", "-"}).err,
             Contains("this recording has no requests\n"));
  Story sampled(
      {.level = recording::Level::sampled, .sample = 50, .from = Time(1s), .until = Time(2s)});
  sampled.finish();
  CHECK_THAT(command({"export", sampled.file(), "--perfetto", "-"}).err,
             Contains("this recording has one request in 50, but for all from t=1.000s"));
}

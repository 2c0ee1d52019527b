// Clicks that ask why, and one record that is followed.
#include "viz/why.h"

#include "recording/recording.h"
#include "tests/temporary.h"
#include "tests/viz/large_recording.h"
#include "tests/viz/sample_recording.h"
#include "viz/now.h"
#include "viz/offscreen.h"
#include "viz/partitions/pieces.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>

using namespace brokerlab;
using namespace brokerlab::viz;
namespace fs = std::filesystem;

namespace {

struct Screening {
  std::string path = tests::temporary_path("why.run");
  std::optional<Viewer> viewer;
  std::optional<Offscreen> screen;

  explicit Screening(int width = 1600, int height = 900) {
    write_sample_recording(path);
    open(width, height);
  }
  Screening(const std::string& of, int width, int height) : path(of) { open(width, height); }
  Screening(const Screening&) = delete;
  Screening& operator=(const Screening&) = delete;
  ~Screening() { fs::remove(path); }

  void open(int width, int height) {
    auto opened = Viewer::open(path);
    if (!opened.ok()) FAIL(opened.error());
    viewer.emplace(std::move(opened).value());
    auto made = Offscreen::create(width, height);
    if (!made.ok()) FAIL(made.error());
    screen.emplace(std::move(made).value());
  }
  void at(Duration t) { seek(viewer->view(), Time(t), viewer->run().duration); }
  // In the middle of the first text that begins so.
  void click_on(const std::string& text, bool shift = false) {
    REQUIRE(screen->compose(*viewer).ok());
    for (const DrawnText& one : screen->texts()) {
      if (!one.text.starts_with(text)) continue;
      const Point middle = one.ink.center();
      REQUIRE(screen->click(*viewer, middle.x, middle.y, shift).ok());
      REQUIRE(screen->compose(*viewer).ok());
      return;
    }
    FAIL("\"" << text << "\" is not to be seen");
  }
  Answer ask(const Asked& asked, Language language = Language::english) {
    const Scene scene{viewer->reader(), viewer->run(), viewer->moment(), viewer->view()};
    return answer(scene, asked, language);
  }
  std::string kind_of(std::optional<std::int64_t> event) const {
    return event ? viewer->reader().event(*event)->kind : "nothing";
  }
};

std::string joined(const Answer& answer) {
  std::string all = answer.title;
  for (const std::string& line : answer.lines) all += "\n" + line;
  return all;
}

}  // namespace

TEST_CASE("what is clicked says how it stands, and walks to the fault", "[unit]") {
  Screening shown;
  shown.at(340s);
  shown.click_on("broker-1");
  REQUIRE(shown.viewer->view().asked);
  CHECK(shown.viewer->view().asked->of == Asked::Of::machine);
  CHECK(shown.kind_of(shown.viewer->view().selected_event) == "machine.power_off");
  CHECK_THAT(joined(shown.ask(*shown.viewer->view().asked)),
             Catch::Contains("broker-1 is “powered off” since 09:00:30.0, for 10 s"));
  CHECK_THAT(joined(shown.ask(*shown.viewer->view().asked, Language::korean)),
             Catch::Contains("“전원 꺼짐” 상태입니다"));
  shown.viewer->press(Key::escape, false);
  CHECK_FALSE(shown.viewer->view().asked);
  CHECK_FALSE(shown.viewer->view().selected_event);
  shown.click_on("nifi-1");
  CHECK_THAT(joined(shown.ask(*shown.viewer->view().asked)), Catch::Contains("Nothing is wrong"));
}

TEST_CASE("a bar tells what fills it, a number what moves it", "[unit]") {
  Screening shown;
  shown.at(345s);
  REQUIRE(shown.screen->compose(*shown.viewer).ok());
  std::vector<Point> cards;  // The rows named NIC: of broker-1, broker-2 ...
  for (const DrawnText& one : shown.screen->texts()) {
    if (one.text == "NIC") cards.push_back(one.ink.center());
  }
  REQUIRE(cards.size() == 3);
  REQUIRE(shown.screen->click(*shown.viewer, cards[1].x, cards[1].y).ok());
  REQUIRE(shown.screen->compose(*shown.viewer).ok());
  REQUIRE(shown.viewer->view().asked);
  CHECK(shown.viewer->view().asked->of == Asked::Of::card);
  CHECK_THAT(joined(shown.ask(*shown.viewer->view().asked)),
             Catch::Contains("The NIC of broker-2 carries") && Catch::Contains("In this second:"));
  const Time before = shown.viewer->view().time;
  shown.click_on("lag ");
  CHECK(shown.viewer->view().asked->of == Asked::Of::group);
  CHECK_THAT(joined(shown.ask(*shown.viewer->view().asked)),
             Catch::Contains("Group nifi") && Catch::Contains("records behind"));
  CHECK(shown.kind_of(shown.viewer->view().selected_event) == "machine.power_off");
  shown.click_on("consumed");  // In the plot's legend, where a click else moves the play head.
  CHECK(shown.viewer->view().asked->of == Asked::Of::throughput);
  CHECK(shown.viewer->view().time == before);
}

TEST_CASE("a plot tells what Kafka calls its curves, and so do bars and columns", "[unit]") {
  Screening shown;
  shown.at(345s);
  // What is said beside the mouse, over the first text that begins so.
  const auto told_over = [&](const std::string& text, bool all_of_it = false) {
    REQUIRE(shown.screen->compose(*shown.viewer).ok());
    for (const DrawnText& one : shown.screen->texts()) {
      if (!one.text.starts_with(text) || (all_of_it && one.text != text)) continue;
      const Point at = one.ink.center();
      REQUIRE(shown.screen->compose(*shown.viewer, at.x, at.y).ok());
      std::string all;
      for (const DrawnText& line : shown.screen->texts()) {
        if (line.layer > 0) all += line.text + "\n";
      }
      CHECK(unreadable(shown.screen->texts()) == std::vector<std::string>{});
      return all;
    }
    FAIL("\"" << text << "\" is not to be seen");
    return std::string();
  };
  const std::string producer = "kafka.producer:type=producer-metrics,client-id=*";
  const std::string consumer = "kafka.consumer:type=consumer-fetch-manager-metrics,client-id=*";
  const std::string throughput = told_over("Throughput");
  CHECK_THAT(throughput, Catch::Contains("sent: record-send-rate\n" + producer));
  CHECK_THAT(throughput, Catch::Contains("consumed: records-consumed-rate\n" + consumer));
  CHECK_THAT(throughput, Catch::Contains("intended: brokerlab's own"));
  CHECK_THAT(told_over("consumed"), Catch::Contains(consumer) && !Catch::Contains(producer));
  CHECK_THAT(told_over("Consumer lag"), Catch::Contains("kafka-consumer-groups.sh LAG") &&
                                            Catch::Contains("records-lag-max\n" + consumer));
  CHECK_THAT(told_over("LEO 2"), Catch::Contains("kafka.log:type=Log,name=LogEndOffset"));
  CHECK_THAT(told_over("ISR"), Catch::Contains("kafka-topics.sh --describe"));
  CHECK_THAT(told_over("HW"), Catch::Contains("kafka-get-offsets.sh"));
  CHECK_THAT(told_over("lag", true), Catch::Contains("records-lag"));
  CHECK_THAT(told_over("sent /s"), Catch::Contains(producer));
  for (const auto kind : {recording::MetricName::Kind::series, recording::MetricName::Kind::fact}) {
    for (const recording::MetricName& one : recording::metric_names()) {
      if (one.kind != kind) continue;
      CHECK(known_as(kind, one.name, Language::korean).find_first_of("{}") == std::string::npos);
    }
  }
}

TEST_CASE("a partition tells its leader, who is missing, and since what", "[unit]") {
  Screening shown;
  shown.at(340s);
  const auto& partitions = shown.viewer->run().partitions;
  std::string all;
  for (const auto& partition : partitions) {
    all += joined(shown.ask({Asked::Of::partition, partition.id})) + "\n";
  }
  CHECK_THAT(all, Catch::Contains("broker-1: powered off") && Catch::Contains("Leader: broker-2"));
  // Who has no leader any more: its followers live, and wait for the controller.
  auto state = shown.viewer->moment();
  auto& orphan = state.state.partitions.at(partitions.front().id);
  orphan.leader = -1;
  orphan.isr = {1, 3};
  const auto told = [&] {
    const Scene scene{shown.viewer->reader(), shown.viewer->run(), state, shown.viewer->view()};
    return joined(answer(scene, {Asked::Of::partition, partitions.front().id}, Language::english));
  };
  CHECK_THAT(told(), Catch::Contains("until the controller elects one of the ISR: broker-3."));
  orphan.isr = {1};
  CHECK_THAT(told(), Catch::Contains("no replica in the ISR can take over"));
  shown.at(360s);
  const Answer later = shown.ask({Asked::Of::partition, partitions.front().id});
  CHECK_THAT(joined(later), Catch::Contains("Not in the ISR: broker-1 (powered off).") &&
                                Catch::Contains("acknowledged records lost: 3"));
  CHECK(shown.ask({Asked::Of::machine, 12345}).title.empty());
  CHECK_THAT(joined(shown.ask({Asked::Of::group, 0, "nobody"})), Catch::Contains("Nothing was"));
}

TEST_CASE("each number of the table answers for itself", "[unit]") {
  Screening shown;
  shown.at(340s);
  // The first text that ends where the heading does, below it.
  const auto click_under = [&](const std::string& heading) {
    REQUIRE(shown.screen->compose(*shown.viewer).ok());
    std::optional<Rect> head;
    for (const DrawnText& one : shown.screen->texts()) {
      if (one.text == heading) head = one.ink;
    }
    REQUIRE(head);
    for (const DrawnText& one : shown.screen->texts()) {
      if (one.ink.y < head->bottom() || std::abs(one.ink.right() - head->right()) > 2) continue;
      const Point at = one.ink.center();
      REQUIRE(shown.screen->click(*shown.viewer, at.x, at.y).ok());
      REQUIRE(shown.screen->compose(*shown.viewer).ok());
      REQUIRE(shown.viewer->view().asked);
      return joined(shown.ask(*shown.viewer->view().asked));
    }
    FAIL("nothing stands under " << heading);
    return std::string();
  };
  const auto& partition = shown.viewer->run().partitions.front();
  const std::string dead = click_under("LEO 1");
  CHECK(shown.viewer->view().asked == Asked{Asked::Of::replica, partition.id, "", 1});
  CHECK(shown.viewer->view().partition == partition.id);  // Its logs are shown as well.
  CHECK_THAT(dead, Catch::Contains(partition.name() + " · broker-1") &&
                       Catch::Contains("log ends at") && Catch::Contains("“powered off” since"));
  CHECK(shown.kind_of(shown.viewer->view().selected_event) == "machine.power_off");
  shown.viewer->view().partition.reset();
  const std::string readable = click_under("HW");
  CHECK(shown.viewer->view().asked == Asked{Asked::Of::high_watermark, partition.id});
  CHECK_THAT(readable, Catch::Contains("Consumers may read up to"));
  shown.viewer->view().partition.reset();
  const std::string lag = click_under("lag");
  CHECK(shown.viewer->view().asked == Asked{Asked::Of::lag, partition.id});
  CHECK_THAT(lag, Catch::Contains("Group nifi:") && Catch::Contains("is read by nifi-1"));
  shown.at(360s);
  const auto& state = shown.viewer->moment().state.partitions.at(partition.id);
  const std::string leads = joined(shown.ask({Asked::Of::replica, partition.id, "", state.leader}));
  CHECK_THAT(leads, Catch::Contains("It leads") && Catch::Contains("in the ISR"));
  CHECK_THAT(joined(shown.ask({Asked::Of::replica, partition.id, "", 1})),
             Catch::Contains("It is not in the ISR."));
}

TEST_CASE("the badge, the verdict and the counts of the matrix answer, too", "[unit]") {
  Screening shown;
  shown.at(340s);
  shown.click_on(what_holds({shown.viewer->reader(), shown.viewer->run(), shown.viewer->moment(),
                             shown.viewer->view()},
                            Language::english)
                     .front()
                     .words);
  CHECK(shown.viewer->view().asked == Asked{Asked::Of::state});
  CHECK_THAT(joined(shown.ask({Asked::Of::state})),
             Catch::Contains("broker-1 is “powered off” since 09:00:30.0"));
  CHECK(shown.kind_of(shown.viewer->view().selected_event) == "machine.power_off");
  shown.click_on("verdict of the run");
  CHECK(shown.viewer->view().asked == Asked{Asked::Of::verdict});
  shown.at(360s);
  shown.viewer->view().matrix = true;
  shown.click_on("short of replicas ");
  REQUIRE(shown.viewer->view().asked);
  CHECK(shown.viewer->view().asked->of == Asked::Of::standing);
  CHECK_THAT(joined(shown.ask(*shown.viewer->view().asked)), Catch::Contains("They are: "));
  shown.at(100s);
  CHECK_THAT(joined(shown.ask({Asked::Of::state})), Catch::Contains("Nothing is wrong anywhere."));
}

TEST_CASE("a switch and an area tell whether they work, and since when not", "[unit]") {
  const std::string path = tests::temporary_path("places.run");
  write_large_recording(path, {.zones = 3});
  Screening shown(path, 1600, 900);
  shown.at(15s);
  CHECK_THAT(joined(shown.ask({Asked::Of::place, 0, "rack-2-tor-1"})),
             Catch::Contains("rack-2-tor-1 works."));
  shown.at(23s);
  const Answer dead = shown.ask({Asked::Of::place, 0, "rack-2-tor-1"});
  CHECK_THAT(joined(dead), Catch::Contains("“switch dead” since"));
  CHECK(shown.kind_of(dead.event) == "network.switch_failed");
  CHECK_THAT(joined(shown.ask({Asked::Of::place, 0, "zone-2"})),
             Catch::Contains("“cut off” since"));
  shown.click_on("zone-2");
  CHECK(shown.viewer->view().asked == Asked{Asked::Of::place, 0, "zone-2"});
  CHECK(shown.kind_of(shown.viewer->view().selected_event) == "network.area_cut");
}

TEST_CASE("every answer, and a followed record, can be read", "[unit]") {
  for (const auto& [width, height] : {std::pair{1280, 720}, std::pair{1920, 1080}}) {
    Screening shown(width, height);
    for (const auto language : {Language::english, Language::korean}) {
      shown.viewer->view().language = language;
      for (const Duration t : {100s, 340s, 349s}) {
        shown.at(t);
        std::vector<Asked> all{{Asked::Of::group, 0, "nifi"}, {Asked::Of::throughput}};
        for (const auto& broker : shown.viewer->run().brokers) {
          for (const auto of : {Asked::Of::machine, Asked::Of::card, Asked::Of::disk}) {
            all.push_back({of, broker.machine});
          }
        }
        for (const auto of : {Asked::Of::partition, Asked::Of::high_watermark, Asked::Of::lag}) {
          all.push_back({of, shown.viewer->run().partitions.front().id});
        }
        for (const int broker : {1, 2}) {
          all.push_back(
              {Asked::Of::replica, shown.viewer->run().partitions.front().id, "", broker});
        }
        all.push_back({Asked::Of::state});
        all.push_back({Asked::Of::verdict});
        all.push_back({Asked::Of::standing, 0, "", static_cast<int>(Standing::short_of_replicas)});
        for (const double type : {1.0, 2.0}) {
          shown.viewer->view().type = type;
          shown.viewer->view().tab = 2;
          for (const Asked& asked : all) {
            shown.viewer->view().asked = asked;
            REQUIRE(shown.screen->compose(*shown.viewer).ok());
            CHECK(unreadable(shown.screen->texts()) == std::vector<std::string>{});
            CHECK(shown.screen->clipped() == std::vector<std::string>{});
          }
          shown.viewer->view().asked.reset();
          shown.viewer->view().selected_event.reset();
          shown.viewer->press(Key::follow, false);
          INFO("following at " << to_text(t) << ", type " << type);
          REQUIRE(shown.screen->compose(*shown.viewer).ok());
          CHECK(unreadable(shown.screen->texts()) == std::vector<std::string>{});
          CHECK(shown.screen->clipped() == std::vector<std::string>{});
          shown.viewer->press(Key::escape, false);
          CHECK_FALSE(shown.viewer->view().following);
        }
      }
    }
  }
}

namespace {

// A producer (4), a leader (1), followers (2, 3) and a consumer (5), and their messages.
std::string write_journey(bool acks_all, bool lost) {
  const std::string path = tests::temporary_path("journey.run");
  auto recording = recording::Recording::create(path);
  REQUIRE(recording.ok());
  recording->meta("duration_ns", "10000000000");
  for (int i = 1; i <= 3; ++i) {
    recording->machine(i, fmt::format("broker-{}", i), "broker");
    recording->process(i, i, fmt::format("broker-{}", i), "broker", i);
  }
  recording->machine(4, "sender", "client");
  recording->process(4, 4, "sender", "producer", 1);
  recording->machine(5, "reader-1", "client");
  recording->process(5, 5, "reader-1", "consumer", 1);
  const auto send = [&](Duration sent, Duration way, int from, int to, const char* kind,
                        std::int64_t exchange, bool arrives = true) {
    recording->message({.sent = Time(sent),
                        .arrived = arrives ? std::optional(Time(sent + way)) : std::nullopt,
                        .source = from,
                        .destination = to,
                        .kind = kind,
                        .size = Bytes(100),
                        .exchange = exchange});
  };
  send(900ms, 1ms, 1, 2, "Fetch response", 90);  // Before it: has nothing of it.
  send(1000ms, 2ms, 4, 1, "Produce", 1, !lost);
  if (!lost) {
    if (!acks_all) send(1003ms, 2ms, 1, 4, "Produce response", 1);
    send(1004ms, 1ms, 1, 2, "Fetch response", 91);
    send(1006ms, 1ms, 1, 3, "Fetch response", 92);
    send(1007ms, 1ms, 2, 1, "Fetch", 93);
    send(1010ms, 2ms, 3, 1, "Fetch", 94);
    if (acks_all) send(1013ms, 2ms, 1, 4, "Produce response", 1);
    send(1014ms, 1ms, 1, 5, "Fetch response", 95);
  }
  REQUIRE(recording->finish().ok());
  return path;
}

}  // namespace

TEST_CASE("one record is followed from its producer to its replicas and a consumer", "[unit]") {
  for (const bool acks_all : {true, false}) {
    Screening shown(write_journey(acks_all, false), 1280, 720);
    const auto journey = follow(shown.viewer->reader(), shown.viewer->run(), Time(950ms));
    REQUIRE(journey);
    CHECK(journey->from == Time(1000ms));
    CHECK(journey->committed == Time(1012ms));
    CHECK(journey->acknowledged == Time(acks_all ? 1015ms : 1005ms));
    CHECK(journey->waited_for_replicas == acks_all);
    CHECK(journey->to == Time(1015ms));
    Duration waited{};
    Duration at_replicas{};
    for (const Stage& stage : journey->stages) {
      if (stage.what == Text::stage_leader_waits) waited += stage.to - stage.from;
      if (stage.what == Text::stage_replica_writes) at_replicas += stage.to - stage.from;
    }
    CHECK(waited == (acks_all ? 10ms : 0ms));
    CHECK(at_replicas == 5ms);
    CHECK(journey->machines.size() == 5);
    CHECK(journey->stages.back().what == Text::stage_to_reader);
  }
  const Screening shown(write_journey(true, true), 1280, 720);
  const auto lost = follow(shown.viewer->reader(), shown.viewer->run(), Time{});
  REQUIRE(lost);
  CHECK(lost->stages.empty());
  CHECK_FALSE(lost->acknowledged);
  CHECK_FALSE(follow(shown.viewer->reader(), shown.viewer->run(), Time(2s)));
}

// brokerlab_tests_viz "[pictures]" puts them into $BROKERLAB_PICTURES.
TEST_CASE("answers and a followed record, to be looked at", "[.][pictures]") {
  const char* folder = std::getenv("BROKERLAB_PICTURES");
  REQUIRE(folder != nullptr);
  const char* run = std::getenv("BROKERLAB_RUN");
  const auto save = [&](Screening& shown, const char* name) {
    const auto picture = shown.screen->render(*shown.viewer);
    REQUIRE(picture.ok());
    CHECK(write_png(*picture, fmt::format("{}/{}.png", folder, name)).ok());
  };
  const std::string path = tests::temporary_path("pictures.run");
  if (run != nullptr) {
    fs::copy_file(run, path, fs::copy_options::overwrite_existing);
  } else {
    write_sample_recording(path);
  }
  Screening shown(path, 1600, 900);
  shown.at(340s);
  shown.viewer->view().asked = Asked{Asked::Of::card, shown.viewer->run().brokers[1].machine};
  save(shown, "why_card");
  shown.viewer->view().language = Language::korean;
  shown.viewer->view().asked =
      Asked{Asked::Of::machine, shown.viewer->run().brokers.front().machine};
  save(shown, "why_machine_ko");
  shown.viewer->view().asked = Asked{Asked::Of::group, 0, "nifi"};
  save(shown, "why_group_ko");
  shown.viewer->view().asked = Asked{Asked::Of::state};
  save(shown, "why_state_ko");
  shown.viewer->view().asked = Asked{Asked::Of::verdict};
  save(shown, "why_verdict_ko");
  const int partition = shown.viewer->run().partitions.back().id;
  shown.viewer->view().language = Language::english;
  shown.viewer->view().asked = Asked{Asked::Of::replica, partition, "", 1};
  save(shown, "why_replica");
  shown.viewer->view().asked = Asked{Asked::Of::lag, partition};
  save(shown, "why_lag");
  shown.viewer->view().following = Time(310s);
  save(shown, "follow_ko");
  shown.viewer->view().language = Language::english;
  shown.viewer->view().following = Time(329'990ms);
  save(shown, "follow");
}

// What people mean by a moment or an event.
#include "recording/search.h"

#include "tests/recording/recording_file.h"

using namespace brokerlab;
using namespace brokerlab::recording;
using namespace std::chrono_literals;

TEST_CASE("a time of day is read as people write it", "[unit]") {
  CHECK(parse_time_of_day("09:00:30") == 9h + 30s);
  CHECK(parse_time_of_day("9:00:30") == 9h + 30s);
  CHECK(parse_time_of_day("09:00:30.250") == 9h + 30s + 250ms);
  CHECK(parse_time_of_day("23:59:59") == 24h - 1s);
  for (const char* wrong :
       {"", "9", "9:00", "24:00:00", "09:60:00", "09:00:60", "9:0:30", "09:00:3", "09:00:30.",
        "09:00:30.x", "009:00:30", "09:00:30s", "330s"}) {
    INFO(wrong);
    CHECK_FALSE(parse_time_of_day(wrong).has_value());
  }
}

TEST_CASE("words match whole words, in either case", "[unit]") {
  CHECK(has_word("orders-0 is now led by broker-1", "led"));
  CHECK(has_word("orders-0 is now led by broker-1", "Broker-1"));
  CHECK(has_word("partition.leader_elected", "elected"));
  CHECK(has_word("broker-1's registration", "broker-1"));
  CHECK_FALSE(has_word("it failed", "led"));
  CHECK_FALSE(has_word("broker-10 lost power", "broker-1"));
  CHECK_FALSE(has_word("scheduled", "led"));
  CHECK(has_word("it failed and is led", "led"));
  CHECK(has_word("broker-1이(가) 컨트롤러가 되었다", "컨트롤러"));
}

TEST_CASE("an event is found by its words, the user's own partitions first", "[unit]") {
  const test::Folder folder;
  const std::string path = folder.file("a.run");
  recording::Recording recording = test::start(path);
  recording.meta("starts_at", "08:59:58");
  recording.machine(1, "broker-1", "broker");
  recording.partition(0, "orders", 0, false);
  recording.partition(1, "__consumer_offsets", 7, true);
  const auto event = [&](Duration at, const char* kind, std::optional<int> partition,
                         const char* en) {
    recording.event({.t = Time(at),
                     .kind = kind,
                     .level = EventLevel::control,
                     .machine = 1,
                     .partition = partition,
                     .en = en,
                     .ko = "일"});
  };
  event(1s, "disk.failing", {}, "disk 1 of broker-1 failed");
  event(2s, "partition.leader_elected", 1, "__consumer_offsets-7 is now led by broker-1");
  event(3s, "partition.leader_elected", 0, "orders-0 is now led by broker-1");
  REQUIRE(recording.finish().ok());
  const recording::Reader reader = test::open(path);
  const auto led = find_events(reader, "led");
  REQUIRE(led.size() == 2);
  CHECK(led[0].t == Time(3s));
  CHECK(find_events(reader, "is now led").front().t == Time(3s));
  CHECK(find_events(reader, "broker-1 failed").size() == 1);
  CHECK(find_events(reader, "nothing").empty());
  CHECK(event_number("#17") == 17);
  CHECK(event_number("17") == 17);
  CHECK_FALSE(event_number("led").has_value());
  CHECK(*find_moment(reader, "9:00:01") == Time(3s));
  CHECK(*find_moment(reader, "330s") == Time(330s));
  CHECK(*find_moment(reader, "08:59:57") == Time(24h - 1s));
  CHECK_FALSE(find_moment(reader, "soon").ok());
}

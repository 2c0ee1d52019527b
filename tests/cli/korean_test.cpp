// Who asked for Korean is told everything in Korean: no line of running English is left. Kafka's
// own names stay as Kafka writes them; four English words in a row are no name.
#include "base/translation.h"
#include "scenarios/harm.h"
#include "scenarios/report.h"
#include "tests/cli/command.h"
#include "tests/files.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

using namespace brokerlab;
using Catch::Contains;
using test::command;

using brokerlab::tests::contents;

namespace {

/// The lines in which four words of small letters follow each other.
std::string english_left(const std::string& text) {
  static const std::regex running(
      "(?:^|[^A-Za-z0-9._/-])[a-z']+(?: [a-z']+){3}(?![A-Za-z0-9._/=-])");
  std::istringstream lines(text);
  std::string left;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, running)) left += line + "\n";
  }
  return left;
}

test::Answer in_korean(std::vector<std::string> words, const std::string& input = "") {
  words.insert(words.end(), {"--lang", "ko"});
  return command(words, input);
}

/// Both outputs of a command, without what is English in them.
std::string english_of(const std::vector<std::string>& words, const std::string& input = "") {
  const test::Answer answer = in_korean(words, input);
  return english_left(answer.out + answer.err);
}

/// The commands that a help lists, each in a line of its own behind the heading.
std::vector<std::string> commands_in(const std::string& help) {
  std::vector<std::string> names;
  std::istringstream lines(help.substr(std::min(help.find("\n명령:\n"), help.size())));
  const std::regex named("  ([a-z]+) +.*");
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, named)) names.push_back(match[1]);
  }
  return names;
}

/// English of the helps of a command and of those below it.
std::string english_of_helps(std::vector<std::string> words, int& seen) {
  std::vector<std::string> asked = words;
  asked.push_back("--help");
  const test::Answer help = in_korean(asked);
  std::string left = english_left(help.out + help.err);
  ++seen;
  CHECK(help.status == 0);
  for (const std::string& name : commands_in(help.out)) {
    if (name == "view") continue;  // the viewer's own
    std::vector<std::string> below = words;
    below.push_back(name);
    left += english_of_helps(below, seen);
  }
  return left;
}

/// What the built program beside this test says in a folder, in a locale of no language.
std::string said_in(const std::string& folder, const std::string& arguments) {
  const auto bin = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string line = "cd '" + folder + "' && env -u BROKERLAB_LANGUAGE LC_ALL=C '" +
                           (bin / "brokerlab").string() + "' " + arguments + " 2>&1";
  FILE* const pipe = popen(line.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char buffer[4096];
  while (const std::size_t got = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, got);
  pclose(pipe);
  return text;
}

/// Of one of each: everything that a page can tell.
scenarios::RunReport full_report(std::int64_t count) {
  scenarios::RunReport r;
  r.sent = r.acknowledged = 100;
  r.failed = r.pending = r.sent_blindly = r.blindly_lost = r.not_verifiable = count;
  r.redelivered = r.duplicates = r.reordered = r.unreadable = count;
  r.oldest_pending = 40s;
  r.failed_by = {{"TimeoutException", count}};
  for (std::int64_t i = 0; i < count * 20 + 1; ++i) {
    r.lost.push_back({"id 1", "t-0", i, Time(1s), phrase("no other replica had it")});
  }
  for (const char* how : {"answered", "disconnected", "timed_out", "not_connected", "client"}) {
    r.client_errors.push_back({"Produce", "TimeoutException", how, count, count, {}, {}});
    r.client_errors.push_back({"OffsetCommit", "TimeoutException", how, count, count, {}, {}});
    r.client_errors.push_back({"Fetch", "TimeoutException", how, count, count, {}, {}});
  }
  const scenarios::RunReport::Outages outages{20s, Time(1s), 30s, static_cast<int>(count), true};
  scenarios::RunReport::Group group;
  group.name = "g";
  group.state = "Stable";
  group.unreadable = group.unread = group.skipped = group.rebalances = count;
  group.coordinator = outages;
  group.without_coordinator = {{"g-1", 30s}, {"g-2", 40s}};
  r.groups = {group};
  scenarios::RunReport::Partition partition;
  partition.name = "t-0";
  partition.duplicates = partition.reordered = partition.unreadable = count;
  partition.longest_unreadable = 1s;
  r.partitions = {partition};
  r.produce = r.fetch = outages;
  r.failed_in_log = count;
  r.without_quorum = r.without_controller = 50s;
  r.no_quorum_at_the_end = count > 1;
  r.faults = {{{}, phrase("power off"), phrase("it was off already"), "broker-1"},
              {{}, phrase("switch off"), {}, "tor-1", true, true, false, true}};
  r.invariants = {
      {"replicas_agree", true, 3, {}, {phrase("{} (down)", "a"), phrase("{} (down)", "b")}},
      {"replicas_agree", false, 3, phrase("no record was sent"), {}}};
  r.harm = scenarios::harm_of(r);
  return r;
}

}  // namespace

TEST_CASE("running English is found, Kafka's names are not", "[unit]") {
  CHECK(english_left("응답 대기\n  the oldest one waiting has\n") ==
        "  the oldest one waiting has\n");
  CHECK(english_left("min.insync.replicas acks linger.ms retries\n") == "");
  CHECK(english_left("./brokerlab run wifi_auth_broker_crash --set acks=all\n") == "");
}

TEST_CASE("the help of every command is Korean", "[unit]") {
  int seen = 0;
  CHECK(english_of_helps({}, seen) == "");
  CHECK(seen > 30);
  const std::string view = said_in(".", "view --help --lang ko");
  CHECK(english_left(view) == "");
  CHECK_THAT(view, Contains("brokerlab view 파일.run|시나리오"));
  CHECK_THAT(in_korean({"lab", "start", "--help"}).out, Contains("문자열:{en,ko}"));
}

TEST_CASE("the report of a run is Korean, whatever it tells", "[unit]") {
  const Speaking korean(Language::korean);
  for (const std::int64_t count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{3}}) {
    const std::string page = full_report(count).text();
    CHECK(english_left(page) == "");
    CHECK_THAT(page, Contains("\n판정: "));
  }
  // What programs read stays as it is.
  CHECK_THAT(full_report(1).json(),
             Contains(R"("why":"no other replica had it")") && Contains(R"("what":"power off")"));
}

TEST_CASE("runs, their time lines and their causes are told in Korean", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string file = folder.path() + "/a.run";
  const test::Answer run = in_korean({"run", "wifi_auth_broker_crash", "--record", file});
  CHECK(run.status < 3);
  CHECK(english_left(run.out + run.err) == "");
  CHECK_THAT(run.out, Contains("broker-1의 전원이 꺼졌다") && Contains("기록한 파일: "));
  // A process simulates one network; the next run is the built program's.
  CHECK(english_left(said_in(folder.path(), "run rack_switch_fails --lang ko")) == "");
  CHECK(english_of({"trace", file}) == "");
  CHECK(english_of({"why", file, "record.lost"}) == "");
  CHECK(english_of({"why", file, "is now led by"}) == "");
  CHECK(english_of({"why", file, "nothing like it"}) == "");
  CHECK(english_of({"export", file, "--csv", folder.path() + "/csv"}) == "");
}

TEST_CASE("lists, pictures in text and refusals are Korean", "[unit]") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"scenarios", "list"},
           {"scenarios", "show", "rack_switch_fails"},
           {"scenarios", "validate", "wifi_auth_broker_crash"},
           {"hardware", "list"},
           {"topology", "show", "rack_switch_fails"},
           {"topology", "show", "rack_switch_fails", "--route", "broker-1", "broker-3"},
           {"topology", "show", "rack_switch_fails", "--route", "broker-1", "nobody"},
           {"topology", "show", "rack_switch_fails", "--flow", "rack-a", "everything"},
           {"lab", "list"},
           {"lab", "start", "no_such_lab"},
           {"run", "no_such_scenario"},
           {"run", "wifi_auth_broker_crash", "--set", "duration=-1"},
           {"run", "wifi_auth_broker_crash", "--set", "brokers.count=1"},
           {"run", "wifi_auth_broker_crash", "--set", "brokers.count=many"},
           {"run", "wifi_auth_broker_crash", "--set", "faults.0.at=2h"},
           {"run", "wifi_auth_broker_crash", "--set", "producers.wifi-auth.topic=other"},
           {"run", "wifi_auth_broker_crash", "--set", "nonsense=1"},
           {"run", "wifi_auth_broker_crash", "--set", "nonsense"},
           {"run", "wifi_auth_broker_crash", "--seed", "x"},
           {"run", "a", "b"},
           {"run", "wifi_auth_broker_crash", "--set", "producers.0.config.enable.idempotence=true"},
           {"run", "wifi_auth_broker_crash", "--set", "recording.from=340s", "--set",
            "recording.until=330s"},
           {"why", "nowhere.run", "x"},
           {"hardware", "show", "nothing"},
           {"hardware", "show", "student_laptop"},
           {"log", "dump", "/nowhere/orders-0"},
           {"log", "read", "orders-0", "--at", "noon"},
           {"xyzzy"}}) {
    INFO(Catch::StringMaker<std::vector<std::string>>::convert(words));
    CHECK(english_of(words) == "");
  }
}

TEST_CASE("in a lab's folder every command speaks the language that the lab was started in",
          "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string lab = folder.path() + "/lab";
  REQUIRE(command({"lab", "start", "a_broker_dies", lab, "--lang", "ko"}).status == 0);
  CHECK_THAT(said_in(lab, "--help"), Contains("사용법: brokerlab"));
  CHECK_THAT(said_in(lab, "lab hint"), Contains("다음 할 일"));
  CHECK_THAT(said_in(lab, "why nowhere.run x"), Contains("nowhere.run: 그런 파일이 없습니다"));
  CHECK_THAT(said_in(lab, "--help --lang en"), Contains("Usage: brokerlab"));
  // Elsewhere nothing has changed.
  CHECK_THAT(said_in(folder.path(), "why nowhere.run x"), Contains("nowhere.run: no such file"));
}

TEST_CASE("whatever is damaged in a partition's directory is told in Korean", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string dir = folder.path() + "/orders-0";
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += R"({"key":"k","value":"v","timestamp":5})"
             "\n";
  const auto append = [&](const std::vector<std::string>& how) {
    std::vector<std::string> words{"log", "append", dir, "--batch-records", "4"};
    words.insert(words.end(), how.begin(), how.end());
    REQUIRE(in_korean(words, lines).status == 0);
  };
  append({"--segment-bytes", "2000"});
  append({"--codec", "gzip"});
  std::map<std::filesystem::path, std::string> good;
  for (const auto& file : std::filesystem::directory_iterator(dir)) {
    if (file.path().filename() != ".lock") good[file.path()] = contents(file.path());
  }
  std::string left;
  const auto look = [&] {
    left += english_of({"log", "verify", dir}) + english_of({"log", "read", dir}) +
            english_of({"log", "stats", dir}) + english_of({"log", "recover", dir, "--dry-run"}) +
            english_of({"log", "append", dir}, R"({"value":"x"})") +
            english_left(in_korean({"log", "dump", dir, "--records"}).err);
    for (const auto& [path, bytes] : good) std::ofstream(path, std::ios::binary) << bytes;
    for (const auto& file : std::filesystem::directory_iterator(dir)) {
      if (!good.contains(file.path()) && file.path().filename() != ".lock") {
        std::filesystem::remove_all(file.path());
      }
    }
  };
  for (const auto& [path, bytes] : good) {
    const std::size_t step = std::max<std::size_t>(bytes.size() / 12, 1);
    for (std::size_t at = 0; at < std::min<std::size_t>(bytes.size(), 2000); at += step) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ 0x41);
      std::ofstream(path, std::ios::binary) << bad;
      look();
      std::ofstream(path, std::ios::binary) << bytes.substr(0, at);
      look();
    }
    std::filesystem::remove(path);
    look();
  }
  CHECK(left == "");
}

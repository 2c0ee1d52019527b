// Mistyped commands and options: what was meant is said, in the user's language.
#include "tests/cli/command.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <filesystem>

using namespace brokerlab;
using Catch::Contains;
using test::command;

namespace {

/// What a refused command line says.
std::string refusal(const std::vector<std::string>& arguments) {
  const test::Answer answer = command(arguments);
  CHECK(answer.status == 3);
  CHECK(answer.out == "");
  return answer.err;
}

}  // namespace

TEST_CASE("a mistyped option is told with the nearest one there is", "[unit]") {
  CHECK(refusal({"run", "wifi_auth_broker_crash", "--recrod", "a.run"}) ==
        "brokerlab: there is no option \"run --recrod\"; did you mean \"--record\"?\n");
  CHECK(refusal({"log", "read", "orders-0", "--form=3"}) ==
        "brokerlab: there is no option \"log read --form\"; did you mean \"--from\"?\n");
  CHECK(refusal({"log", "read", "-json", "orders-0"}) ==
        "brokerlab: there is no option \"log read -json\"; did you mean \"--json\"?\n");
  // Told even where CLI11 would first miss a name.
  CHECK(refusal({"lab", "start", "--froce"}) ==
        "brokerlab: there is no option \"lab start --froce\"; did you mean \"--force\"?\n");
  CHECK(refusal({"--versoin"}) ==
        "brokerlab: there is no option \"--versoin\"; did you mean \"--version\"?\n");
  CHECK(refusal({"log", "read", "orders-0", "--xyzzy"}) ==
        "brokerlab: there is no option \"log read --xyzzy\"; options are --help, --json, --from, "
        "--at, --max\n");
  CHECK(refusal({"log", "read", "orders-0", "--form", "3", "--lang", "ko"}).size() > 0);
}

TEST_CASE("a mistyped command is told with the nearest one there is", "[unit]") {
  CHECK_THAT(refusal({"tracee"}),
             Contains("there is no command \"tracee\"; did you mean \"trace\"?"));
  CHECK_THAT(refusal({"--lang", "ko", "log", "raed"}),
             Contains("\"log raed\" 명령은 없습니다. \"log read\" 명령을 찾나요?"));
  CHECK_THAT(refusal({"--lang=ko", "xyzzy"}), Contains("쓸 수 있는 명령: demo, run, "));
}

TEST_CASE("a mistyped path of --set is told with the nearest settings", "[unit]") {
  const auto set = [](const std::string& override) {
    return refusal({"run", "wifi_auth_broker_crash", "--set", override});
  };
  CHECK_THAT(set("broker.count=4"), Contains("\"broker.count\" in Scenario; did you mean "
                                             "\"brokers\"?\n"));
  CHECK_THAT(set("brokers.config.min.insync.replica=1"),
             Contains("did you mean \"min.insync.replicas\"?\n"));
  CHECK_THAT(
      set("brokers.config.log.prealocate=true"),
      Contains("did you mean \"log.preallocate\"? It is Kafka's, but brokerlab does not model it"));
}

TEST_CASE("a scenario where a recording belongs is told with how to record it", "[unit]") {
  for (const char* command : {"why", "trace", "fork", "report"}) {
    std::vector<std::string> words{command, "wifi_auth_broker_crash"};
    if (words[0] == "why") words.emplace_back("lost");
    if (words[0] == "fork")
      words.insert(words.end(), {"--at", "5s", "--do", "kill broker-1", "--record", "x.run"});
    if (words[0] == "report") words.insert(words.end(), {"--out", "x.html"});
    INFO(command);
    CHECK_THAT(refusal(words), Contains("brokerlab run wifi_auth_broker_crash --record "
                                        "wifi_auth_broker_crash.run makes one"));
  }
  CHECK_THAT(refusal({"why", "nowhere.run", "x"}), Contains("nowhere.run: no such file"));
}

TEST_CASE("view leaves its options to the viewer", "[unit]") {
  CHECK(test::program_says("view nowhere.run --at 5s --screenshot x.png") ==
        "brokerlab view: nowhere.run: no such file\n");
  CHECK_THAT(test::program_says("view --help"),
             Contains("Usage: brokerlab view FILE.run|SCENARIO") && Contains("--screenshot P.png"));
}

TEST_CASE("what is wrong with a command line is told in plain words, with what to do", "[unit]") {
  CHECK(refusal({"lab", "start"}) == "lab is missing\nSee: brokerlab lab start --help\n");
  CHECK(refusal({"lab"}) == "a command is missing\nSee: brokerlab lab --help\n");
  CHECK(refusal({"run", "x", "--seed"}) ==
        "--seed: a value is missing (INT)\nSee: brokerlab run --help\n");
  CHECK(refusal({"run", "x", "--seed", "a"}) ==
        "--seed: a: must be a whole number from 0 to 9223372036854775807\n"
        "See: brokerlab run --help\n");
  CHECK(refusal({"run", "x", "--record-level", "all"}) ==
        "--record-level is of use only together with --record\nSee: brokerlab run --help\n");
  CHECK(refusal({"run", "x", "y"}) ==
        "nothing is known to do with: y\nSee: brokerlab run --help\n");
  CHECK(refusal({"run", "x", "--record", "y", "--record-level", "some"}) ==
        "--record-level: \"some\" must be one of all, sampled, control, none\n"
        "See: brokerlab run --help\n");
}

TEST_CASE("help and refusals are Korean for who asked for Korean, and English afterwards",
          "[unit]") {
  const test::Answer help = command({"run", "--help", "--lang", "ko"});
  CHECK(help.status == 0);
  CHECK_THAT(help.out, Contains("사용법: brokerlab run [옵션] scenario"));
  CHECK(refusal({"--lang", "ko", "lab", "start"}) ==
        "lab이 빠졌습니다\n도움말: brokerlab lab start --help\n");
  CHECK(refusal({"lab", "start"}) == "lab is missing\nSee: brokerlab lab start --help\n");
}

// Who stands on which host, and what is refused.
#include "scenarios/loader.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

/// The small scenario with these hosts.
Loaded with_hosts(const std::string& hosts, std::vector<std::string> overrides = {}) {
  overrides.push_back("hosts=" + hosts);
  return load_scenario(std::string(BROKERLAB_SOURCE_DIR) + "/tests/scenarios/small.json",
                       {overrides, {}});
}

std::string lines_of(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    text += problem.path + ": " + problem.value + ": " + problem.message + "\n";
  }
  return text;
}

std::string host_mistakes(const std::string& hosts,
                          const std::vector<std::string>& overrides = {}) {
  return lines_of(with_hosts(hosts, overrides).errors);
}

/// With one fault.
std::string fault_mistakes(const std::string& fault) {
  return host_mistakes(
      R"([{"name": "box", "machine": "pc", "processes": ["broker-1", "broker-2"]}])",
      {"faults=[" + fault + "]"});
}

}  // namespace

TEST_CASE("hosts: a star stands for any text", "[unit]") {
  CHECK(fits_pattern("broker-1", "broker-1"));
  CHECK(!fits_pattern("broker-1", "broker-12"));
  CHECK(fits_pattern("broker-*", "broker-12"));
  CHECK(fits_pattern("*", "wifi-auth"));
  CHECK(fits_pattern("*-1", "nifi-1"));
  CHECK(!fits_pattern("*-1", "nifi-2"));
  CHECK(fits_pattern("n*i-*", "nifi-2"));
  CHECK(!fits_pattern("n*i-*x", "nifi-2"));
}

TEST_CASE("hosts: who is named stands there, the rest has a machine to itself", "[unit]") {
  const Loaded loaded = with_hosts(
      R"([{"name": "laptop", "machine": "student_laptop", "processes": ["broker-1", "zookeeper-*"]},
          {"name": "desk", "processes": ["readers-*"]}])");
  INFO(lines_of(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  std::string all;
  const std::vector<MachineRole> machines = machines_of(*loaded.scenario);
  for (const MachineRole& machine : machines) {
    all += fmt::format("{}@{}({}) ", machine.name, machine.host, machine.kind);
  }
  CHECK(all ==
        "zookeeper-1@laptop(student_laptop) zookeeper-2@laptop(student_laptop) "
        "zookeeper-3@laptop(student_laptop) broker-1@laptop(student_laptop) broker-2@broker-2(pc) "
        "broker-3@broker-3(pc) sender@sender(pc) readers-1@desk() readers-2@desk() ");
  std::string hosts;
  for (const HostRole& host : hosts_of(*loaded.scenario, machines)) hosts += host.name + " ";
  CHECK(hosts == "laptop broker-2 broker-3 sender desk ");
}

TEST_CASE("hosts: each process has one, and every name means somebody", "[unit]") {
  CHECK(host_mistakes(R"([{"name": "a", "processes": ["broker-*"]},
                     {"name": "b", "processes": ["sender", "broker-2"]}])") ==
        "/hosts/1/processes/1: \"broker-2\": broker-2 is named at /hosts/0/processes/0 already; a "
        "process has one host\n");
  CHECK(host_mistakes(R"([{"name": "a", "processes": ["broker-4"]}])") ==
        "/hosts/0/processes/0: \"broker-4\": names no process of the scenario; did you mean "
        "\"broker-1\"?\n");
  CHECK(host_mistakes(R"([{"name": "broker-1", "processes": ["broker-2"]},
                     {"name": "b", "processes": ["sender"]},
                     {"name": "b", "processes": ["broker-1"],
                      "background": [{"name": "readers-1", "cpu_share": 0.5}]}])") ==
        "/hosts/0/name: \"broker-1\": is already the name of something else\n"
        "/hosts/2/name: \"b\": is already the name of something else\n"
        "/hosts/2/background/0/name: \"readers-1\": is already the name of something else\n");
  CHECK(
      host_mistakes(R"([{"name": "a", "processes": []}])").find("/hosts/0/processes: []: has 0") ==
      0);
  CHECK(host_mistakes(R"([{"name": "a", "machine": "pd", "processes": ["sender"]}])")
            .find("/hosts/0/machine: \"pd\": names no machine under /hardware") == 0);
}

TEST_CASE("hosts: a program beside does something, on a disk that is there", "[unit]") {
  CHECK(
      host_mistakes(R"([{"name": "a", "processes": ["sender"], "background": [{"name": "x"}]}])") ==
      "/hosts/0/background/0/cpu_share: : one of cpu_share, disk_reads and disk_writes must be "
      "more than 0\n");
  CHECK(host_mistakes(R"([{"name": "a", "processes": ["sender"],
                      "background": [{"name": "x", "disk_reads": "1MB/s", "disk": 2}]}])") ==
        "/hosts/0/background/0/disk: 2: must be at most the number of its disks, 1\n");
  CHECK(host_mistakes(R"([{"name": "a", "processes": ["sender"],
                      "background": [{"name": "x", "cpu_share": 1.5}]}])")
            .find("/hosts/0/background/0/cpu_share: 1.5: ") == 0);
}

TEST_CASE("hosts: a topology places hosts", "[unit]") {
  const std::string hosts = R"([{"name": "box", "processes": ["broker-*", "zookeeper-*"]}])";
  CHECK(host_mistakes(hosts, {R"(topology={"racks": [{"name": "r", "machines": ["box", "sender",
                            "readers-1", "readers-2"]}]})"})
            .empty());
  CHECK_THAT(
      host_mistakes(hosts, {R"(topology={"racks": [{"name": "r", "machines": ["broker-1", "box",
                                 "sender", "readers-1", "readers-2"]}]})"}),
      Catch::Contains("broker-1 is no machine of the scenario"));
}

TEST_CASE("hosts: what befalls hardware may name a host, what befalls a process may not",
          "[unit]") {
  for (const char* whom : {"box", "broker-1", "broker-3"}) {
    INFO(whom);
    CHECK(fault_mistakes(fmt::format(R"({{"at": "5s", "power_off": "{}"}})", whom)).empty());
    CHECK(fault_mistakes(fmt::format(R"({{"at": "5s", "slow_disk": {{"machine": "{}"}}}})", whom))
              .empty());
  }
  const std::string process =
      "\"box\": is a host; say which of its processes, such as \"broker-1\"\n";
  CHECK(fault_mistakes(R"({"at": "5s", "kill_process": "box"})") ==
        "/faults/0/kill_process: " + process);
  CHECK(fault_mistakes(R"({"at": "5s", "pause": {"machine": "box", "for": "1s"}})") ==
        "/faults/0/pause/machine: " + process);
  CHECK(fault_mistakes(R"({"at": "5s", "kill_process": "broker-2"})").empty());
  CHECK(fault_mistakes(R"({"at": "5s", "slow_disk": {"machine": "box", "disk": 2}})") ==
        "/faults/0/slow_disk/disk: 2: must be at most the number of its disks, 1\n");
  CHECK_THAT(fault_mistakes(R"({"at": "5s", "power_off": "bix"})"),
             Catch::Contains("did you mean \"box\"?"));
}

TEST_CASE("hosts: a host is switched on by any of its names", "[unit]") {
  CHECK(fault_mistakes(R"({"at": "5s", "power_off": "box"}, {"at": "9s", "power_on": "broker-2"})")
            .empty());
  CHECK(fault_mistakes(R"({"at": "5s", "power_off": "broker-1"}, {"at": "9s", "power_on": "box"})")
            .empty());
  CHECK_THAT(
      fault_mistakes(R"({"at": "5s", "power_off": "box"}, {"at": "9s", "power_on": "broker-3"})"),
      Catch::Contains("was never powered off"));
}

TEST_CASE("hosts: no network lies between two processes of a host", "[unit]") {
  CHECK(fault_mistakes(R"({"at": "5s", "cut": {"between": ["broker-1"], "and": ["broker-2"]}})") ==
        "/faults/0/cut/and: : has nobody who is not on a host of the other side already\n");
  CHECK(fault_mistakes(R"({"at": "5s", "cut": {"between": ["broker-1"], "and": ["broker-3"]}})")
            .empty());
}

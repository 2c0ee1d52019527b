// Hardware profiles: those that come with brokerlab, what is refused, and how scenarios use them.
#include "scenarios/hardware_profiles.h"

#include "cli/command_line.h"
#include "tests/cli/command.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::scenarios;

using brokerlab::test::Answer;
using brokerlab::test::command;

namespace {

const std::string these_tests = std::string(BROKERLAB_SOURCE_DIR) + "/tests/scenarios/";

/// A folder of its own for the files of one test.
struct Folder {
  Folder() : path(tests::temporary_path("profiles")) { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
  const std::filesystem::path path;
};

/// The small scenario of the tests, with another "hardware" and machine for its brokers.
Loaded small(const Json& hardware, const std::string& brokers_machine,
             const std::vector<std::string>& overrides = {}) {
  std::ifstream file(these_tests + "small.json");
  SettingsReport report;
  Json document;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(parse_json(text, document, report));
  for (const auto& [name, machine] : hardware.items()) document["hardware"][name] = machine;
  document["brokers"]["machine"] = brokers_machine;
  return parse_scenario(document.dump(), "small.json", these_tests, {overrides, {}});
}

std::string refused(const Loaded& loaded) {
  CHECK_FALSE(loaded.scenario.has_value());
  return to_text(loaded.errors);
}

std::string profile(const std::string& machine, const std::string& sources) {
  return R"({"name": "mine", "title": "Mine", "machine": )" + machine + R"(, "sources": )" +
         sources + "}";
}

std::string mistakes(const Folder& in, const std::string& text) {
  const LoadedProfile loaded = load_profile(in.write("mine.json", text));
  CHECK_FALSE(loaded.profile.has_value());
  std::string all;
  for (Problem one : loaded.errors) {
    one.file.clear();
    all += one.text() + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("every profile of the library is whole, and both languages have its title", "[unit]") {
  const auto library = profile_library();
  REQUIRE(library.size() >= 7);
  for (const LibraryEntry& entry : library) {
    const LoadedProfile loaded = load_profile(entry.path);
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.profile.has_value());
    CHECK(loaded.profile->name == entry.name);
    CHECK_FALSE(loaded.profile->title.en.empty());
    CHECK_FALSE(loaded.profile->title.ko.empty());
    for (const auto& [pointer, source] : loaded.profile->sources) {
      INFO(entry.name << " " << pointer);
      const bool is_ours = source.title == "Estimate" || source.title.starts_with("Measured: ");
      CHECK((!source.url.empty() || is_ours));
      CHECK((source.title != "Estimate" || !source.quote.ko.empty()));  // It is our own reason.
    }
  }
}

TEST_CASE("the default machine is that of a small office", "[unit]") {
  const auto path = find_profile("small_office_hdd");
  REQUIRE(path.ok());
  const LoadedProfile loaded = load_profile(*path);
  REQUIRE(loaded.profile.has_value());
  const auto& settings = sim::MachineConfig::settings();
  CHECK(settings.to_text(loaded.profile->machine) == settings.to_text(sim::MachineConfig{}));
}

TEST_CASE("a number without a source is refused, and a source without a number", "[unit]") {
  const Folder in;
  CHECK(mistakes(in, profile(R"({"cpu": {"cores": 8}, "disks": [{"kind": "ssd", "size": "1TB"}]})",
                             R"({"/nic/rate": {"title": "t", "quote": "q"}})")) ==
        "/machine/cpu/cores: 8: has no source; /sources needs \"/cpu/cores\"\n"
        "/machine/disks/0/size: \"1TB\": has no source; /sources needs \"/disks/0/size\", or "
        "\"/disks/*/size\" for all alike\n"
        "/sources: \"/nic/rate\": names no number of /machine\n");
}

TEST_CASE("a profile with a wrong key, a missing unit or a source without a title is refused",
          "[unit]") {
  const Folder in;
  const std::string all =
      mistakes(in, profile(R"({"cpu": {"coers": 8}, "nic": {"rate": "10"}})",
                           R"({"/nic/rate": {"url": "ftp://x", "quote": "q"}})"));
  CHECK(all.find("/machine/cpu/coers") != std::string::npos);
  CHECK(all.find("/machine/nic/rate: \"10\"") != std::string::npos);
  CHECK(all.find("/sources/~1nic~1rate/title") != std::string::npos);
  CHECK(all.find("/sources/~1nic~1rate/url: \"ftp://x\"") != std::string::npos);
}

TEST_CASE("a profile that adjusts another profile is refused", "[unit]") {
  const Folder in;
  CHECK(mistakes(in, profile(R"({"profile": "linkedin_2014"})", "{}"))
            .find("a profile cannot adjust another one") != std::string::npos);
}

TEST_CASE("a scenario names a profile as it names its own hardware", "[unit]") {
  const Loaded loaded = small(Json::object(), "linkedin_2014");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  const sim::MachineConfig machine = loaded.scenario->machine("linkedin_2014");
  CHECK(machine.cpu.cores == 6);
  CHECK(machine.disks.size() == 6);
  // What is recorded needs no profile any more.
  const std::string text = effective_text(*loaded.scenario);
  CHECK(text.find("\"profile\"") == std::string::npos);
  CHECK(text.find("\"linkedin_2014\": {") != std::string::npos);
}

TEST_CASE("a scenario's own hardware of that name comes first", "[unit]") {
  const Loaded loaded = small({{"linkedin_2014", {{"cpu", {{"cores", 2}}}}}}, "linkedin_2014");
  REQUIRE(loaded.scenario.has_value());
  CHECK(loaded.scenario->machine("linkedin_2014").cpu.cores == 2);
}

TEST_CASE("keys beside a profile replace its own, one by one", "[unit]") {
  const Json hardware{{"mine",
                       {{"profile", "aws_m5_large"},
                        {"nic", {{"rate", "10Gbps"}}},
                        {"volume_link", {{"burst_credits", "1GB"}}}}}};
  const Loaded loaded = small(hardware, "mine", {"hardware.mine.cpu.cores=3"});
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  const sim::MachineConfig machine = loaded.scenario->machine("mine");
  CHECK(machine.cpu.cores == 3);
  CHECK(machine.nic.rate == 10_Gbps);
  CHECK(machine.volume_link->burst_credits == 1_GB);
  CHECK(machine.volume_link->rate == 81'250'000_Bps);
  CHECK(machine.page_cache.ram == 8_GiB);
}

TEST_CASE("a profile may be a file beside the scenario", "[unit]") {
  const Folder in;
  const std::string file = in.write(
      "mine.json",
      profile(R"({"cpu": {"cores": 9}})", R"({"/cpu/cores": {"title": "t", "quote": "q"}})"));
  const Loaded loaded = small({{"x", {{"profile", file}}}}, "x");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  CHECK(loaded.scenario->machine("x").cpu.cores == 9);
  CHECK(find_profile("mine.json", in.path.string()).ok());
  CHECK(*find_profile("mine.json", in.path.string()) == file);
}

TEST_CASE("what is wrong with a profile is said of its file, or of the name", "[unit]") {
  const Folder in;
  const std::string file = in.write("mine.json", profile(R"({"cpu": {"cores": 0}})", "{}"));
  CHECK(refused(small({{"x", {{"profile", file}}}}, "x")) ==
        file + ": /machine/cpu/cores: 0: must be a whole number from 1 to 256\n" +
            "small.json: /hardware/x/profile: \"" + file + "\": the profile " + file +
            " has mistakes, see there\n");
  CHECK(refused(small({{"x", {{"profile", "linkedin_2015"}}}}, "x")) ==
        "small.json: /hardware/x/profile: \"linkedin_2015\": names no hardware profile; did you "
        "mean \"linkedin_2014\"?\n");
  CHECK(refused(small({{"x", {{"profile", "gone.json"}}}}, "x")).find("there is no such file") !=
        std::string::npos);
  CHECK(refused(small(Json::object(), "linkedin_2013")) ==
        "small.json: /brokers/machine: \"linkedin_2013\": names no machine under /hardware and no "
        "profile; did you mean \"linkedin_2014\"?\n");
}

TEST_CASE("brokerlab hardware lists, shows and checks, in two languages and as JSON", "[unit]") {
  const Answer list = command({"hardware", "list"});
  CHECK(list.status == 0);
  CHECK(list.out.find("linkedin_2014        LinkedIn's test machine") != std::string::npos);
  CHECK(command({"--lang", "ko", "hardware", "list"}).out.find("학생 노트북") != std::string::npos);

  const Answer show = command({"hardware", "show", "aws_m5_large"});
  CHECK(show.status == 0);
  CHECK(show.out.find("1 x volume 334GiB, 262 MB/s / 262 MB/s, 1002 IOPS (3000 in bursts)") !=
        std::string::npos);
  CHECK(show.out.find("https://docs.aws.amazon.com/") != std::string::npos);
  const Answer json = command({"hardware", "show", "aws_m5_large", "--json"});
  CHECK(Json::parse(json.out)["machine"]["volume_link"]["rate"] == "650Mbps");
  CHECK(command({"hardware", "show", "nothing"}).status == 3);

  const Folder in;
  const std::string good = *find_profile("linkedin_2014");
  const std::string bad = in.write("bad.json", profile(R"({"cpu": {"cores": 9}})", "{}"));
  CHECK(command({"hardware", "check", good}).status == 0);
  const Answer check = command({"hardware", "check", good, bad});
  CHECK(check.status == 3);
  CHECK(check.out == "1 of 2 files are valid\n");
  CHECK(check.err.find("/machine/cpu/cores: 9: has no source") != std::string::npos);
  const Answer by_name = command({"hardware", "check", "linkedin_2014", "aws_m5_large"});
  CHECK(by_name.out == "2 of 2 files are valid\n");
  const Answer mistyped = command({"hardware", "check", "linkedin_2013", good});
  CHECK(mistyped.status == 3);
  CHECK(mistyped.err.find("did you mean \"linkedin_2014\"?") != std::string::npos);
  CHECK(mistyped.out == "1 of 2 files are valid\n");
  const Answer problems = command({"hardware", "check", bad, "--json"});
  CHECK(Json::parse(problems.out)["path"] == "/machine/cpu/cores");
}

// What is proved once is remembered, by all that a run depends on and by nothing else; and a run
// tells where a crash would hurt.
#include "labs/prover.h"

#include "labs/files.h"
#include "labs/trials.h"
#include "scenarios/loader.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

using namespace brokerlab;
using namespace brokerlab::labs;
using scenarios::Scenario;
namespace fs = std::filesystem;

namespace {

/// A folder with a scenario of a minute, its data file and the prover's memory.
class Folder {
 public:
  Folder() : path_(brokerlab::tests::temporary_path("prover")) {
    fs::remove_all(path_);
    fs::create_directories(path_);
    const auto library = scenarios::find_scenario("wifi_auth_broker_crash");
    REQUIRE(library.ok());
    fs::copy(fs::path(*library).parent_path() / "data", path_ / "data");
    fs::copy_file(*library, path_ / "scenario.json");
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  Scenario minute(const std::string& acks) const {
    auto loaded = scenarios::load_scenario((path_ / "scenario.json").string(),
                                           {{"producers.0.config.acks=" + acks}, 7});
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    return before_faults(*loaded.scenario, 40s);
  }
  void drop_the_last_row() const {
    const std::string file = (path_ / "data/wifi_auth.csv").string();
    const auto rows = read_file(file);
    REQUIRE(rows.ok());
    REQUIRE(write_file(file, rows->substr(0, rows->rfind('\n', rows->size() - 2) + 1)).ok());
  }
  std::string memory() const { return (path_ / ".proofs").string(); }

 private:
  const fs::path path_;
};

/// How many runs it took, and what the last one came to.
struct Proved {
  int runs = 0;
  Proof proof;
};
Proved prove(const Folder& folder, const Scenario& scenario, bool exposed = false) {
  Prover prover(folder.memory());
  Proved all;
  Wanted wanted{scenario};
  wanted.exposed = exposed;
  const auto status = prover.prove({wanted}, [&](std::size_t, const Proof& proof) {
    all.proof = proof;
    return true;
  });
  REQUIRE(status.ok());
  all.runs = prover.runs_made();
  return all;
}

}  // namespace

TEST_CASE("what is proved is remembered until an input changes", "[unit]") {
  const Folder folder;
  const Scenario scenario = folder.minute("1");
  const Proved first = prove(folder, scenario);
  CHECK(first.runs == 1);
  CHECK(first.proof.report->at("records").at("sent").get<int>() > 100);
  const Proved again = prove(folder, scenario);
  CHECK(again.runs == 0);
  CHECK(*again.proof.report == *first.proof.report);

  Scenario other = scenario;
  other.seed = 8;
  CHECK(prove(folder, other).runs == 1);
  other = scenario;
  other.brokers.at(0).config.num_io_threads += 1;
  CHECK(prove(folder, other).runs == 1);

  folder.drop_the_last_row();
  CHECK(prove(folder, scenario).runs == 1);
  CHECK(prove(folder, scenario).runs == 0);

  for (const auto& entry : fs::directory_iterator(folder.memory())) {
    std::ofstream(entry.path()) << "{\"report\": ";  // Damaged.
  }
  CHECK(prove(folder, scenario).runs == 1);
}

TEST_CASE("with acks=1 records are alone for a while, with acks=all never", "[unit]") {
  const Folder folder;
  const auto longest = [&](const std::string& acks) {
    const Proved proved = prove(folder, folder.minute(acks), true);
    REQUIRE(proved.proof.exposed.size() > 10);
    Duration most{0};
    for (const auto& one : proved.proof.exposed) {
      if (one.until != never) most = std::max(most, one.until - one.from);
    }
    return most;
  };
  CHECK(longest("1") > 10us);
  CHECK(longest("all") == 0us);
}

TEST_CASE("of several runs those behind the one that decides are not wanted", "[unit]") {
  const Folder folder;
  std::vector<Wanted> wanted;
  for (int i = 0; i < 12; ++i) {
    Scenario scenario = folder.minute("1");
    scenario.seed = 100 + i;
    wanted.push_back({std::move(scenario)});
  }
  Prover prover(folder.memory());
  std::size_t heard = 0;
  double last = 0;
  const auto status = prover.prove(
      wanted,
      [&](std::size_t i, const Proof&) {
        ++heard;
        return i != 1;
      },
      [&](int, int runs, double share) {
        CHECK(runs == 12);
        CHECK(share >= last - 1e-9);
        last = share;
      });
  CHECK(status.ok());
  CHECK(heard >= 2);
  CHECK(heard < 12);
}

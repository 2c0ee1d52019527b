#include "scenarios/memory_need.h"

#include "cli/command_line.h"
#include "scenarios/loader.h"
#include "scenarios/validate.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

MemoryNeed need_of(std::string_view payload, std::string_view rate, std::string_view size,
                   std::string_view config) {
  const Loaded loaded = parse_scenario(fmt::format(R"({{
  "name": "load", "duration": "100s", "hardware": {{"server": {{}}}},
  "brokers": {{"count": 3, "machine": "server"}},
  "topics": [{{"name": "events", "partitions": 12, "replication.factor": 3}}],
  "sources": [{{"name": "clicks", "payload": "{}", "rate": "{}", "record_size": "{}"}}],
  "producers": [{{"name": "app", "machine": "server", "source": "clicks", "topic": "events",
                 "poll_interval": "5ms", "config": {{"enable.idempotence": false{}}}}}]}})",
                                                   payload, rate, size, config),
                                       "load.json", ".");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario);
  return memory_need(*loaded.scenario);
}

}  // namespace

TEST_CASE("records with bytes are kept by three replicas and the ledger", "[unit]") {
  const MemoryNeed need = need_of("real", "1000/s", "1 KB", "");
  CHECK(need.records == Approx(100'000 * (4 * 1000 + 200)));
  CHECK(need.batches == 0);
}

TEST_CASE("without bytes it is batches that are kept, however many records they hold", "[unit]") {
  const std::string_view large = R"(, "batch.size": 1000000)";
  const MemoryNeed few = need_of("phantom", "10000/s", "100B", large);
  CHECK(few.records == 0);
  CHECK(few.batches > 0);
  CHECK(need_of("phantom", "1000000/s", "100B", large).batches == Approx(few.batches));
  // As soon as they are full there are more of them.
  CHECK(need_of("phantom", "1000000/s", "1 KB", "").batches > 10 * few.batches);
  // They are fewer where they linger.
  CHECK(need_of("phantom", "10000/s", "100B", R"(, "batch.size": 1000000, "linger.ms": 50)")
            .batches == Approx(few.batches / 10));
}

TEST_CASE("this machine has some memory left", "[unit]") { CHECK(free_memory() > 1_MiB); }

TEST_CASE("a run that will not fit says so before it starts, and what to change", "[unit]") {
  const std::string path = tests::temporary_path("too_large.json");
  std::ofstream(path) << R"({"name": "too_large", "duration": "2000s",
    "hardware": {"server": {}}, "brokers": {"count": 3, "machine": "server"},
    "topics": [{"name": "events", "partitions": 1, "replication.factor": 3}],
    "sources": [{"name": "clicks", "payload": "real", "rate": "40000/s", "record_size": "900 KB"}],
    "producers": [{"name": "app", "machine": "server", "source": "clicks", "topic": "events",
                   "config": {"enable.idempotence": false}}]})";
  std::ostringstream out;
  std::ostringstream err;
  CHECK(cli::run_command({"run", path}, cli::Context{out, err, "brokerlab"}) ==
        cli::exit_bad_input);
  CHECK_THAT(err.str(), Catch::Contains("would keep about 262 TiB in memory") &&
                            Catch::Contains("sources.clicks.payload=phantom") &&
                            Catch::Contains("--set duration=") && Catch::Contains("--anyway"));
  CHECK(out.str().empty());
  std::filesystem::remove(path);
}

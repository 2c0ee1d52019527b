// Files that a real Kafka broker wrote (kafka_files/README.md), opened, read and recovered by our
// engine. tests/kafka_interop makes them, and compares far more of them.
#include "log/directory/checkpoint.h"
#include "log/directory/verify.h"
#include "tests/log/partition_story.h"
#include "tests/log/record_json.h"

#include <fstream>
#include <iterator>

namespace brokerlab::log {
namespace {

namespace fs = std::filesystem;
using test::Json;

const fs::path kafka_files = fs::path(BROKERLAB_SOURCE_DIR) / "tests/log/kafka_files";

std::string text_in(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The features kept, each a partition directory with a manifest.
std::vector<std::string> kept_partitions() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kafka_files)) {
    if (fs::exists(entry.path() / "manifest.json")) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void copy_into(Env& env, const fs::path& from, const std::string& dir) {
  REQUIRE(env.make_dir(dir).ok());
  for (const auto& entry : fs::directory_iterator(from)) {
    if (entry.path().filename() == "manifest.json") continue;
    auto file = env.create(join_path(dir, entry.path().filename().string()));
    REQUIRE(file.ok());
    REQUIRE(file.value()->append(as_bytes(text_in(entry.path()))).ok());
  }
}

/// One kept partition, copied into an Env.
class KafkaPartition {
 public:
  KafkaPartition(Env& env, const std::string& root, const std::string& name)
      : env_(env),
        dir_(join_path(root, name)),
        manifest_(Json::parse(text_in(kafka_files / name / "manifest.json"))) {
    config.index_interval_bytes = 200;
    copy_into(env, kafka_files / name, dir_);
  }

  void open_as_left() {
    open({.recovery_point = manifest_["recovery_point"],
          .log_start_offset = manifest_["log_start"],
          .clean = manifest_["clean"]});
  }

  void open_reading_everything() {
    open({.recovery_point = 0, .log_start_offset = manifest_["log_start"], .clean = false});
  }

  void has_what_the_manifest_says() {
    CHECK(log_->log_start_offset() == manifest_["log_start"]);
    CHECK(log_->log_end_offset() == manifest_["log_end"]);
    Json epochs = Json::array();
    for (const EpochEntry& entry : log_->leader_epochs().entries()) {
      epochs.push_back({entry.epoch, entry.start_offset});
    }
    CHECK(epochs == manifest_["epochs"]);

    Json expected_records = manifest_["records"];
    auto expected = expected_records.begin();
    for (const Json& wanted : manifest_["batches"]) {
      if (wanted["last_offset"] < log_->log_start_offset()) continue;
      const auto found = batch_at(std::max(wanted["base_offset"].get<Offset>(), first_));
      const auto parsed = BatchView::parse(found);
      REQUIRE(parsed.ok());
      const BatchView& batch = *parsed;
      CHECK(test::json_of(batch) == wanted);
      const auto end = std::find_if(expected, expected_records.end(), [&](const Json& record) {
        return record["offset"] > wanted["last_offset"];
      });
      check_records(batch, Json(Json::array_t(expected, end)));
      expected = end;
    }
    CHECK(expected == expected_records.end());
  }

  /// Indexes byte by byte as Kafka left them.
  void indexes_are_kafkas() {
    for (const auto& entry : fs::directory_iterator(kafka_files / fs::path(dir_).filename())) {
      const fs::path name = entry.path().filename();
      if (name.extension() != index_suffix && name.extension() != time_index_suffix) continue;
      INFO(name);
      const auto ours = read_text(env_, join_path(dir_, name.string()));
      REQUIRE(ours.ok());
      CHECK(ours.value() == text_in(entry.path()));
    }
  }

  void takes_more() {
    ByteVector batch = test::batch_of({"more"});
    const auto appended = log_->append_as_leader(batch, 7, 1'700'000'000'000);
    REQUIRE(appended.ok());
    CHECK(appended.value().first_offset == manifest_["log_end"]);
  }

  bool stopped_cleanly() const { return manifest_["clean"]; }
  Log& log() { return *log_; }

  LogConfig config;

 private:
  void open(Log::OpenOptions options) {
    log_.reset();
    auto opened = Log::open(env_, dir_, config, options);
    if (!opened.ok()) FAIL(test::text_of(opened.error()));
    log_ = std::move(opened).value();
    first_ = log_->log_start_offset();
  }

  ByteSlice batch_at(Offset offset) {
    const auto got = log_->read(offset, 0, log_->log_end_offset(), true);
    if (!got.ok()) FAIL(test::text_of(got.error()));
    return got.value().bytes;
  }

  void check_records(const BatchView& batch, const Json& expected) {
    const auto records = decode_records(batch);
    if (!is_supported(batch.codec())) {
      REQUIRE_FALSE(records.ok());
      CHECK(records.error().kind == Corruption::Kind::unsupported_codec);
      return;
    }
    REQUIRE(records.ok());
    Json found = Json::array();
    for (const Record& record : records.value()) {
      if (record.offset < first_) continue;
      found.push_back(batch.is_control() ? test::marker_json_of(record) : test::json_of(record));
    }
    CHECK(found == expected);
  }

  Env& env_;
  std::string dir_;
  Json manifest_;
  std::unique_ptr<Log> log_;
  Offset first_ = 0;
};

void every_partition_is_read(Env& env, const std::string& root) {
  const std::vector<std::string> names = kept_partitions();
  REQUIRE(names.size() >= 11);
  for (const std::string& name : names) {
    INFO(name);
    KafkaPartition partition(env, root, name);
    partition.open_as_left();
    partition.has_what_the_manifest_says();
    if (partition.stopped_cleanly()) partition.indexes_are_kafkas();
    partition.open_reading_everything();
    partition.has_what_the_manifest_says();
    CHECK(partition.log().recovery().bytes_cut == 0);
    if (partition.stopped_cleanly()) partition.indexes_are_kafkas();
    partition.takes_more();
  }
}

}  // namespace

TEST_CASE("what a Kafka broker wrote is read, and recovered to the same", "[unit]") {
  SECTION("in memory") {
    MemoryEnv env;
    every_partition_is_read(env, "/data");
  }
  SECTION("on disk") {
    test::TemporaryFolder folder;
    PosixEnv env;
    every_partition_is_read(env, folder.path());
  }
}

TEST_CASE("a torn tail that a killed Kafka broker left is cut", "[unit]") {
  MemoryEnv env;
  KafkaPartition partition(env, "/data", "unclean");
  partition.open_as_left();
  CHECK(partition.log().recovery().bytes_cut > 0);
  CHECK(partition.log().recovery().segments_removed == 0);
}

TEST_CASE("a Kafka broker's offset checkpoints are read", "[unit]") {
  MemoryEnv env;
  copy_into(env, kafka_files / "log_directory", "/data");
  for (const char* name : {recovery_point_checkpoint_name, high_watermark_checkpoint_name}) {
    INFO(name);
    const auto offsets = read_checkpoint(env, join_path("/data", name));
    REQUIRE(offsets.ok());
    for (const std::string& partition : kept_partitions()) {
      INFO(partition);
      const auto manifest = Json::parse(text_in(kafka_files / partition / "manifest.json"));
      if (manifest["clean"]) {
        CHECK(offsets.value().at({"small_" + partition, 0}) == manifest["log_end"]);
      }
    }
  }
  const auto starts = read_checkpoint(env, join_path("/data", log_start_checkpoint_name));
  REQUIRE(starts.ok());
  CHECK(starts.value().at({"small_log_start", 0}) == 13);
}

TEST_CASE("verify finds no damage in what a broker left, but for what a kill and a cut tore",
          "[unit]") {
  for (const std::string& name : kept_partitions()) {
    INFO(name);
    MemoryEnv env;
    const KafkaPartition partition(env, "/data", name);
    const auto result = verify_partition(env, "/data/" + name);
    REQUIRE(result.ok());
    std::string damage;
    for (const Damage& one : result->damage) {
      damage += fmt::format("{} at {}: {}\n", one.file, one.position, one.reason);
    }
    if (name == "unclean") {
      CHECK_THAT(damage, Catch::Contains("bytes from here on cannot be read"));
    } else {
      CHECK(damage == "");
    }
    CHECK(result->snapshots > 0);
  }
}

}  // namespace brokerlab::log

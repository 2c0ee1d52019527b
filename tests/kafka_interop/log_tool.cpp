// log_tool: our engine's side of the comparison with Apache Kafka's own code (README.md).
//
//   log_tool write DIR                      partition directories in DIR, each with a manifest of
//                                           what was appended: DIR/manifests/NAME.jsonl
//   log_tool read DIR RECOVERY_POINT|clean [LOG_START]
//                                           opens a partition and prints what is in it, a JSON
//                                           line for each batch and record, a summary at the end
//   log_tool lookup DIR LOG_START TIME...   the first record of each time or later, a JSON line
//   log_tool checkpoint FILE                an offset checkpoint as JSON
//   log_tool codecs                         the codecs this build has, as a JSON list
//   log_tool damage DIR SEED COUNT          segments of all formats and damaged ones, one file
//   each,
//                                           and a line each of what the tests' oracle says of it
#include "log/directory/checkpoint.h"
#include "log/env/posix_env.h"
#include "log/partition/log.h"
#include "tests/log/any_segment.h"
#include "tests/log/record_json.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace brokerlab::log {
namespace {

using test::Json;

[[noreturn]] void give_up(const std::string& what) {
  std::cerr << "log_tool: " << what << '\n';
  std::exit(1);
}

template <class T>
T take(Result<T, LogError> result, std::string_view what) {
  if (!result.ok()) give_up(fmt::format("{}: {}", what, result.error().message));
  return std::move(result).value();
}

void must(const Status<LogError>& status, std::string_view what) {
  if (!status.ok()) give_up(fmt::format("{}: {}", what, status.error().message));
}

/// Damaged text must not end the comparison.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

constexpr Timestamp first_time = 1'700'000'000'000;

std::optional<ByteVector> bytes_of(std::string_view text) {
  const ByteView bytes = as_bytes(text);
  return ByteVector(bytes.begin(), bytes.end());
}

/// Record `i` of any partition: nulls, empties, headers and times that go back, by its number.
Record numbered_record(int i) {
  Record record;
  record.timestamp = first_time + i * 250 - (i % 5) * 600;
  if (i % 11 == 0) {
    record.key = ByteVector{};
  } else if (i % 7 != 0) {
    record.key = bytes_of(fmt::format("key-{}", i % 13));
  }
  if (i % 10 == 0) {
    record.value = ByteVector{};
  } else if (i % 9 != 0) {
    const auto filler = static_cast<std::size_t>(i * 37 % 200);
    record.value = bytes_of(fmt::format("값-{}-{}", i, std::string(filler, 'x')));
  }
  if (i % 4 != 0) record.headers.push_back({"trace", bytes_of(fmt::format("id-{}", i))});
  if (i % 4 == 2) {
    record.headers.push_back({"trace", bytes_of("again")});
    record.headers.push_back({"empty", ByteVector{}});
    record.headers.push_back({"null", std::nullopt});
  }
  return record;
}

/// A partition under construction and the account of what went into it.
class Writer {
 public:
  Writer(Env& env, const std::string& root, std::string topic, LogConfig config)
      : env_(env), root_(root), topic_(std::move(topic)), config_(config) {
    open({});
    std::filesystem::create_directories(root_ + "/manifests");
  }

  void append(BatchBuilder& builder, std::vector<Json> records,
              AppendOrigin origin = AppendOrigin::client) {
    ByteVector batch = builder.build();
    const AppendInfo info = take(log_->append_as_leader(batch, epoch, now, origin), topic_);
    for (std::size_t i = 0; i < records.size(); ++i) {
      records[i]["offset"] = info.first_offset + static_cast<Offset>(i);
      if (config_.message_timestamp_type == TimestampType::log_append_time &&
          records[i].contains("timestamp")) {
        records[i]["timestamp"] = info.log_append_time;
      }
      manifest_.push_back(std::move(records[i]));
    }
    now += 40;
  }

  void append_numbered(int from, int count, BatchBuilder::Options options) {
    BatchBuilder builder(options);
    std::vector<Json> records;
    for (int i = from; i < from + count; ++i) {
      builder.append(numbered_record(i));
      records.push_back(test::json_of(numbered_record(i)));
    }
    append(builder, std::move(records));
  }

  /// Batches of 1 to 12 records, `total` in all.
  void fill(int total, BatchBuilder::Options options = {}) {
    for (int i = 0, batch = 0; i < total; ++batch) {
      const int count = std::min(1 + batch % 12, total - i);
      append_numbered(i, count, options);
      if (options.producer_id >= 0) options.base_sequence += count;
      i += count;
    }
  }

  /// A few batches of many blocks of their codec.
  void fill_large(BatchBuilder::Options options) {
    for (int batch = 0; batch < 3; ++batch) append_numbered(batch * 2000, 2000, options);
  }

  /// The marker that ends a transaction, as a transaction coordinator would have it written.
  void mark(bool commit, BatchBuilder::Options options) {
    options.control = true;
    options.transactional = true;
    options.base_sequence = -1;
    Record record;
    record.timestamp = now;
    record.key = ByteVector(4);  // Version 0, type.
    (*record.key)[3] = std::byte{commit};
    record.value = ByteVector(6);  // Version 0, coordinator epoch 0.
    BatchBuilder builder(options);
    builder.append(record);
    append(builder, {test::marker_json_of(record)}, AppendOrigin::coordinator);
  }

  /// Everything of `leader`, some batches at a time.
  void replicate(const Writer& leader) {
    while (log_->log_end_offset() < leader.log_->log_end_offset()) {
      const ReadResult fetched =
          take(leader.log_->read(log_->log_end_offset(), 3000, leader.log_->log_end_offset(), true),
               topic_);
      take(log_->append_as_follower(fetched.bytes, now), topic_);
    }
    manifest_ = leader.manifest_;
  }

  void truncate_to(Offset offset) {
    take(log_->truncate_to(offset), topic_);
    manifest_.resize(static_cast<std::size_t>(offset));
  }

  void roll() { must(log_->roll(now), topic_); }

  /// Ends without goodbye, then recovery reads everything and rebuilds the indexes.
  void crash_and_recover() {
    log_.reset();
    open({.recovery_point = 0, .log_start_offset = 0, .clean = false, .now = now});
  }

  void finish() {
    must(log_->close(), topic_);
    std::ofstream out(root_ + "/manifests/" + topic_ + ".jsonl");
    for (const Json& record : manifest_) out << line_of(record) << '\n';
    fmt::print("{}: {} segments, {} records, {} bytes\n", topic_, log_->segment_count(),
               manifest_.size(), log_->size());
  }

  LeaderEpoch epoch = 0;
  Timestamp now = first_time;

 private:
  void open(Log::OpenOptions options) {
    log_ = take(Log::open(env_, root_ + "/" + topic_ + "-0", config_, options), topic_);
  }

  Env& env_;
  std::string root_;
  std::string topic_;
  LogConfig config_;
  std::unique_ptr<Log> log_;
  std::vector<Json> manifest_;
};

constexpr std::array all_codecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4,
                                   Codec::zstd};

/// As the real broker is set, so that rebuilt indexes can be compared.
LogConfig small_segments() {
  LogConfig config;
  config.segment_bytes = 16 << 10;
  config.index_interval_bytes = 200;
  return config;
}

void write_transactions(Env& env, const std::string& root) {
  Writer writer(env, root, "ours_transactions", small_segments());
  BatchBuilder::Options options;
  options.transactional = true;
  options.producer_id = 4000;
  options.producer_epoch = 3;
  options.base_sequence = 0;
  for (int transaction = 0; transaction < 40; ++transaction) {
    for (int batch = 0; batch < 3; ++batch) {
      writer.append_numbered(transaction * 30 + batch * 10, 10, options);
      options.base_sequence += 10;
    }
    writer.mark(transaction % 3 != 1, options);
  }
  writer.finish();
}

int write_all(const std::string& root) {
  PosixEnv env;
  for (const Codec codec : all_codecs) {
    if (!is_supported(codec)) continue;
    Writer writer(env, root, fmt::format("ours_{}", to_text(codec)), small_segments());
    BatchBuilder::Options options;
    options.codec = codec;
    writer.fill(1500, options);
    writer.finish();

    LogConfig large = small_segments();
    large.segment_bytes = 1 << 20;
    Writer blocks(env, root, fmt::format("ours_large_{}", to_text(codec)), large);
    blocks.fill_large(options);
    blocks.finish();
  }
  {
    Writer writer(env, root, "ours_idempotent", small_segments());
    BatchBuilder::Options options;
    options.producer_id = 77;
    options.producer_epoch = 1;
    options.base_sequence = 0;
    writer.fill(600, options);
    writer.finish();
  }
  {
    LogConfig config = small_segments();
    config.message_timestamp_type = TimestampType::log_append_time;
    Writer writer(env, root, "ours_append_time", config);
    writer.fill(600);
    BatchBuilder::Options options;
    options.codec = Codec::gzip;
    writer.fill(600, options);
    writer.finish();
  }
  {
    Writer writer(env, root, "ours_epochs", small_segments());
    for (const LeaderEpoch epoch : {0, 1, 4, 5, 9}) {
      writer.epoch = epoch;
      writer.fill(150);
      if (epoch == 4) writer.roll();
    }
    writer.finish();
  }
  {
    Writer writer(env, root, "ours_truncated", small_segments());
    writer.fill(700);
    writer.truncate_to(289);  // The end of a batch.
    writer.epoch = 2;
    writer.fill(300);
    writer.finish();
  }
  {
    Writer writer(env, root, "ours_recovered", small_segments());
    writer.fill(700);
    writer.crash_and_recover();
    writer.epoch = 1;
    writer.fill(200);
    writer.finish();
  }
  {
    Writer leader(env, root, "ours_led", small_segments());
    leader.fill(600);
    Writer follower(env, root, "ours_followed", small_segments());
    follower.replicate(leader);
    leader.finish();
    follower.finish();
  }
  {
    Writer writer(env, root, "ours_empty", small_segments());
    writer.finish();
  }
  write_transactions(env, root);
  return 0;
}

/// Prints every batch and record; a codec this build lacks leaves the records out.
void print_batch(const BatchView& batch) {
  std::cout << line_of(Json{{"batch", test::json_of(batch)}}) << '\n';
  const auto records = decode_records(batch);
  if (!records.ok()) {
    if (records.error().kind == Corruption::Kind::unsupported_codec) return;
    give_up(fmt::format("batch {}: {}", batch.base_offset(), records.error().message));
  }
  for (const Record& record : records.value()) {
    std::cout << line_of(batch.is_control() ? test::marker_json_of(record) : test::json_of(record))
              << '\n';
  }
}

int read_partition(const std::string& dir, const std::string& recovery_point,
                   const std::string& log_start) {
  PosixEnv env;
  Log::OpenOptions options;
  options.clean = recovery_point == "clean";
  if (!options.clean) options.recovery_point = std::atoll(recovery_point.c_str());
  options.log_start_offset = std::atoll(log_start.c_str());
  const auto log = take(Log::open(env, dir, small_segments(), options), dir);
  // Batch by batch, so that each is found through the index and by walking.
  Offset offset = log->log_start_offset();
  while (offset < log->log_end_offset()) {
    const ReadResult got =
        take(log->read(offset, offset % 2 == 0 ? 100 : 5000, log->log_end_offset(), true), dir);
    if (got.bytes.empty()) break;
    for (const BatchView& batch : Batches(got.bytes)) {
      print_batch(batch);
      offset = batch.next_offset();
    }
  }
  Json epochs = Json::array();
  for (const EpochEntry& entry : log->leader_epochs().entries()) {
    epochs.push_back({entry.epoch, entry.start_offset});
  }
  const Log::Recovery& recovery = log->recovery();
  const Json summary = {{"log_start", log->log_start_offset()},
                        {"log_end", log->log_end_offset()},
                        {"segments", log->segment_count()},
                        {"segments_scanned", recovery.segments_scanned},
                        {"bytes_cut", recovery.bytes_cut},
                        {"gaps", recovery.gaps},
                        {"epochs", epochs}};
  std::cout << line_of(Json{{"summary", summary}}) << '\n';
  must(log->close(), dir);
  return 0;
}

int look_up(const std::vector<std::string>& arguments) {
  PosixEnv env;
  Log::OpenOptions options;
  options.clean = true;
  options.log_start_offset = std::atoll(arguments[2].c_str());
  const auto log = take(Log::open(env, arguments[1], small_segments(), options), arguments[1]);
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    const auto found =
        take(log->offset_for_timestamp(std::atoll(arguments[i].c_str())), arguments[1]);
    const auto at = found.value_or(TimestampLookup{});
    std::cout << line_of(Json{{"at", {at.offset, at.timestamp, at.leader_epoch}}}) << '\n';
  }
  return 0;
}

int print_checkpoint(const std::string& path) {
  PosixEnv env;
  const auto offsets = read_checkpoint(env, path);
  if (!offsets.ok()) give_up(offsets.error().text());
  Json json = Json::object();
  for (const auto& [partition, offset] : offsets.value()) {
    json[fmt::format("{}-{}", partition.first, partition.second)] = offset;
  }
  std::cout << line_of(json) << '\n';
  return 0;
}

/// What tests/log/kafka_judge.h says of one segment: the oracle that is compared with Kafka.
Json judged(const std::string& name, ByteView bytes, Offset base) {
  const auto verdict = test::kafka_recovers(bytes, base);
  Json batches = Json::array();
  for (const std::int64_t at : verdict.batches) {
    const auto records = test::kafka_reads(bytes.subspan(static_cast<std::size_t>(at)));
    Json list = nullptr;
    if (records) {
      list = Json::array();
      for (const test::KafkaRecord& record : *records) {
        const auto size = [](const std::optional<std::string>& text) {
          return text ? std::ssize(*text) : -1;
        };
        list.push_back({record.offset, record.timestamp, size(record.key), size(record.value)});
      }
    }
    batches.push_back(list);
  }
  return Json{{"file", name},
              {"base", base},
              {"fails", !verdict.fails.empty()},
              {"kept", verdict.kept},
              {"batches", batches}};
}

int write_damaged(const std::string& dir, std::uint64_t seed, int count) {
  std::filesystem::create_directories(dir);
  PosixEnv env;
  for (int i = 0; i < count; ++i) {
    const Offset base = i % 3 == 0 ? 42 : 0;
    test::AnySegment any(seed + static_cast<std::uint64_t>(i), base);
    ByteVector bytes = any.good(8);
    if (i % 4 != 0) bytes = any.damaged(std::move(bytes));
    if (i % 50 == 49) bytes = any.noise(500);
    const std::string name = fmt::format("{:05d}.bytes", i);
    auto file = env.create(join_path(dir, name));
    if (!file.ok()) give_up(file.error().text());
    if (const auto done = (*file)->append(bytes); !done.ok()) give_up(done.error().text());
    std::cout << line_of(judged(name, bytes, base)) << '\n';
  }
  return 0;
}

int print_codecs() {
  Json names = Json::array();
  for (const Codec codec : all_codecs) {
    if (is_supported(codec)) names.push_back(to_text(codec));
  }
  std::cout << line_of(names) << '\n';
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "write") return write_all(arguments[1]);
  if (arguments.size() == 3 && arguments[0] == "read") {
    return read_partition(arguments[1], arguments[2], "0");
  }
  if (arguments.size() == 4 && arguments[0] == "read") {
    return read_partition(arguments[1], arguments[2], arguments[3]);
  }
  if (arguments.size() > 3 && arguments[0] == "lookup") return look_up(arguments);
  if (arguments.size() == 2 && arguments[0] == "checkpoint") return print_checkpoint(arguments[1]);
  if (arguments.size() == 1 && arguments[0] == "codecs") return print_codecs();
  if (arguments.size() == 4 && arguments[0] == "damage") {
    return write_damaged(arguments[1], std::strtoull(arguments[2].c_str(), nullptr, 10),
                         std::atoi(arguments[3].c_str()));
  }
  give_up(
      "write DIR | read DIR RECOVERY_POINT|clean [LOG_START] | lookup DIR LOG_START TIME... | "
      "checkpoint FILE | codecs | damage DIR SEED COUNT");
}

}  // namespace
}  // namespace brokerlab::log

int main(int count, char** values) { return brokerlab::log::run({values + 1, values + count}); }

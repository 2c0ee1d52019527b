// The fixture of the log tests: one partition told about in domain verbs, over any Env.
#pragma once

#include "log/env/memory_env.h"
#include "log/env/posix_env.h"
#include "log/partition/log.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace brokerlab::log::test {

using Values = std::vector<std::string>;

inline ByteVector batch_of(const Values& values, Timestamp timestamp = 1000,
                           Codec codec = Codec::none) {
  BatchBuilder::Options options;
  options.codec = codec;
  BatchBuilder builder(options);
  for (const std::string& value : values) builder.append(timestamp, std::nullopt, as_bytes(value));
  return builder.build();
}

inline Values values_in(ByteView bytes) {
  Values values;
  const auto records = decode_all(bytes);
  REQUIRE(records.ok());
  for (const Record& record : records.value()) {
    values.emplace_back(as_text(record.value.value_or(ByteVector{})));
  }
  return values;
}

inline std::string text_of(const LogError& error) {
  return std::string(to_text(error.kind)) + ": " + error.message;
}

class PartitionStory {
 public:
  explicit PartitionStory(Env& env, std::string dir = "/data/orders-0")
      : env_(env), dir_(std::move(dir)) {
    open();
  }

  /// Starts the log again without any goodbye: the process died.
  void reopen_unclean() {
    const Offset recovery_point = log_ ? log_->recovery_point() : 0;
    log_.reset();
    open({.recovery_point = recovery_point, .log_start_offset = 0, .clean = false, .now = now_});
  }

  void reopen_clean() {
    REQUIRE(log_->close().ok());
    const Offset start = log_->log_start_offset();
    log_.reset();
    open({.recovery_point = 0, .log_start_offset = start, .clean = true, .now = now_});
  }

  void open(Log::OpenOptions options = {}) {
    log_.reset();
    auto opened = Log::open(env_, dir_, config, options);
    if (!opened.ok()) FAIL(text_of(opened.error()));
    log_ = std::move(opened).value();
  }

  void forget() { log_.reset(); }

  AppendInfo produce(const Values& values, Codec codec = Codec::none) {
    ByteVector batch = batch_of(values, now_++, codec);
    auto appended = log_->append_as_leader(batch, epoch, now_);
    if (!appended.ok()) FAIL(text_of(appended.error()));
    return appended.value();
  }

  AppendInfo replicate(ByteView fetched) {
    auto appended = log_->append_as_follower(fetched, now_);
    if (!appended.ok()) FAIL(text_of(appended.error()));
    return appended.value();
  }

  ReadResult fetch(Offset offset, std::int64_t max_bytes = 1 << 20, Offset upto = INT64_MAX,
                   bool min_one_batch = true) {
    auto got = log_->read(offset, max_bytes, upto, min_one_batch);
    if (!got.ok()) FAIL(text_of(got.error()));
    return got.value();
  }

  /// Everything from the log's start on, as a consumer would read it.
  Values consume_all(Offset from = -1) {
    Values values;
    Offset offset = from < 0 ? log_->log_start_offset() : from;
    while (offset < log_->log_end_offset()) {
      const ReadResult got = fetch(offset, 300);
      if (got.bytes.empty()) break;
      for (const BatchView& batch : Batches(got.bytes)) {
        const auto records = decode_records(batch);
        REQUIRE(records.ok());
        for (const Record& record : records.value()) {
          if (record.offset >= offset) values.emplace_back(as_text(*record.value));
        }
        offset = batch.next_offset();
      }
    }
    return values;
  }

  void truncate_to(Offset offset) { REQUIRE(log_->truncate_to(offset).ok()); }
  void flush() { REQUIRE(log_->flush().ok()); }

  Log& log() { return *log_; }
  Env& env() { return env_; }
  const std::string& dir() const { return dir_; }

  LogConfig config;
  LeaderEpoch epoch = 0;

 private:
  Env& env_;
  std::string dir_;
  std::unique_ptr<Log> log_;
  Timestamp now_ = 1000;
};

/// A folder of the real file system that is gone afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "brokerlab-log-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// Numbered values: "v0", "v1", ...
inline Values numbered(int from, int to) {
  Values values;
  for (int i = from; i < to; ++i) values.push_back(fmt::format("v{}", i));
  return values;
}

}  // namespace brokerlab::log::test

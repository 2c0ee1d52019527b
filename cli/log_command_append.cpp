// brokerlab log append DIR: JSON lines of standard input become records.
#include "cli/log_command.h"
#include "cli/log_json.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>
#include <limits>

namespace brokerlab::cli {
namespace {

struct Arguments {
  LogTarget target;
  std::string codec = "none";
  std::int64_t batch_records = 1000;
  std::int64_t segment_bytes = log::LogConfig{}.segment_bytes;
};

/// A batch goes when its records come to this much before compression, as a producer's would.
constexpr std::size_t batch_bytes = std::size_t{1} << 20;

class Appender {
 public:
  Appender(Context& context, log::Log& log, const Arguments& arguments, log::Codec codec)
      : context_(context), log_(log), arguments_(arguments), builder_(options_of(codec)) {
    epoch_ = log.leader_epochs().latest_epoch().value_or(0);
  }

  /// Returns the exit status; all that was written is said.
  int run(std::istream& in) {
    const int status = read_all(in);
    if (!arguments_.target.json) print_summary();
    return status;
  }

 private:
  static log::BatchBuilder::Options options_of(log::Codec codec) {
    log::BatchBuilder::Options options;
    options.codec = codec;
    return options;
  }

  int read_all(std::istream& in) {
    std::string text;
    for (std::int64_t line = 1; std::getline(in, text); ++line) {
      if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
      auto record = record_from_json(text, line);
      if (!record.ok()) {
        context_.err << to_text(record.error());
        if (!builder_.empty()) {
          context_.err << fmt::format("nothing of its batch was written, which began in line {}\n",
                                      batch_line_);
        }
        return exit_bad_input;
      }
      if (record->timestamp == log::no_timestamp) record->timestamp = wall_clock();
      if (builder_.empty()) batch_line_ = line;
      builder_.append(*record);
      if (builder_.record_count() < arguments_.batch_records &&
          builder_.uncompressed_records_size() < batch_bytes) {
        continue;
      }
      if (const int status = write(); status != exit_pass) return status;
    }
    return builder_.empty() ? exit_pass : write();
  }

  int write() {
    log::ByteVector batch = builder_.build();
    const auto info = log_.append_as_leader(batch, epoch_, wall_clock());
    if (!info.ok()) {
      context_.err << fmt::format("brokerlab: the batch from line {} on: {}\n", batch_line_,
                                  info.error().message);
      const bool too_large = info.error().kind == log::LogError::Kind::batch_too_large;
      if (too_large) context_.err << "use a smaller --batch-records or a larger --segment-bytes\n";
      return too_large ? exit_bad_input : exit_trouble;
    }
    if (batches_ == 0) first_offset_ = info->first_offset;
    ++batches_;
    records_ += info->records;
    bytes_ += info->bytes;
    if (arguments_.target.json) {
      const nlohmann::ordered_json object{{"type", "appended"},
                                          {"firstOffset", info->first_offset},
                                          {"lastOffset", info->last_offset},
                                          {"records", info->records},
                                          {"bytes", info->bytes},
                                          {"segment", log_.active_segment().base_offset()},
                                          {"position", info->position}};
      context_.out << object.dump() << "\n";
    }
    return exit_pass;
  }

  void print_summary() {
    if (batches_ == 0) {
      context_.out << fmt::format("appended nothing; the log ends at offset {}\n",
                                  log_.log_end_offset());
      return;
    }
    context_.out << fmt::format("appended {} at offsets {} to {}, in {} of {}\n",
                                count_text(records_, "record", "records"), first_offset_,
                                log_.log_end_offset() - 1, count_text(batches_, "batch", "batches"),
                                bytes_text(bytes_));
  }

  Context& context_;
  log::Log& log_;
  const Arguments& arguments_;
  log::BatchBuilder builder_;
  log::LeaderEpoch epoch_ = 0;
  std::int64_t batch_line_ = 0;
  log::Offset first_offset_ = 0;
  std::int64_t batches_ = 0;
  std::int64_t records_ = 0;
  std::int64_t bytes_ = 0;
};

void append(Context& context, const Arguments& arguments) {
  const auto codec = log::codec_from(arguments.codec);
  if (!codec || !log::is_supported(*codec)) {
    context.status = refuse(context, {{"--codec",
                                       {},
                                       arguments.codec,
                                       "is not among none, gzip, snappy, lz4, zstd, or not in "
                                       "this build"}});
    return;
  }
  MeteredEnv env(context.err);
  const std::string& dir = arguments.target.dir;
  if (const auto made = env.make_dir(dir); !made.ok()) {
    context.status = report(context, made.error());
    return;
  }
  auto lock = PartitionLock::take(env, dir);
  if (!lock.ok()) {
    context.status = report(context, lock.error());
    return;
  }
  const auto segments = log::list_segments(env, dir);
  if (segments.ok()) env.expect(bytes_of(env, *segments));
  log::LogConfig config;
  config.segment_bytes = arguments.segment_bytes;
  config.max_message_bytes = std::numeric_limits<std::int32_t>::max();
  const auto log = log::Log::open(env, dir, config,
                                  {.recovery_point = lock->recovery_point(),
                                   .log_start_offset = lock->log_start_offset(),
                                   .clean = lock->was_clean(),
                                   .now = wall_clock()});
  if (!log.ok()) {
    context.status = report(context, log.error());
    return;
  }
  if ((*log)->recovery().bytes_cut > 0) {
    context.err << fmt::format("{}: {} at the end were no good batch and have been cut off\n", dir,
                               bytes_text((*log)->recovery().bytes_cut));
  }
  std::istream& in = context.in == nullptr ? std::cin : *context.in;
  context.status = Appender(context, **log, arguments, *codec).run(in);
  if ((*log)->offline()) return;
  if (const auto closed = (*log)->close(); !closed.ok()) {
    context.status = report(context, closed.error());
  } else if (const auto released = lock->release_cleanly((*log)->log_end_offset());
             !released.ok()) {
    context.status = report(context, released.error());
  }
}

}  // namespace

void add_log_append(CLI::App& log, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = log.add_subcommand("append", "Write JSON lines of standard input as records");
  add_target(*command, arguments->target);
  command->add_option("--codec", arguments->codec, "none, gzip, snappy, lz4 or zstd")
      ->capture_default_str();
  command->add_option("--batch-records", arguments->batch_records, "Records a batch, at most")
      ->check(whole_number(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--segment-bytes", arguments->segment_bytes, "Kafka's segment.bytes")
      ->check(whole_number(128, INT32_MAX))
      ->capture_default_str();
  command->footer(
      "One object a line, all fields but value optional; the directory is made when missing:\n"
      "  {\"key\": \"alice\", \"value\": {\"paid\": 12}, \"headers\": {\"trace\": \"7\"}, "
      "\"timestamp\": 1764000000000}");
  command->callback([&context, arguments] { append(context, *arguments); });
}

}  // namespace brokerlab::cli

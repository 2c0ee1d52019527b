// brokerlab log append DIR: JSON lines of standard input become records.
#include "base/json_text.h"
#include "base/text_encoding.h"
#include "base/translation.h"
#include "cli/log_command.h"
#include "cli/log_file_changes.h"
#include "cli/log_json.h"
#include "cli/log_words.h"
#include "log/directory/partition_dir.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>
#include <limits>

namespace brokerlab::cli {
namespace {

struct AppendArguments {
  LogTarget target;
  std::string codec = "none";
  std::int64_t batch_records = 1000;
  std::int64_t segment_bytes = log::LogConfig{}.segment_bytes;
};

/// A batch goes when its records come to this much before compression, as a producer's would.
constexpr std::size_t batch_bytes = std::size_t{1} << 20;

/// A partition that is written: its lock and its log. One that is not there yet is made by open().
class Partition {
 public:
  Partition(Context& context, const AppendArguments& arguments)
      : context_(context), arguments_(arguments), env_(context.err) {}

  /// It has segments already.
  bool exists() const {
    const auto segments = log::list_segments(env_, dir());
    return segments.ok() && !segments->empty();
  }
  bool is_open() const { return log_ != nullptr; }
  log::Log& log() { return *log_; }
  const std::string& dir() const { return arguments_.target.dir; }

  // The exit status; what went wrong was said.
  int open() {
    const bool is_new = !env_.exists(dir());
    if (const auto made = env_.make_dir(dir()); !made.ok()) return report(context_, made.error());
    auto lock = PartitionLock::take(env_, dir());
    if (!lock.ok()) return report(context_, lock.error());
    lock_ = std::move(lock).value();
    const auto segments = log::list_segments(env_, dir());
    if (segments.ok()) env_.expect(bytes_of(env_, *segments));
    log::LogConfig config;
    config.segment_bytes = arguments_.segment_bytes;
    config.max_message_bytes = std::numeric_limits<std::int32_t>::max();
    const log::Log::OpenOptions options{.recovery_point = lock_->recovery_point(),
                                        .log_start_offset = lock_->log_start_offset(),
                                        .clean = lock_->was_clean(),
                                        .now = wall_clock(),
                                        .cutting = log::Log::Cutting::never};
    if (!is_new && !opens_without_a_cut(context_, env_, dir(), config, options)) {
      const auto released = lock_->release_unchanged();
      return released.ok() ? context_.status : report(context_, released.error());
    }
    auto log = log::Log::open(env_, dir(), config, options);
    if (!log.ok()) return report(context_, log.error());
    log_ = std::move(log).value();
    tell_file_changes(context_, *log_, arguments_.target.json);
    return exit_pass;
  }
  int close() {
    if (!is_open() || log_->offline()) return exit_pass;
    if (const auto closed = log_->close(); !closed.ok()) return report(context_, closed.error());
    const auto released = lock_->release_cleanly(log_->log_end_offset());
    return released.ok() ? exit_pass : report(context_, released.error());
  }

 private:
  Context& context_;
  const AppendArguments& arguments_;
  MeteredEnv env_;
  std::optional<PartitionLock> lock_;
  std::unique_ptr<log::Log> log_;
};

class Appender {
 public:
  Appender(Context& context, Partition& partition, const AppendArguments& arguments,
           log::Codec codec)
      : context_(context),
        partition_(partition),
        arguments_(arguments),
        builder_(options_of(codec)) {}

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
      if (line == 1) {
        const auto plain = without_byte_order_mark(text);
        if (!plain) return refuse(context_, {{{}, {}, {}, tr("line 1 {}", plain.error())}});
        text = std::string(*plain);
      }
      if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
      auto record = record_from_json(context_, text, line);
      if (!record.ok()) {
        context_.err << to_text(record.error());
        if (!builder_.empty()) {
          context_.err << context_.say(
              fmt::format("nothing of its batch was written, which began in line {}\n",
                          batch_line_),
              fmt::format("{}번째 줄부터 모으던 이 배치는 통째로 쓰지 않았습니다\n", batch_line_));
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
    // A log that cannot hold the batch is not even made.
    if (!partition_.is_open() && std::ssize(batch) > arguments_.segment_bytes) {
      return too_large(
          tr("{} bytes are more than a segment's {}", batch.size(), arguments_.segment_bytes));
    }
    if (!partition_.is_open()) {
      if (const int status = partition_.open(); status != exit_pass) return status;
    }
    log::Log& log = partition_.log();
    if (batches_ == 0) epoch_ = log.leader_epochs().latest_epoch().value_or(0);
    const auto info = log.append_as_leader(batch, epoch_, wall_clock());
    if (!info.ok()) {
      if (info.error().kind == log::LogError::Kind::batch_too_large) {
        return too_large(info.error().message);
      }
      say_failed(retold(info.error().message));
      return exit_trouble;
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
                                          {"segment", log.active_segment().base_offset()},
                                          {"position", info->position}};
      context_.out << json_text(object) << "\n";
    }
    return exit_pass;
  }

  void say_failed(const std::string& why) {
    context_.err << context_.say(
        fmt::format("brokerlab: the batch from line {} on: {}\n", batch_line_, why),
        fmt::format("brokerlab: {}번째 줄부터의 배치: {}\n", batch_line_, why));
  }

  int too_large(const std::string& why) {
    say_failed(why);
    context_.err << context_.say("use a smaller --batch-records or a larger --segment-bytes\n",
                                 "--batch-records를 줄이거나 --segment-bytes를 늘리세요\n");
    return exit_bad_input;
  }

  void print_summary() {
    if (!partition_.is_open()) {
      context_.out << context_.say(
          fmt::format("appended nothing; {} was not made\n", partition_.dir()),
          fmt::format("추가한 레코드가 없어 {} 디렉터리를 만들지 않았습니다\n", partition_.dir()));
      return;
    }
    const log::Offset end = partition_.log().log_end_offset();
    if (batches_ == 0) {
      context_.out << context_.say(
          fmt::format("appended nothing; the log ends at offset {}\n", end),
          fmt::format("추가한 레코드가 없습니다. 로그는 오프셋 {}에서 끝납니다\n", end));
      return;
    }
    const std::string records = count_text(context_, records_, record_noun);
    const std::string batches = count_text(context_, batches_, batch_noun);
    context_.out << context_.say(
        fmt::format("appended {} at offsets {} to {}, in {} of {}\n", records, first_offset_,
                    end - 1, batches, bytes_text(bytes_)),
        fmt::format("{}를 오프셋 {}~{}에 추가했습니다({}, {})\n", records, first_offset_, end - 1,
                    batches, bytes_text(bytes_)));
  }

  Context& context_;
  Partition& partition_;
  const AppendArguments& arguments_;
  log::BatchBuilder builder_;
  log::LeaderEpoch epoch_ = 0;
  std::int64_t batch_line_ = 0;
  log::Offset first_offset_ = 0;
  std::int64_t batches_ = 0;
  std::int64_t records_ = 0;
  std::int64_t bytes_ = 0;
};

/// Why no partition should be made under this name; "" when nothing speaks against it.
std::string wrong_name(const Context& context, const std::string& dir) {
  const std::string path = named_path(dir);
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto parsed = log::parse_partition_dir(name);
  if (!parsed || parsed->kind != log::PartitionDirKind::current) {
    const std::string topic = parsed || log::topic_name_problem(name) ? "orders" : name;
    return context.say(
        fmt::format("is no name of a partition: it is called <topic>-<partition number>, such as "
                    "{}-0",
                    topic),
        fmt::format("파티션 디렉터리 이름이 아닙니다. {}-0처럼 <토픽>-<파티션 번호>로 지으세요",
                    topic));
  }
  return retold(log::topic_name_problem(parsed->partition.topic).value_or(""));
}

void append(Context& context, const AppendArguments& arguments) {
  const auto codec = log::codec_from(arguments.codec);
  if (!codec || !log::is_supported(*codec)) {
    context.status = refuse(
        context,
        {{"--codec",
          {},
          arguments.codec,
          context.say("is not among none, gzip, snappy, lz4, zstd, or not in this build",
                      "none, gzip, snappy, lz4, zstd 중 하나가 아니거나 이 빌드에 없습니다")}});
    return;
  }
  Partition partition(context, arguments);
  // One that is there is locked at once; a new one waits for a first batch that can be written.
  if (partition.exists()) {
    context.status = partition.open();
    if (context.status != exit_pass) return;
  } else {
    const std::string wrong = is_file(partition.dir())
                                  ? context.say("is a file", "파일입니다. 디렉터리를 지정하세요")
                                  : wrong_name(context, partition.dir());
    if (!wrong.empty()) {
      context.status = refuse(context, {{partition.dir(), {}, {}, wrong}});
      return;
    }
  }
  std::istream& in = context.in == nullptr ? std::cin : *context.in;
  context.status = Appender(context, partition, arguments, *codec).run(in);
  if (const int closed = partition.close(); closed != exit_pass) context.status = closed;
}

}  // namespace

void add_log_append(Command log, Context& context) {
  const auto arguments = std::make_shared<AppendArguments>();
  const Command command = log.sub("append", tr("Write JSON lines of standard input as records"));
  add_target(command, arguments->target);
  command.option("--codec", arguments->codec, tr("none, gzip, snappy, lz4 or zstd"))
      .shows_default();
  command.option("--batch-records", arguments->batch_records, tr("Records a batch, at most"))
      .check(whole_number(1, 1'000'000))
      .shows_default();
  command.option("--segment-bytes", arguments->segment_bytes, tr("Kafka's segment.bytes"))
      .check(whole_number(128, INT32_MAX))
      .shows_default();
  command.footer(
      tr("One object a line, all fields but value optional; the directory is made when missing:") +
      "\n  {\"key\": \"alice\", \"value\": {\"paid\": 12}, \"headers\": {\"trace\": \"7\"}, "
      "\"timestamp\": 1764000000000}");
  command.run([&context, arguments] { append(context, *arguments); });
}

}  // namespace brokerlab::cli

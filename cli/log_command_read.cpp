// brokerlab log read DIR: the records, as a consumer would see them.
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/log_command.h"
#include "cli/log_json.h"
#include "cli/log_words.h"
#include "log/segment/batch_scanner.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <ostream>

namespace brokerlab::cli {
namespace {

using log::RecordView;

struct ReadArguments {
  LogTarget target;
  std::optional<log::Offset> from;
  std::string at_text;
  std::optional<log::Timestamp> at;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

std::string text_of(const std::optional<log::ByteView>& bytes) {
  return bytes ? printable(log::as_text(*bytes)) : "(null)";
}

class Reader {
 public:
  /// `log_start`: records below it do not exist any more, though a segment may still have them.
  Reader(Context& context, log::Env& env, const ReadArguments& arguments, log::Offset log_start)
      : context_(context),
        env_(env),
        arguments_(arguments),
        from_(std::max(arguments.from.value_or(0), log_start)) {}

  /// Returns the exit status.
  int run(const std::vector<log::SegmentFiles>& segments) {
    for (std::size_t i = 0; i < segments.size() && printed_ < arguments_.max; ++i) {
      // The next one begins at or before what is wanted: nothing here is.
      if (i + 1 < segments.size() && segments[i + 1].base_offset <= from_) continue;
      const auto status = read_segment(segments[i]);
      if (!status.ok()) return report(context_, status.error());
      if (damaged_) return exit_fail;
    }
    if (arguments_.from && printed_ == 0 && *arguments_.from > end_) {
      return refuse(context_, {{"--from",
                                {},
                                std::to_string(*arguments_.from),
                                context_.say(fmt::format("the log ends at offset {}", end_),
                                             fmt::format("로그는 오프셋 {}에서 끝납니다", end_))}});
    }
    return exit_pass;
  }

 private:
  /// Where to begin: an index, if there is a sound one, spares reading up to there.
  Result<std::int64_t, log::IoError> begin_of(const log::SegmentFiles& segment,
                                              const log::File& file) const {
    if (segment.index.empty() || from_ <= segment.base_offset) return std::int64_t{0};
    const auto index = read_offset_index(env_, segment.index, segment.base_offset);
    if (!index.ok()) return fail(index.error());
    std::int64_t position = 0;
    for (const log::OffsetPosition& entry : index->entries) {
      if (entry.offset > from_ || entry.position <= position) break;
      position = entry.position;
    }
    return position < file.size() ? position : 0;
  }

  Status<log::IoError> read_segment(const log::SegmentFiles& segment) {
    auto file = env_.open(segment.log);
    if (!file.ok()) return fail(file.error());
    end_ = std::max(end_, segment.base_offset);
    const auto begin = begin_of(segment, **file);
    if (!begin.ok()) return fail(begin.error());
    log::BatchScanner scanner(**file, *begin);
    while (printed_ < arguments_.max) {
      const auto batch = scanner.next();
      if (!batch.ok()) return fail(batch.error());
      if (!*batch) break;
      end_ = std::max(end_, (*batch)->next_offset());
      if (!read_batch(**batch)) {
        return damage(segment.log, scanner.position(), tr("a record contradicts its batch"));
      }
      scanner.accept(**batch);
    }
    if (scanner.damage()) {
      return damage(segment.log, scanner.position(), retold(scanner.damage()->message));
    }
    return {};
  }

  Status<log::IoError> damage(const std::string& file, std::int64_t position,
                              const std::string& reason) {
    context_.err << context_.say(
        fmt::format("{} at byte {}: {}; see brokerlab log verify\n", file, position, reason),
        fmt::format("{} {}바이트 위치: {}. brokerlab log verify로 살펴보세요\n", file, position,
                    reason));
    damaged_ = true;
    return {};
  }

  bool read_batch(const log::BatchView& batch) {
    // Control batches are for brokers; no consumer sees one.
    if (batch.last_offset() < from_ || batch.is_control()) return true;
    if (arguments_.at && !at_found_ && batch.max_timestamp() < *arguments_.at) return true;
    const auto read = for_each_record(batch, scratch_, [this](const RecordView& record) {
      if (record.offset < from_) return true;
      if (arguments_.at && !at_found_ && record.timestamp < *arguments_.at) return true;
      at_found_ = true;
      arguments_.target.json ? print_json(record) : print_text(record);
      return ++printed_ < arguments_.max;
    });
    return read.ok();
  }

  void print_text(const RecordView& record) {
    std::string line = fmt::format("{:>6}  {}  ", record.offset, time_text(record.timestamp));
    if (record.key) line += text_of(record.key) + ": ";
    line += text_of(record.value);
    std::string headers;
    for (const auto& header : record.headers) {
      headers += fmt::format("{}{}={}", headers.empty() ? "" : ", ", printable(header.key),
                             text_of(header.value));
    }
    if (!headers.empty()) line += "  [" + headers + "]";
    context_.out << line << "\n";
  }

  void print_json(const RecordView& record) {
    nlohmann::ordered_json object{{"offset", record.offset}, {"timestamp", record.timestamp}};
    add_contents(object, record);
    context_.out << json_text(object) << "\n";
  }

  Context& context_;
  log::Env& env_;
  const ReadArguments& arguments_;
  const log::Offset from_;
  log::ByteVector scratch_;
  log::Offset end_ = 0;
  std::int64_t printed_ = 0;
  bool at_found_ = false;
  bool damaged_ = false;
};

void read(Context& context, const ReadArguments& arguments) {
  MeteredEnv env(context.err);
  const auto segments = segments_of(context, env, arguments.target);
  if (!segments) return;
  log::Offset start = segments->front().base_offset;
  if (const auto noted = log::checkpointed_log_start(env, named_path(arguments.target.dir));
      noted.ok()) {
    start = std::max(start, *noted);
  } else {
    context.err << context.say(
        fmt::format("{}; read from the first segment on\n", noted.error().text()),
        fmt::format("{}. 첫 세그먼트부터 읽습니다\n", noted.error().text()));
  }
  if (arguments.from.value_or(start) < start) {
    context.err << context.say(
        fmt::format("the log starts at offset {}: what was below it has been deleted\n", start),
        fmt::format("로그는 오프셋 {}에서 시작합니다. 그 앞의 레코드는 삭제되었습니다\n", start));
  }
  context.status = Reader(context, env, arguments, start).run(*segments);
}

}  // namespace

void add_log_read(Command log, Context& context) {
  const auto arguments = std::make_shared<ReadArguments>();
  const Command command = log.sub("read", tr("Print the records"));
  add_target(command, arguments->target);
  const Option from =
      command.option("--from", arguments->from, tr("From this offset on")).check(whole_number(0));
  command
      .option("--at", arguments->at_text,
              tr("From the first record on that is not older than 2024-03-04T09:00:00+09:00, or "
                 "milliseconds since 1970"))
      .check([](const std::string& text) {
        const auto moment = parse_moment(text);
        return moment.ok() ? std::string() : text + ": " + moment.error();
      })
      .excludes(from);
  command.option("--max", arguments->max, tr("At most so many")).check(whole_number(1));
  command.run([&context, arguments] {
    if (!arguments->at_text.empty()) arguments->at = *parse_moment(arguments->at_text);
    read(context, *arguments);
  });
}

}  // namespace brokerlab::cli

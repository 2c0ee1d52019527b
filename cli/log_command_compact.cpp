// brokerlab log compact DIR: what a broker's cleaner does with a partition of a compacted topic.
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/log_command.h"
#include "cli/log_file_changes.h"
#include "log/partition/cleaner.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace brokerlab::cli {
namespace {

struct CompactArguments {
  LogTarget target;
  std::int64_t delete_retention_ms = log::CleanerConfig().delete_retention_ms;
};

/// The log's segments, with the active one, which the cleaner does not count.
struct Segments {
  std::int64_t before = 0;
  std::int64_t after = 0;
  bool last_is_empty = false;
};

void print_json(Context& context, const log::CleanerStats& stats, const Segments& segments) {
  const nlohmann::ordered_json object{{"type", "compaction"},
                                      {"recordsRead", stats.records_read},
                                      {"recordsKept", stats.records_kept},
                                      {"recordsWithoutKey", stats.records_without_key},
                                      {"bytesRead", stats.bytes_read},
                                      {"bytesKept", stats.bytes_kept},
                                      {"keys", stats.keys},
                                      {"segmentsBefore", segments.before},
                                      {"segmentsAfter", segments.after},
                                      {"firstDirtyOffset", stats.first_dirty_offset}};
  context.out << json_text(object) << "\n";
}

void print_text(Context& context, const log::CleanerStats& stats, const Segments& segments) {
  const std::string read = count_text(context, stats.records_read, record_noun);
  const std::string kept = count_text(context, stats.records_kept, record_noun);
  const std::string before = count_text(context, segments.before, segment_noun);
  std::string after = count_text(context, segments.after, segment_noun);
  if (segments.last_is_empty) {
    after += segments.after == 1 ? context.say(", which is empty", "(비어 있음)")
                                 : context.say(", the last one empty: new records go there",
                                               "(마지막은 새 레코드가 들어갈 빈 세그먼트)");
  }
  const std::string keys = count_text(context, stats.keys, key_noun);
  context.out << context.say(
      fmt::format("read     {}, {} in {}\n", read, bytes_text(stats.bytes_read), before),
      fmt::format("읽음  {}, {}, {}\n", read, bytes_text(stats.bytes_read), before));
  context.out << context.say(
      fmt::format("kept     {}, {} in {}; {}\n", kept, bytes_text(stats.bytes_kept), after, keys),
      fmt::format("남김  {}, {}, {}; {}\n", kept, bytes_text(stats.bytes_kept), after, keys));
  if (stats.records_without_key > 0) {
    const std::string dropped = count_text(context, stats.records_without_key, record_noun);
    context.out << context.say(
        fmt::format("dropped  {} without a key: a compacted topic has none\n", dropped),
        fmt::format("버림  키가 없는 {}. compact 토픽의 레코드에는 키가 있어야 합니다\n", dropped));
  }
}

void compact(Context& context, const CompactArguments& arguments) {
  const LogTarget& target = arguments.target;
  MeteredEnv env(context.err);
  const auto files = segments_of(context, env, target);
  if (!files) return;
  const auto complain = [&context](const auto& error) { context.status = report(context, error); };
  auto lock = PartitionLock::take(env, target.dir);
  if (!lock.ok()) return complain(lock.error());
  env.expect(bytes_of(env, *files));
  const log::Timestamp now = wall_clock();
  const log::Log::OpenOptions options{.recovery_point = lock->recovery_point(),
                                      .log_start_offset = lock->log_start_offset(),
                                      .clean = false,
                                      .now = now,
                                      .cutting = log::Log::Cutting::never};
  if (!opens_without_a_cut(context, env, target.dir, {}, options)) {
    const auto released = lock->release_unchanged();
    if (!released.ok()) complain(released.error());
    return;
  }
  const auto log = log::Log::open(env, target.dir, {}, options);
  if (!log.ok()) return complain(log.error());
  tell_file_changes(context, **log, target.json);
  Segments segments{.before = static_cast<std::int64_t>((*log)->segment_count())};
  // No broker is at work here: the active segment may be cleaned, too.
  if (const auto rolled = (*log)->roll(now); !rolled.ok()) return complain(rolled.error());
  log::LogCleaner cleaner(**log, {.delete_retention_ms = arguments.delete_retention_ms});
  const auto stats = cleaner.clean(now, (*log)->log_end_offset());
  if (!stats.ok()) return complain(stats.error());
  segments.after = static_cast<std::int64_t>((*log)->segment_count());
  segments.last_is_empty = (*log)->active_segment().size() == 0;
  if (const auto closed = (*log)->close(); !closed.ok()) return complain(closed.error());
  const auto released = lock->release_cleanly((*log)->log_end_offset());
  if (!released.ok()) return complain(released.error());
  target.json ? print_json(context, *stats, segments) : print_text(context, *stats, segments);
}

}  // namespace

void add_log_compact(Command log, Context& context) {
  const auto arguments = std::make_shared<CompactArguments>();
  const Command command =
      log.sub("compact", tr("Keep the latest record of every key, as a broker's cleaner does"));
  add_target(command, arguments->target);
  command
      .option("--delete-retention-ms", arguments->delete_retention_ms,
              tr("How long tombstones stay after the first cleaning (delete.retention.ms)"))
      .check(whole_number(0))
      .shows_default();
  command.run([&context, arguments] { compact(context, *arguments); });
}

}  // namespace brokerlab::cli

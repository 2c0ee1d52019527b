// brokerlab log recover DIR: what a broker does with a partition after an unclean stop.
#include "cli/log_command.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace brokerlab::cli {
namespace {

void print_json(Context& context, const log::Log& log) {
  const log::Log::Recovery& done = log.recovery();
  const nlohmann::ordered_json object{{"type", "recovery"},
                                      {"segmentsScanned", done.segments_scanned},
                                      {"bytesScanned", done.bytes_scanned},
                                      {"bytesCut", done.bytes_cut},
                                      {"segmentsRemoved", done.segments_removed},
                                      {"gaps", done.gaps},
                                      {"logStartOffset", log.log_start_offset()},
                                      {"logEndOffset", log.log_end_offset()}};
  context.out << object.dump() << "\n";
}

void print_text(Context& context, const log::Log& log) {
  const log::Log::Recovery& done = log.recovery();
  const std::string nothing = context.say("nothing", "없음");
  const auto row = [&context](std::string english, std::string korean, const std::string& text) {
    context.out << context.say(std::move(english), std::move(korean)) << text << "\n";
  };
  row("scanned  ", "검사  ",
      fmt::format("{}, {}", count_text(context, done.segments_scanned, segment_noun),
                  bytes_text(done.bytes_scanned)));
  row("cut      ", "절단  ", done.bytes_cut == 0 ? nothing : bytes_text(done.bytes_cut));
  const std::string removed = count_text(context, done.segments_removed, segment_noun);
  row("removed  ", "삭제  ",
      done.segments_removed == 0
          ? nothing
          : context.say(removed + " behind the cut", "잘린 곳 뒤의 " + removed));
  if (done.gaps > 0) {
    row("gaps     ", "빈틈  ",
        context.say(fmt::format("{} between segments: records are missing there, or were "
                                "compacted away",
                                done.gaps),
                    fmt::format("세그먼트 사이 {}곳. 레코드가 사라졌거나 컴팩션으로 지워졌습니다",
                                done.gaps)));
  }
  const std::string rest = fmt::format(
      "{}, {}", bytes_text(log.size()),
      count_text(context, static_cast<std::int64_t>(log.segment_count()), segment_noun));
  row("log      ", "로그  ",
      context.say(fmt::format("offsets {} to {} (exclusive), {} in {}", log.log_start_offset(),
                              log.log_end_offset(), bytes_text(log.size()),
                              count_text(static_cast<std::int64_t>(log.segment_count()), "segment",
                                         "segments")),
                  fmt::format("오프셋 {} 이상 {} 미만, {}", log.log_start_offset(),
                              log.log_end_offset(), rest)));
}

void recover(Context& context, const LogTarget& target) {
  MeteredEnv env(context.err);
  const auto segments = segments_of(context, env, target);
  if (!segments) return;
  auto lock = PartitionLock::take(env, target.dir);
  if (!lock.ok()) {
    context.status = report(context, lock.error());
    return;
  }
  env.expect(bytes_of(env, *segments));
  // From 0 on, whatever a checkpoint says: who calls this trusts nothing.
  const auto log = log::Log::open(env, target.dir, {},
                                  {.recovery_point = 0,
                                   .log_start_offset = lock->log_start_offset(),
                                   .clean = false,
                                   .now = 0});
  const auto closed = log.ok() ? (*log)->close() : Status<log::LogError>(fail(log.error()));
  if (!closed.ok()) {
    context.status = report(context, closed.error());
    return;
  }
  if (const auto released = lock->release_cleanly((*log)->log_end_offset()); !released.ok()) {
    context.status = report(context, released.error());
    return;
  }
  target.json ? print_json(context, **log) : print_text(context, **log);
}

}  // namespace

void add_log_recover(CLI::App& log, Context& context) {
  const auto target = std::make_shared<LogTarget>();
  CLI::App* command = log.add_subcommand(
      "recover", "Cut the log at its first bad batch and rebuild its indexes, as after a crash");
  add_target(*command, *target);
  command->callback([&context, target] { recover(context, *target); });
}

}  // namespace brokerlab::cli

// brokerlab log recover DIR: what a broker does with a partition after an unclean stop.
#include "base/translation.h"
#include "cli/log_command.h"
#include "cli/log_words.h"
#include "log/overlay_env.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace brokerlab::cli {
namespace {

struct Arguments {
  LogTarget target;
  bool dry_run = false;
};

using Recovery = log::Log::Recovery;

void print_json(Context& context, const log::Log& log, bool dry_run) {
  const Recovery& done = log.recovery();
  using Json = nlohmann::ordered_json;
  Json cuts = Json::array();
  for (const Recovery::Cut& cut : done.cuts) {
    cuts.push_back(Json{{"file", cut.file},
                        {"position", cut.position},
                        {"bytes", cut.bytes},
                        {"reason", cut.why},
                        {"keptAs", cut.kept_as}});
  }
  Json files = Json::array();
  for (const log::FileChange& file : done.files) {
    files.push_back(Json{{"file", file.name}, {"now", file.now.empty() ? Json() : Json(file.now)}});
  }
  const Json object{{"type", "recovery"},
                    {"dryRun", dry_run},
                    {"segmentsScanned", done.segments_scanned},
                    {"bytesScanned", done.bytes_scanned},
                    {"bytesCut", done.bytes_cut},
                    {"cuts", cuts},
                    {"segmentsRemoved", done.segments_removed},
                    {"files", files},
                    {"gaps", done.gaps},
                    {"logStartOffset", log.log_start_offset()},
                    {"logEndOffset", log.log_end_offset()}};
  context.out << object.dump() << "\n";
}

class Report {
 public:
  explicit Report(Context& context) : context_(context) {}

  void print(const log::Log& log, bool dry_run) {
    const Recovery& done = log.recovery();
    row("scanned  ", "검사  ",
        fmt::format("{}, {}", count_text(context_, done.segments_scanned, segment_noun),
                    bytes_text(done.bytes_scanned)));
    row("cut      ", "절단  ", done.bytes_cut == 0 ? nothing() : bytes_text(done.bytes_cut));
    for (const Recovery::Cut& cut : done.cuts) print(cut);
    const std::string removed = count_text(context_, done.segments_removed, segment_noun);
    row("removed  ", "삭제  ", done.segments_removed == 0 ? nothing() : removed);
    for (const log::FileChange& file : done.files) print(file);
    if (done.gaps > 0) {
      row("gaps     ", "빈틈  ",
          context_.say(
              fmt::format("{} between segments: records are missing there, or were "
                          "compacted away",
                          done.gaps),
              fmt::format("세그먼트 사이 {}곳. 레코드가 사라졌거나 컴팩션으로 지워졌습니다",
                          done.gaps)));
    }
    print_log(log);
    if (dry_run) {
      context_.out << context_.say(
          "Nothing was changed: this is what `brokerlab log recover` without --dry-run does.\n",
          "아무것도 바꾸지 않았습니다. --dry-run 없이 `brokerlab log recover`를 실행하면 이렇게 "
          "됩니다.\n");
    }
  }

 private:
  std::string nothing() const { return context_.say("nothing", "없음"); }

  void row(std::string english, std::string korean, const std::string& text) {
    context_.out << context_.say(std::move(english), std::move(korean)) << text << "\n";
  }

  void print(const Recovery::Cut& cut) {
    const std::string bytes = bytes_text(cut.bytes);
    const std::string english =
        cut.position == 0
            ? fmt::format("{}, all {}: {}", cut.file, bytes, cut.why)
            : fmt::format("{} from byte {} on, {}: {}", cut.file, cut.position, bytes, cut.why);
    const std::string korean =
        cut.position == 0 ? fmt::format("{} 전체({}): {}", cut.file, bytes, retold(cut.why))
                          : fmt::format("{}의 {}바이트 위치부터({}): {}", cut.file, cut.position,
                                        bytes, retold(cut.why));
    row("         ", "      ", context_.say(english, korean));
    if (cut.kept_as.empty()) return;
    row("           ", "        ",
        context_.say("kept as " + cut.kept_as, cut.kept_as + " 파일에 남겨 둡니다"));
  }

  void print(const log::FileChange& file) {
    row("files    ", "파일  ",
        file.now.empty() ? context_.say(file.name + " goes: left by an interruption",
                                        file.name + " 삭제(중단된 작업이 남긴 파일)")
                         : context_.say(fmt::format("{} becomes {}", file.name, file.now),
                                        fmt::format("{} → {}", file.name, file.now)));
  }

  void print_log(const log::Log& log) {
    const auto segments = static_cast<std::int64_t>(log.segment_count());
    const std::string bytes = bytes_text(log.size());
    row("log      ", "로그  ",
        context_.say(
            fmt::format("offsets {} to {} (exclusive), {} in {}", log.log_start_offset(),
                        log.log_end_offset(), bytes, count_text(segments, "segment", "segments")),
            fmt::format("오프셋 {} 이상 {} 미만, {}, {}", log.log_start_offset(),
                        log.log_end_offset(), bytes,
                        count_text(context_, segments, segment_noun))));
  }

  Context& context_;
};

/// From 0 on, whatever a checkpoint says: who calls this trusts nothing.
Result<std::unique_ptr<log::Log>, log::LogError> open(log::Env& env, const std::string& dir,
                                                      const PartitionLock& lock) {
  return log::Log::open(env, dir, {},
                        {.recovery_point = 0,
                         .log_start_offset = lock.log_start_offset(),
                         .clean = false,
                         .now = 0,
                         .cutting = log::Log::Cutting::kept});
}

void refuse_recovery(Context& context, const log::LogError& error) {
  context.status = report(context, error);
  if (error.kind != log::LogError::Kind::corrupt) return;
  context.status = exit_fail;
  context.err << context.say("Nothing was changed.\n", "아무것도 바꾸지 않았습니다.\n");
}

void recover(Context& context, const Arguments& arguments) {
  const LogTarget& target = arguments.target;
  MeteredEnv env(context.err);
  const auto segments = segments_of(context, env, target);
  if (!segments) return;
  const auto complain = [&context](const auto& error) { context.status = report(context, error); };
  env.expect(bytes_of(env, *segments) * (arguments.dry_run ? 1 : 2));
  // First as it would go: what is refused half way has changed nothing.
  log::OverlayEnv trial(env);
  auto lock = PartitionLock::take(
      arguments.dry_run ? static_cast<log::Env&>(trial) : static_cast<log::Env&>(env), target.dir);
  if (!lock.ok()) return complain(lock.error());
  const auto tried = open(trial, target.dir, *lock);
  if (!tried.ok()) {
    if (const auto released = lock->release_unchanged(); !released.ok()) complain(released.error());
    return refuse_recovery(context, tried.error());
  }
  if (!arguments.dry_run) {
    const auto log = open(env, target.dir, *lock);
    if (!log.ok()) return refuse_recovery(context, log.error());
    if (const auto closed = (*log)->close(); !closed.ok()) return complain(closed.error());
    const auto released = lock->release_cleanly((*log)->log_end_offset());
    if (!released.ok()) return complain(released.error());
  }
  // What was tried is what was done.
  target.json ? print_json(context, **tried, arguments.dry_run)
              : Report(context).print(**tried, arguments.dry_run);
}

}  // namespace

void add_log_recover(CLI::App& log, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = log.add_subcommand(
      "recover",
      tr("Cut the log at its first bad batch and rebuild its indexes, as after a crash"));
  add_target(*command, arguments->target);
  command->add_flag("--dry-run", arguments->dry_run, tr("Only say what would be cut"));
  command->callback([&context, arguments] { recover(context, *arguments); });
}

}  // namespace brokerlab::cli

// brokerlab log recover DIR: what a broker does with a partition after an unclean stop.
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/log_file_changes.h"
#include "cli/log_recovery.h"
#include "cli/log_words.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct RecoverArguments {
  LogTarget target;
  bool dry_run = false;
};

using Recovery = log::Log::Recovery;

/// The log after a recovery, and what it was made of.
struct Recovered {
  const log::Log& log;
  CutContents cut;
  bool dry_run = false;
};

/// All segments that are left, as they were before. (Opening may read one twice; that is no news.)
struct Scanned {
  std::int64_t segments = 0;
  std::int64_t bytes = 0;

  explicit Scanned(const log::Log& log)
      : segments(static_cast<std::int64_t>(log.segment_count())), bytes(log.size()) {
    for (const Recovery::Cut& cut : log.recovery().cuts) {
      const auto& all = log.segments();
      const bool is_left = std::any_of(all.begin(), all.end(), [&](const auto& segment) {
        return cut.file == log::segment_file_name(segment->base_offset(), log::log_suffix);
      });
      if (is_left) bytes += cut.bytes;
    }
  }
};

void print_json(Context& context, const Recovered& recovered) {
  const log::Log& log = recovered.log;
  const Recovery& done = log.recovery();
  const Scanned scanned(log);
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
    files.push_back(to_json(file));
  }
  const Json object{{"type", "recovery"},
                    {"dryRun", recovered.dry_run},
                    {"segmentsScanned", scanned.segments},
                    {"bytesScanned", scanned.bytes},
                    {"bytesCut", done.bytes_cut},
                    {"batchesCut", recovered.cut.batches},
                    {"recordsCut", recovered.cut.records},
                    {"goodBatchesCut", recovered.cut.good_batches},
                    {"goodRecordsCut", recovered.cut.good_records},
                    {"cuts", cuts},
                    {"segmentsRemoved", done.segments_removed},
                    {"files", files},
                    {"gaps", done.gaps},
                    {"logStartOffset", log.log_start_offset()},
                    {"logEndOffset", log.log_end_offset()}};
  context.out << json_text(object) << "\n";
}

class Report {
 public:
  explicit Report(Context& context) : context_(context) {}

  void print(const Recovered& recovered) {
    const log::Log& log = recovered.log;
    const Recovery& done = log.recovery();
    const Scanned scanned(log);
    row("scanned  ", "검사  ",
        fmt::format("{}, {}", count_text(context_, scanned.segments, segment_noun),
                    bytes_text(scanned.bytes)));
    const std::string batches = to_text(context_, recovered.cut);
    row("cut      ", "절단  ",
        done.bytes_cut == 0 ? nothing()
                            : bytes_text(done.bytes_cut) + (batches.empty() ? "" : ": ") + batches);
    for (const Recovery::Cut& cut : done.cuts) print(cut);
    row("removed  ", "삭제  ",
        done.segments_removed == 0 ? context_.say("no segment", "세그먼트 없음")
                                   : count_text(context_, done.segments_removed, segment_noun));
    for (const log::FileChange& file : done.files) print(file, recovered.dry_run);
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
    if (recovered.dry_run) {
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
    print_kept_as(cut.kept_as);
  }

  void print_kept_as(const std::string& name) {
    if (name.empty()) return;
    row("           ", "        ", context_.say("kept as " + name, name + " 파일에 남겨 둡니다"));
  }

  void print(const log::FileChange& file, bool dry_run) {
    const std::string& name = file.name;
    if (!file.now.empty()) {
      const std::string verb = dry_run ? "becomes" : "became";
      row("files    ", "파일  ",
          context_.say(fmt::format("{} {} {}", name, verb, file.now),
                       fmt::format("{} → {}", name, file.now)));
      return;
    }
    row("files    ", "파일  ",
        dry_run ? context_.say(fmt::format("{} goes: {}", name, file.why),
                               fmt::format("{}: 지울 파일({})", name, retold(file.why)))
                : context_.say(fmt::format("{} removed: {}", name, file.why),
                               fmt::format("{}: 지웠음({})", name, retold(file.why))));
    print_kept_as(file.kept_as);
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

void refuse_recovery(Context& context, const log::LogError& error) {
  context.status = report(context, error);
  if (error.kind != log::LogError::Kind::corrupt) return;
  context.status = exit_fail;
  context.err << context.say(
      "Nothing was changed. A recovery cuts only what Kafka would cut: nothing that Kafka's "
      "checksum fits,\nand nothing that is no log of Kafka's.\n",
      "아무것도 바꾸지 않았습니다. 복구는 카프카도 잘라 낼 것만 잘라 냅니다. 카프카의 체크섬이 "
      "맞는 "
      "것과\n카프카 로그가 아닌 것은 그대로 둡니다.\n");
}

void recover(Context& context, const RecoverArguments& arguments) {
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
  const auto tried = open_to_recover(trial, target.dir, lock->log_start_offset());
  if (!tried.ok()) {
    if (const auto released = lock->release_unchanged(); !released.ok()) complain(released.error());
    return refuse_recovery(context, tried.error());
  }
  if (!arguments.dry_run) {
    const auto log = open_to_recover(env, target.dir, lock->log_start_offset());
    if (!log.ok()) return refuse_recovery(context, log.error());
    if (const auto closed = (*log)->close(); !closed.ok()) return complain(closed.error());
    const auto released = lock->release_cleanly((*log)->log_end_offset());
    if (!released.ok()) return complain(released.error());
  }
  // What was tried is what was done.
  const auto contents = contents_of_cuts(trial, **tried);
  if (!contents.ok()) return complain(contents.error());
  const Recovered recovered{**tried, *contents, arguments.dry_run};
  target.json ? print_json(context, recovered) : Report(context).print(recovered);
}

}  // namespace

void add_log_recover(Command log, Context& context) {
  const auto arguments = std::make_shared<RecoverArguments>();
  const Command command =
      log.sub("recover",
              tr("Cut the log at its first bad batch and rebuild its indexes, as after a crash"));
  add_target(command, arguments->target);
  command.flag("--dry-run", arguments->dry_run, tr("Only say what would be cut"));
  command.run([&context, arguments] { recover(context, *arguments); });
}

}  // namespace brokerlab::cli

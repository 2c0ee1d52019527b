// brokerlab log verify DIR: is every byte what it should be?
#include "base/json_text.h"
#include "base/korean.h"
#include "base/translation.h"
#include "cli/log_recovery.h"
#include "cli/log_words.h"
#include "log/directory/verify.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace brokerlab::cli {
namespace {

using Json = nlohmann::ordered_json;

void print_json(Context& context, const log::Verification& result) {
  for (const log::Damage& damage : result.damage) {
    const Json object{{"type", "damage"},
                      {"file", damage.file},
                      {"position", damage.position},
                      {"reason", damage.reason}};
    context.out << json_text(object) << "\n";
  }
  const bool empty = result.first_offset == log::no_offset;
  const Json object{{"type", "summary"},
                    {"damage", result.damage_count},
                    {"segments", result.segments},
                    {"batches", result.batches},
                    {"records", result.records},
                    {"bytes", result.bytes},
                    {"indexEntries", result.index_entries},
                    {"producerSnapshots", result.snapshots},
                    {"firstOffset", empty ? Json() : Json(result.first_offset)},
                    {"endOffset", result.end_offset}};
  context.out << json_text(object) << "\n";
}

void print_text(Context& context, const std::string& dir, const log::Verification& result) {
  constexpr Noun index_entry{"index entry", "index entries", "인덱스 항목"};
  constexpr Noun snapshot{"producer snapshot", "producer snapshots", "프로듀서 스냅샷"};
  for (const log::Damage& damage : result.damage) {
    context.out << context.say(
        fmt::format("{} at byte {}: {}\n", damage.file, damage.position, retold(damage.reason)),
        fmt::format("{} {}바이트 위치: {}\n", damage.file, damage.position, retold(damage.reason)));
  }
  const auto unlisted = result.damage_count - static_cast<std::int64_t>(result.damage.size());
  if (unlisted > 0) {
    context.out << context.say(fmt::format("... and {} more\n", with_separators(unlisted)),
                               fmt::format("... 그 밖에 {}곳 더\n", with_separators(unlisted)));
  }
  const std::string verdict =
      result.damage_count == 0
          ? context.say("no damage", "손상 없음")
          : context.say(count_text(result.damage_count, "place damaged", "places damaged"),
                        fmt::format("{}곳 손상", with_separators(result.damage_count)));
  context.out << fmt::format("{}: {}; {}, {}, {}, {}, {}, {}\n", dir, verdict,
                             count_text(context, result.segments, segment_noun),
                             count_text(context, result.batches, batch_noun),
                             count_text(context, result.records, record_noun),
                             bytes_text(result.bytes),
                             count_text(context, result.index_entries, index_entry),
                             count_text(context, result.snapshots, snapshot));
}

/// What a recovery would do about it, which was tried.
void print_advice(Context& context, const std::string& dir, const RecoveryOutlook& outlook) {
  if (outlook.refusal) {
    const std::string why = retold(outlook.refusal->message);
    context.out << context.say(
        fmt::format("Nothing was changed, and `brokerlab log recover {}` would change nothing:\n"
                    "{}\nA replica elsewhere may have all of it.\n",
                    dir, why),
        with_particles(fmt::format(
            "아무것도 바꾸지 않았습니다. `brokerlab log recover {}`은(는) 이것을 고치지 "
            "않습니다:\n{}\n다른 복제본에는 온전히 남아 있을 수 있습니다.\n",
            dir, why)));
    return;
  }
  const std::string contents = to_text(context, outlook.contents);
  const std::string bytes = bytes_text(outlook.bytes_cut) +
                            (contents.empty() ? ""
                                              : context.say(fmt::format(" ({})", contents),
                                                            fmt::format("({})", contents)));
  const std::string cut =
      outlook.bytes_cut == 0
          ? context.say("would cut nothing", "아무것도 자르지 않고")
          : context.say(fmt::format("would cut {}", bytes),
                        with_particles(fmt::format("{}을(를) 잘라 내고", bytes)));
  const std::string places = context.say(count_text(outlook.damage_left, "place", "places"),
                                         fmt::format("{}곳", with_separators(outlook.damage_left)));
  const std::string left =
      outlook.damage_left == 0
          ? context.say("and mend all", "모두 고칩니다")
          : context.say(fmt::format("and leave {} damaged", places),
                        with_particles(fmt::format("손상 {}을 남깁니다", places)));
  context.out << context.say(
      fmt::format("Nothing was changed. `brokerlab log recover {}`\n{} {}.\n", dir, cut, left),
      with_particles(fmt::format("아무것도 바꾸지 않았습니다. `brokerlab log recover {}`은(는)\n"
                                 "{} {}.\n",
                                 dir, cut, left)));
  if (outlook.bytes_cut > 0) {
    context.out << context.say("A replica elsewhere may still have what that would cut.\n",
                               "잘려 나갈 것이 다른 복제본에는 남아 있을 수 있습니다.\n");
  }
}

void verify(Context& context, const LogTarget& target) {
  MeteredEnv env(context.err);
  const auto segments = segments_of(context, env, target);
  if (!segments) return;
  env.expect(bytes_of(env, *segments));
  const auto result = log::verify_partition(env, named_path(target.dir));
  if (!result.ok()) {
    context.status = report(context, result.error());
    return;
  }
  if (target.json) {
    print_json(context, *result);
  } else {
    print_text(context, target.dir, *result);
  }
  if (result->damage_count > 0 && !target.json) {
    const auto outlook = foresee_recovery(env, target.dir);
    if (!outlook.ok()) {
      context.status = report(context, outlook.error());
      return;
    }
    print_advice(context, target.dir, *outlook);
  }
  context.status = result->damage_count == 0 ? exit_pass : exit_fail;
}

}  // namespace

void add_log_verify(Command log, Context& context) {
  const auto target = std::make_shared<LogTarget>();
  const Command command =
      log.sub("verify", tr("Read everything and list damage; exit status 1 when there is some"));
  add_target(command, *target);
  command.run([&context, target] { verify(context, *target); });
}

}  // namespace brokerlab::cli

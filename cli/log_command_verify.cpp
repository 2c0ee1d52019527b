// brokerlab log verify DIR: is every byte what it should be?
#include "cli/log_command.h"
#include "log/verify.h"

#include <CLI/CLI.hpp>
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
    context.out << object.dump() << "\n";
  }
  const bool empty = result.first_offset == log::no_offset;
  const Json object{{"type", "summary"},
                    {"damage", result.damage_count},
                    {"segments", result.segments},
                    {"batches", result.batches},
                    {"records", result.records},
                    {"bytes", result.bytes},
                    {"indexEntries", result.index_entries},
                    {"firstOffset", empty ? Json() : Json(result.first_offset)},
                    {"endOffset", result.end_offset}};
  context.out << object.dump() << "\n";
}

void print_text(Context& context, const std::string& dir, const log::Verification& result) {
  for (const log::Damage& damage : result.damage) {
    context.out << fmt::format("{} at byte {}: {}\n", damage.file, damage.position, damage.reason);
  }
  const auto unlisted = result.damage_count - static_cast<std::int64_t>(result.damage.size());
  if (unlisted > 0) context.out << fmt::format("... and {} more\n", with_separators(unlisted));
  context.out << fmt::format(
      "{}: {}; {}, {}, {}, {}, {}\n", dir,
      result.damage_count == 0 ? "no damage"
                               : count_text(result.damage_count, "place damaged", "places damaged"),
      count_text(result.segments, "segment", "segments"),
      count_text(result.batches, "batch", "batches"),
      count_text(result.records, "record", "records"), bytes_text(result.bytes),
      count_text(result.index_entries, "index entry", "index entries"));
  if (result.damage_count > 0) {
    context.out << fmt::format(
        "Nothing was changed. `brokerlab log recover {}` cuts a log at its first bad batch and\n"
        "rebuilds indexes; a replica elsewhere may still have what that would cut.\n",
        dir);
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
  context.status = result->damage_count == 0 ? exit_pass : exit_fail;
}

}  // namespace

void add_log_verify(CLI::App& log, Context& context) {
  const auto target = std::make_shared<LogTarget>();
  CLI::App* command = log.add_subcommand(
      "verify", "Read everything and list damage; exit status 1 when there is some");
  add_target(*command, *target);
  command->callback([&context, target] { verify(context, *target); });
}

}  // namespace brokerlab::cli

// brokerlab lint FILE...: scenarios, or what import takes
#include "base/translation.h"
#include "cli/command_line.h"
#include "plan/files/import.h"
#include "plan/lint/lint.h"
#include "scenarios/loader.h"
#include "scenarios/text_file.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace brokerlab::cli {
namespace {

struct LintArguments {
  std::vector<std::string> files;
  bool json = false;
  bool rules = false;
};

/// Of a server.properties and the like: what import makes of it; else nothing.
std::optional<plan::Imported> imported_from(Context& context, const std::string& file) {
  if (!std::filesystem::is_regular_file(file)) return std::nullopt;
  auto text = scenarios::read_text_file(file);
  if (!text || plan::kind_of(*text) == plan::FileKind::unknown) return std::nullopt;
  plan::Imported imported = plan::import_files({{file, std::move(text).value()}}, "imported");
  for (const plan::Remark& remark : imported.remarks) {
    context.err << plan::to_text(remark) << "\n";
  }
  return imported;
}

int lint_one(Context& context, const std::string& file, bool json) {
  const std::optional<plan::Imported> imported = imported_from(context, file);
  if (imported && !imported->errors.empty()) return refuse(context, imported->errors);
  const plan::Linted linted{file, imported ? imported->scenario : std::string()};
  scenarios::Loaded loaded;
  if (!linted.imported.empty()) {
    loaded = scenarios::parse_scenario(linted.imported, file, ".");
  } else {
    const auto path = scenarios::find_scenario(file);
    if (!path) return refuse(context, {path.error()});
    loaded = scenarios::load_scenario(*path);
  }
  if (!loaded.scenario) return refuse(context, loaded.errors);
  const std::vector<plan::Finding> findings =
      plan::lint(*loaded.scenario, imported ? imported->origin : plan::Origin::scenario);
  context.out << (json ? plan::lint_json(findings, linted) : plan::lint_text(findings, linted));
  return findings.empty() ? exit_pass : exit_fail;
}

int lint(Context& context, const LintArguments& arguments) {
  if (arguments.rules) {
    context.out << (arguments.json ? plan::rules_json() : plan::rules_text());
    return exit_pass;
  }
  if (arguments.files.empty()) {
    context.err << tr("brokerlab lint needs a scenario, or --rules") << "\n";
    return exit_bad_input;
  }
  int status = exit_pass;
  for (const std::string& file : arguments.files) {
    status = std::max(status, lint_one(context, file, arguments.json));
  }
  return status;
}

}  // namespace

void add_lint(Command app, Context& context) {
  const auto arguments = std::make_shared<LintArguments>();
  const Command command =
      app.sub("lint", tr("Find what in a scenario will hurt, and how to see it"));
  command.option("scenarios", arguments->files,
                 tr("Names of the library, or files; a server.properties, too"));
  command.flag("--rules", arguments->rules, tr("List what is looked for"));
  command.flag("--json", arguments->json, tr("As JSON, one object a line"));
  command.footer(tr("Exit status: 0 nothing found, 1 something, 3 a file is wrong."));
  command.run([&context, arguments] { context.status = lint(context, *arguments); });
}

}  // namespace brokerlab::cli

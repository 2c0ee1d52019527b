// brokerlab lint FILE...
#include "base/translation.h"
#include "cli/command_line.h"
#include "plan/lint/lint.h"
#include "scenarios/loader.h"

#include <algorithm>
#include <memory>
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
    const auto path = scenarios::find_scenario(file);
    if (!path) {
      status = std::max(status, refuse(context, {path.error()}));
      continue;
    }
    const scenarios::Loaded loaded = scenarios::load_scenario(*path);
    if (!loaded.scenario) {
      status = std::max(status, refuse(context, loaded.errors));
      continue;
    }
    const std::vector<plan::Finding> findings = plan::lint(*loaded.scenario);
    context.out << (arguments.json ? plan::lint_json(findings, file)
                                   : plan::lint_text(findings, file));
    if (!findings.empty()) status = std::max(status, exit_fail);
  }
  return status;
}

}  // namespace

void add_lint(Command app, Context& context) {
  const auto arguments = std::make_shared<LintArguments>();
  const Command command =
      app.sub("lint", tr("Find what in a scenario will hurt, and how to see it"));
  command.option("scenarios", arguments->files, tr("Names of the library, or files"));
  command.flag("--rules", arguments->rules, tr("List what is looked for"));
  command.flag("--json", arguments->json, tr("As JSON, one object a line"));
  command.footer(tr("Exit status: 0 nothing found, 1 something, 3 a file is wrong."));
  command.run([&context, arguments] { context.status = lint(context, *arguments); });
}

}  // namespace brokerlab::cli

#include "cli/command_line.h"

#include "base/installation.h"
#include "base/integer_text.h"
#include "base/translation.h"

#include <fmt/format.h>

#include <optional>
#include <ostream>

namespace brokerlab::cli {
namespace {

/// What --lang says, so that mistakes elsewhere on the line are told in that language, too.
std::optional<std::string> language_in(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool apart = arguments[i] == "--lang" && i + 1 < arguments.size();
    const std::string given = apart ? arguments[i + 1] : arguments[i];
    if (apart ? given == "ko" : given == "--lang=ko") return "ko";
    if (apart ? given == "en" : given == "--lang=en") return "en";
  }
  return std::nullopt;
}

}  // namespace

Check whole_number(std::int64_t least, std::int64_t most) {
  return [least, most](const std::string& text) {
    const auto number = parse_integer<std::int64_t>(text);
    if (number && *number >= least && *number <= most) return std::string();
    return tr("{}: must be a whole number from {} to {}", text, least, most);
  };
}

std::string not_empty(const std::string& text) {
  return text.empty() ? tr("\"\" names no file") : std::string();
}

int refuse(Context& context, const Problems& problems) {
  context.err << to_text(problems);
  context.err << context.say(
      fmt::format("{} {} found; nothing was done\n", problems.size(),
                  problems.size() == 1 ? "mistake" : "mistakes"),
      fmt::format("잘못된 곳이 {}군데 있어 아무것도 하지 않았습니다\n", problems.size()));
  return exit_bad_input;
}

int run_command(const std::vector<std::string>& arguments, Context context) {
  const std::optional<std::string> said = language_in(arguments);
  context.language_said = said.has_value();
  context.language = said.value_or(context.language);
  const Speaking speaking(language_of(context.language));
  CommandLine line("brokerlab", tr("brokerlab: Kafka clusters, simulated to be understood"),
                   "brokerlab " + std::string(version()));
  const Command app = line.root();
  app.needs_sub();
  app.option("--lang", context.language, tr("en or ko: the language of everything that is told"))
      .one_of({"en", "ko"});
  add_demo(app, context);
  add_run(app, context);
  add_scenarios(app, context);
  add_hardware(app, context);
  add_trace(app, context);
  add_why(app, context);
  add_export(app, context);
  add_compare(app, context);
  add_fork(app, context);
  add_live(app, context);
  add_act(app, context);
  add_report(app, context);
  add_view(app, context);
  add_lab(app, context);
  add_log(app, context);
  add_topology(app, context);
  add_sweep(app, context);
  add_limit(app, context);
  add_links(app, context);
  add_plan(app, context);
  add_fuzz(app, context);
  add_lint(app, context);
  add_import(app, context);
  app.footer(
      tr("Exit status: 0 pass, 1 fail, 2 unknown, 3 wrong input, 4 other trouble.\n"
         "Begin with: brokerlab demo"));
  return line.parse(arguments, context.out, context.err) ? context.status : exit_bad_input;
}

}  // namespace brokerlab::cli

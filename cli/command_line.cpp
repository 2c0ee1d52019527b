#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <ostream>
#include <span>

namespace brokerlab::cli {
namespace {

/// A word that should be a command of `app` and is none, or such a word behind one that is: say
/// which was meant rather than what CLI11 expected.
bool unknown_command(const CLI::App& app, std::span<const std::string> arguments,
                     Context& context) {
  if (arguments.empty() || arguments.front().empty() || arguments.front().front() == '-') {
    return false;
  }
  std::vector<std::string> known;
  std::string list;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == arguments.front()) {
      return command->get_require_subcommand_min() > 0 &&
             unknown_command(*command, arguments.subspan(1), context);
    }
    known.push_back(command->get_name());
    list += (list.empty() ? "" : ", ") + command->get_name();
  }
  const std::string near = nearest_name(arguments.front(), known);
  const std::string parent = app.get_parent() == nullptr ? "" : app.get_name() + " ";
  context.err << fmt::format(
      "brokerlab: there is no command \"{}{}\"; {}\n", parent, arguments.front(),
      near.empty() ? "commands are " + list
                   : fmt::format("did you mean \"{}{}\"? Commands are {}", parent, near, list));
  return true;
}

}  // namespace

std::function<std::string(const std::string&)> whole_number(std::int64_t least, std::int64_t most) {
  return [least, most](const std::string& text) {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = code == std::errc{} && end == text.data() + text.size();
    if (whole && number >= least && number <= most) return std::string();
    return fmt::format("{}: must be a whole number from {} to {}", text, least, most);
  };
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
  CLI::App app{"brokerlab: Kafka clusters, simulated to be understood", "brokerlab"};
  app.require_subcommand(1);
  app.fallthrough();  // --lang may stand behind a command too
  app.set_version_flag("--version", "brokerlab 0.1.0");
  app.add_option("--lang", context.language, "en or ko, for what is told about a run")
      ->check(CLI::IsMember({"en", "ko"}));
  add_demo(app, context);
  add_run(app, context);
  add_scenarios(app, context);
  add_trace(app, context);
  add_why(app, context);
  add_view(app, context);
  add_lab(app, context);
  add_log(app, context);
  app.footer(
      "Exit status: 0 pass, 1 fail, 2 unknown, 3 wrong input, 4 other trouble.\n"
      "Begin with: brokerlab demo");
  if (unknown_command(app, arguments, context)) return exit_bad_input;
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, context.out, context.err) == 0 ? exit_pass : exit_bad_input;
  }
  return context.status;
}

}  // namespace brokerlab::cli

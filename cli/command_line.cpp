#include "cli/command_line.h"

#include "base/translation.h"
#include "cli/usage.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <ostream>
#include <span>

namespace brokerlab::cli {
namespace {

/// A word that should be a command of `app` and is none, or such a word behind one that is: say
/// which was meant rather than what CLI11 expected.
bool unknown_command(const CLI::App& app, std::span<const std::string> arguments,
                     const Context& context) {
  // --lang ko may stand before the command.
  while (!arguments.empty() && arguments.front().starts_with("--lang")) {
    arguments = arguments.subspan(std::min<std::size_t>(
        arguments.size(), arguments.front().find('=') == std::string::npos ? 2 : 1));
  }
  if (arguments.empty() || arguments.front().empty() || arguments.front().front() == '-') {
    return false;
  }
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == arguments.front()) {
      return command->get_require_subcommand_min() > 0 &&
             unknown_command(*command, arguments.subspan(1), context);
    }
    known.push_back(command->get_name());
  }
  const std::string list = fmt::format("{}", fmt::join(known, ", "));
  const std::string near = nearest_name(arguments.front(), known);
  const std::string parent = app.get_parent() == nullptr ? "" : app.get_name() + " ";
  const std::string wrong = parent + arguments.front();
  if (near.empty()) {
    context.err << context.say(
        fmt::format("brokerlab: there is no command \"{}\"; commands are {}\n", wrong, list),
        fmt::format("brokerlab: \"{}\" 명령은 없습니다. 쓸 수 있는 명령: {}\n", wrong, list));
  } else {
    context.err << context.say(
        fmt::format("brokerlab: there is no command \"{}\"; did you mean \"{}{}\"? Commands are "
                    "{}\n",
                    wrong, parent, near, list),
        fmt::format("brokerlab: \"{}\" 명령은 없습니다. \"{}{}\" 명령을 찾나요? 쓸 수 있는 명령: "
                    "{}\n",
                    wrong, parent, near, list));
  }
  return true;
}

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

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// A word like an option that the command which was named does not have: the same.
bool unknown_option(const CLI::App& app, const std::vector<std::string>& arguments,
                    const Context& context) {
  const CLI::App* command = &app;
  std::string called;
  std::vector<std::string> known = options_of(app);  // Its parents' options may follow a command.
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    for (const CLI::App* next : command->get_subcommands([](const CLI::App*) { return true; })) {
      if (next->get_name() != argument) continue;
      command = next;
      called += argument + " ";
      for (std::string& name : options_of(*command)) known.push_back(std::move(name));
      break;
    }
  }
  if (command->get_prefix_command()) return false;  // what follows is another program's
  for (const std::string& argument : arguments) {
    if (argument == "--") return false;
    // "-5" is a number, "-h" is CLI11's business; "-json" lacks a dash.
    const bool like_an_option = argument.size() > 2 && argument.front() == '-' &&
                                (argument[1] == '-' || (argument[1] >= 'a' && argument[1] <= 'z'));
    if (!like_an_option) continue;
    const std::string name = argument.substr(0, argument.find('='));
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = nearest_name(name[1] == '-' ? name : "-" + name, known);
    const std::string list = fmt::format("{}", fmt::join(options_of(*command), ", "));
    const std::string there = near.empty()
                                  ? context.say("options are " + list, "쓸 수 있는 옵션: " + list)
                                  : context.say(fmt::format("did you mean \"{}\"?", near),
                                                fmt::format("\"{}\" 옵션을 찾나요?", near));
    context.err << context.say(
        fmt::format("brokerlab: there is no option \"{}{}\"; {}\n", called, name, there),
        fmt::format("brokerlab: \"{}{}\" 옵션은 없습니다. {}\n", called, name, there));
    return true;
  }
  return false;
}

}  // namespace

std::function<std::string(const std::string&)> whole_number(std::int64_t least, std::int64_t most) {
  return [least, most](const std::string& text) {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = code == std::errc{} && end == text.data() + text.size();
    if (whole && number >= least && number <= most) return std::string();
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
  context.language = language_in(arguments).value_or(context.language);
  const Speaking speaking(language_of(context.language));
  CLI::App app{tr("brokerlab: Kafka clusters, simulated to be understood"), "brokerlab"};
  speak_help(app);
  app.require_subcommand(1);
  app.fallthrough();  // --lang may stand behind a command too
  app.set_version_flag("--version", "brokerlab 0.1.0", tr("Print the version and exit"));
  app.failure_message(
      [&app](const CLI::App*, const CLI::Error& error) { return usage_message(app, error); });
  app.add_option("--lang", context.language,
                 tr("en or ko: the language of everything that is told"))
      ->check(CLI::IsMember({"en", "ko"}));
  add_demo(app, context);
  add_run(app, context);
  add_scenarios(app, context);
  add_hardware(app, context);
  add_trace(app, context);
  add_why(app, context);
  add_export(app, context);
  add_view(app, context);
  add_lab(app, context);
  add_log(app, context);
  add_topology(app, context);
  app.footer(
      tr("Exit status: 0 pass, 1 fail, 2 unknown, 3 wrong input, 4 other trouble.\n"
         "Begin with: brokerlab demo"));
  if (unknown_command(app, arguments, context) || unknown_option(app, arguments, context)) {
    return exit_bad_input;
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, context.out, context.err) == 0 ? exit_pass : exit_bad_input;
  }
  return context.status;
}

}  // namespace brokerlab::cli

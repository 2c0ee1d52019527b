#include "cli/command.h"

#include "base/problem.h"
#include "base/translation.h"
#include "cli/columns.h"
#include "cli/rewording.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <span>

namespace brokerlab::cli {
namespace {

class SpokenFormatter : public CLI::Formatter {
 public:
  SpokenFormatter() {
    for (const char* label : {sentence("Usage"), sentence("Positionals"), sentence("OPTIONS"),
                              sentence("SUBCOMMAND"), sentence("REQUIRED"), sentence("Needs"),
                              sentence("Excludes"), sentence("TEXT"), sentence("INT")}) {
      this->label(label, translated(label));
    }
  }

  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    if (group == "Options") group = tr("Options");
    return Formatter::make_group(std::move(group), is_positional, std::move(options));
  }

  /// CLI11 counts bytes where a terminal counts columns, of which Hangul takes two for three bytes.
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    const std::string name = make_option_name(option, is_positional) + make_option_opts(option);
    const std::size_t width = get_column_width();
    const auto columns = static_cast<std::size_t>(columns_of(name)) + 2;
    const std::string gap =
        columns >= width ? "\n" + std::string(width, ' ') : std::string(width - columns, ' ');
    return "  " + name + gap + make_option_desc(option) + "\n";
  }

  /// CLI11 takes "TEXT:{en,ko}" for a type of its own, which has no label.
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = Formatter::make_option_opts(option);
    const std::size_t at = text.find("TEXT:{");
    if (at != std::string::npos) text.replace(at, 4, tr("TEXT"));
    return text;
  }

  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override {
    const std::string text = Formatter::make_subcommands(app, mode);
    constexpr std::string_view heading = "\nSubcommands:\n";
    if (!text.starts_with(heading)) return text;
    return "\n" + tr("Subcommands") + ":\n" + text.substr(heading.size());
  }
};

/// One of CLI11's sentences, with blanks, and ours in its place with the same ones.
struct Wording {
  std::string_view theirs;
  const char* ours;
};

constexpr Wording wordings[] = {
    {"A subcommand is required", sentence("a command is missing")},
    {"{} is required", sentence("{} is missing")},
    {"{} requires {}", sentence("{} is of use only together with {}")},
    {"{} excludes {}", sentence("{} and {} exclude each other")},
    {"The following argument was not expected: {}", sentence("nothing is known to do with: {}")},
    {"The following arguments were not expected: {}", sentence("nothing is known to do with: {}")},
    {"Could not convert: {} = {}", sentence("{}: must be a number, not \"{}\"")},
    {"The value {} is not an allowed value for {}",
     sentence("\"{}\" is not a value that {} can have")},
    {"{}: 1 required {} missing", sentence("{}: a value is missing ({})")},
    {"{}: {} not in {{}}", sentence("{}: \"{}\" must be one of {}")},
};

std::string in_our_words(std::string_view message) {
  for (const Wording& wording : wordings) {
    auto blanks = blanks_in(message, wording.theirs);
    if (!blanks) continue;
    if (blanks->empty()) return translated(wording.ours);
    // Of the choices: "en,ko".
    std::string& last = blanks->back();
    for (std::size_t at = last.find(','); at != std::string::npos; at = last.find(',', at + 1)) {
      if (at + 1 < last.size() && last[at + 1] != ' ') last.insert(at + 1, " ");
    }
    return filled(translated(wording.ours), *blanks);
  }
  return std::string(message);
}

void speak_help(CLI::App& app) {
  app.formatter(std::make_shared<SpokenFormatter>());
  app.set_help_flag("-h,--help", tr("Print this help and exit"));
}

/// What CLI11 found wrong, in plain words, with what to do next.
std::string usage_message(const CLI::App& app, const CLI::Error& error) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  std::string called;
  for (const CLI::App* at = command; at != nullptr; at = at->get_parent()) {
    called = at->get_name() + (called.empty() ? "" : " ") + called;
  }
  return in_our_words(error.what()) + "\n" + tr("See: {} --help", called) + "\n";
}

std::string say(std::string english, std::string korean) {
  return spoken() == Language::korean ? std::move(korean) : std::move(english);
}

/// A word that should be a command of `app` and is none, or such a word behind one that is: say
/// which was meant rather than what CLI11 expected.
bool unknown_command(const CLI::App& app, std::span<const std::string> arguments,
                     std::ostream& err) {
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
             unknown_command(*command, arguments.subspan(1), err);
    }
    known.push_back(command->get_name());
  }
  const std::string list = fmt::format("{}", fmt::join(known, ", "));
  const std::string near = nearest_name(arguments.front(), known);
  const std::string parent = app.get_parent() == nullptr ? "" : app.get_name() + " ";
  const std::string wrong = parent + arguments.front();
  if (near.empty()) {
    err << say(
        fmt::format("brokerlab: there is no command \"{}\"; commands are {}\n", wrong, list),
        fmt::format("brokerlab: \"{}\" 명령은 없습니다. 쓸 수 있는 명령: {}\n", wrong, list));
  } else {
    err << say(
        fmt::format("brokerlab: there is no command \"{}\"; did you mean \"{}{}\"? Commands are "
                    "{}\n",
                    wrong, parent, near, list),
        fmt::format("brokerlab: \"{}\" 명령은 없습니다. \"{}{}\" 명령을 찾나요? 쓸 수 있는 명령: "
                    "{}\n",
                    wrong, parent, near, list));
  }
  return true;
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
                    std::ostream& err) {
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
    const std::string there = near.empty() ? say("options are " + list, "쓸 수 있는 옵션: " + list)
                                           : say(fmt::format("did you mean \"{}\"?", near),
                                                 fmt::format("\"{}\" 옵션을 찾나요?", near));
    err << say(fmt::format("brokerlab: there is no option \"{}{}\"; {}\n", called, name, there),
               fmt::format("brokerlab: \"{}{}\" 옵션은 없습니다. {}\n", called, name, there));
    return true;
  }
  return false;
}

}  // namespace

Option Option::required() const {
  option_->required();
  return *this;
}

Option Option::check(Check check) const {
  option_->check(std::move(check));
  return *this;
}

Option Option::one_of(std::vector<std::string> values) const {
  option_->check(CLI::IsMember(std::move(values)));
  return *this;
}

Option Option::shows_default() const {
  option_->capture_default_str();
  return *this;
}

Option Option::values(int count) const {
  option_->expected(count);
  return *this;
}

Option Option::one_each() const {
  option_->allow_extra_args(false);
  return *this;
}

Option Option::needs(Option other) const {
  option_->needs(other.option_);
  return *this;
}

Option Option::excludes(Option other) const {
  option_->excludes(other.option_);
  return *this;
}

bool Option::given() const { return option_->count() > 0; }

Command Command::sub(const std::string& name, const std::string& what) const {
  return Command(*app_->add_subcommand(name, what));
}

void Command::needs_sub() const { app_->require_subcommand(1); }

Option Command::option(const std::string& name, std::string& value, const std::string& help) const {
  return Option(*app_->add_option(name, value, help));
}

Option Command::option(const std::string& name, std::int64_t& value,
                       const std::string& help) const {
  return Option(*app_->add_option(name, value, help));
}

Option Command::option(const std::string& name, std::optional<std::int64_t>& value,
                       const std::string& help) const {
  return Option(*app_->add_option(name, value, help));
}

Option Command::option(const std::string& name, std::vector<std::string>& value,
                       const std::string& help) const {
  return Option(*app_->add_option(name, value, help));
}

Option Command::flag(const std::string& name, bool& value, const std::string& help) const {
  return Option(*app_->add_flag(name, value, help));
}

void Command::footer(const std::string& text) const { app_->footer(text); }

void Command::before(std::function<void()> act) const {
  app_->parse_complete_callback(std::move(act));
}

void Command::run(std::function<void()> act) const { app_->callback(std::move(act)); }

void Command::leaves_rest() const {
  app_->prefix_command();
  app_->fallthrough(false);
  app_->set_help_flag();
}

std::vector<std::string> Command::rest() const { return app_->remaining(); }

CommandLine::CommandLine(const std::string& name, const std::string& what,
                         const std::string& version)
    : app_(std::make_unique<CLI::App>(what, name)) {
  speak_help(*app_);
  app_->fallthrough();  // --lang may stand behind a command too
  app_->set_version_flag("--version", version, tr("Print the version and exit"));
  app_->failure_message([app = app_.get()](const CLI::App*, const CLI::Error& error) {
    return usage_message(*app, error);
  });
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() { return Command(*app_); }

bool CommandLine::parse(const std::vector<std::string>& arguments, std::ostream& out,
                        std::ostream& err) {
  if (unknown_command(*app_, arguments, err) || unknown_option(*app_, arguments, err)) return false;
  try {
    app_->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app_->exit(error, out, err) == 0;
  }
  return true;
}

}  // namespace brokerlab::cli

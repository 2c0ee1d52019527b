#include "cli/usage.h"

#include "base/check.h"
#include "base/korean.h"
#include "base/translation.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <vector>

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

/// What stands in the blanks when `text` has the form; nothing when it has not.
std::optional<std::vector<std::string>> blanks_in(std::string_view text, std::string_view form) {
  std::vector<std::string> blanks;
  while (true) {
    const std::size_t blank = form.find("{}");
    if (blank == std::string_view::npos) {
      if (text != form) return std::nullopt;
      return blanks;
    }
    if (!text.starts_with(form.substr(0, blank))) return std::nullopt;
    text.remove_prefix(blank);
    form.remove_prefix(blank + 2);
    const std::string_view behind = form.substr(0, form.find("{}"));
    const std::size_t end = behind.empty() ? text.size() : text.find(behind);
    if (end == std::string_view::npos) return std::nullopt;
    blanks.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::string in_our_words(std::string_view message) {
  for (const Wording& wording : wordings) {
    const auto blanks = blanks_in(message, wording.theirs);
    if (!blanks) continue;
    std::string text = translated(wording.ours);
    std::size_t at = 0;
    for (const std::string& blank : *blanks) {
      at = text.find("{}", at);
      ENSURE(at != std::string::npos, "\"{}\" has too few blanks", wording.ours);
      text.replace(at, 2, blank);
      at += blank.size();
    }
    return with_particles(std::move(text));
  }
  return std::string(message);
}

}  // namespace

void speak_help(CLI::App& app) {
  app.formatter(std::make_shared<SpokenFormatter>());
  app.set_help_flag("-h,--help", tr("Print this help and exit"));
}

std::string usage_message(const CLI::App& app, const CLI::Error& error) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  std::string called;
  for (const CLI::App* at = command; at != nullptr; at = at->get_parent()) {
    called = at->get_name() + (called.empty() ? "" : " ") + called;
  }
  return in_our_words(error.what()) + "\n" + tr("See: {} --help", called) + "\n";
}

}  // namespace brokerlab::cli

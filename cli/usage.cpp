#include "cli/usage.h"

#include "base/translation.h"
#include "cli/rewording.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace brokerlab::cli {
namespace {

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value & 0xc0) != 0x80) columns += value >= 0xe3 ? 2 : 1;
  }
  return columns;
}

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
    const std::size_t columns = columns_of(name) + 2;
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

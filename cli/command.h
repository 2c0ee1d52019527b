// A command of the command line, with its arguments and what it does: our few words for what CLI11
// knows. CLI11 is a header of tens of thousands of lines, so only command.cpp sees it; the commands
// see this.
//
//   const Command command = app.sub("why", tr("Walk from an event back to its first cause"));
//   command.option("file", arguments->file, help).required();
//   command.run([&context, arguments] { why(context, *arguments); });
//
// Command and Option are handles, to be copied; both live as long as the CommandLine. What options
// write to lives until parse() has returned.
//
// Threads: none. Errors: a declaration that contradicts another is our bug and stops the program.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace brokerlab::cli {

/// What is wrong with a value, in plain words; empty: nothing.
using Check = std::function<std::string(const std::string&)>;

class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  Option required() const;
  Option check(Check check) const;
  Option one_of(std::vector<std::string> values) const;
  Option shows_default() const;         ///< Help tells the value that it has beforehand.
  Option values(int count) const;       ///< So many words behind it.
  Option one_each() const;              ///< A list: repeated, one value each time.
  Option needs(Option other) const;     ///< Of use only together with it.
  Option excludes(Option other) const;  ///< Both contradict each other.
  bool given() const;                   ///< While the command runs: it stood on the line.

 private:
  CLI::Option* option_;
};

class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  /// A command below this one; a second word on the line.
  Command sub(const std::string& name, const std::string& what) const;
  void needs_sub() const;  ///< Alone it is no command.

  // "--name", or "name": by its place. The value stays as it is when it is not given.
  Option option(const std::string& name, std::string& value, const std::string& help) const;
  Option option(const std::string& name, std::int64_t& value, const std::string& help) const;
  Option option(const std::string& name, std::optional<std::int64_t>& value,
                const std::string& help) const;
  Option option(const std::string& name, std::vector<std::string>& value,
                const std::string& help) const;
  Option flag(const std::string& name, bool& value, const std::string& help) const;

  void footer(const std::string& text) const;    ///< Below its help.
  void before(std::function<void()> act) const;  ///< Before it runs.
  void run(std::function<void()> act) const;     ///< What it does.
  void leaves_rest() const;  ///< What follows is another program's, --help and --lang too:
  std::vector<std::string> rest() const;  ///< these words.

 private:
  CLI::App* app_;
};

/// The whole of it: the root, and reading a line.
class CommandLine {
 public:
  CommandLine(const std::string& name, const std::string& what, const std::string& version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Command root();

  /// Runs the command that `arguments` name. False: there was none that could be run; why, and what
  /// to do next, has been printed to `err`. Help goes to `out`, and is a success.
  bool parse(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace brokerlab::cli

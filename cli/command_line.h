// The brokerlab command: arguments in, exit status out. One .cpp a command.
//
//   0 the run passed (or the command did what it should)
//   1 the run failed, or log verify found damage
//   2 the verdict is unknown
//   3 the input is wrong: usage, a scenario, a file; every mistake was listed
//   4 the command could not do its work for another reason
//
// Threads: none. Errors: printed to `err`, in plain words, never thrown out of run_command().
#pragma once

#include "base/problem.h"
#include "cli/command.h"

#include <iosfwd>
#include <limits>
#include <string>
#include <vector>

namespace brokerlab::cli {

inline constexpr int exit_pass = 0;
inline constexpr int exit_fail = 1;
inline constexpr int exit_unknown = 2;
inline constexpr int exit_bad_input = 3;
inline constexpr int exit_trouble = 4;

/// What a command is given beside its own arguments.
struct Context {
  std::ostream& out;
  std::ostream& err;
  std::string program;          ///< argv[0]; the viewer is looked for beside it.
  std::string language = "en";  ///< "en" or "ko".
  bool language_said = false;   ///< By --lang, rather than by the user's environment.
  int status = exit_pass;       ///< Set by the command that ran.
  std::istream* in = nullptr;   ///< What `log append` reads; null: standard input.

  /// The one of both in the user's language.
  std::string say(std::string english, std::string korean) const {
    return language == "ko" ? std::move(korean) : std::move(english);
  }
};

/// arguments: without the program's name.
int run_command(const std::vector<std::string>& arguments, Context context);

// Each adds its command to `app`; the callback does the work and sets context.status.
void add_run(Command app, Context& context);
void add_demo(Command app, Context& context);
void add_scenarios(Command app, Context& context);
void add_hardware(Command app, Context& context);
void add_trace(Command app, Context& context);
void add_why(Command app, Context& context);
void add_export(Command app, Context& context);
void add_compare(Command app, Context& context);
void add_fork(Command app, Context& context);
void add_live(Command app, Context& context);
void add_act(Command app, Context& context);
void add_report(Command app, Context& context);
void add_view(Command app, Context& context);
void add_lab(Command app, Context& context);
void add_log(Command app, Context& context);
void add_topology(Command app, Context& context);
void add_fuzz(Command app, Context& context);
void add_sweep(Command app, Context& context);
void add_limit(Command app, Context& context);
void add_links(Command app, Context& context);
void add_plan(Command app, Context& context);
void add_lint(Command app, Context& context);
void add_import(Command app, Context& context);

/// For Option::check(): a whole number in a range, or what is wrong in plain words.
Check whole_number(std::int64_t least,
                   std::int64_t most = std::numeric_limits<std::int64_t>::max());

/// For Option::check(): a file needs a name.
std::string not_empty(const std::string& text);

/// Lists problems, one a line, and returns exit_bad_input.
int refuse(Context& context, const Problems& problems);

}  // namespace brokerlab::cli

// brokerlab live SCENARIO: simulates at a pace while somebody watches and does things to it.
// brokerlab act FILE.run --do '{"kill_process": "broker-2"}': asks such a session for something.
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/live_session.h"
#include "cli/progress.h"
#include "cli/run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <ostream>
#include <spawn.h>
#include <thread>

extern char** environ;

namespace brokerlab::cli {
namespace {

namespace fs = std::filesystem;
using recording::LiveChannel;

struct LiveArguments {
  std::string scenario;
  std::string record;
  std::string pace = "1";
  std::string actions;
  std::vector<std::string> overrides;
  bool no_window = false;
  bool paused = false;
  bool quiet = false;
};

std::atomic<bool> interrupted = false;

/// While it lives, Ctrl-C and SIGTERM only tell: the session ends in good order.
class Interruptible {
 public:
  Interruptible() {
    interrupted = false;
    for (std::size_t i = 0; i < signals.size(); ++i) {
      before_[i] = std::signal(signals[i], [](int) { interrupted = true; });
      if (before_[i] == SIG_IGN) std::signal(signals[i], SIG_IGN);
    }
  }
  ~Interruptible() {
    for (std::size_t i = 0; i < signals.size(); ++i) std::signal(signals[i], before_[i]);
  }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
  std::array<void (*)(int), signals.size()> before_{};
};

/// "4", "4x", "0.5".
std::optional<double> pace_of(std::string_view words) {
  const std::string number(words.substr(0, words.find_last_not_of("x× ") + 1));
  char* end = nullptr;
  const double pace = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || !(pace >= slowest_pace && pace <= fastest_pace))
    return std::nullopt;
  return pace;
}

std::string wrong_pace(const std::string& words) {
  return pace_of(words) ? ""
                        : tr("must be a number of simulated seconds a second, from {} to {}",
                             slowest_pace, fastest_pace);
}

/// A name that nobody has yet: "exam_live_2.run".
std::string free_recording(const std::string& scenario) {
  for (int i = 1;; ++i) {
    std::string name =
        fmt::format("{}_live{}.run", scenario, i == 1 ? "" : "_" + std::to_string(i));
    std::error_code ignored;
    if (!fs::exists(name, ignored) && !fs::exists(ActionLog::path_of(name), ignored) &&
        !fs::exists(LiveChannel::path_of(name), ignored)) {
      return name;
    }
  }
}

/// The window; -1: there is none.
pid_t open_window(Context& context, const std::string& recording) {
  const auto viewer = viewer_program(context);
  if (!viewer) return -1;
  std::vector<std::string> words{*viewer, recording, "--live", "--lang=" + context.language};
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t window = -1;
  const int problem = posix_spawn(&window, viewer->c_str(), nullptr, nullptr, argv.data(), environ);
  if (problem == 0) return window;
  context.err << "brokerlab: " << tr("{} cannot be started: {}", *viewer, std::strerror(problem))
              << "\n";
  return -1;
}

/// What is simulated: a scenario as it is, or the one of an action log with what was done.
struct Wanted {
  scenarios::Scenario scenario;
  std::string folder;
  std::vector<Action> done;
};

std::optional<Wanted> find_wanted(Context& context, const LiveArguments& arguments) {
  const auto path = scenarios::find_scenario(arguments.scenario);
  if (!path) {
    context.status = refuse(context, {path.error()});
    return std::nullopt;
  }
  scenarios::LoadOptions options;
  options.overrides = arguments.overrides;
  Wanted wanted;
  wanted.folder = fs::path(*path).parent_path().string();
  auto loaded = scenarios::load_scenario(*path, options);
  if (!arguments.actions.empty()) {
    auto log = ActionLog::read(arguments.actions);
    if (!log) {
      context.status = refuse(context, {{{}, {}, {}, log.error()}});
      return std::nullopt;
    }
    // What was done was done to that very scenario.
    loaded = scenarios::parse_scenario(log->scenario, arguments.actions, wanted.folder, {});
    wanted.done = std::move(log->actions);
  }
  if (!arguments.quiet) {
    for (const Problem& warning : loaded.warnings) {
      context.err << tr("warning: {}", warning.text()) << "\n";
    }
  }
  if (!loaded.scenario) {
    context.status = refuse(context, loaded.errors);
    return std::nullopt;
  }
  wanted.scenario = std::move(*loaded.scenario);
  return wanted;
}

/// Until the run is over. Whoever closes the window has seen enough: the rest goes at full speed.
/// Returns the window that is still open, or -1.
pid_t go(Context& context, LiveSession& session, pid_t window, Duration duration, bool quiet) {
  std::optional<Progress> progress;
  if (!quiet) progress.emplace(context.err, progress_columns(), duration);
  while (session.look() && !interrupted) {
    if (progress && session.state().life > 0) progress->show(session.state().now);
    int status = 0;
    if (window > 0 && waitpid(window, &status, WNOHANG) == window) {
      window = -1;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) session.finish();
    }
    std::this_thread::sleep_for(10ms);
  }
  return window;
}

void tell_actions(std::ostream& out, const LiveSession& session, const std::string& recording) {
  if (session.actions() == 0) return;
  out << tr("What was done is in {}", ActionLog::path_of(recording)) << "\n";
}

void tell_end(Context& context, const LiveSession& session, const std::string& recording) {
  context.out << session.report() << tr("Recorded in {}", recording) << "\n";
  tell_actions(context.out, session, recording);
}

void live(Context& context, const LiveArguments& arguments) {
  const auto wanted = find_wanted(context, arguments);
  if (!wanted) return;
  const std::string recording =
      arguments.record.empty() ? free_recording(wanted->scenario.name) : arguments.record;
  recording::LiveWish wish;
  wish.pace = pace_of(arguments.pace).value_or(1);
  wish.paused = arguments.paused;
  const Interruptible until_ctrl_c;
  auto session =
      LiveSession::begin(wanted->scenario, wanted->folder, recording, wish, wanted->done);
  if (!session) {
    context.status = refuse(context, {{{}, {}, {}, session.error()}});
    return;
  }
  if (!arguments.quiet) {
    context.out << tr("Live in {}; from another terminal: brokerlab act {}", recording, recording)
                << std::endl;  // seen at once, whoever reads it
  }
  const pid_t window = arguments.no_window ? -1 : open_window(context, recording);
  const pid_t open = go(context, *session, window, wanted->scenario.duration, arguments.quiet);
  if (interrupted) {
    context.err << "brokerlab: " << tr("interrupted; {} was not written", recording) << "\n";
    tell_actions(context.err, *session, recording);
    context.status = exit_trouble;
    return;
  }
  context.status = session->status();
  if (!session->state().problem.empty()) {
    context.err << "brokerlab: " << session->state().problem << "\n";
    return;
  }
  if (!arguments.quiet) tell_end(context, *session, recording);
  // It shows the whole recording now, for as long as somebody looks at it.
  if (open > 0) waitpid(open, nullptr, 0);
}

struct ActArguments {
  std::string file;
  std::string deed;
  std::string pace;
  std::string save;
  bool pause = false;
  bool resume = false;
  bool finish = false;
};

/// Says what the session answers; false: it was refused, the status is set.
bool ask(Context& context, LiveChannel& channel, const Json& command) {
  constexpr auto patience = 30s;
  const auto id = channel.ask(json_text(command));
  const auto end = std::chrono::steady_clock::now() + patience;
  while (id && channel.simulated() && std::chrono::steady_clock::now() < end) {
    const auto answer = channel.answer_to(*id);
    if (!answer) {
      std::this_thread::sleep_for(10ms);
      continue;
    }
    if (answer->done) {
      context.out << answer->words << "\n";
      return true;
    }
    context.status = refuse(context, {{{}, {}, {}, answer->words}});
    return false;
  }
  context.err << "brokerlab: " << tr("nobody answers") << "\n";
  context.status = exit_trouble;
  return false;
}

void act(Context& context, const ActArguments& arguments) {
  std::vector<Json> commands;
  if (!arguments.deed.empty()) {
    const Json deed = json_from(arguments.deed);
    if (!deed.is_object()) {
      context.status = refuse(
          context, {{"--do", {}, arguments.deed, tr("must be a fault as scenarios have it")}});
      return;
    }
    commands.push_back({{"do", deed}});
  }
  if (const auto pace = pace_of(arguments.pace)) commands.push_back({{"pace", *pace}});
  if (arguments.pause) commands.push_back({{"pause", true}});
  if (arguments.resume) commands.push_back({{"pause", false}});
  if (!arguments.save.empty()) {
    commands.push_back({{"save", fs::absolute(arguments.save).string()}});
  }
  if (arguments.finish) commands.push_back({{"finish", true}});
  if (commands.empty()) {
    context.status = refuse(
        context, {{{},
                   {},
                   {},
                   tr("what is to be done? --do, --pace, --pause, --resume, --save, --finish")}});
    return;
  }
  auto channel = LiveChannel::join(arguments.file);
  if (!channel) {
    context.status = refuse(context, {{{}, {}, {}, channel.error()}});
    return;
  }
  for (const Json& command : commands) {
    if (!ask(context, *channel, command)) return;
  }
}

}  // namespace

void add_live(Command app, Context& context) {
  const auto arguments = std::make_shared<LiveArguments>();
  const Command command =
      app.sub("live", tr("Simulate at a pace, watch, and do things to it meanwhile"));
  command.option("scenario", arguments->scenario, tr("A name of the library, or a file"))
      .required();
  command.option("--record", arguments->record,
                 tr("The recording; else NAME_live.run, or the next name that is free"));
  command.option("--pace", arguments->pace, tr("Simulated seconds a second"))
      .shows_default()
      .check(wrong_pace);
  command.flag("--paused", arguments->paused, tr("Time stands still at first"));
  command
      .option("--set", arguments->overrides,
              tr("path=value; changes one value of the scenario; may be repeated"))
      .one_each();
  command.option("--actions", arguments->actions,
                 tr("Do again what was done in an earlier session (FILE.run.actions.jsonl)"));
  command.flag("--no-window", arguments->no_window, tr("Without the window: see brokerlab act"));
  command.flag("--quiet", arguments->quiet, tr("Only the exit status"));
  command.run([&context, arguments] { live(context, *arguments); });
}

void add_act(Command app, Context& context) {
  const auto arguments = std::make_shared<ActArguments>();
  const Command command = app.sub("act", tr("Do something to a run that is simulated live"));
  command.option("file", arguments->file, tr("Its recording, as brokerlab live has told"))
      .required();
  command.option("--do", arguments->deed,
                 tr("Done now: a fault as JSON, as scenarios have it, or a spike or put_right"));
  command.option("--pace", arguments->pace, tr("Simulated seconds a second")).check(wrong_pace);
  command.flag("--pause", arguments->pause, tr("Time stands still"));
  command.flag("--resume", arguments->resume, tr("Time goes on"));
  command.option("--save", arguments->save,
                 tr("Keep the scenario with all that was done in this file"));
  command.flag("--finish", arguments->finish, tr("The rest as fast as it can"));
  command.run([&context, arguments] { act(context, *arguments); });
}

}  // namespace brokerlab::cli

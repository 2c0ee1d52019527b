#include "cli/live_session.h"

#include "base/file_replacement.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/deeds.h"
#include "cli/run.h"
#include "recording/recording.h"
#include "scenarios/loader.h"
#include "scenarios/runner.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>
#include <unistd.h>
#include <utility>

namespace brokerlab::cli {
namespace {

namespace fs = std::filesystem;
using recording::LiveAnswer;
using recording::LiveChannel;
using recording::LiveState;
using recording::LiveWish;

/// So often it is looked whether the pace has changed; what a watcher feels as at once.
constexpr auto look_every = 20ms;

/// Deeds fall on whole milliseconds: they can be read and written by hand.
Time next_millisecond(Time t) {
  const Duration since = t.time_since_epoch();
  const Duration whole = since / Duration(1ms) * Duration(1ms);
  return Time(whole == since ? whole : whole + 1ms);
}

/// Lets simulated time pass at the wished pace, by holding the run up.
class Pacer {
 public:
  explicit Pacer(const LiveChannel& channel) : channel_(channel) {}

  void hold(Time now) {
    using Clock = std::chrono::steady_clock;
    while (true) {
      const LiveWish wish = channel_.wish();
      if (wish.full_speed) return;
      const auto clock = Clock::now();
      if (wish.paused || wish.pace != pace_ || !begun_) {
        begun_ = clock;
        since_ = now;
        pace_ = wish.pace;
      }
      if (!wish.paused) {
        const auto due =
            *begun_ + std::chrono::duration_cast<Clock::duration>((now - since_) / pace_);
        if (clock >= due) {
          // A run that cannot keep the pace does not hurry afterwards.
          if (clock > due + 1s) begun_.reset();
          return;
        }
        std::this_thread::sleep_for(std::min<Clock::duration>(due - clock, look_every));
      } else {
        std::this_thread::sleep_for(look_every);
      }
    }
  }

 private:
  const LiveChannel& channel_;
  std::optional<std::chrono::steady_clock::time_point> begun_;
  Time since_{};
  double pace_ = 1;
};

struct Life {
  std::string recording;  ///< Of the session.
  std::string path;       ///< Of this life's own recording.
  int number = 1;
  Time present{};  ///< Up to there it is repeated, and nothing is new.
};

/// In the process of its own. Returns how it exits.
int live(const scenarios::Scenario& scenario, const Life& life, int said) {
  const auto say = [said](const std::string& text) {
    (void)!write(said, text.data(), text.size());
  };
  auto channel = LiveChannel::join(life.recording);
  if (!channel) {
    say(channel.error());
    return exit_trouble;
  }
  Pacer pacer(*channel);
  scenarios::RunOptions options;
  options.record = life.path;
  options.record_grows = true;
  auto told = std::chrono::steady_clock::now() - 1s;
  options.progress = [&](Time now) {
    LiveState state;
    state.recording = life.path;
    state.life = life.number;
    state.now = now;
    if (now <= life.present) return;  // What was done at that instant comes behind this call.
    // Without a pace there are thousands of steps a second: nobody sees so many.
    const auto clock = std::chrono::steady_clock::now();
    const bool full_speed = channel->wish().full_speed;
    state.doing = full_speed ? LiveState::Doing::finishing : LiveState::Doing::running;
    if (full_speed && clock - told < look_every) return;
    told = clock;
    channel->tell(state);
    pacer.hold(now);
  };
  const auto report = scenarios::run(scenario, options);
  if (!report) {
    say(report.error());
    return exit_trouble;
  }
  say(report->text());
  return exit_status(report->verdict);
}

std::string text_of(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  off_t at = 0;
  for (ssize_t got = 0; (got = pread(file, buffer.data(), buffer.size(), at)) > 0; at += got) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

void remove_recording(const std::string& path) {
  unlink(path.c_str());
  unlink((path + FileReplacement::suffix).c_str());
}

std::string first_of(const Problems& problems) {
  return problems.empty() ? std::string() : problems.front().text();
}

}  // namespace

Result<ActionLog, std::string> ActionLog::read(const std::string& path) {
  std::ifstream in(path);
  if (!in) return fail(tr("{}: cannot be read", path));
  ActionLog log;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const Json json = json_from(line);
    const bool first = number == 1;
    const char* key = first ? "scenario" : "do";
    if (!json.is_object() || !json.contains(key) || !json[key].is_object()) {
      return fail(tr("{}: line {}: must be an object with \"{}\"", path, number, key));
    }
    if (first) {
      log.scenario = json_text(json["scenario"], 2);
      continue;
    }
    const auto at = json.contains("at") && json["at"].is_string()
                        ? parse_duration(json["at"].get<std::string>())
                        : parse_duration("");
    if (!at) return fail(tr("{}: line {}: at: {}", path, number, at.error()));
    log.actions.push_back({Time(*at), json_text(json["do"])});
  }
  if (number == 0) return fail(tr("{}: is empty", path));
  return log;
}

Result<LiveSession, std::string> LiveSession::begin(const scenarios::Scenario& scenario,
                                                    const std::string& folder,
                                                    const std::string& path, const LiveWish& wish,
                                                    const std::vector<Action>& done) {
  // What is there stays until the run is over; whether it may be replaced is asked now.
  if (auto tried = recording::Recording::create(path); !tried) return fail(tried.error());
  std::error_code ignored;
  const std::string log = ActionLog::path_of(path);
  if (done.empty() && fs::exists(log, ignored)) {
    return fail(tr("{} is there already, of an earlier session; choose another name", log));
  }
  auto channel = LiveChannel::create(path);
  if (!channel) return fail(channel.error());
  LiveSession session(std::move(*channel), {path, folder}, scenarios::effective_text(scenario),
                      scenario);
  session.wish_ = wish;
  session.channel_.wish(wish);
  session.channel_.tell(session.state_);
  for (const Action& action : done) {
    session.state_.now = action.at;
    const LiveAnswer answer = session.act(action.deed);
    if (!answer.done) return fail(answer.words);
  }
  session.state_ = {};
  if (const auto started = session.start_life(Time{}); !started) return fail(started.error());
  return session;
}

LiveSession::LiveSession(LiveChannel channel, Paths paths, std::string scenario,
                         scenarios::Scenario loaded)
    : channel_(std::move(channel)),
      paths_(std::move(paths)),
      original_(scenario),
      scenario_(std::move(scenario)),
      loaded_(std::move(loaded)) {}

LiveSession::LiveSession(LiveSession&& other) noexcept
    : channel_(std::move(other.channel_)),
      paths_(std::move(other.paths_)),
      original_(std::move(other.original_)),
      scenario_(std::move(other.scenario_)),
      loaded_(std::move(other.loaded_)),
      actions_(std::move(other.actions_)),
      state_(std::move(other.state_)),
      wish_(other.wish_),
      child_(std::exchange(other.child_, -1)),
      said_(std::exchange(other.said_, -1)),
      life_(std::exchange(other.life_, 0)),
      shown_life_(other.shown_life_),
      status_(other.status_),
      report_(std::move(other.report_)) {}

LiveSession::~LiveSession() {
  end_life();
  for (int life = 1; life <= life_; ++life) remove_recording(life_path(life));
}

std::string LiveSession::life_path(int life) const {
  return fmt::format("{}.life{}", paths_.recording, life);
}

Status<std::string> LiveSession::start_life(Time present) {
  const Life life{paths_.recording, life_path(life_ + 1), life_ + 1, present};
  said_ = memfd_create("said", MFD_CLOEXEC);
  if (said_ < 0) return fail(tr("no process: {}", std::strerror(errno)));
  std::cout.flush();  // or the child would print it again
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process < 0) return fail(tr("no process: {}", std::strerror(errno)));
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(exit_trouble);
    // No destructors of the parent's: the channel and the terminal are not this process's.
    _exit(live(loaded_, life, said_));
  }
  child_ = process;
  ++life_;
  return {};
}

void LiveSession::end_life() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    if (life_ != shown_life_) remove_recording(life_path(life_));
  }
  if (said_ >= 0) close(std::exchange(said_, -1));
}

bool LiveSession::look() {
  if (state_.doing == LiveState::Doing::ended) return false;
  if (const auto told = channel_.state(); told && told->life == life_) {
    state_ = *told;
    if (shown_life_ != life_) {
      // Who watches opens the new one when it is told of; what is open stays readable.
      for (int life = std::max(shown_life_, 1); life < life_; ++life) {
        remove_recording(life_path(life));
      }
      shown_life_ = life_;
    }
  }
  for (const auto& command : channel_.unanswered()) {
    channel_.answer(command.id, obey(command.words));
  }
  int status = 0;
  const pid_t ended = child_ > 0 ? waitpid(child_, &status, WNOHANG) : 0;
  if (ended == 0 || (ended < 0 && errno == EINTR)) return true;
  child_ = -1;
  bury(status);
  return false;
}

void LiveSession::bury(int status) {
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : exit_trouble;
  const std::string said = text_of(said_);
  close(std::exchange(said_, -1));
  state_.doing = LiveState::Doing::ended;
  state_.recording = paths_.recording;
  const std::string own = life_path(life_);
  if (status_ <= exit_unknown) {
    report_ = said;
    if (std::rename(own.c_str(), paths_.recording.c_str()) != 0) {
      status_ = exit_trouble;
      state_.problem = tr("cannot write {}: {}", paths_.recording, std::strerror(errno));
    }
    state_.now = Time(loaded_.duration);
  } else {
    state_.problem = said.empty() ? tr("the run of {} ended abnormally", loaded_.name) : said;
  }
  remove_recording(own);
  channel_.tell(state_);
}

void LiveSession::finish() {
  wish_.paused = false;
  wish_.full_speed = true;
  channel_.wish(wish_);
}

LiveAnswer LiveSession::obey(const std::string& words) {
  const Json command = json_from(words);
  if (!command.is_object() || command.size() != 1) {
    return {false, tr("{}: must be an object with one command", words)};
  }
  const std::string& name = command.begin().key();
  const Json& value = command.begin().value();
  if (name == "do") return act(json_text(value));
  if (name == "pace") {
    const double pace = value.is_number() ? value.get<double>() : 0;
    if (!(pace >= slowest_pace && pace <= fastest_pace)) {
      return {false, tr("pace {}: must be a number from {} to {}", json_text(value), slowest_pace,
                        fastest_pace)};
    }
    wish_.pace = pace;
    channel_.wish(wish_);
    return {true, tr("{} simulated seconds a second", pace)};
  }
  if (name == "pause" && value.is_boolean()) {
    wish_.paused = value.get<bool>();
    channel_.wish(wish_);
    return {true, wish_.paused ? tr("time stands still") : tr("time goes on")};
  }
  if (name == "save" && value.is_string()) {
    const auto path = value.get<std::string>();
    const auto saved = save_scenario(path, json_from(scenario_), paths_.folder);
    if (!saved) return {false, fmt::format("{}: {}", path, saved.error())};
    return {true, tr("the scenario with all that was done is in {}", path)};
  }
  if (name == "finish" && value.is_boolean()) {
    finish();
    return {true, tr("the rest goes as fast as it can")};
  }
  return {false, tr("{}: must be do, pace, pause, save or finish", words)};
}

LiveAnswer LiveSession::act(const std::string& words) {
  const Json deed = json_from(words);
  const bool catching_up = life_ > 0 && state_.doing == LiveState::Doing::catching_up;
  const Time at = next_millisecond(catching_up ? state_.present : state_.now);
  if (at >= Time(loaded_.duration)) return {false, tr("the run is over")};
  if (deed.is_object() && deed.contains("at")) {
    return {false, tr("at: is the present moment, and not to be said")};
  }
  Json changed = json_from(scenario_);
  if (const auto put = put_deed(changed, loaded_, at, deed); !put) return {false, put.error()};
  forget_lesson(changed);
  const std::string text = json_text(changed, 2);
  auto loaded = scenarios::parse_scenario(text, paths_.recording, paths_.folder);
  if (!loaded.scenario) return {false, first_of(loaded.errors)};
  const Action action{at, words};
  if (const auto written = write_action(action); !written) return {false, written.error()};
  actions_.push_back(action);
  end_life();
  scenario_ = text;
  loaded_ = std::move(*loaded.scenario);
  // Where the present is: what was seen up to now is repeated first.
  state_.doing = LiveState::Doing::catching_up;
  state_.present = at;
  channel_.tell(state_);
  if (life_ > 0) {  // else nothing has begun yet
    if (const auto started = start_life(at); !started) return {false, started.error()};
  }
  return {true, tr("done at {}", to_text(at.time_since_epoch()))};
}

Status<std::string> LiveSession::write_action(const Action& action) const {
  const std::string path = ActionLog::path_of(paths_.recording);
  std::ofstream out(path, actions_.empty() ? std::ios::trunc : std::ios::app);
  if (actions_.empty()) out << json_text(Json{{"scenario", json_from(original_)}}) << "\n";
  out << json_text(
             Json{{"at", to_text(action.at.time_since_epoch())}, {"do", json_from(action.deed)}})
      << "\n";
  out.flush();
  if (out) return {};
  return fail(tr("cannot write {}: {}", path, std::strerror(errno)));
}

}  // namespace brokerlab::cli

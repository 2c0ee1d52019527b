#include "base/translation.h"
#include "scenarios/runner.h"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <optional>
#include <poll.h>
#include <sstream>
#include <unistd.h>

namespace brokerlab::scenarios {
namespace {

// What a child says: a dot for each hundredth of the way, then 'e' and what kept the run from
// happening, or 'r', the number of exposures, a line for each, and the report.
constexpr char hundredth = '.';

/// False: nobody listens any more.
bool tell(int pipe_end, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(pipe_end, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

std::string answer_of(const ApartJob& job, int pipe_end) {
  std::string exposures = "0\n";
  RunOptions options;
  options.record = job.record;
  int told = 0;
  options.progress = [&](Time now) {
    const int share = static_cast<int>(now.time_since_epoch() * 100 / job.scenario.duration);
    for (; told < std::min(share, 100); ++told) {
      if (!tell(pipe_end, {&hundredth, 1})) _exit(1);
    }
  };
  if (job.exposed) {
    options.exposed = [&](const std::vector<Exposed>& all) {
      exposures = std::to_string(all.size()) + "\n";
      for (const Exposed& one : all) {
        exposures += fmt::format("{} {} {}\n", one.leader, one.from.time_since_epoch().count(),
                                 one.until.time_since_epoch().count());
      }
    };
  }
  const auto report = run(job.scenario, options);
  if (!report) return "e" + report.error();
  return "r" + exposures + report->json();
}

/// Ends the child without the parent's destructors: the engine and the files are the parent's.
[[noreturn]] void be_child(const ApartJob& job, int pipe_end) {
  std::signal(SIGPIPE, SIG_IGN);
  _exit(tell(pipe_end, answer_of(job, pipe_end)) ? 0 : 1);
}

struct Child {
  std::size_t job = 0;
  pid_t pid = 0;
  int pipe_end = -1;
  std::string said;

  double share() const {
    return static_cast<double>(std::min(said.find_first_not_of(hundredth), said.size())) / 100;
  }
};

Result<Child, std::string> start(const std::vector<ApartJob>& jobs, std::size_t job) {
  int ends[2];
  if (pipe(ends) != 0) return fail(tr("no pipe: {}", std::strerror(errno)));
  std::cout.flush();  // or the child would print it again
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    be_child(jobs[job], ends[1]);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return fail(tr("no process: {}", std::strerror(errno)));
  }
  return Child{job, pid, ends[0], {}};
}

/// Waits for its end; true: as it should be.
bool bury(Child& child) {
  close(child.pipe_end);
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Result<ApartRun, std::string> understand(const std::string& said, const std::string& name) {
  const std::size_t begin = said.find_first_not_of(hundredth);
  if (begin == std::string::npos) return fail(tr("the run of {} said nothing", name));
  if (said[begin] == 'e') return fail(said.substr(begin + 1));
  std::istringstream text(said.substr(begin + 1));
  std::size_t count = 0;
  text >> count;
  ApartRun run;
  for (std::size_t i = 0; i < count; ++i) {
    Exposed one;
    std::int64_t from = 0;
    std::int64_t until = 0;
    text >> one.leader >> from >> until;
    one.from = Time(Duration(from));
    one.until = Time(Duration(until));
    run.exposed.push_back(std::move(one));
  }
  text.ignore(1);  // the end of the line
  std::ostringstream rest;
  rest << text.rdbuf();
  run.report = rest.str();
  return run;
}

/// The children of one call, and what is still to be started.
class Crowd {
 public:
  Crowd(const std::vector<ApartJob>& jobs,
        const std::function<bool(std::size_t, Result<ApartRun, std::string>)>& done)
      : jobs_(jobs), done_(done), wanted_(jobs.size()) {}
  ~Crowd() {
    for (Child& child : children_) end(child);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void run(const std::function<void(double)>& progress) {
    const auto cores = static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    while (true) {
      while (next_ < wanted_ && children_.size() < cores) start_next();
      if (children_.empty()) return;
      listen();
      if (progress) progress(share());
    }
  }

 private:
  void start_next() {
    auto child = start(jobs_, next_);
    if (child) {
      children_.push_back(std::move(*child));
    } else {
      finish(next_, fail(child.error()));
    }
    ++next_;
  }

  void listen() {
    std::vector<pollfd> ends;
    for (const Child& child : children_) ends.push_back({child.pipe_end, POLLIN, 0});
    if (poll(ends.data(), ends.size(), -1) < 0) return;  // interrupted: look again
    for (std::size_t i = ends.size(); i-- > 0;) {
      if (ends[i].revents == 0 || i >= children_.size()) continue;
      char buffer[65536];
      const ssize_t got = read(children_[i].pipe_end, buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got > 0) {
        children_[i].said.append(buffer, static_cast<std::size_t>(got));
        continue;
      }
      Child child = std::move(children_[i]);
      children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
      const std::string& name = jobs_[child.job].scenario.name;
      if (bury(child)) {
        finish(child.job, understand(child.said, name));
      } else {
        finish(child.job, fail(tr("the run of {} ended abnormally", name)));
      }
    }
  }

  void finish(std::size_t job, Result<ApartRun, std::string> run) {
    ++finished_;
    if (job >= wanted_ || done_(job, std::move(run))) return;
    wanted_ = job + 1;
    std::erase_if(children_, [this](Child& child) { return child.job >= wanted_ && end(child); });
  }

  static bool end(Child& child) {
    kill(child.pid, SIGKILL);
    (void)bury(child);
    return true;
  }

  double share() const {
    double done = static_cast<double>(finished_);
    for (const Child& child : children_) done += child.share();
    return std::min(1.0, done / static_cast<double>(std::max<std::size_t>(wanted_, 1)));
  }

  const std::vector<ApartJob>& jobs_;
  const std::function<bool(std::size_t, Result<ApartRun, std::string>)>& done_;
  std::vector<Child> children_;
  std::size_t wanted_;
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
};

}  // namespace

void run_apart(const std::vector<ApartJob>& jobs,
               const std::function<bool(std::size_t job, Result<ApartRun, std::string> run)>& done,
               const std::function<void(double share)>& progress) {
  Crowd(jobs, done).run(progress);
}

Result<std::string, std::string> run_apart(const Scenario& scenario, const std::string& record) {
  std::optional<Result<ApartRun, std::string>> answer;
  run_apart({{scenario, record, false}}, [&](std::size_t, Result<ApartRun, std::string> run) {
    answer = std::move(run);
    return true;
  });
  ENSURE(answer.has_value(), "a run that never ended");
  if (!*answer) return fail(answer->error());
  return std::move(**answer).report;
}

}  // namespace brokerlab::scenarios

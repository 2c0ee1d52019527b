#include "base/translation.h"
#include "scenarios/runner.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <limits>
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
  if (job.instead) {
    const Result<std::string, std::string> report = job.instead();
    return report ? "r0\n" + *report : "e" + report.error();
  }
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
[[noreturn]] void be_child(const ApartJob& job, int pipe_end, pid_t parent) {
  // Nobody is left to hear of it, and a next one may want the processor and what is locked.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  std::signal(SIGPIPE, SIG_IGN);
  _exit(tell(pipe_end, answer_of(job, pipe_end)) ? 0 : 1);
}

struct Child {
  std::size_t job = 0;
  std::string name;  ///< Of its scenario.
  pid_t pid = 0;
  int pipe_end = -1;
  int complaints = -1;  ///< A file in memory: its standard error.
  std::string said;
  rusage used{};  ///< Once it is buried.

  double share() const {
    return static_cast<double>(std::min(said.find_first_not_of(hundredth), said.size())) / 100;
  }
};

Result<Child, std::string> start(const ApartJob& job, std::size_t number) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(tr("no pipe: {}", std::strerror(errno)));
  const int complaints = memfd_create("complaints", MFD_CLOEXEC);
  std::cout.flush();  // or the child would print it again
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    if (complaints >= 0) dup2(complaints, STDERR_FILENO);
    if (job.most_cpu_seconds > 0) {
      const auto most = static_cast<rlim_t>(job.most_cpu_seconds);
      const rlimit limit{most, most + 1};
      setrlimit(RLIMIT_CPU, &limit);
    }
    be_child(job, ends[1], parent);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    if (complaints >= 0) close(complaints);
    return fail(tr("no process: {}", std::strerror(errno)));
  }
  return Child{number, job.scenario.name, pid, ends[0], complaints, {}};
}

/// Waits for its end; nothing: as it should be, else how it ended.
std::optional<std::string> bury(Child& child) {
  close(child.pipe_end);
  int status = 0;
  while (wait4(child.pid, &status, 0, &child.used) < 0 && errno == EINTR) {
  }
  std::string complaints;
  if (child.complaints >= 0) {
    char buffer[4096];
    ssize_t got = 0;
    off_t at = 0;
    while ((got = pread(child.complaints, buffer, sizeof buffer, at)) > 0) {
      complaints.append(buffer, static_cast<std::size_t>(got));
      at += got;
    }
    close(child.complaints);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    std::cerr << complaints;
    return std::nullopt;
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    return tr("the run of {} took too much processor time", child.name);
  }
  if (complaints.empty() && WIFSIGNALED(status)) complaints = strsignal(WTERMSIG(status));
  return tr("the run of {} ended abnormally", child.name) +
         (complaints.empty() ? "" : ": " + complaints.substr(0, complaints.find('\n')));
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

void note_cost(const rusage& used, ApartRun& run) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  run.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  run.memory = Bytes(std::int64_t{used.ru_maxrss} * 1024);
}

/// The children of one call, and what is still to be started.
class Crowd {
 public:
  using Next = std::function<std::optional<ApartJob>(std::size_t)>;

  Crowd(const Next& next, const ApartDone& done, std::size_t at_once = 0)
      : next_job_(next), done_(done), at_once_(at_once) {}
  ~Crowd() {
    for (Child& child : children_) end(child);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// `progress` hears how many jobs are done, with the shares of those under way.
  void run(const std::function<void(double)>& progress) {
    const auto cores = static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    const std::size_t most = at_once_ == 0 ? cores : at_once_;
    while (true) {
      while (next_ < wanted_ && children_.size() < most) start_next();
      if (children_.empty()) return;
      listen();
      if (progress) progress(done_so_far());
    }
  }

 private:
  void start_next() {
    const std::optional<ApartJob> job = next_job_(next_);
    if (!job) {
      wanted_ = std::min(wanted_, next_);
      return;
    }
    auto child = start(*job, next_);
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
      if (const auto wrong = bury(child)) {
        finish(child.job, fail(*wrong));
      } else {
        auto run = understand(child.said, child.name);
        if (run) note_cost(child.used, *run);
        finish(child.job, std::move(run));
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

  double done_so_far() const {
    double done = static_cast<double>(finished_);
    for (const Child& child : children_) done += child.share();
    return done;
  }

  const Next& next_job_;
  const ApartDone& done_;
  const std::size_t at_once_;
  std::vector<Child> children_;
  std::size_t wanted_ = std::numeric_limits<std::size_t>::max();
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
};

}  // namespace

void run_apart(const std::function<std::optional<ApartJob>(std::size_t job)>& next,
               const ApartDone& done, std::size_t at_once) {
  Crowd(next, done, at_once).run({});
}

void run_apart(const std::vector<ApartJob>& jobs, const ApartDone& done,
               const std::function<void(double share)>& progress) {
  std::size_t wanted = jobs.size();
  const Crowd::Next next = [&jobs](std::size_t job) {
    return job < jobs.size() ? std::optional(jobs[job]) : std::nullopt;
  };
  const ApartDone note = [&](std::size_t job, Result<ApartRun, std::string> run) {
    const bool more = done(job, std::move(run));
    if (!more) wanted = job + 1;
    return more;
  };
  const std::function<void(double)> share = [&](double finished) {
    progress(std::min(1.0, finished / static_cast<double>(std::max<std::size_t>(wanted, 1))));
  };
  Crowd(next, note).run(progress ? share : nullptr);
}

Result<std::string, std::string> run_apart(const Scenario& scenario, const std::string& record) {
  std::optional<Result<ApartRun, std::string>> answer;
  run_apart({ApartJob{scenario, record}}, [&](std::size_t, Result<ApartRun, std::string> run) {
    answer = std::move(run);
    return true;
  });
  ENSURE(answer.has_value(), "a run that never ended");
  if (!*answer) return fail(answer->error());
  return std::move(**answer).report;
}

}  // namespace brokerlab::scenarios

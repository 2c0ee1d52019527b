#include "plan/sweep/slurm.h"

#include "base/file_replacement.h"
#include "base/integer_text.h"
#include "base/json_text.h"
#include "base/translation.h"
#include "scenarios/text_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <spawn.h>
#include <thread>
#include <unistd.h>

namespace brokerlab::plan {
namespace {

namespace fs = std::filesystem;

struct Said {
  int status = 0;
  std::string text;  ///< Of both of its outputs.
};

/// Runs a program of the PATH and waits for it.
Result<Said, std::string> ask(const std::vector<std::string>& words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(std::string(std::strerror(errno)));
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int problem =
      posix_spawnp(&child, arguments.front(), &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  if (problem != 0) {
    close(ends[0]);
    return fail(tr("{} cannot be started ({}): is Slurm installed here?", words.front(),
                   std::strerror(problem)));
  }
  Said said;
  char buffer[4096];
  while (true) {
    const ssize_t got = read(ends[0], buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    said.text.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  said.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  while (!said.text.empty() && said.text.back() == '\n') said.text.pop_back();
  return said;
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Both, whole or not there; a task that ended has its table.
struct TaskFiles {
  std::string folder;
  std::string points() const { return folder + "/points"; }
  std::string table() const { return folder + "/table.json"; }
};

class SlurmSweep {
 public:
  SlurmSweep(const Sweep& sweep, TrialBook& book, const SlurmOptions& options,
             const SweepNews& news)
      : sweep_(sweep), book_(book), options_(options), news_(news) {}

  Result<SweepResult, std::string> run() {
    begin_ = std::chrono::steady_clock::now();
    outcomes_.resize(sweep_.points.size());
    look_at_points();
    // What an earlier call has submitted comes first.
    if (const std::string job = last_job(); !job.empty() && !open_.empty()) {
      const auto waited = wait_for(job, false);
      if (!waited.ok()) return fail(waited.error());
    }
    if (!open_.empty()) {
      const auto job = submit();
      if (!job) return fail(job.error());
      const auto waited = wait_for(*job, true);
      if (!waited.ok()) return fail(waited.error());
    }
    SweepResult result = std::move(result_);
    result.cores = 0;  // They are the nodes'.
    result.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    for (auto& outcome : outcomes_) result.outcomes.push_back(std::move(*outcome));
    return result;
  }

 private:
  std::string slurm_folder() const { return options_.folder + "/slurm"; }

  /// Which are refused, which are known, and which are open.
  void look_at_points() {
    for (std::size_t point = 0; point < sweep_.points.size(); ++point) {
      const scenarios::Loaded loaded = scenario_of(sweep_, sweep_.points[point]);
      if (!loaded.scenario) {
        const Problem& first = loaded.errors.front();
        finish(point,
               fail(tr("refused: {}",
                       first.path.empty() ? first.message : first.path + ": " + first.message)));
        continue;
      }
      const std::string hash = book_.hash_of(*loaded.scenario);
      if (auto known = book_.find(hash)) {
        finish(point, std::move(*known));
      } else {
        open_.emplace(point, hash);
      }
    }
  }

  void finish(std::size_t point, Result<Outcome, std::string> outcome) {
    if (!outcome) {
      ++result_.failed;
      if (news_.failed) news_.failed(sweep_.points[point], outcome.error());
    } else if (outcome->from_before) {
      ++result_.from_before;
    } else {
      result_.cpu_seconds += outcome->cpu_seconds;
      ++ran_;
    }
    outcomes_[point].emplace(std::move(outcome));
    ++done_;
    if (!news_.progress) return;
    const double spent =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    const double each = ran_ == 0 ? 0 : spent / static_cast<double>(ran_);
    news_.progress(
        {done_, sweep_.points.size(), each * static_cast<double>(sweep_.points.size() - done_)});
  }

  // --- the job ---

  std::string last_job() const {
    auto text = scenarios::read_text_file(slurm_folder() + "/job");
    if (!text) return {};
    std::string job = text->substr(0, text->find_first_of(" \n"));
    return parse_integer<std::int64_t>(job) ? job : std::string();
  }

  /// Points of a task stand in a row, so that tasks are of equal length.
  std::vector<std::vector<std::size_t>> tasks() const {
    std::vector<std::size_t> points;
    std::set<std::string> hashes;
    for (const auto& [point, hash] : open_) {
      if (hashes.insert(hash).second) points.push_back(point);
    }
    const std::size_t count = std::min(points.size(), options_.most_tasks);
    std::vector<std::vector<std::size_t>> tasks(count);
    for (std::size_t i = 0; i < points.size(); ++i) {
      tasks[i * count / points.size()].push_back(points[i]);
    }
    return tasks;
  }

  Result<std::string, std::string> submit() {
    std::error_code error;
    fs::create_directories(slurm_folder(), error);
    if (error) return fail(slurm_folder() + ": " + error.message());
    const std::string folder = fs::absolute(slurm_folder(), error).string();
    const std::string program = fs::read_symlink("/proc/self/exe", error).string();
    const auto all = tasks();
    std::string lines;
    for (const auto& one : all) lines += list_of_places(one) + "\n";
    const std::string script = fmt::format(
        "#!/bin/sh\n"
        "# A task of brokerlab sweep --engine slurm.\n"
        "points=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {0}/tasks)\n"
        "out={0}/$SLURM_ARRAY_JOB_ID/$SLURM_ARRAY_TASK_ID\n"
        "mkdir -p \"$out\"\n"
        "exec {1} sweep {2} --points \"$points\" --out \"$out\" --quiet \\\n"
        "  --cores \"${{SLURM_CPUS_PER_TASK:-1}}\"\n",
        shell_quoted(folder), shell_quoted(program),
        shell_quoted(fs::absolute(options_.file, error).string()));
    for (const auto& [name, text] : {std::pair("tasks", lines), std::pair("job.sh", script)}) {
      const auto written = replace_file(folder + "/" + name, text);
      if (!written.ok()) return fail(written.error());
    }
    std::vector<std::string> words{"sbatch",
                                   "--parsable",
                                   fmt::format("--array=0-{}", all.size() - 1),
                                   "--job-name=brokerlab",
                                   "--output=" + folder + "/%A_%a.out",
                                   "--ntasks=1",
                                   "--cpus-per-task=1"};
    words.insert(words.end(), options_.sbatch.begin(), options_.sbatch.end());
    words.push_back(folder + "/job.sh");
    const auto said = ask(words);
    if (!said) return fail(said.error());
    // "17", or "17;cluster"; warnings stand before it.
    std::string job = said->text.substr(said->text.rfind('\n') + 1);
    job = job.substr(0, job.find(';'));
    if (said->status != 0 || !parse_integer<std::int64_t>(job)) {
      return fail(tr("sbatch does not take the job: {}", said->text));
    }
    const auto written = replace_file(folder + "/job", job + "\n");
    if (!written.ok()) return fail(written.error());
    return job;
  }

  /// Whether Slurm has tasks of the job that wait or run.
  Result<bool, std::string> is_alive(const std::string& job) {
    constexpr int most_failures = 30;
    const auto said = ask({"squeue", "--noheader", "--jobs=" + job, "--format=%t"});
    if (!said) return fail(said.error());
    if (said->status == 0) {
      failures_ = 0;
      return !said->text.empty();
    }
    // A job that ended is forgotten after a while.
    if (said->text.find("Invalid job id") != std::string::npos) return false;
    if (++failures_ >= most_failures) return fail(tr("squeue does not answer: {}", said->text));
    return true;
  }

  Status<std::string> wait_for(const std::string& job, bool ours) {
    while (true) {
      const auto alive = is_alive(job);
      if (!alive) return fail(alive.error());
      auto gathered = gather(job, ours);
      if (!gathered.ok()) return gathered;
      if (open_.empty()) return {};
      if (!*alive) break;
      std::this_thread::sleep_for(options_.look_again);
    }
    // Files of a node may show here a moment later than the job ends.
    for (int i = 0; i < 5 && !open_.empty() && ours; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      auto gathered = gather(job, ours);
      if (!gathered.ok()) return gathered;
    }
    if (!ours) return {};
    const auto left = open_;
    for (const auto& [point, hash] : left) {
      open_.erase(point);
      finish(point, fail(tr("its task of job {} ended without an outcome; see {}", job,
                            slurm_folder() + "/" + job + "_*.out")));
    }
    return {};
  }

  /// What tasks of the job have finished since.
  Status<std::string> gather(const std::string& job, bool ours) {
    std::error_code error;
    std::map<std::string, std::string> found;  // by hash: the folder of its outcome
    for (const auto& entry : fs::directory_iterator(slurm_folder() + "/" + job, error)) {
      const TaskFiles task{entry.path().string()};
      std::error_code ignored;
      for (const auto& file : fs::directory_iterator(task.points(), ignored)) {
        if (file.path().extension() == ".json") found[file.path().stem().string()] = task.points();
      }
    }
    const auto open = open_;
    for (const auto& [point, hash] : open) {
      const auto at = found.find(hash);
      if (at == found.end()) continue;
      auto outcome = TrialBook::read(at->second, hash);
      if (!outcome) continue;
      outcome->from_before = false;
      auto kept = book_.keep(hash, *outcome);
      if (!kept.ok()) return kept;
      open_.erase(point);
      finish(point, std::move(*outcome));
    }
    // Who did not come to an end in an earlier call is tried again.
    if (ours) tell_failed(job);
    return {};
  }

  /// Points of which a finished task says why they have no outcome.
  void tell_failed(const std::string& job) {
    const auto tasks = scenarios::read_text_file(slurm_folder() + "/tasks");
    if (!tasks || open_.empty()) return;
    std::string_view lines = *tasks;
    for (int task = 0; !lines.empty(); ++task) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(lines.size(), line.size() + 1));
      const auto places = places_in(line, sweep_.points.size());
      const TaskFiles files{fmt::format("{}/{}/{}", slurm_folder(), job, task)};
      const auto table = scenarios::read_text_file(files.table());
      if (!places || !table) continue;
      const Json rows = json_from(*table);
      for (std::size_t i = 0; rows.is_array() && i < std::min(rows.size(), places->size()); ++i) {
        const std::size_t point = (*places)[i];
        const Json& row = rows[i];
        if (!open_.contains(point) || !row.is_object() || !row.contains("failed") ||
            !row["failed"].is_string()) {
          continue;
        }
        open_.erase(point);
        finish(point, fail(row["failed"].get<std::string>()));
      }
    }
  }

  const Sweep& sweep_;
  TrialBook& book_;
  const SlurmOptions& options_;
  const SweepNews& news_;
  std::chrono::steady_clock::time_point begin_;
  std::vector<std::optional<Result<Outcome, std::string>>> outcomes_;
  std::map<std::size_t, std::string> open_;  ///< Points without an outcome: their hashes.
  SweepResult result_;
  std::size_t done_ = 0;
  std::size_t ran_ = 0;
  int failures_ = 0;  ///< Of squeue, one after another.
};

}  // namespace

std::optional<std::vector<std::size_t>> places_in(std::string_view list, std::size_t whole) {
  std::vector<std::size_t> places;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view part = list.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto first = parse_integer<std::size_t>(part.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_integer<std::size_t>(part.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= whole) return std::nullopt;
    for (std::size_t place = *first; place <= *last; ++place) places.push_back(place);
    if (comma == std::string_view::npos) return places;
    list.remove_prefix(comma + 1);
  }
}

std::string list_of_places(const std::vector<std::size_t>& places) {
  std::string text;
  for (std::size_t i = 0; i < places.size();) {
    std::size_t end = i + 1;
    while (end < places.size() && places[end] == places[end - 1] + 1) ++end;
    text += (text.empty() ? "" : ",") + std::to_string(places[i]);
    if (end - i > 1) text += "-" + std::to_string(places[end - 1]);
    i = end;
  }
  return text;
}

Result<SweepResult, std::string> run_sweep_by_slurm(const Sweep& sweep, TrialBook& book,
                                                    const SlurmOptions& options,
                                                    const SweepNews& news) {
  return SlurmSweep(sweep, book, options, news).run();
}

}  // namespace brokerlab::plan

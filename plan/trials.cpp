#include "plan/trials.h"

#include "base/file_replacement.h"
#include "base/installation.h"
#include "base/json_text.h"
#include "base/random.h"
#include "base/translation.h"
#include "scenarios/loader.h"
#include "scenarios/memory_need.h"
#include "scenarios/runner.h"
#include "scenarios/text_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace brokerlab::plan {
namespace {

constexpr std::uint64_t second_hash = 0x9e3779b97f4a7c15;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string hash_text(const std::string& text) {
  return fmt::format("{:016x}{:016x}", stable_hash(text), stable_hash(text, second_hash));
}

/// One call of run_trials().
class Running {
 public:
  Running(TrialBook& book, const TrialLimits& limits, const NextTrial& next, const TrialDone& done)
      : book_(book), limits_(limits), next_(next), done_(done) {}

  Status<std::string> go() {
    scenarios::run_apart([this](std::size_t) { return next_job(); },
                         [this](std::size_t job, Result<scenarios::ApartRun, std::string> run) {
                           finish(jobs_[job], std::move(run));
                           return !trouble_;
                         },
                         limits_.at_once);
    if (trouble_) return fail(*trouble_);
    for (const Job& twin : twins_) {
      auto outcome = book_.find(twin.hash);
      if (outcome) {
        done_(twin.trial, std::move(*outcome));
      } else {
        done_(twin.trial, fail(failed_[twin.hash]));
      }
    }
    return {};
  }

 private:
  struct Job {
    std::size_t trial = 0;
    std::string hash;
  };

  std::optional<scenarios::ApartJob> next_job() {
    while (!trouble_) {
      auto scenario = next_(asked_);
      if (!scenario) break;
      Job job{asked_++, book_.hash_of(*scenario)};
      if (auto known = book_.find(job.hash)) {
        done_(job.trial, std::move(*known));
        continue;
      }
      if (!begun_.insert(job.hash).second) {
        twins_.push_back(std::move(job));
        continue;
      }
      const double need = scenarios::memory_need(*scenario).all();
      const Bytes free = scenarios::free_memory();
      if (need > static_cast<double>(free.count())) {
        failed_[job.hash] =
            tr("would keep about {} in memory, and {} are free",
               to_rounded_text(Bytes(static_cast<std::int64_t>(std::min(need, 1e18)))),
               to_rounded_text(free));
        done_(job.trial, fail(failed_[job.hash]));
        continue;
      }
      jobs_.push_back(std::move(job));
      scenarios::ApartJob apart;
      apart.scenario = std::move(*scenario);
      apart.most_cpu_seconds = limits_.most_cpu_seconds;
      return apart;
    }
    return std::nullopt;
  }

  void finish(const Job& job, Result<scenarios::ApartRun, std::string> run) {
    Result<Outcome, std::string> outcome = outcome_of(std::move(run));
    if (outcome) {
      const auto kept = book_.keep(job.hash, *outcome);
      if (!kept.ok()) trouble_ = kept.error();
    } else {
      failed_[job.hash] = outcome.error();
    }
    done_(job.trial, std::move(outcome));
  }

  static Result<Outcome, std::string> outcome_of(Result<scenarios::ApartRun, std::string> run) {
    if (!run) return fail(run.error());
    auto figures = key_figures(run->report);
    if (!figures) return fail(figures.error());
    return Outcome{std::move(*figures), run->cpu_seconds, run->memory, false};
  }

  TrialBook& book_;
  const TrialLimits& limits_;
  const NextTrial& next_;
  const TrialDone& done_;
  std::size_t asked_ = 0;
  std::vector<Job> jobs_;
  std::vector<Job> twins_;  ///< Of one that is under way.
  std::set<std::string> begun_;
  std::map<std::string, std::string> failed_;
  std::optional<std::string> trouble_;
};

}  // namespace

std::string program_mark() {
  return fmt::format("{} {}", version(), hash_text(bytes_of("/proc/self/exe")));
}

Result<FolderLock, std::string> FolderLock::take(const std::string& folder) {
  const std::string path = folder + "/lock";
  constexpr int everyone_reads = 0666;
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, everyone_reads);
  if (file < 0) return fail(path + ": " + std::strerror(errno));
  FolderLock lock(file);
  // The runs of one who was killed have it, too, and end a moment later.
  constexpr int tries = 30;
  for (int i = 1; flock(file, LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK) return fail(path + ": " + std::strerror(errno));
    if (i == tries)
      return fail(tr("another process works in {}: wait for it, or choose another folder", folder));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (file_ >= 0) close(file_);
}

Result<TrialBook, std::string> TrialBook::open(const std::string& folder, std::string program) {
  TrialBook book;
  book.folder_ = folder;
  book.program_ = std::move(program);
  if (folder.empty()) return book;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(folder + ": " + error.message());
  auto lock = FolderLock::take(folder);
  if (!lock) return fail(lock.error());
  book.lock_.emplace(std::move(*lock));
  return book;
}

std::string TrialBook::hash_of(const scenarios::Scenario& scenario) const {
  std::string text = program_ + "\n" + scenarios::effective_text(scenario);
  for (const scenarios::SourceSpec& source : scenario.sources) {
    for (const std::string* file : source.files()) {
      text += "\n" + *file + " " + hash_text(bytes_of(scenario.path_of(*file)));
    }
  }
  return hash_text(text);
}

std::optional<Outcome> TrialBook::find(const std::string& hash) {
  const auto known = known_.find(hash);
  if (known != known_.end()) {
    Outcome outcome = known->second;
    outcome.from_before = true;
    return outcome;
  }
  if (folder_.empty()) return std::nullopt;
  auto outcome = read(folder_, hash);
  if (outcome) known_.emplace(hash, *outcome);
  return outcome;
}

std::optional<Outcome> TrialBook::read(const std::string& folder, const std::string& hash) {
  const auto text = scenarios::read_text_file(folder + "/" + hash + ".json");
  if (!text) return std::nullopt;
  const Json json = json_from(*text);
  // What is no such file, or half of one, is as if it were not there.
  if (!json.is_object() || json.value("hash", "") != hash || !json.contains("figures")) {
    return std::nullopt;
  }
  auto figures = figures_from(json["figures"]);
  if (!figures) return std::nullopt;
  return Outcome{std::move(*figures), json.value("cpu_seconds", 0.0),
                 Bytes(json.value("memory", std::int64_t{0})), true};
}

Status<std::string> TrialBook::keep(const std::string& hash, const Outcome& outcome) {
  known_.insert_or_assign(hash, outcome);
  if (folder_.empty()) return {};
  const Json json{{"hash", hash},
                  {"figures", to_json(outcome.figures)},
                  {"cpu_seconds", outcome.cpu_seconds},
                  {"memory", outcome.memory.count()}};
  return replace_file(path_of(hash), brokerlab::json_text(json, 1) + "\n");
}

Status<std::string> run_trials(TrialBook& book, const TrialLimits& limits, const NextTrial& next,
                               const TrialDone& done) {
  return Running(book, limits, next, done).go();
}

}  // namespace brokerlab::plan

#include "scenarios/fuzz/campaign.h"

#include "base/text_encoding.h"
#include "base/translation.h"
#include "scenarios/fuzz/shrink.h"
#include "scenarios/loader.h"
#include "scenarios/runner.h"
#include "scenarios/text_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <utility>

namespace brokerlab::scenarios {
namespace {

constexpr int most_cpu_seconds = 300;

/// The folder of a campaign.
class Notebook {
 public:
  static Result<Notebook, std::string> open(const Campaign& campaign) {
    Notebook notebook;
    notebook.folder_ = campaign.folder;
    std::error_code error;
    std::filesystem::create_directories(campaign.folder, error);
    if (error) return fail(campaign.folder + ": " + error.message());
    const std::string path = campaign.folder + "/seeds.jsonl";
    const Json head{{"program", campaign.program}};
    if (std::filesystem::exists(path)) {
      if (auto wrong = notebook.read(path, head)) return fail(*wrong);
    }
    notebook.lines_.open(path, std::ios::app);
    // Behind the half line of who was killed.
    if (!notebook.is_new_) notebook.lines_ << "\n";
    if (notebook.lines_ && notebook.is_new_) notebook.lines_ << json_text(head) << "\n";
    if (!notebook.lines_.flush()) return fail(path + ": " + std::strerror(errno));
    return notebook;
  }

  bool has(std::uint64_t seed) const { return done_.contains(seed); }
  const std::vector<SeedFinding>& findings() const { return findings_; }

  /// False: it could not be written.
  bool note(std::uint64_t seed) {
    done_.insert(seed);
    lines_ << json_text(Json{{"seed", seed}}) << "\n" << std::flush;
    return lines_.good();
  }
  bool note(const SeedFinding& found) {
    done_.insert(found.seed);
    lines_ << json_text(Json{{"seed", found.seed},
                             {"kind", found.finding.kind},
                             {"detail", found.finding.detail},
                             {"file", found.file},
                             {"drawn", found.drawn_file}})
           << "\n"
           << std::flush;
    return lines_.good();
  }

 private:
  std::optional<std::string> read(const std::string& path, const Json& head) {
    std::ifstream in(path);
    std::string line;
    if (!std::getline(in, line)) return std::nullopt;  // Killed before its first line.
    if (json_from(line) != head) {
      return tr("{} is of another program: choose another folder with --out, or remove that one",
                path);
    }
    is_new_ = false;
    while (std::getline(in, line)) {
      const Json seen = json_from(line);
      // The last line of who was killed may be half a line; its seed is tried again.
      if (!seen.is_object() || !seen.contains("seed") || !seen["seed"].is_number_unsigned())
        continue;
      const auto seed = seen["seed"].get<std::uint64_t>();
      const auto text = [&seen](const char* key) {
        return seen.contains(key) && seen[key].is_string() ? seen[key].get<std::string>()
                                                           : std::string();
      };
      done_.insert(seed);
      if (!seen.contains("kind")) continue;
      findings_.push_back({seed, {text("kind"), text("detail")}, text("file"), text("drawn")});
    }
    return std::nullopt;
  }

  std::string folder_;
  std::ofstream lines_;
  bool is_new_ = true;
  std::set<std::uint64_t> done_;
  std::vector<SeedFinding> findings_;
};

/// What one seed is about, while it runs.
struct Trial {
  std::uint64_t seed = 0;
  Family family = Family::anything;
  Json scenario;
};

class Running {
 public:
  Running(const Campaign& campaign, const CampaignNews& news, Notebook notebook)
      : campaign_(campaign), news_(news), notebook_(std::move(notebook)) {}

  Result<CampaignResult, std::string> run() {
    result_.findings = notebook_.findings();
    run_apart([this](std::size_t) { return next_job(); },
              [this](std::size_t job, Result<ApartRun, std::string> run) {
                return finish(job, std::move(run));
              });
    // All cores are free again: what was found is made smaller.
    for (auto& [trial, finding] : found_) {
      if (!trouble_.empty()) break;
      write_down(trial, finding);
    }
    if (!trouble_.empty()) return fail(trouble_);
    return std::move(result_);
  }

 private:
  std::optional<ApartJob> next_job() {
    while (at_ < campaign_.seeds) {
      if (campaign_.most_seconds > 0 && seconds_since_begin() > campaign_.most_seconds) break;
      const std::uint64_t seed = campaign_.first + at_++;
      if (notebook_.has(seed)) {
        ++result_.before;
        note_done();
        continue;
      }
      const DrawnScenario drawn = draw_scenario(seed);
      Trial trial{seed, drawn.family, json_from(drawn.text)};
      Loaded loaded = parse_scenario(drawn.text, name_of_drawn(drawn.family, seed), ".");
      if (!loaded.scenario) {
        found_.emplace_back(std::move(trial), refused(loaded.errors.front().text()));
        if (news_.seen) news_.seen(seed, found_.back().second);
        note_done();
        continue;
      }
      trials_.push_back(std::move(trial));
      ApartJob job{std::move(*loaded.scenario)};
      job.most_cpu_seconds = most_cpu_seconds;
      return job;
    }
    return std::nullopt;
  }

  bool finish(std::size_t job, Result<ApartRun, std::string> run) {
    Trial& trial = trials_[job];
    const Result<std::string, std::string> report =
        run ? Result<std::string, std::string>(std::move(run->report)) : fail(run.error());
    if (auto finding = look_at(trial.family, trial.scenario, report)) {
      if (news_.seen) news_.seen(trial.seed, *finding);
      found_.emplace_back(trial, std::move(*finding));
    } else {
      check(notebook_.note(trial.seed), campaign_.folder + "/seeds.jsonl");
    }
    trial.scenario = {};  // As many as there are seeds would fill the memory.
    note_done();
    if (!trouble_.empty()) return false;
    return campaign_.stop_after == 0 || found_.size() < campaign_.stop_after;
  }

  void note_done() {
    ++result_.done;
    if (news_.seed_done) news_.seed_done(result_.done);
  }

  void write_down(const Trial& trial, const Finding& finding) {
    SeedFinding found{trial.seed, finding};
    const std::string stem = campaign_.folder + "/" + name_of_drawn(trial.family, trial.seed);
    found.drawn_file = stem + ".drawn.json";
    write(found.drawn_file, json_text(trial.scenario, 1) + "\n");
    found.file = found.drawn_file;
    const bool runs = !finding.kind.starts_with("it is refused");
    if (campaign_.shrinks && runs) {
      const Shrunk small = shrink(trial.family, trial.scenario, finding, {}, [&](int count) {
        if (news_.shrinking) news_.shrinking(trial.seed, count);
      });
      found.file = stem + ".json";
      found.finding = small.finding;
      found.shrink_runs = small.runs;
      write(found.file, small.text);
    }
    check(notebook_.note(found), campaign_.folder + "/seeds.jsonl");
    if (news_.found) news_.found(found);
    result_.findings.push_back(std::move(found));
  }

  void write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text << std::flush;
    check(file.good(), path);
  }
  /// A full disk is told with the first thing that it does not take.
  void check(bool written, const std::string& path) {
    if (!written && trouble_.empty()) trouble_ = path + ": " + std::strerror(errno);
  }

  double seconds_since_begin() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

  const Campaign& campaign_;
  const CampaignNews& news_;
  Notebook notebook_;
  CampaignResult result_;
  std::uint64_t at_ = 0;
  std::vector<Trial> trials_;  ///< By job.
  std::vector<std::pair<Trial, Finding>> found_;
  std::string trouble_;  ///< What could not be written; empty: all could.
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

Result<CampaignResult, std::string> run_campaign(const Campaign& campaign,
                                                 const CampaignNews& news) {
  auto notebook = Notebook::open(campaign);
  if (!notebook) return fail(notebook.error());
  return Running(campaign, news, std::move(*notebook)).run();
}

Result<std::optional<Finding>, std::string> look_again(const std::string& path) {
  const auto text = read_text_file(path);
  if (!text) return fail(path + ": " + text.error());
  Loaded loaded = parse_scenario(*text, path, std::filesystem::path(path).parent_path().string());
  if (!loaded.scenario) return fail(to_text(loaded.errors));
  const Json scenario = json_from(without_byte_order_mark(*text).value());
  const Family family = family_in(loaded.scenario->name).value_or(Family::anything);
  std::optional<Finding> finding;
  ApartJob job{std::move(*loaded.scenario)};
  job.most_cpu_seconds = most_cpu_seconds;
  run_apart({job}, [&](std::size_t, Result<ApartRun, std::string> run) {
    const Result<std::string, std::string> report =
        run ? Result<std::string, std::string>(std::move(run->report)) : fail(run.error());
    finding = look_at(family, scenario, report);
    return true;
  });
  return finding;
}

}  // namespace brokerlab::scenarios

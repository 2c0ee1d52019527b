#include "labs/prover.h"

#include "base/installation.h"
#include "base/json_text.h"
#include "base/random.h"
#include "labs/files.h"
#include "recording/reader.h"
#include "scenarios/loader.h"
#include "scenarios/runner.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace brokerlab::labs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_kept = 400;

std::string hash_text(std::string_view text) {
  return fmt::format("{:016x}{:016x}", stable_hash(text, 1), stable_hash(text, 2));
}

/// The program that runs: another build may come to something else.
std::string program_stamp() {
  std::error_code error;
  const fs::path self("/proc/self/exe");
  const auto size = fs::file_size(self, error);
  const auto time = fs::last_write_time(self, error);
  return fmt::format("{} {} {}", version(), size, time.time_since_epoch().count());
}

Json to_json(const Proof& proof) {
  Json exposed = Json::array();
  for (const auto& one : proof.exposed) {
    exposed.push_back(
        {one.leader, one.from.time_since_epoch().count(), one.until.time_since_epoch().count()});
  }
  return {{"report", *proof.report}, {"exposed", exposed}, {"events", proof.events}};
}

Proof from_json(const Json& kept) {
  Proof proof;
  proof.report = std::make_shared<const Json>(kept.at("report"));
  for (const Json& one : kept.at("exposed")) {
    proof.exposed.push_back({one.at(0).get<std::string>(),
                             Time(Duration(one.at(1).get<std::int64_t>())),
                             Time(Duration(one.at(2).get<std::int64_t>()))});
  }
  proof.events = kept.at("events").get<std::map<std::string, std::int64_t>>();
  return proof;
}

/// What checks do not read is the largest part of a report.
Json trimmed(const std::string& report) {
  Json json = json_from(report);
  for (const char* key : {"time_line", "latency", "groups"}) json.erase(key);
  return json;
}

Result<Proof, std::string> proof_of(const scenarios::ApartRun& run, const Wanted& wanted,
                                    const std::string& record) {
  Proof proof{std::make_shared<const Json>(trimmed(run.report)), {}, {}};
  std::copy_if(run.exposed.begin(), run.exposed.end(), std::back_inserter(proof.exposed),
               [&](const auto& one) { return one.from >= wanted.from && one.from <= wanted.to; });
  if (!wanted.events) return proof;
  const auto recording = recording::Reader::open(record);
  if (!recording) return fail(recording.error());
  for (const auto& event : recording->events(recording::EventLevel::detail))
    ++proof.events[event.kind];
  std::error_code error;
  fs::remove(record, error);
  return proof;
}

}  // namespace

const std::string& Prover::hash_of_file(const std::string& path) {
  const auto [entry, fresh] = file_hashes_.try_emplace(path);
  if (fresh) {
    const auto text = read_file(path);
    entry->second = text ? hash_text(*text) : "gone";
  }
  return entry->second;
}

std::string Prover::key_of(const Wanted& wanted) {
  static const std::string program = program_stamp();
  std::string all = program + scenarios::effective_text(wanted.scenario);
  for (const auto& source : wanted.scenario.sources) {
    for (const std::string* file : source.files()) {
      all += hash_of_file(wanted.scenario.path_of(*file));
    }
  }
  all += fmt::format("{} {} {} {}", wanted.exposed, wanted.events,
                     wanted.from.time_since_epoch().count(), wanted.to.time_since_epoch().count());
  return hash_text(all);
}

const Proof* Prover::recall(const std::string& key) {
  const auto known = known_.find(key);
  if (known != known_.end()) return &known->second;
  const auto text = read_file(file_of(key));
  if (!text) return nullptr;
  try {
    return &(known_[key] = from_json(json_from(*text)));
  } catch (const Json::exception&) {
    return nullptr;
  }
}

void Prover::keep(const std::string& key, Proof proof) {
  std::error_code error;
  fs::create_directories(folder_, error);
  (void)write_file(file_of(key),
                   json_text(to_json(proof)));  // A folder that is full remembers less.
  known_[key] = std::move(proof);
}

void Prover::forget_the_oldest() const {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    files.emplace_back(entry.last_write_time(error), entry.path());
  }
  if (files.size() <= most_kept) return;
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i < files.size() - most_kept; ++i) fs::remove(files[i].second, error);
}

Status<std::string> Prover::prove(const std::vector<Wanted>& wanted,
                                  const std::function<bool(std::size_t, const Proof&)>& proved,
                                  const Progress& progress) {
  std::vector<scenarios::ApartJob> jobs;
  std::vector<std::size_t> index_of;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Wanted& one = wanted[i];
    std::string key = key_of(one);
    if (const Proof* known = recall(key)) {
      if (!proved(i, *known)) break;
      continue;
    }
    const std::string record = one.events ? fmt::format("{}/{}.run", folder_, key) : std::string();
    jobs.push_back({one.scenario, record, one.exposed});
    index_of.push_back(i);
    keys.push_back(std::move(key));
  }
  if (jobs.empty()) return {};
  std::error_code error;
  fs::create_directories(folder_, error);
  std::string trouble;
  int done = 0;
  const auto ended = [&](std::size_t job, Result<scenarios::ApartRun, std::string> run) {
    const Wanted& one = wanted[index_of[job]];
    Result<Proof, std::string> proof = fail(run ? std::string() : run.error());
    if (run) proof = proof_of(*run, one, jobs[job].record);
    if (!proof) {
      trouble = proof.error();
      return false;
    }
    ++done;
    ++runs_made_;
    keep(keys[job], std::move(*proof));
    return proved(index_of[job], known_.at(keys[job]));
  };
  scenarios::run_apart(jobs, ended, [&](double share) {
    if (progress) progress(done, static_cast<int>(jobs.size()), share);
  });
  forget_the_oldest();
  if (!trouble.empty()) return fail(trouble);
  return {};
}

}  // namespace brokerlab::labs

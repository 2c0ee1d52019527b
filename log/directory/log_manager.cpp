#include "log/directory/log_manager.h"

#include <algorithm>
#include <set>

namespace brokerlab::log {

namespace {

/// The storage of every directory fails: what is wrong with all of them.
Failure<DirectoryError> nothing_left(const std::vector<LogManager::Offline>& offline) {
  DirectoryError error;
  for (const LogManager::Offline& directory : offline) {
    const Problems& problems = directory.error.problems;
    error.problems.insert(error.problems.end(), problems.begin(), problems.end());
  }
  return fail(std::move(error));
}

}  // namespace

Result<std::unique_ptr<LogManager>, DirectoryError> LogManager::open(
    Env& env, const std::vector<std::string>& paths, const LogDirectory::Options& options) {
  ENSURE(!paths.empty(), "a broker without a log directory");
  auto manager = std::make_unique<LogManager>();
  for (const std::string& path : paths) {
    auto directory = LogDirectory::open(env, path, options);
    if (directory.ok()) {
      manager->directories_.push_back(std::move(directory).value());
    } else if (directory.error().kind == DirectoryError::Kind::io) {
      manager->offline_.push_back({path, directory.error()});
    } else {
      return fail(directory.error());
    }
  }
  if (manager->directories_.empty()) return nothing_left(manager->offline_);
  return manager;
}

Status<DirectoryError> LogManager::load_all() {
  std::set<const LogDirectory*> failed;
  for (const auto& directory : directories_) {
    auto loaded = directory->load_all();
    if (loaded.ok()) continue;
    if (loaded.error().kind != DirectoryError::Kind::io) return loaded;  // There is no start.
    failed.insert(directory.get());
    offline_.push_back({directory->path(), loaded.error()});
  }
  std::erase_if(directories_,
                [&](const auto& directory) { return failed.contains(directory.get()); });
  if (directories_.empty()) return nothing_left(offline_);

  std::map<TopicPartition, const LogDirectory*> seen;
  Problems twice;
  for (const auto& directory : directories_) {
    for (const auto& [name, partition] : directory->partitions()) {
      const auto [first, is_new] = seen.emplace(name, directory.get());
      if (is_new) continue;
      twice.push_back({partition.log->dir(),
                       {},
                       {},
                       "the same partition is in " + first->second->path() + " too; remove one"});
    }
  }
  if (twice.empty()) return {};
  return fail(DirectoryError{DirectoryError::Kind::inconsistent, twice});
}

LogDirectory* LogManager::directory_of(const TopicPartition& name) {
  for (const auto& directory : directories_) {
    if (directory->find(name) != nullptr) return directory.get();
  }
  return nullptr;
}

Log* LogManager::find(const TopicPartition& name) {
  LogDirectory* directory = directory_of(name);
  return directory == nullptr ? nullptr : directory->find(name);
}

LogDirectory& LogManager::next_directory() {
  ENSURE(!directories_.empty(), "a broker whose start was refused");
  const auto smallest =
      std::min_element(directories_.begin(), directories_.end(),
                       [](const auto& a, const auto& b) { return a->size() < b->size(); });
  return **smallest;
}

Result<Log*, DirectoryError> LogManager::create(const TopicPartition& name,
                                                std::optional<Uuid> topic_id, bool is_new) {
  LogDirectory* directory = directory_of(name);
  if (directory == nullptr && !offline_.empty() && !is_new) {
    return fail(DirectoryError{
        DirectoryError::Kind::io,
        {{offline_.front().path, {}, {}, "is offline, and may hold " + name.text()}}});
  }
  return (directory == nullptr ? next_directory() : *directory).create(name, topic_id);
}

Status<DirectoryError> LogManager::close_cleanly(std::int64_t broker_epoch) {
  Status<DirectoryError> outcome;
  for (const auto& directory : directories_) {
    auto closed = directory->close_cleanly(broker_epoch);
    if (outcome.ok()) outcome = std::move(closed);
  }
  return outcome;
}

}  // namespace brokerlab::log

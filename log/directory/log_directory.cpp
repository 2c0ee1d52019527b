#include "log/directory/log_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brokerlab::log {
namespace {

using Kind = DirectoryError::Kind;

Failure<DirectoryError> failed(const IoError& error) {
  Kind kind = Kind::io;
  if (error.kind == IoErrorKind::locked) kind = Kind::locked;
  if (error.kind == IoErrorKind::malformed) kind = Kind::malformed;
  return fail(DirectoryError{kind, {to_problem(error)}});
}

Failure<DirectoryError> refused(Kind kind, Problem problem) {
  return fail(DirectoryError{kind, {std::move(problem)}});
}

Failure<DirectoryError> failed(const std::string& dir, const LogError& error) {
  if (error.io) return failed(*error.io);
  return refused(Kind::io, {dir, {}, {}, error.message});
}

Status<DirectoryError> settle(const Status<IoError>& done) {
  if (!done.ok()) return failed(done.error());
  return {};
}

OffsetCheckpoint::key_type key_of(const TopicPartition& name) {
  return {name.topic, name.partition};
}

/// Files of ours; whatever else lies in a log directory must be a partition.
bool is_small_file(std::string_view name) {
  static constexpr std::array names{std::string_view(".lock"),
                                    std::string_view(meta_properties_name),
                                    std::string_view(recovery_point_checkpoint_name),
                                    std::string_view(log_start_checkpoint_name),
                                    std::string_view(high_watermark_checkpoint_name),
                                    std::string_view(clean_shutdown_name)};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A file's loss is told apart from its damage: the first stays an io error.
Kind kind_of(Env& env, const std::string& path) {
  return env.exists(path) && read_text(env, path).ok() ? Kind::malformed : Kind::io;
}

}  // namespace

std::string DirectoryError::text() const {
  std::string lines = brokerlab::to_text(problems);
  if (lines.ends_with('\n')) lines.pop_back();
  return lines;
}

std::string_view to_text(DirectoryError::Kind kind) {
  switch (kind) {
    case Kind::io:
      return "storage failed";
    case Kind::locked:
      return "locked";
    case Kind::malformed:
      return "malformed";
    case Kind::inconsistent:
      return "inconsistent";
    case Kind::invalid:
      return "invalid";
  }
  UNREACHABLE();
}

LogDirectory::LogDirectory(Env& env, std::string path, Options options)
    : env_(&env), path_(std::move(path)), options_(std::move(options)) {}

LogDirectory::~LogDirectory() = default;

// --- Start ---

Result<std::unique_ptr<LogDirectory>, DirectoryError> LogDirectory::open(Env& env, std::string path,
                                                                         Options options) {
  std::unique_ptr<LogDirectory> directory(
      new LogDirectory(env, std::move(path), std::move(options)));
  if (auto prepared = directory->prepare(); !prepared.ok()) return fail(prepared.error());
  return directory;
}

Status<DirectoryError> LogDirectory::prepare() {
  if (!env_->exists(path_)) {
    if (auto made = env_->make_dir(path_); !made.ok()) return failed(made.error());
    if (auto synced = env_->sync_dir(parent_path(path_)); !synced.ok()) {
      return failed(synced.error());
    }
  }
  auto lock = env_->lock(in_root(".lock"));
  if (!lock.ok()) return failed(lock.error());
  lock_ = std::move(lock).value();
  if (auto read = read_small_files(); !read.ok()) return read;
  if (auto found = find_partitions(); !found.ok()) return found;

  bool identity_changed = false;
  if (auto checked = check_identity(identity_changed); !checked.ok()) return checked;
  if (identity_changed) {
    const auto written = write_meta_properties(*env_, in_root(meta_properties_name), identity_);
    if (!written.ok()) return failed(written.error());
  }
  const std::string mark = in_root(clean_shutdown_name);
  if (env_->exists(mark)) {
    if (auto removed = env_->remove(mark); !removed.ok()) return failed(removed.error());
    return settle(env_->sync_dir(path_));
  }
  return {};
}

Status<DirectoryError> LogDirectory::read_small_files() {
  DirectoryError wrong{Kind::malformed, {}};
  const std::string meta_path = in_root(meta_properties_name);
  const auto meta = read_meta_properties(*env_, meta_path);
  if (meta.ok()) {
    identity_ = meta->value_or(MetaProperties{});
  } else {
    wrong = {kind_of(*env_, meta_path), meta.error()};
  }
  const auto read = [&](const char* name, OffsetCheckpoint& offsets) {
    if (auto got = read_checkpoint_into(name, offsets); !got.ok()) {
      wrong.kind = std::min(wrong.kind, got.error().kind);
      wrong.problems.push_back(got.error().problems.front());
    }
  };
  read(recovery_point_checkpoint_name, recovery_points_);
  read(log_start_checkpoint_name, log_starts_);
  read(high_watermark_checkpoint_name, high_watermarks_);
  if (!wrong.problems.empty()) return fail(wrong);
  auto mark = read_clean_shutdown(*env_, in_root(clean_shutdown_name));
  if (!mark.ok()) return failed(mark.error());
  clean_ = mark.value();
  return {};
}

Status<DirectoryError> LogDirectory::read_checkpoint_into(const char* name,
                                                          OffsetCheckpoint& offsets) {
  auto read = read_checkpoint(*env_, in_root(name));
  if (read.ok()) {
    offsets = std::move(read).value();
    return {};
  }
  if (read.error().kind != IoErrorKind::malformed || !options_.reset_bad_checkpoints) {
    return failed(read.error());
  }
  warnings_.push_back(to_problem(read.error()));
  return {};
}

Status<DirectoryError> LogDirectory::check_identity(bool& changed) {
  const std::string path = in_root(meta_properties_name);
  Problems problems;
  if (options_.broker_id && identity_.broker_id && *options_.broker_id != *identity_.broker_id) {
    problems.push_back({path,
                        {},
                        {},
                        fmt::format("this is the directory of broker {}, not of {}",
                                    *identity_.broker_id, *options_.broker_id)});
  }
  if (options_.cluster_id && identity_.cluster_id &&
      *options_.cluster_id != *identity_.cluster_id) {
    problems.push_back({path,
                        {},
                        {},
                        fmt::format("this is a directory of cluster {}, not of {}",
                                    *identity_.cluster_id, *options_.cluster_id)});
  }
  if (!problems.empty()) return fail(DirectoryError{Kind::inconsistent, problems});
  const MetaProperties before = identity_;
  if (!identity_.broker_id) identity_.broker_id = options_.broker_id;
  if (!identity_.cluster_id) identity_.cluster_id = options_.cluster_id;
  changed = identity_ != before;
  return {};
}

Status<DirectoryError> LogDirectory::find_partitions() {
  const auto names = env_->list(path_);
  if (!names.ok()) return failed(names.error());
  DirectoryError wrong{Kind::malformed, {}};
  for (const std::string& name : *names) {
    if (is_small_file(name)) continue;
    const auto directory = is_directory(in_root(name));
    if (!directory.ok()) return failed(directory.error());
    // Files of others: Kafka looks at directories only. Ours with .tmp are overwritten in time.
    if (!*directory) continue;
    const auto parsed = parse_partition_dir(name);
    if (!parsed) {
      wrong.problems.push_back({in_root(name),
                                {},
                                {},
                                "is not the directory of a partition (topic-N); a log directory "
                                "holds nothing else"});
    } else if (parsed->kind == PartitionDirKind::deleted) {
      deleted_.push_back(name);
    } else if (parsed->kind == PartitionDirKind::stray) {
      strays_.push_back(name);
    } else {
      const bool twice = std::any_of(to_load_.begin(), to_load_.end(), [&](const Found& other) {
        return other.name.partition == parsed->partition && other.name.kind == parsed->kind;
      });
      if (twice) {
        wrong.problems.push_back({in_root(name), {}, {}, "is a second copy of its partition"});
      }
      to_load_.push_back({name, *parsed});
    }
  }
  if (!wrong.problems.empty()) return fail(wrong);
  std::reverse(to_load_.begin(), to_load_.end());
  return {};
}

Result<bool, IoError> LogDirectory::is_directory(const std::string& path) const {
  const auto listed = env_->list(path);
  if (listed.ok()) return true;
  const auto opened = env_->open(path);
  if (opened.ok()) return false;
  // Neither: a file that we may not open is no business of ours; anything else is trouble.
  if (opened.error().kind == IoErrorKind::read_only) return false;
  return fail(listed.error());
}

Result<LogDirectory::Partition, DirectoryError> LogDirectory::open_partition(
    const TopicPartition& name, const std::string& dir_name, bool clean) const {
  const std::string dir = in_root(dir_name);
  const std::string metadata = join_path(dir, partition_metadata_name);
  Partition partition{name, std::nullopt, nullptr};
  const auto topic_id = read_partition_metadata(*env_, metadata);
  if (!topic_id.ok()) {
    return fail(DirectoryError{kind_of(*env_, metadata), topic_id.error()});
  }
  partition.topic_id = *topic_id;
  const auto offset_of = [&](const OffsetCheckpoint& offsets) {
    const auto found = offsets.find(key_of(name));
    return found == offsets.end() ? Offset{0} : found->second;
  };
  const LogConfig config = options_.config_of ? options_.config_of(name.topic) : LogConfig{};
  auto log = Log::open(*env_, dir, config,
                       {.recovery_point = offset_of(recovery_points_),
                        .log_start_offset = offset_of(log_starts_),
                        .clean = clean,
                        .now = options_.now});
  if (!log.ok()) return failed(dir, log.error());
  partition.log = std::move(log).value();
  return partition;
}

Result<bool, DirectoryError> LogDirectory::load_next() {
  if (to_load_.empty()) return false;
  const Found& found = to_load_.back();
  auto opened = open_partition(found.name.partition, found.dir_name, clean_.has_value());
  if (!opened.ok()) return fail(opened.error());
  Partitions& where = found.name.kind == PartitionDirKind::future ? futures_ : partitions_;
  where.emplace(found.name.partition, std::move(opened).value());
  to_load_.pop_back();
  return true;
}

Status<DirectoryError> LogDirectory::load_all() {
  while (true) {
    const auto more = load_next();
    if (!more.ok()) return fail(more.error());
    if (!*more) return {};
  }
}

Log::Recovery LogDirectory::recovery() const {
  Log::Recovery all;
  for (const Partitions* partitions : {&partitions_, &futures_}) {
    for (const auto& [name, partition] : *partitions) {
      const Log::Recovery& one = partition.log->recovery();
      all.segments_scanned += one.segments_scanned;
      all.bytes_scanned += one.bytes_scanned;
      all.bytes_cut += one.bytes_cut;
      all.segments_removed += one.segments_removed;
      all.gaps += one.gaps;
      all.cuts.insert(all.cuts.end(), one.cuts.begin(), one.cuts.end());
      all.files.insert(all.files.end(), one.files.begin(), one.files.end());
    }
  }
  return all;
}

std::optional<std::int64_t> LogDirectory::last_broker_epoch() const {
  return clean_ ? clean_->broker_epoch : std::nullopt;
}

// --- Partitions ---

Log* LogDirectory::find(const TopicPartition& name) {
  const auto found = partitions_.find(name);
  return found == partitions_.end() ? nullptr : found->second.log.get();
}

Result<Log*, DirectoryError> LogDirectory::create(const TopicPartition& name,
                                                  std::optional<Uuid> topic_id) {
  const std::string dir = in_root(name.text());
  if (const auto problem = topic_name_problem(name.topic)) {
    return refused(Kind::invalid, {{}, {}, fmt::format("\"{}\"", name.topic), *problem});
  }
  if (name.partition < 0 || (topic_id && topic_id->is_zero())) {
    return refused(Kind::invalid, {dir, {}, {}, "needs a partition from 0 and a topic id"});
  }
  const bool waits = std::any_of(to_load_.begin(), to_load_.end(),
                                 [&](const Found& found) { return found.dir_name == name.text(); });
  if (waits) return refused(Kind::invalid, {dir, {}, {}, "is there and yet to be loaded"});

  auto found = partitions_.find(name);
  const std::string metadata = join_path(dir, partition_metadata_name);
  if (found == partitions_.end()) {
    if (auto made = env_->make_dir(dir); !made.ok()) return failed(made.error());
    if (topic_id && !env_->exists(metadata)) {
      const auto written = write_partition_metadata(*env_, metadata, *topic_id);
      if (!written.ok()) return failed(written.error());
    }
    // Lines that a broken deletion has left tell of another partition of this name.
    recovery_points_.erase(key_of(name));
    log_starts_.erase(key_of(name));
    auto opened = open_partition(name, name.text(), false);
    if (!opened.ok()) return fail(opened.error());
    if (auto synced = env_->sync_dir(path_); !synced.ok()) return failed(synced.error());
    found = partitions_.emplace(name, std::move(opened).value()).first;
  } else if (topic_id && !found->second.topic_id) {
    // Made by a broker that knew no topic ids.
    const auto written = write_partition_metadata(*env_, metadata, *topic_id);
    if (!written.ok()) return failed(written.error());
    found->second.topic_id = topic_id;
  }
  if (topic_id && found->second.topic_id != topic_id) {
    const std::string other = found->second.topic_id ? found->second.topic_id->text() : "none";
    return refused(
        Kind::inconsistent,
        {metadata, {}, {}, fmt::format("holds topic id {}, not {}", other, topic_id->text())});
  }
  return found->second.log.get();
}

Result<bool, DirectoryError> LogDirectory::truncate_to(const TopicPartition& name, Offset offset) {
  Log* log = find(name);
  ENSURE(log != nullptr, "{} is not in {}", name.text(), path_);
  const auto cut = log->truncate_to(offset);
  if (!cut.ok()) return failed(log->dir(), cut.error());
  if (!*cut) return false;
  if (auto written = write_checkpoints(); !written.ok()) return fail(written.error());
  return true;
}

Status<DirectoryError> LogDirectory::truncate_fully_and_start_at(const TopicPartition& name,
                                                                 Offset offset) {
  Log* log = find(name);
  ENSURE(log != nullptr, "{} is not in {}", name.text(), path_);
  const auto emptied = log->truncate_fully_and_start_at(offset);
  if (!emptied.ok()) return failed(log->dir(), emptied.error());
  return write_checkpoints();
}

/// A start above the cut would take what is appended there for deleted, a recovery point above it
/// would spare it from recovery.
Status<DirectoryError> LogDirectory::write_checkpoints() {
  if (auto written = write_recovery_points(); !written.ok()) return written;
  return write_log_start_offsets();
}

/// Kafka draws a random id. Ours is the first number free, so that the same calls leave the same
/// names.
std::string LogDirectory::unused_deleted_name(const TopicPartition& name) const {
  for (int n = 1;; ++n) {
    std::string marked =
        marked_dir_name(name, PartitionDirKind::deleted, fmt::format("{:032x}", n));
    if (!env_->exists(in_root(marked))) return marked;
  }
}

Status<DirectoryError> LogDirectory::delete_partition(const TopicPartition& name) {
  const auto found = partitions_.find(name);
  ENSURE(found != partitions_.end(), "{} is not in {}", name.text(), path_);
  const std::string marked = unused_deleted_name(name);
  if (auto renamed = env_->rename(in_root(name.text()), in_root(marked)); !renamed.ok()) {
    return failed(renamed.error());
  }
  // From here on it is gone for everybody, whatever the rest answers.
  deleted_.push_back(marked);
  partitions_.erase(found);
  recovery_points_.erase(key_of(name));
  log_starts_.erase(key_of(name));
  if (auto synced = env_->sync_dir(path_); !synced.ok()) return failed(synced.error());
  return write_checkpoints();
}

Status<DirectoryError> LogDirectory::remove_deleted() {
  if (deleted_.empty()) return {};
  // A rename whose sync failed may not be on the disk yet.
  if (auto synced = env_->sync_dir(path_); !synced.ok()) return failed(synced.error());
  while (!deleted_.empty()) {
    if (auto removed = remove_tree(*env_, in_root(deleted_.back())); !removed.ok()) {
      return failed(removed.error());
    }
    deleted_.pop_back();
  }
  return settle(env_->sync_dir(path_));
}

Status<IoError> remove_tree(Env& env, const std::string& path) {
  const auto names = env.list(path);
  if (!names.ok()) return fail(names.error());
  for (const std::string& name : *names) {
    const std::string inside = join_path(path, name);
    const auto removed = env.list(inside).ok() ? remove_tree(env, inside) : env.remove(inside);
    if (!removed.ok()) return removed;
  }
  return env.remove_dir(path);
}

// --- Checkpoints and stop ---

OffsetCheckpoint LogDirectory::collect(
    const OffsetCheckpoint& read,
    const std::function<std::optional<Offset>(const Log&)>& of) const {
  OffsetCheckpoint offsets;
  for (const Found& found : to_load_) {
    const auto before = read.find(key_of(found.name.partition));
    if (before != read.end()) offsets.insert(*before);
  }
  // As in Kafka the copy that replaces a partition has no line of its own.
  for (const Partitions* partitions : {&futures_, &partitions_}) {
    for (const auto& [name, partition] : *partitions) {
      if (const auto offset = of(*partition.log)) offsets[key_of(name)] = *offset;
    }
  }
  return offsets;
}

Status<DirectoryError> LogDirectory::write_recovery_points() {
  const auto offsets =
      collect(recovery_points_, [](const Log& log) { return std::optional(log.recovery_point()); });
  return settle(write_checkpoint(*env_, in_root(recovery_point_checkpoint_name), offsets));
}

Status<DirectoryError> LogDirectory::write_log_start_offsets() {
  // Where a start is its first segment's, the file names say it.
  const auto offsets = collect(log_starts_, [](const Log& log) -> std::optional<Offset> {
    const Offset start = log.log_start_offset();
    const bool told = !log.segments().empty() && start <= log.segments().front()->base_offset();
    if (told) return std::nullopt;
    return start;
  });
  return settle(write_checkpoint(*env_, in_root(log_start_checkpoint_name), offsets));
}

Status<DirectoryError> LogDirectory::write_high_watermarks(const OffsetCheckpoint& offsets) {
  const std::string path = in_root(high_watermark_checkpoint_name);
  if (auto written = write_checkpoint(*env_, path, offsets); !written.ok()) {
    return failed(written.error());
  }
  high_watermarks_ = offsets;
  return {};
}

Status<DirectoryError> LogDirectory::close_logs() {
  Status<DirectoryError> outcome;
  for (Partitions* partitions : {&partitions_, &futures_}) {
    for (auto& [name, partition] : *partitions) {
      const std::string& dir = partition.log->dir();
      const auto closed = partition.log->close();
      if (!closed.ok() && outcome.ok()) outcome = failed(dir, closed.error());
      // Names that changed below the recovery point, such as of an emptied log, too.
      if (outcome.ok()) outcome = settle(env_->sync_dir(dir));
    }
  }
  return outcome;
}

Status<DirectoryError> LogDirectory::close_cleanly(std::int64_t broker_epoch) {
  ENSURE(lock_ != nullptr, "{} is closed", path_);
  auto outcome = close_logs();
  if (outcome.ok()) outcome = write_recovery_points();
  if (outcome.ok()) outcome = write_log_start_offsets();
  // A directory that was clean still is where it was not even loaded.
  if (outcome.ok() && (to_load_.empty() || was_clean())) {
    outcome = settle(write_clean_shutdown(*env_, in_root(clean_shutdown_name), broker_epoch));
  }
  partitions_.clear();
  futures_.clear();
  to_load_.clear();
  lock_.reset();
  return outcome;
}

}  // namespace brokerlab::log

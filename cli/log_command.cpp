// brokerlab log ...: looking at and mending a partition's directory (log_command.h).
#include "cli/log_command.h"

#include "base/korean.h"
#include "base/translation.h"
#include "cli/log_recovery.h"
#include "cli/log_words.h"
#include "log/directory/checkpoint.h"
#include "log/directory/directory_files.h"
#include "log/directory/partition_dir.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <ostream>

namespace brokerlab::cli {
namespace {

/// Bytes of the UTF-8 character at the front; 0 when it is none.
std::size_t utf8_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than need be, surrogates, behind U+10FFFF.
  const unsigned char second = byte(1);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90);
  return wrong ? 0 : size;
}

}  // namespace

void add_log(Command app, Context& context) {
  const Command log =
      app.sub("log", tr("Look at, write and mend one partition's directory, in Kafka's format"));
  log.needs_sub();
  add_log_dump(log, context);
  add_log_verify(log, context);
  add_log_stats(log, context);
  add_log_append(log, context);
  add_log_read(log, context);
  add_log_recover(log, context);
  add_log_compact(log, context);
  add_log_extract(log, context);
}

void add_target(Command command, LogTarget& target, const std::string& meaning) {
  command.option("dir", target.dir, meaning).required();
  command.flag("--json", target.json, tr("One JSON object a line"));
}

int report(Context& context, const log::IoError& error) {
  const std::string kind = retold(log::to_text(error.kind));
  // The operating system's words for it say no more.
  const bool said_twice = error.kind == log::IoErrorKind::not_found;
  context.err << (error.message.empty() || said_twice
                      ? fmt::format("brokerlab: {}: {}\n", error.path, kind)
                      : fmt::format("brokerlab: {}: {}: {}\n", error.path, kind,
                                    retold(error.message)));
  return error.kind == log::IoErrorKind::not_found ? exit_bad_input : exit_trouble;
}

int report(Context& context, const log::LogError& error) {
  context.err << fmt::format("brokerlab: {}\n", retold(error.message));
  return exit_trouble;
}

log::Timestamp wall_clock() {
  using std::chrono::milliseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(now).count();
}

bool is_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error);
}

std::optional<std::vector<log::SegmentFiles>> segments_of(Context& context, log::Env& env,
                                                          const LogTarget& target) {
  if (is_file(target.dir)) {
    const std::string parent = log::parent_path(target.dir);
    context.status = refuse(
        context,
        {{target.dir,
          {},
          {},
          context.say(
              fmt::format("is a file; give the partition's directory that it is in, {} "
                          "(log dump takes a single file, too)",
                          parent),
              fmt::format("파일입니다. 파일이 들어 있는 파티션 디렉터리 {} 전체를 지정하세요 "
                          "(log dump에는 파일 하나만 주어도 됩니다)",
                          parent))}});
    return std::nullopt;
  }
  auto segments = log::list_segments(env, target.dir);
  if (!segments.ok()) {
    context.status = report(context, segments.error());
    return std::nullopt;
  }
  if (segments->empty()) {
    context.status =
        refuse(context, {{target.dir,
                          {},
                          {},
                          context.say("is not a partition's directory: no file called N.log",
                                      "파티션 디렉터리가 아닙니다. N.log라는 파일이 없습니다")}});
    return std::nullopt;
  }
  return std::move(segments).value();
}

std::int64_t bytes_of(log::Env& env, const std::vector<log::SegmentFiles>& segments) {
  std::int64_t bytes = 0;
  for (const log::SegmentFiles& segment : segments) {
    if (const auto file = env.open(segment.log); file.ok()) bytes += (*file)->size();
  }
  return bytes;
}

std::string named_path(const std::string& dir) {
  std::string path = dir;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string last = path.substr(path.rfind('/') + 1);
  if (last != "." && last != "..") return path;
  std::error_code error;
  const std::string whole = std::filesystem::canonical(path, error).string();
  return error ? path : whole;
}

Result<PartitionLock, log::IoError> PartitionLock::take(log::Env& env, const std::string& dir) {
  PartitionLock held;
  held.env_ = &env;
  auto own = env.lock(log::join_path(dir, ".lock"));
  if (!own.ok()) return fail(own.error());
  held.partition_ = std::move(own).value();

  const std::string path = named_path(dir);
  const std::string root = log::parent_path(path);
  if (!env.exists(log::join_path(root, ".lock"))) return held;
  auto around = env.lock(log::join_path(root, ".lock"));
  if (!around.ok()) return fail(around.error());
  held.directory_ = std::move(around).value();

  const auto name = log::parse_partition_dir(path.substr(path.rfind('/') + 1));
  if (name) held.key_ = {name->partition.topic, name->partition.partition};
  held.points_path_ = log::join_path(root, log::recovery_point_checkpoint_name);
  auto points = log::read_checkpoint(env, held.points_path_);
  if (!points.ok()) return fail(points.error());
  held.points_ = std::move(points).value();
  const auto start = log::checkpointed_log_start(env, path);
  if (!start.ok()) return fail(start.error());
  held.log_start_offset_ = *start;
  held.mark_ = log::join_path(root, log::clean_shutdown_name);
  const auto mark = log::read_clean_shutdown(env, held.mark_);
  if (!mark.ok()) return fail(mark.error());
  if (*mark) {
    held.had_mark_ = true;
    held.mark_epoch_ = (*mark)->broker_epoch;
    if (auto removed = env.remove(held.mark_); !removed.ok()) return fail(removed.error());
    if (auto synced = env.sync_dir(root); !synced.ok()) return fail(synced.error());
  }
  return held;
}

log::Offset PartitionLock::recovery_point() const {
  const auto point = points_.find(key_);
  return point == points_.end() ? 0 : point->second;
}

Status<log::IoError> PartitionLock::release_cleanly(log::Offset log_end) {
  if (recovery_point() > log_end) {
    points_[key_] = log_end;
    if (auto written = log::write_checkpoint(*env_, points_path_, points_); !written.ok()) {
      return written;
    }
  }
  return release_unchanged();
}

Status<log::IoError> PartitionLock::release_unchanged() {
  if (!had_mark_) return {};
  return log::write_clean_shutdown(*env_, mark_, mark_epoch_.value_or(-1));
}

bool opens_without_a_cut(Context& context, log::Env& env, const std::string& dir,
                         const log::LogConfig& config, log::Log::OpenOptions options) {
  log::OverlayEnv trial(env);
  options.cutting = log::Log::Cutting::never;
  const auto opened = log::Log::open(trial, dir, config, options);
  if (opened.ok()) return true;
  context.status = report(context, opened.error());
  if (opened.error().kind != log::LogError::Kind::corrupt) return false;
  context.status = exit_fail;
  const auto outlook = foresee_recovery(env, dir);
  if (!outlook.ok()) {
    context.status = report(context, outlook.error());
  } else if (outlook->refusal) {
    context.err << context.say(
        fmt::format("Nothing was changed. `brokerlab log recover {}` would change nothing either: "
                    "this is not its to cut.\n",
                    dir),
        with_particles(
            fmt::format("아무것도 바꾸지 않았습니다. `brokerlab log recover {}`도 이것은 "
                        "자르지 않습니다.\n",
                        dir)));
  } else {
    context.err << context.say(
        fmt::format(
            "Nothing was changed. `brokerlab log recover {} --dry-run` says what a recovery "
            "would cut.\n",
            dir),
        fmt::format("아무것도 바꾸지 않았습니다. 복구하면 무엇이 잘려 나가는지는 `brokerlab log "
                    "recover {} --dry-run`으로 볼 수 있습니다.\n",
                    dir));
  }
  return false;
}

std::string with_separators(std::int64_t number) {
  std::string digits = std::to_string(number);
  const auto first = digits.starts_with('-') ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string bytes_text(std::int64_t bytes) {
  const auto amount = static_cast<double>(bytes);
  if (bytes < 10'000) return bytes == 1 ? tr("1 byte") : tr("{} bytes", with_separators(bytes));
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", amount * 1e-3);
  if (bytes < 10'000'000'000) return fmt::format("{:.1f} MB", amount * 1e-6);
  return fmt::format("{:.1f} GB", amount * 1e-9);
}

std::string count_text(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", with_separators(count), count == 1 ? one : many);
}

std::string count_text(const Context& context, std::int64_t count, const Noun& noun) {
  return context.say(count_text(count, noun.one, noun.many),
                     fmt::format("{} {}개", noun.korean, with_separators(count)));
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool moves_cursor =
        first < 0x20 || first == 0x7f || (first == 0xc2 && size == 2 && (text[1] & 0x20) == 0);
    if (size == 0 || moves_cursor) {
      out += fmt::format("\\x{:02x}", first);
      text.remove_prefix(1);
    } else {
      out += text.substr(0, size);
      text.remove_prefix(size);
    }
  }
  return out;
}

}  // namespace brokerlab::cli

// On any files at all, what `log append`, `log recover` and `log compact` do with a partition never
// takes away what a Kafka would keep, and never anything without a copy of it, but what can be read
// and is elsewhere, or is made of the log. The oracles are kafka_judge.h and any_partition.h; what
// the commands do is what they do in cli/log_command_*.cpp.
#include "log/env/overlay_env.h"
#include "log/partition/cleaner.h"
#include "tests/log/any_partition.h"
#include "tests/log/partition_story.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <rapidcheck.h>

namespace brokerlab::log {
namespace {

using test::AnyPartition;
using test::Files;
using test::KafkaRecord;
using test::log_name;
using test::NameParts;
using test::parts_of;

const std::string orders = "/data/orders-0";

ByteVector contents_of(Env& env, const std::string& path) {
  const auto file = env.open(path);
  REQUIRE(file.ok());
  ByteVector bytes(static_cast<std::size_t>((*file)->size()));
  REQUIRE((*file)->read_at(0, bytes).ok());
  return bytes;
}

Files files_of(Env& env) {
  Files files;
  const auto names = env.list(orders);
  REQUIRE(names.ok());
  for (const std::string& name : *names) files[name] = contents_of(env, join_path(orders, name));
  return files;
}

void put(Env& env, const std::string& name, ByteView bytes) {
  REQUIRE(env.make_dir(orders).ok());
  auto file = env.create(join_path(orders, name));
  REQUIRE(file.ok());
  REQUIRE((*file)->append(bytes).ok());
}

void put(Env& env, const Files& files) {
  for (const auto& [name, bytes] : files) put(env, name, bytes);
}

bool is_segment(const NameParts& parts) { return parts.suffix == ".log" && parts.state.empty(); }

/// What a start of Kafka's that trusts nothing keeps of each segment; nothing when it fails.
std::optional<std::map<Offset, std::int64_t>> kept_by_kafka(const Files& started) {
  std::map<Offset, std::int64_t> kept;
  bool cut = false;
  for (const auto& [name, bytes] : started) {
    const NameParts parts = parts_of(name);
    if (!is_segment(parts)) continue;
    if (!cut) {
      const auto verdict = test::kafka_recovers(bytes, parts.base);
      if (!verdict.fails.empty()) return std::nullopt;
      kept[parts.base] = verdict.kept;
      cut = verdict.kept < std::ssize(bytes);
    } else {
      kept[parts.base] = 0;
    }
  }
  return kept;
}

// --- What the commands do; false when they refuse ---

using Opened = Result<std::unique_ptr<Log>, LogError>;

Opened open_as_command(Env& env, Log::Cutting cutting) {
  const Log::OpenOptions options{.cutting = cutting};
  OverlayEnv trial(env);
  auto tried = Log::open(trial, orders, {}, options);
  if (!tried.ok()) return tried;
  auto opened = Log::open(env, orders, {}, options);
  // What was tried is what is done.
  if (opened.ok()) REQUIRE((*opened)->recovery().bytes_cut == (*tried)->recovery().bytes_cut);
  return opened;
}

bool recover(Env& env) {
  auto log = open_as_command(env, Log::Cutting::kept);
  if (!log.ok()) return false;
  REQUIRE((*log)->close().ok());
  return true;
}

bool append(Env& env) {
  auto log = open_as_command(env, Log::Cutting::never);
  if (!log.ok()) return false;
  ByteVector batch = test::batch_of({"new"});
  REQUIRE((*log)->append_as_leader(batch, 0, 1).ok());
  REQUIRE((*log)->close().ok());
  return true;
}

bool compact(Env& env) {
  auto log = open_as_command(env, Log::Cutting::never);
  if (!log.ok()) return false;
  REQUIRE((*log)->roll(1).ok());
  REQUIRE(LogCleaner(**log, {}).clean(1, (*log)->log_end_offset()).ok());
  REQUIRE((*log)->close().ok());
  return true;
}

bool begins_with(const ByteVector& bytes, const ByteVector& front) {
  return front.size() <= bytes.size() && std::equal(front.begin(), front.end(), bytes.begin());
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

bool is_kept_beside(const Files& after, const ByteVector& bytes) {
  return std::any_of(after.begin(), after.end(), [&](const auto& file) {
    return file.first.starts_with("cut-from-") && file.second == bytes;
  });
}

/// Whether these are bytes of an index or snapshot, which can be made anew: entries that grow, the
/// last maybe torn, and zeros.
bool reads_as(const std::string& suffix, const ByteVector& bytes) {
  using test::judge::number_at;
  if (is_zero(bytes)) return true;
  if (suffix == ".snapshot") {
    return bytes.size() >= 10 && number_at(bytes, 0, 2) == 1 &&
           static_cast<std::uint32_t>(number_at(bytes, 2, 4)) ==
               test::judge::crc32c_slowly(ByteView(bytes).subspan(6));
  }
  const std::size_t size = suffix == ".index" ? 8 : suffix == ".timeindex" ? 12 : 34;
  std::int64_t before = -1;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    const ByteView rest = ByteView(bytes).subspan(at);
    const bool ends_here = rest.size() <= size || is_zero(rest.subspan(size));
    const bool torn = ends_here && (rest.size() < size || rest[size - 1] == std::byte{0});
    if (is_zero(rest) || (torn && bytes[at] == std::byte{0})) return true;
    if (rest.size() < size) return false;
    if (suffix == ".timeindex" && bytes[at] != std::byte{0}) return false;
    if (suffix == ".txnindex" && number_at(bytes, at, 2) != 0) return false;
    const std::int64_t grows = suffix == ".index"       ? number_at(bytes, at, 4)
                               : suffix == ".timeindex" ? number_at(bytes, at, 8)
                                                        : number_at(bytes, at + 18, 8);
    if (grows <= before) return false;
    before = grows;
  }
  return true;
}

// --- "" or what went wrong ---

std::string after_any(const Files& before, const Files& after) {
  for (const auto& [name, bytes] : before) {
    const std::string suffix = parts_of(name).suffix;
    if (suffix == ".log") continue;
    const auto now = after.find(name);
    if (now != after.end() && now->second == bytes) continue;
    if (!reads_as(suffix, bytes) && !is_kept_beside(after, bytes)) return name + " is gone";
  }
  return "";
}

/// In one file; or its front in a segment and its rest beside it.
bool is_whole(const Files& after, const std::string& name, const ByteVector& bytes) {
  const auto unchanged = after.find(name);
  if (is_zero(bytes) || is_kept_beside(after, bytes)) return true;
  if (unchanged != after.end() && unchanged->second == bytes) return true;
  const auto segment = after.find(log_name(parts_of(name).base));
  if (segment == after.end() || !begins_with(bytes, segment->second)) return false;
  const ByteVector rest(bytes.begin() + std::ssize(segment->second), bytes.end());
  return rest.empty() || is_kept_beside(after, rest);
}

std::string after_recovery(const Files& before, const Files& after) {
  const Files started = test::kafka_starts_with(before);
  for (const auto& [name, bytes] : before) {
    if (parts_of(name).suffix == ".log" && !is_whole(after, name, bytes)) {
      return name + " is gone, or was cut without a copy";
    }
  }
  const auto kept = kept_by_kafka(started);
  for (const auto& [name, bytes] : started) {
    const NameParts parts = parts_of(name);
    if (!is_segment(parts)) continue;
    const auto found = after.find(name);
    const ByteVector now = found == after.end() ? ByteVector{} : found->second;
    if (!begins_with(bytes, now)) return fmt::format("segment {} was changed", parts.base);
    if (kept && std::ssize(now) < kept->at(parts.base)) {
      return fmt::format("segment {} has {} bytes, Kafka keeps {}", parts.base, now.size(),
                         kept->at(parts.base));
    }
  }
  return after_any(before, after);
}

struct Readable {
  std::map<std::string, KafkaRecord> latest;   ///< By key.
  std::vector<ByteVector> unreadable;          ///< Batches, and what is none.
  std::multimap<Offset, KafkaRecord> records;  ///< A client may have given two the same offset.

  bool has(const KafkaRecord& record) const {
    const auto [begin, end] = records.equal_range(record.offset);
    return std::any_of(begin, end, [&](const auto& found) { return found.second == record; });
  }
};

void read_into(Readable& readable, ByteView file) {
  const auto verdict = test::kafka_recovers(file, 0);
  for (const std::int64_t at : verdict.batches) {
    const ByteView rest = file.subspan(static_cast<std::size_t>(at));
    const auto records = test::kafka_reads(rest);
    if (!records) {
      const auto size = static_cast<std::size_t>(test::judge::number_at(rest, 8, 4)) + 12;
      readable.unreadable.emplace_back(rest.begin(),
                                       rest.begin() + static_cast<std::ptrdiff_t>(size));
      continue;
    }
    for (const KafkaRecord& record : *records) {
      readable.records.emplace(record.offset, record);
      if (!record.key) continue;
      KafkaRecord& latest = readable.latest.try_emplace(*record.key, record).first->second;
      if (record.offset > latest.offset) latest = record;
    }
  }
  const ByteView rest = file.subspan(static_cast<std::size_t>(verdict.kept));
  if (!is_zero(rest)) readable.unreadable.emplace_back(rest.begin(), rest.end());
}

Readable read_all(const Files& files, bool left_over_too) {
  Readable readable;
  for (const auto& [name, bytes] : files) {
    const NameParts parts = parts_of(name);
    if (is_segment(parts) || (left_over_too && parts.suffix == ".log")) read_into(readable, bytes);
  }
  return readable;
}

std::string unreadable_gone(const Readable& old, const Readable& now) {
  for (const ByteVector& batch : old.unreadable) {
    if (std::find(now.unreadable.begin(), now.unreadable.end(), batch) == now.unreadable.end()) {
      return "bytes that nobody can read are gone";
    }
  }
  return "";
}

std::string after_append(const Files& before, const Files& after) {
  for (const auto& [name, bytes] : test::kafka_starts_with(before)) {
    if (!is_segment(parts_of(name))) continue;
    const auto found = after.find(name);
    // An empty active segment is begun anew.
    if (found == after.end() && bytes.empty()) continue;
    if (found == after.end() || !begins_with(found->second, bytes)) return name + " was changed";
  }
  const Readable old = read_all(before, true);
  const Readable now = read_all(after, false);
  for (const auto& [offset, record] : old.records) {
    if (!now.has(record)) return fmt::format("a record at offset {} is gone", offset);
  }
  const std::string gone = unreadable_gone(old, now);
  return gone.empty() ? after_any(before, after) : gone;
}

std::string after_compaction(const Files& before, const Files& after) {
  const Readable old = read_all(before, true);
  const Readable now = read_all(after, false);
  for (const auto& [key, record] : old.latest) {
    if (!now.has(record)) {
      return fmt::format("the latest of {} at offset {} is gone", key, record.offset);
    }
  }
  const std::string gone = unreadable_gone(old, now);
  return gone.empty() ? after_any(before, after) : gone;
}

/// How often each command did something, so that the property is not true of refusals alone.
struct Tally {
  int done = 0;
  int refused = 0;
};

std::string listed(const Files& files) {
  std::string text;
  for (const auto& [name, bytes] : files) text += fmt::format("\n  {} {}", name, bytes.size());
  return text;
}

template <class Command, class Judge>
void holds_on_any_files(const char* name, bool left_over, Command command, Judge judge) {
  Tally tally;
  const std::string title = std::string("on any files, ") + name + " loses nothing";
  const auto wrong_with = [&](std::uint64_t seed) -> std::string {
    MemoryEnv env;
    const Files before = AnyPartition(seed, seed % 4 != 0, left_over).files();
    put(env, before);
    const bool done = command(env);
    ++(done ? tally.done : tally.refused);
    const Files after = files_of(env);
    const std::string wrong = done              ? judge(before, after)
                              : after == before ? ""
                                                : "refused, but something was changed";
    if (wrong.empty()) return "";
    return fmt::format("again: BROKERLAB_SEED={}: {}\nbefore{}\nafter{}", seed, wrong,
                       listed(before), listed(after));
  };
  if (const char* given = std::getenv("BROKERLAB_SEED")) {
    REQUIRE(wrong_with(std::strtoull(given, nullptr, 10)) == "");
    return;
  }
  // Left over is a batch of format 0 that no segment of its base can have: a recovery cuts there.
  CHECK(wrong_with(64371163) == "");
  REQUIRE(rc::check(title, [&](std::uint64_t first) {
    for (std::uint64_t seed = first; seed < first + 4; ++seed) {
      const std::string wrong = wrong_with(seed);
      if (!wrong.empty()) RC_FAIL(wrong);
    }
  }));
  CHECK(tally.done > 80);
  CHECK(tally.refused > 8);
}

}  // namespace

TEST_CASE("on any bytes, recover keeps what Kafka would keep and a copy of the rest",
          "[property]") {
  holds_on_any_files("recover", false, recover, after_recovery);
}

TEST_CASE("on any bytes, append takes nothing away", "[property]") {
  holds_on_any_files("append", false, append, after_append);
}

TEST_CASE("on any bytes, compact keeps the latest of every key and what nobody can read",
          "[property]") {
  holds_on_any_files("compact", false, compact, after_compaction);
}

TEST_CASE("whatever files lie about, recover keeps what Kafka would keep and a copy of the rest",
          "[property]") {
  holds_on_any_files("recover", true, recover, after_recovery);
}

TEST_CASE("whatever files lie about, append takes nothing away", "[property]") {
  holds_on_any_files("append", true, append, after_append);
}

TEST_CASE("whatever files lie about, compact keeps the latest of every key", "[property]") {
  holds_on_any_files("compact", true, compact, after_compaction);
}

TEST_CASE("good batches of all formats are kept whole and read as Kafka reads them", "[property]") {
  REQUIRE(rc::check("all formats", [](std::uint64_t seed) {
    MemoryEnv env;
    const Files files = AnyPartition(seed, false, false).files();
    put(env, files);
    RC_ASSERT(recover(env));
    std::vector<KafkaRecord> expected;
    for (const auto& [name, bytes] : files) {
      RC_ASSERT(contents_of(env, join_path(orders, name)) == bytes);
      for (const std::int64_t at : test::kafka_recovers(bytes, parts_of(name).base).batches) {
        const auto records =
            test::kafka_reads(ByteView(bytes).subspan(static_cast<std::size_t>(at)));
        RC_ASSERT(records.has_value());
        expected.insert(expected.end(), records->begin(), records->end());
      }
    }
    const auto log = Log::open(env, orders, {}, {.clean = true}).value();
    std::vector<KafkaRecord> found;
    for (Offset next = log->log_start_offset(); next < log->log_end_offset();) {
      const auto got = log->read(next, 300, log->log_end_offset(), true);
      RC_ASSERT(got.ok());
      if (got->bytes.empty()) break;
      for (const BatchView& batch : Batches(got->bytes)) {
        const auto records = decode_records(batch);
        RC_ASSERT(records.ok());
        RC_ASSERT(batch.record_count() == static_cast<std::int32_t>(records->size()));
        RC_ASSERT(batch.base_offset() == records->front().offset);
        for (const Record& record : *records) {
          const auto text = [](const std::optional<ByteVector>& bytes) {
            return bytes ? std::optional(std::string(as_text(*bytes))) : std::nullopt;
          };
          found.push_back({record.offset, record.timestamp, text(record.key), text(record.value)});
        }
        next = batch.next_offset();
      }
    }
    RC_ASSERT(found == expected);
  }));
}

}  // namespace brokerlab::log

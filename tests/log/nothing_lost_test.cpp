// On any bytes at all, what `log append`, `log recover` and `log compact` do with a partition never
// takes away what a Kafka would keep, and never anything without a copy of it. The oracle is
// kafka_judge.h; what the commands do is what they do in cli/log_command_*.cpp.
#include "log/cleaner.h"
#include "log/overlay_env.h"
#include "tests/log/any_segment.h"
#include "tests/log/partition_story.h"

#include <algorithm>
#include <map>
#include <rapidcheck.h>

namespace brokerlab::log {
namespace {

using test::AnySegment;
using test::KafkaRecord;
using Files = std::map<std::string, ByteVector>;

const std::string dir = "/data/orders-0";

ByteVector contents_of(Env& env, const std::string& path) {
  const auto file = env.open(path);
  REQUIRE(file.ok());
  ByteVector bytes(static_cast<std::size_t>((*file)->size()));
  REQUIRE((*file)->read_at(0, bytes).ok());
  return bytes;
}

Files files_of(Env& env) {
  Files files;
  const auto names = env.list(dir);
  REQUIRE(names.ok());
  for (const std::string& name : *names) files[name] = contents_of(env, join_path(dir, name));
  return files;
}

void put(Env& env, const std::string& name, ByteView bytes) {
  REQUIRE(env.make_dir(dir).ok());
  auto file = env.create(join_path(dir, name));
  REQUIRE(file.ok());
  REQUIRE((*file)->append(bytes).ok());
}

std::string log_name(Offset base) { return segment_file_name(base, log_suffix); }

struct Partition {
  std::map<Offset, ByteVector> segments;

  void put_into(Env& env) const {
    for (const auto& [base, bytes] : segments) put(env, log_name(base), bytes);
  }

  /// What a start of Kafka's that trusts nothing keeps of each; nothing when it fails.
  std::optional<std::map<Offset, std::int64_t>> kept_by_kafka() const {
    std::map<Offset, std::int64_t> kept;
    bool cut = false;
    for (const auto& [base, bytes] : segments) {
      if (!cut) {
        const auto verdict = test::kafka_recovers(bytes, base);
        if (!verdict.fails.empty()) return std::nullopt;
        kept[base] = verdict.kept;
        cut = verdict.kept < std::ssize(bytes);
      } else {
        kept[base] = 0;
      }
    }
    return kept;
  }
};

Partition any_partition(std::uint64_t seed, bool damaged) {
  RandomStream random(seed, "any partition");
  AnySegment any(seed, random.chance(0.3) ? 42 : 0);
  Partition partition;
  for (std::int64_t i = 1 + random.below(3); i > 0; --i) {
    const Offset base = any.end();
    ByteVector bytes = any.good(6);
    if (damaged && random.chance(0.6)) bytes = any.damaged(std::move(bytes));
    if (damaged && random.chance(0.05)) bytes = any.noise(500);
    partition.segments[base] = std::move(bytes);
  }
  return partition;
}

// --- What the commands do; false when they refuse ---

using Opened = Result<std::unique_ptr<Log>, LogError>;

Opened open_as_command(Env& env, Log::Cutting cutting) {
  const Log::OpenOptions options{.cutting = cutting};
  OverlayEnv trial(env);
  auto tried = Log::open(trial, dir, {}, options);
  if (!tried.ok()) return tried;
  auto opened = Log::open(env, dir, {}, options);
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

/// "" or what went wrong.
std::string after_recovery(const Partition& before, const Files& after) {
  const auto kept = before.kept_by_kafka();
  for (const auto& [base, bytes] : before.segments) {
    const auto found = after.find(log_name(base));
    ByteVector now = found == after.end() ? ByteVector{} : found->second;
    if (!begins_with(bytes, now)) return fmt::format("segment {} was changed", base);
    if (kept && std::ssize(now) < kept->at(base)) {
      return fmt::format("segment {} has {} bytes, Kafka keeps {}", base, now.size(),
                         kept->at(base));
    }
    if (now == bytes) continue;
    const auto rest = after.find(fmt::format("cut-from-{}-at-{}", log_name(base), now.size()));
    if (rest == after.end()) return fmt::format("segment {} was cut without a copy", base);
    now.insert(now.end(), rest->second.begin(), rest->second.end());
    if (now != bytes) return fmt::format("the copy of what was cut of {} is another", base);
  }
  return "";
}

std::string after_append(const Partition& before, const Files& after) {
  for (const auto& [base, bytes] : before.segments) {
    const auto found = after.find(log_name(base));
    // An empty active segment is begun anew.
    if (found == after.end() && bytes.empty()) continue;
    if (found == after.end() || !begins_with(found->second, bytes)) {
      return fmt::format("segment {} was changed", base);
    }
  }
  return "";
}

struct Readable {
  std::map<std::string, KafkaRecord> latest;   ///< By key.
  std::vector<ByteVector> unreadable;          ///< Batches.
  std::multimap<Offset, KafkaRecord> records;  ///< A client may have given two the same offset.
};

void read_into(Readable& readable, ByteView file) {
  for (const std::int64_t at : test::kafka_recovers(file, 0).batches) {
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
}

std::string after_compaction(const Partition& before, const Files& after) {
  Readable old;
  Readable now;
  for (const auto& [base, bytes] : before.segments) read_into(old, bytes);
  for (const auto& [name, bytes] : after) {
    if (name.ends_with(log_suffix)) read_into(now, bytes);
  }
  for (const auto& [key, record] : old.latest) {
    const auto [begin, end] = now.records.equal_range(record.offset);
    if (std::none_of(begin, end, [&](const auto& found) { return found.second == record; })) {
      return fmt::format("the latest of {} at offset {} is gone", key, record.offset);
    }
  }
  for (const ByteVector& batch : old.unreadable) {
    if (std::find(now.unreadable.begin(), now.unreadable.end(), batch) == now.unreadable.end()) {
      return "a batch that nobody can read is gone";
    }
  }
  return "";
}

/// How often each command did something, so that the property is not true of refusals alone.
struct Tally {
  int done = 0;
  int refused = 0;
};

template <class Command, class Judge>
void holds_on_any_bytes(const char* name, Command command, Judge judge) {
  Tally tally;
  const std::string title = std::string("on any bytes, ") + name + " loses nothing";
  REQUIRE(rc::check(title, [&](std::uint64_t seed) {
    MemoryEnv env;
    const Partition partition = any_partition(seed, seed % 4 != 0);
    partition.put_into(env);
    const Files before = files_of(env);
    const bool done = command(env);
    ++(done ? tally.done : tally.refused);
    const Files after = files_of(env);
    const std::string wrong = done              ? judge(partition, after)
                              : after == before ? ""
                                                : "refused, but something was changed";
    if (!wrong.empty()) RC_FAIL(fmt::format("seed {}: {}", seed, wrong));
  }));
  CHECK(tally.done > 20);
  CHECK(tally.refused > 2);
}

}  // namespace

TEST_CASE("on any bytes, recover keeps what Kafka would keep and a copy of the rest",
          "[property]") {
  holds_on_any_bytes("recover", recover, after_recovery);
}

TEST_CASE("on any bytes, append takes nothing away", "[property]") {
  holds_on_any_bytes("append", append, after_append);
}

TEST_CASE("on any bytes, compact keeps the latest of every key and what nobody can read",
          "[property]") {
  holds_on_any_bytes("compact", compact, after_compaction);
}

TEST_CASE("good batches of all formats are kept whole and read as Kafka reads them", "[property]") {
  REQUIRE(rc::check("all formats", [](std::uint64_t seed) {
    MemoryEnv env;
    const Partition partition = any_partition(seed, false);
    partition.put_into(env);
    RC_ASSERT(recover(env));
    std::vector<KafkaRecord> expected;
    for (const auto& [base, bytes] : partition.segments) {
      RC_ASSERT(contents_of(env, join_path(dir, log_name(base))) == bytes);
      for (const std::int64_t at : test::kafka_recovers(bytes, base).batches) {
        const auto records =
            test::kafka_reads(ByteView(bytes).subspan(static_cast<std::size_t>(at)));
        RC_ASSERT(records.has_value());
        expected.insert(expected.end(), records->begin(), records->end());
      }
    }
    const auto log = Log::open(env, dir, {}, {.clean = true}).value();
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

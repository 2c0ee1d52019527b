// A random life of a log against a plain list of what it should hold.
#include "tests/log/partition_story.h"

#include <rapidcheck.h>

namespace brokerlab::log {
namespace {

/// One record as the oracle remembers it.
struct Expected {
  Offset offset;
  Offset batch_end;  ///< One past its batch's last offset.
  LeaderEpoch epoch;
  std::string value;
};

bool operator==(const Expected& a, const Expected& b) {
  return a.offset == b.offset && a.epoch == b.epoch && a.value == b.value;
}

#define STORY_REQUIRE(...)                                                      \
  do {                                                                          \
    if (!(__VA_ARGS__)) return fmt::format("step {}: {}", step_, #__VA_ARGS__); \
  } while (false)

/// Drives a log and the list side by side; every step gives the first disagreement, or "".
class LogLife {
 public:
  explicit LogLife(std::uint64_t seed) : random_(seed, "log life") {
    config_.segment_bytes = 400 + random_.below(2000);  // The largest batch has 340.
    config_.index_interval_bytes = random_.below(400);
    open({});
  }

  std::string live(int steps) {
    for (step_ = 0; step_ < steps; ++step_) {
      if (std::string wrong = step(); !wrong.empty()) return wrong;
      if (std::string wrong = agree(); !wrong.empty()) return wrong;
    }
    return "";
  }

 private:
  std::string step() {
    const auto dice = random_.below(100);
    if (dice < 45) return append();
    if (dice < 70) return read();
    if (dice < 76) return truncate();
    if (dice < 82) return flush();
    if (dice < 86) return write_back();
    if (dice < 90) return advance_start();
    if (dice < 93) return reopen(true);
    if (dice < 96) return reopen(false);
    return lose_power();
  }

  std::string append() {
    if (random_.chance(0.1)) ++epoch_;
    const auto count = 1 + random_.below(4);
    BatchBuilder::Options options;
    options.codec = random_.chance(0.3) ? Codec::gzip : Codec::none;
    BatchBuilder builder(options);
    std::vector<std::string> values;
    for (std::int64_t i = 0; i < count; ++i) {
      values.emplace_back(static_cast<std::size_t>(random_.below(60)),
                          static_cast<char>('a' + random_.below(26)));
      builder.append(random_.below(100'000), std::nullopt, as_bytes(values.back()));
    }
    ByteVector batch = builder.build();
    Offset first = end_;
    if (random_.chance(0.2)) {  // As a follower, perhaps behind a gap left by compaction.
      first += random_.below(3);
      assign_offsets(batch, first, epoch_);
      STORY_REQUIRE(log_->append_as_follower(batch, 0).ok());
    } else {
      const auto info = log_->append_as_leader(batch, epoch_, 0);
      STORY_REQUIRE(info.ok() && info.value().first_offset == first);
    }
    end_ = first + count;
    for (std::int64_t i = 0; i < count; ++i) {
      kept_.push_back({first + i, end_, epoch_, values[static_cast<std::size_t>(i)]});
    }
    return "";
  }

  /// Reads from a random offset and compares with what the list holds from there.
  std::string read() {
    const Offset from = start_ + random_.below(end_ - start_ + 1);
    const Offset upto = start_ + random_.below(end_ - start_ + 3);
    const auto got = log_->read(from, random_.below(600), upto, random_.chance(0.7));
    STORY_REQUIRE(got.ok());
    const auto records = decode_all(got.value().bytes);
    STORY_REQUIRE(records.ok());
    auto expected = std::find_if(kept_.begin(), kept_.end(),
                                 [&](const Expected& kept) { return kept.offset >= from; });
    for (const Record& record : records.value()) {
      if (record.offset < from) continue;
      STORY_REQUIRE(expected != kept_.end());
      STORY_REQUIRE(expected->offset == record.offset);
      STORY_REQUIRE(expected->batch_end <= upto);
      STORY_REQUIRE(as_bytes(expected->value).size() == record.value->size());
      STORY_REQUIRE(expected->value == as_text(*record.value));
      ++expected;
    }
    return "";
  }

  std::string truncate() {
    const Offset to = random_.below(end_ + 2);
    STORY_REQUIRE(log_->truncate_to(to).ok());
    // As in Kafka a truncation is not synced: until the journal commits, a power loss may bring
    // removed segments back. The list knows no such thing, so here it commits at once.
    env_.commit_names();
    if (to >= end_) return "";
    std::erase_if(kept_, [to](const Expected& kept) { return kept.batch_end > to; });
    end_ = to;
    start_ = std::min(start_, to);
    durable_end_ = std::min(durable_end_, to);
    return "";
  }

  std::string flush() {
    STORY_REQUIRE(log_->flush().ok());
    STORY_REQUIRE(log_->recovery_point() == end_);
    durable_end_ = end_;
    return "";
  }

  /// Some dirty bytes reach the disk in the background, without the log knowing.
  std::string write_back() {
    const FileId file = log_->active_segment().file();
    env_.mark_durable(file, 0, random_.below(log_->active_segment().size() + 1));
    return "";
  }

  std::string advance_start() {
    const Offset to = start_ + random_.below(end_ - start_ + 1);
    STORY_REQUIRE(log_->advance_log_start_offset(to).ok());
    start_ = to;
    STORY_REQUIRE(log_->delete_old_segments().ok());
    return "";
  }

  std::string reopen(bool clean) {
    if (clean) {
      STORY_REQUIRE(log_->close().ok());
      durable_end_ = end_;
    }
    open({.recovery_point = log_->recovery_point(), .log_start_offset = start_, .clean = clean});
    adopt_end();
    return "";
  }

  std::string lose_power() {
    const Offset recovery_point = log_->recovery_point();
    log_.reset();
    env_.lose_unsynced(random_, {.tear_probability = 0.5});
    open({.recovery_point = recovery_point, .log_start_offset = start_});
    const Offset left = log_->log_end_offset();
    STORY_REQUIRE(left <= end_);
    end_ = left;
    start_ = log_->log_start_offset();
    std::vector<Expected> found;
    if (std::string wrong = read_all(found); !wrong.empty()) return wrong;
    // What is left was there before, is all of what was synced, and has no holes but those told.
    auto survivor = found.begin();
    bool hole = false;
    for (const Expected& kept : kept_) {
      if (kept.offset < start_) continue;
      if (survivor != found.end() && *survivor == kept) {
        survivor->batch_end = kept.batch_end;
        STORY_REQUIRE(!hole || log_->recovery().gaps > 0);
        ++survivor;
      } else {
        STORY_REQUIRE(kept.batch_end > durable_end_);
        hole = true;
      }
    }
    STORY_REQUIRE(survivor == found.end());
    kept_ = std::move(found);
    durable_end_ = std::min(durable_end_, end_);
    return "";
  }

  /// A truncation inside a batch leaves an end no batch ends at; a log opened anew cannot know it.
  void adopt_end() {
    end_ = log_->log_end_offset();
    start_ = log_->log_start_offset();
    durable_end_ = std::min(durable_end_, end_);
  }

  void open(Log::OpenOptions options) {
    log_.reset();
    log_ = Log::open(env_, "/data/t-0", config_, options).value();
  }

  /// The whole log, read through, is the list.
  std::string agree() {
    STORY_REQUIRE(log_->log_end_offset() == end_);
    STORY_REQUIRE(log_->log_start_offset() == start_);
    std::vector<Expected> found;
    if (std::string wrong = read_all(found); !wrong.empty()) return wrong;
    const auto first = std::find_if(kept_.begin(), kept_.end(),
                                    [this](const Expected& kept) { return kept.offset >= start_; });
    STORY_REQUIRE(std::equal(first, kept_.end(), found.begin(), found.end()));
    STORY_REQUIRE(epochs_agree(first));
    return "";
  }

  std::string read_all(std::vector<Expected>& found) const {
    Offset at = start_;
    while (at < end_) {
      const auto got = log_->read(at, 1 << 16, end_, true);
      STORY_REQUIRE(got.ok());
      if (got.value().bytes.empty()) break;
      for (const BatchView& batch : Batches(got.value().bytes)) {
        const auto records = decode_records(batch);
        STORY_REQUIRE(records.ok());
        for (const Record& record : records.value()) {
          if (record.offset < start_) continue;
          found.push_back(
              {record.offset, 0, batch.leader_epoch(), std::string(as_text(*record.value))});
        }
        at = batch.next_offset();
      }
    }
    return "";
  }

  /// Every record's epoch is what the cache says of its offset.
  bool epochs_agree(std::vector<Expected>::const_iterator first) const {
    return std::all_of(first, kept_.cend(), [this](const Expected& kept) {
      return log_->leader_epochs().epoch_for(kept.offset) == kept.epoch;
    });
  }

  RandomStream random_;
  MemoryEnv env_;
  LogConfig config_;
  std::unique_ptr<Log> log_;
  std::vector<Expected> kept_;
  Offset start_ = 0;
  Offset end_ = 0;
  Offset durable_end_ = 0;
  LeaderEpoch epoch_ = 0;
  int step_ = 0;
};

}  // namespace

TEST_CASE("any life of a log agrees with a plain list", "[property]") {
  // A failure prints the seed of the life and RapidCheck's own configuration to replay it.
  REQUIRE(rc::check("any life of a log agrees with a plain list", [](std::uint64_t seed) {
    const std::string wrong = LogLife(seed).live(120);
    if (!wrong.empty()) RC_FAIL(fmt::format("seed {}: {}", seed, wrong));
  }));
}

TEST_CASE("bytes from anywhere never break the reader", "[property]") {
  REQUIRE(rc::check("random bytes behind a plausible header", [](std::uint64_t seed) {
    RandomStream random(seed, "bytes");
    ByteVector bytes =
        test::batch_of({"some", "values"}, 1000, random.chance(0.5) ? Codec::gzip : Codec::none);
    for (std::int64_t i = random.below(8); i >= 0; --i) {
      bytes[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(bytes.size())))] =
          static_cast<std::byte>(random.bits());
    }
    bytes.resize(
        static_cast<std::size_t>(random.below(static_cast<std::int64_t>(bytes.size()) + 40)),
        std::byte{7});
    ByteVector scratch;
    for (const BatchView& batch : Batches(bytes)) {
      std::size_t seen = 0;
      const auto done = for_each_record(batch, scratch,
                                        [&](const RecordView& record) {
                                          seen += record.value ? record.value->size() : 0;
                                          return true;
                                        },
                                        {.max_uncompressed = 1 << 16});
      RC_ASSERT(seen <= std::size_t{1} << 16);
      const bool explained = done.ok() || !done.error().message.empty();
      RC_ASSERT(explained);
    }
    MemoryEnv env;
    auto log = Log::open(env, "/t-0", LogConfig{}, {}).value();
    const auto appended = log->append_as_follower(bytes, 0);
    const bool all_or_nothing = appended.ok() || log->size() == 0;
    RC_ASSERT(all_or_nothing);
  }));
}

}  // namespace brokerlab::log

// Any sequence of operations on a log against a plain list of records. A failure prints its seed
// and the shortest sequence that RapidCheck found; more sequences:
//
//   RC_PARAMS="max_success=10000" ./brokerlab test -R log.property
#include "log/partition/cleaner.h"
#include "tests/log/partition_story.h"

#include <map>
#include <ostream>
#include <rapidcheck.h>

namespace brokerlab::log {

/// What to do, and two numbers that say how; any numbers will do.
struct Step {
  enum class Kind {
    append,
    replicate,
    read,
    truncate,
    truncate_fully,
    flush,
    roll,
    advance_start,
    retain,
    compact,
    close_and_open,
    kill,
    lose_power
  };
  Kind kind = Kind::append;
  int a = 0;
  int b = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* names[] = {
      "append",  "replicate", "read",    "truncate", "truncate_fully", "flush",     "roll",
      "advance", "retain",    "compact", "close",    "kill",           "lose_power"};
  return out << names[static_cast<std::size_t>(step.kind)] << "(" << step.a << ", " << step.b
             << ")";
}

}  // namespace brokerlab::log

namespace rc {
template <>
struct Arbitrary<brokerlab::log::Step> {
  static Gen<brokerlab::log::Step> arbitrary() {
    using brokerlab::log::Step;
    using Kind = Step::Kind;
    const auto kind = gen::weightedElement<Kind>({{40, Kind::append},
                                                  {8, Kind::replicate},
                                                  {20, Kind::read},
                                                  {5, Kind::truncate},
                                                  {1, Kind::truncate_fully},
                                                  {8, Kind::flush},
                                                  {4, Kind::roll},
                                                  {3, Kind::advance_start},
                                                  {3, Kind::retain},
                                                  {5, Kind::compact},
                                                  {3, Kind::close_and_open},
                                                  {3, Kind::kill},
                                                  {4, Kind::lose_power}});
    return gen::build<Step>(gen::set(&Step::kind, kind), gen::set(&Step::a, gen::inRange(0, 1000)),
                            gen::set(&Step::b, gen::inRange(0, 1000)));
  }
};
}  // namespace rc

namespace brokerlab::log {
namespace {

struct ModelRecord {
  Offset offset = 0;
  Offset batch_end = 0;  ///< One behind its batch's last offset.
  std::string key;
  std::string value;
  bool operator==(const ModelRecord&) const = default;
};

#define MODEL_REQUIRE(...)                                           \
  do {                                                               \
    if (!(__VA_ARGS__)) return std::string("not so: " #__VA_ARGS__); \
  } while (false)

class Model {
 public:
  Model() : random_(1, "model") {
    config_.segment_bytes = 600;
    config_.index_interval_bytes = 150;
    config_.retention_ms = -1;
    config_.retention_bytes = 1500;
    config_.sync_in_order = true;  // or a power loss may leave a hole, as in Kafka
    open(false);
  }

  /// The first disagreement, or "".
  std::string take(const Step& step) {
    const std::string wrong = act(step);
    return wrong.empty() ? agree() : wrong;
  }

 private:
  using Kind = Step::Kind;

  std::string act(const Step& step) {
    switch (step.kind) {
      case Kind::append:
        return append(step, false);
      case Kind::replicate:
        return append(step, true);
      case Kind::read:
        return read(step);
      case Kind::truncate:
        return truncate(step.a % 4 == 0 ? pick(step.b) : std::max(start_, end_ - step.b % 6));
      case Kind::truncate_fully:
        MODEL_REQUIRE(log_->truncate_fully_and_start_at(end_ + step.a % 3).ok());
        env_.commit_names();
        start_ = end_ = end_ + step.a % 3;
        durable_ = std::min(durable_, end_);
        first_dirty_ = 0;
        kept_.clear();
        return "";
      case Kind::flush:
        MODEL_REQUIRE(log_->flush().ok());
        durable_ = end_;
        return "";
      case Kind::roll:
        MODEL_REQUIRE(log_->roll(0).ok());
        return "";
      case Kind::advance_start:
        return advance(pick(step.a));
      case Kind::retain:
        MODEL_REQUIRE(log_->apply_retention(0, step.a % 2 == 0 ? end_ : pick(step.b)).ok());
        return advance(log_->log_start_offset());
      case Kind::compact:
        return compact(step);
      case Kind::close_and_open:
        MODEL_REQUIRE(log_->close().ok());
        durable_ = end_;
        open(true);
        return "";
      case Kind::kill:
        open(false);
        return "";
      case Kind::lose_power:
        return lose_power(step);
    }
    UNREACHABLE();
  }

  Offset pick(int number) const { return start_ + number % (end_ - start_ + 1); }

  void open(bool clean) {
    const Offset point = log_ ? log_->recovery_point() : 0;
    log_.reset();
    auto opened =
        Log::open(env_, "/data/t-0", config_,
                  {.recovery_point = point, .log_start_offset = start_, .clean = clean, .now = 0});
    if (!opened.ok()) FAIL(test::text_of(opened.error()));
    log_ = std::move(opened).value();
  }

  std::string append(const Step& step, bool follower) {
    static constexpr Codec codecs[] = {Codec::none, Codec::none, Codec::gzip, Codec::snappy,
                                       Codec::lz4,  Codec::zstd, Codec::none};
    const int count = 1 + step.a % 4;
    const Offset base = follower ? end_ + step.b % 3 : end_;
    BatchBuilder builder({.codec = codecs[step.b % 7], .base_offset = base});
    std::vector<ModelRecord> fresh;
    for (int i = 0; i < count; ++i) {
      fresh.push_back({base + i, base + count, fmt::format("k{}", (step.b + i) % 7),
                       std::string(static_cast<std::size_t>((step.a * 7 + i) % 50), 'v')});
      builder.append(step.a, as_bytes(fresh.back().key), as_bytes(fresh.back().value));
    }
    ByteVector batch = builder.build();
    if (follower) {
      MODEL_REQUIRE(log_->append_as_follower(batch, 0).ok());
    } else {
      const auto info = log_->append_as_leader(batch, 0, 0);
      MODEL_REQUIRE(info.ok() && info->first_offset == base);
    }
    kept_.insert(kept_.end(), fresh.begin(), fresh.end());
    end_ = base + count;
    return "";
  }

  std::string read(const Step& step) {
    const Offset from = pick(step.a);
    const Offset upto = pick(step.b);
    const auto got = log_->read(from, step.b, upto, step.a % 2 == 0);
    MODEL_REQUIRE(got.ok());
    const auto records = decode_all(got->bytes);
    MODEL_REQUIRE(records.ok());
    auto expected = std::find_if(kept_.begin(), kept_.end(),
                                 [from](const ModelRecord& kept) { return kept.offset >= from; });
    for (const Record& record : *records) {
      if (record.offset < from) continue;
      MODEL_REQUIRE(expected != kept_.end() && expected->offset == record.offset);
      MODEL_REQUIRE(expected->batch_end <= upto && expected->value == as_text(*record.value));
      ++expected;
    }
    return "";
  }

  /// At the end of a batch, as replicas do: an end that no batch has is forgotten with the process.
  std::string truncate(Offset wanted) {
    Offset to = -1;
    for (const ModelRecord& kept : kept_) {
      if (kept.batch_end <= wanted) to = kept.batch_end;
    }
    if (to < start_) return "";
    MODEL_REQUIRE(log_->truncate_to(to).ok());
    // As in Kafka a truncation is not synced: a power loss could bring removed segments back.
    env_.commit_names();
    if (to >= end_) return "";
    std::erase_if(kept_, [to](const ModelRecord& kept) { return kept.batch_end > to; });
    end_ = to;
    start_ = std::min(start_, to);
    durable_ = std::min(durable_, to);
    first_dirty_ = std::min(first_dirty_, to);
    return "";
  }

  std::string advance(Offset to) {
    MODEL_REQUIRE(log_->advance_log_start_offset(to).ok());
    MODEL_REQUIRE(log_->delete_old_segments().ok());
    start_ = std::max(start_, to);
    return "";
  }

  /// What is missing afterwards must have a later record of its key.
  std::string compact(const Step& step) {
    LogCleaner cleaner(*log_, {.dedupe_buffer_size = 24 * (3 + step.a % 12)}, first_dirty_);
    const auto stats = cleaner.clean(0, end_);
    MODEL_REQUIRE(stats.ok());
    first_dirty_ = cleaner.first_dirty_offset();
    std::map<std::string, Offset> latest;
    for (const ModelRecord& kept : kept_) latest[kept.key] = kept.offset;
    const std::vector<ModelRecord> now = contents();
    auto at = now.begin();
    for (const ModelRecord& kept : kept_) {
      if (at != now.end() && at->offset == kept.offset) {
        MODEL_REQUIRE(*at == kept);
        ++at;
      } else if (kept.offset >= start_) {
        MODEL_REQUIRE(latest[kept.key] > kept.offset);
      }
    }
    MODEL_REQUIRE(at == now.end());
    kept_ = now;
    return "";
  }

  /// What was synced is there; what is there was written.
  std::string lose_power(const Step& step) {
    env_.lose_unsynced(random_, {.tear_probability = step.a % 2 == 0 ? 0.0 : 0.7});
    open(false);
    const std::vector<ModelRecord> now = contents();
    std::erase_if(kept_, [this](const ModelRecord& kept) { return kept.offset < start_; });
    MODEL_REQUIRE(now.size() <= kept_.size());
    MODEL_REQUIRE(std::equal(now.begin(), now.end(), kept_.begin()));
    for (std::size_t i = now.size(); i < kept_.size(); ++i) {
      MODEL_REQUIRE(kept_[i].batch_end > durable_);
    }
    kept_ = now;
    MODEL_REQUIRE(log_->log_end_offset() >= durable_ || kept_.empty());
    end_ = log_->log_end_offset();
    start_ = log_->log_start_offset();
    durable_ = std::min(durable_, end_);
    return "";
  }

  std::vector<ModelRecord> contents() const {
    std::vector<ModelRecord> all;
    const Offset end = log_->log_end_offset();
    for (Offset at = log_->log_start_offset(); at < end;) {
      const auto got = log_->read(at, 400, end, true);
      if (!got.ok() || got->bytes.empty()) break;
      for (const BatchView& batch : Batches(got->bytes)) {
        at = batch.next_offset();
        const auto records = decode_records(batch);
        if (!records.ok()) return {};
        for (const Record& record : *records) {
          if (record.offset < log_->log_start_offset()) continue;
          all.push_back({record.offset, batch.next_offset(), std::string(as_text(*record.key)),
                         std::string(as_text(*record.value))});
        }
      }
    }
    return all;
  }

  std::string agree() const {
    MODEL_REQUIRE(log_->log_end_offset() == end_);
    MODEL_REQUIRE(log_->log_start_offset() == start_);
    std::vector<ModelRecord> expected = kept_;
    std::erase_if(expected, [this](const ModelRecord& kept) { return kept.offset < start_; });
    MODEL_REQUIRE(contents() == expected);
    return "";
  }

  LogConfig config_;
  MemoryEnv env_;
  RandomStream random_;
  std::unique_ptr<Log> log_;
  std::vector<ModelRecord> kept_;
  Offset start_ = 0;
  Offset end_ = 0;
  Offset durable_ = 0;
  Offset first_dirty_ = 0;
};

}  // namespace

TEST_CASE("any sequence of operations agrees with a plain list", "[property]") {
  CHECK(rc::check("any sequence of operations agrees with a plain list",
                  [](const std::vector<Step>& steps) {
                    Model model;
                    for (const Step& step : steps) {
                      const std::string wrong = model.take(step);
                      if (!wrong.empty()) RC_FAIL(wrong);
                    }
                  }));
}

}  // namespace brokerlab::log

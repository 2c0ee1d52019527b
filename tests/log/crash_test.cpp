// A crash at every call that a log makes of its Env, and in the middle of every write.
//
// One workload, always the same, is run once to learn its calls. Then it runs again for each of
// them, and stops there: the power fails with nothing but the synced bytes on the medium, or with
// some of the others too, or only the process dies. Whatever is left, the log opens, holds all that
// was flushed and nothing that was never appended, and goes on. There may be holes where Kafka's
// order of syncs allows them, and none with sync_in_order.
#include "tests/log/partition_story.h"

#include <map>
#include <set>

namespace brokerlab::log {
namespace {

struct Survivor {
  Offset offset = 0;
  Offset batch_end = 0;  ///< One past its batch's last offset.
  LeaderEpoch epoch = no_epoch;
  std::string value;
};

#define CRASH_REQUIRE(...)                      \
  do {                                          \
    if (!(__VA_ARGS__)) return "" #__VA_ARGS__; \
  } while (false)

/// A log and what must be true of it, driven until something fails.
class Workload {
 public:
  Workload(MemoryEnv& env, bool sync_in_order) : env_(env) {
    config_.sync_in_order = sync_in_order;
    config_.segment_bytes = 420;
    config_.index_interval_bytes = 100;
  }

  /// False when a call failed on the way.
  bool run() {
    return open(false) && assign_epoch() && append({3}) && append({1}, Codec::gzip) && flush() &&
           fill(4) && roll() && append_phantom(3) && append({2, 1}) && flush() && append({1}) &&
           truncate_by(4) && append_in_new_epoch() && append_phantom(2) && assign_epoch() &&
           append({2}, Codec::gzip) && reopen(false) && fill(5) && flush() && advance_start(0.5) &&
           append({1}) && reopen(true) && fill(3) && truncate_by(9) && assign_epoch() && fill(3) &&
           advance_start(0.3) && flush() && truncate_by(2) && append({4}) && truncate_all() &&
           fill(2) && flush() && append({1});
  }

  /// Everything that must hold after a restart; "" or what does not.
  std::string check_restarted(bool may_have_holes) {
    log_.reset();
    const auto opened = start(false);
    CRASH_REQUIRE(opened);
    CRASH_REQUIRE(log_->log_start_offset() <= start_attempted_);
    CRASH_REQUIRE(log_->log_end_offset() >= durable_end_);
    std::map<Offset, Survivor> found;
    if (std::string wrong = read_all(found); !wrong.empty()) return wrong;
    Offset next = log_->log_start_offset();
    std::int32_t holes = 0;
    for (const auto& [offset, record] : found) {
      CRASH_REQUIRE(was_appended(record));
      // The epochs of what is about to be deleted may be gone already.
      CRASH_REQUIRE(offset < start_attempted_ ||
                    log_->leader_epochs().epoch_for(offset) == record.epoch);
      if (offset != next) ++holes;
      next = offset + 1;
    }
    if (next != log_->log_end_offset()) ++holes;
    // Only when the name of a later segment outlived the last bytes of the one before, as in Kafka;
    // recovery says so.
    CRASH_REQUIRE(holes <= (may_have_holes ? log_->recovery().gaps : 0));
    holes_ += holes;
    for (const Survivor& kept : kept_) {
      if (kept.batch_end > durable_end_ || kept.offset < start_attempted_) continue;
      const auto at = found.find(kept.offset);
      CRASH_REQUIRE(at != found.end());
      CRASH_REQUIRE(at->second.epoch == kept.epoch && at->second.value == kept.value);
    }
    return check_goes_on(std::move(found));
  }

  std::int32_t holes() const { return holes_; }

  /// Behind a failure that went away again: the log says so to every change, but can be read.
  std::string check_offline(IoErrorKind kind) {
    if (!log_) return "";  // It failed to open.
    CRASH_REQUIRE(log_->offline() && log_->offline()->io->kind == kind);
    CRASH_REQUIRE(log_->offline()->message.find(log_->offline()->io->path) != std::string::npos);
    const std::int64_t size = log_->size();
    CRASH_REQUIRE(!log_->flush().ok() && !log_->roll(1000).ok() && !log_->truncate_to(0).ok());
    CRASH_REQUIRE(log_->size() == size);
    std::map<Offset, Survivor> found;
    return log_->segments().empty() ? "" : read_all(found);
  }

  bool restart() {
    log_.reset();
    return start(false);
  }

 private:
  bool start(bool clean) {
    auto opened = Log::open(env_, "/data/t-0", config_,
                            {.recovery_point = recovery_point_,
                             .log_start_offset = checkpointed_start_,
                             .clean = clean,
                             .now = 1000});
    if (!opened.ok()) return false;
    log_ = std::move(opened).value();
    return true;
  }

  bool open(bool clean) {
    if (!start(clean)) return false;
    REQUIRE(log_->log_end_offset() == end_);
    return true;
  }

  bool assign_epoch() { return log_->assign_epoch_start(++epoch_, end_).ok(); }

  /// One call with a batch of so many records for each number.
  bool append(const std::vector<int>& counts, Codec codec = Codec::none) {
    ByteVector bytes;
    std::vector<Survivor> records;
    for (const int count : counts) {
      BatchBuilder::Options options;
      options.codec = codec;
      BatchBuilder builder(options);
      const Offset first = end_ + static_cast<Offset>(records.size());
      for (int i = 0; i < count; ++i) {
        const std::string value = fmt::format("record {} of the workload", next_value_++);
        builder.append(1000 + next_value_, std::nullopt, as_bytes(value));
        records.push_back({first + i, first + count, epoch_, value});
      }
      const ByteVector batch = builder.build();
      bytes.insert(bytes.end(), batch.begin(), batch.end());
    }
    note_attempt(records);
    return note_success(log_->append_as_leader(bytes, epoch_, 1000).ok(), records);
  }

  bool append_phantom(std::int32_t count) {
    PhantomBatch batch;
    batch.record_count = count;
    batch.payload_size = 40 * count;
    batch.seed = static_cast<std::uint64_t>(next_value_++);
    std::vector<Survivor> records;
    const auto decoded = decode_all(materialise(batch)).value();
    for (const Record& record : decoded) {
      records.push_back(
          {end_ + record.offset, end_ + count, epoch_, std::string(as_text(*record.value))});
    }
    note_attempt(records);
    return note_success(log_->append_phantom_as_leader(batch, epoch_, 1000).ok(), records);
  }

  void note_attempt(const std::vector<Survivor>& records) {
    for (const Survivor& record : records) appended_.emplace(record.offset, record);
  }

  bool note_success(bool ok, const std::vector<Survivor>& records) {
    if (!ok) return false;
    kept_.insert(kept_.end(), records.begin(), records.end());
    end_ += static_cast<Offset>(records.size());
    return true;
  }

  /// A new leader whose epoch comes with its first batch only.
  bool append_in_new_epoch() {
    ++epoch_;
    return append({2});
  }

  bool fill(int batches) {
    for (int i = 0; i < batches; ++i) {
      if (!append({1 + i % 3}, i % 4 == 3 ? Codec::gzip : Codec::none)) return false;
    }
    return true;
  }

  bool roll() { return log_->roll(1000).ok(); }

  bool flush() {
    if (!log_->flush().ok()) return false;
    checkpoint();
    durable_end_ = end_;
    return true;
  }

  /// As a broker does behind a flush and behind a truncation.
  void checkpoint() {
    recovery_point_ = log_->recovery_point();
    checkpointed_start_ = start_;
  }

  /// Cuts the last `records` off, and the rest of the batch that the first of them is in.
  bool truncate_by(Offset records) {
    const auto first = std::find_if(kept_.begin(), kept_.end(), [&](const Survivor& kept) {
      return kept.batch_end > end_ - records;
    });
    return truncate_to(first->offset);
  }

  bool truncate_to(Offset offset) {
    durable_end_ = std::min(durable_end_, offset);
    if (!log_->truncate_to(offset).ok()) return false;
    cut_to(offset);
    return true;
  }

  bool truncate_all() {
    durable_end_ = 0;
    start_attempted_ = end_ + 10;
    for (Survivor& kept : kept_) start_attempted_ = std::max(start_attempted_, kept.offset);
    if (!log_->truncate_fully_and_start_at(end_ + 10).ok()) return false;
    start_ = end_ + 10;
    kept_.clear();
    end_ = start_;
    checkpoint();
    return true;
  }

  void cut_to(Offset offset) {
    std::erase_if(kept_, [offset](const Survivor& kept) { return kept.batch_end > offset; });
    end_ = offset;
    checkpoint();
  }

  bool advance_start(double part) {
    const Offset to = start_ + static_cast<Offset>(part * static_cast<double>(end_ - start_));
    start_attempted_ = to;
    if (!log_->advance_log_start_offset(to).ok()) return false;
    start_ = to;
    return log_->delete_old_segments().ok();
  }

  bool reopen(bool clean) {
    if (clean) {
      if (!log_->close().ok()) return false;
      checkpoint();
      durable_end_ = end_;
    }
    log_.reset();
    return open(clean);
  }

  bool was_appended(const Survivor& record) const {
    const auto [first, last] = appended_.equal_range(record.offset);
    return std::any_of(first, last, [&](const auto& entry) {
      return entry.second.epoch == record.epoch && entry.second.value == record.value;
    });
  }

  std::string read_all(std::map<Offset, Survivor>& found) const {
    Offset at = log_->log_start_offset();
    while (at < log_->log_end_offset()) {
      const auto got = log_->read(at, 1 << 16, log_->log_end_offset(), true);
      CRASH_REQUIRE(got.ok());
      if (got.value().bytes.empty()) break;  // A hole up to the end.
      for (const BatchView& batch : Batches(got.value().bytes)) {
        const auto records = decode_records(batch);
        CRASH_REQUIRE(batch.checksum_ok() && records.ok());
        for (const Record& record : records.value()) {
          if (record.offset < log_->log_start_offset()) continue;
          const Survivor kept{record.offset, batch.next_offset(), batch.leader_epoch(),
                              std::string(as_text(*record.value))};
          CRASH_REQUIRE(found.emplace(record.offset, kept).second);
        }
        at = batch.next_offset();
      }
    }
    return "";
  }

  /// What was found, and one batch more, is there after an orderly stop.
  std::string check_goes_on(std::map<Offset, Survivor> expected) {
    end_ = log_->log_end_offset();
    start_ = log_->log_start_offset();
    CRASH_REQUIRE(assign_epoch());
    CRASH_REQUIRE(append({2}));
    expected.emplace(end_ - 2, kept_[kept_.size() - 2]);
    expected.emplace(end_ - 1, kept_.back());
    CRASH_REQUIRE(reopen(true));
    std::map<Offset, Survivor> found;
    if (std::string wrong = read_all(found); !wrong.empty()) return wrong;
    const auto same = [](const auto& a, const auto& b) {
      return a.first == b.first && a.second.value == b.second.value;
    };
    CRASH_REQUIRE(std::equal(expected.begin(), expected.end(), found.begin(), found.end(), same));
    return "";
  }

  MemoryEnv& env_;
  LogConfig config_;
  std::unique_ptr<Log> log_;
  std::multimap<Offset, Survivor> appended_;  ///< All ever handed over, also what was cut since.
  std::vector<Survivor> kept_;                ///< What the log holds, as far as it has answered.
  Offset start_ = 0;
  Offset start_attempted_ = 0;  ///< Records below may or may not be there.
  Offset end_ = 0;
  Offset durable_end_ = 0;  ///< No truncation below, successful or tried, since it was flushed.
  Offset recovery_point_ = 0;
  Offset checkpointed_start_ = 0;
  LeaderEpoch epoch_ = 0;
  int next_value_ = 0;
  std::int32_t holes_ = 0;
};

/// The sizes of the writes of a run, by the number of their call.
class WriteLedger : public IoObserver {
 public:
  explicit WriteLedger(MemoryEnv& env) : env_(env) { env.set_observer(this); }
  void on_write(FileId, std::int64_t, std::int64_t size) override {
    sizes_[env_.faults().calls()] = size;
  }
  void on_read(FileId, std::int64_t, std::int64_t) override {}
  void on_sync(FileId) override {}
  void on_truncate(FileId, std::int64_t) override {}
  void on_remove(FileId) override {}

  /// How much of call `n` may be done when the power fails.
  std::set<std::int64_t> stops(std::int64_t n) const {
    const auto write = sizes_.find(n);
    if (write == sizes_.end()) return {0};
    const std::int64_t size = write->second;
    std::set<std::int64_t> stops;
    for (const std::int64_t bytes : {std::int64_t{0}, std::int64_t{1}, std::int64_t{12},
                                     std::int64_t{61}, size / 2, size - 1, size}) {
      if (bytes <= size) stops.insert(bytes);
    }
    return stops;
  }

 private:
  MemoryEnv& env_;
  std::map<std::int64_t, std::int64_t> sizes_;
};

/// What is left of the bytes that were not synced.
enum class Aftermath { killed, nothing_unsynced, torn };
constexpr int torn_seeds = 2;

void end_power(MemoryEnv& env, Aftermath aftermath, std::uint64_t seed) {
  RandomStream random(seed, "crash");
  switch (aftermath) {
    case Aftermath::killed:
      env.kill_process();
      break;
    case Aftermath::nothing_unsynced:
      env.lose_unsynced(random);
      break;
    case Aftermath::torn:
      env.lose_unsynced(random,
                        {.tear_probability = 0.7, .tear_unit = 1, .journal_probability = 0.5});
      break;
  }
}

struct Crash {
  MemoryEnv::Options options;
  bool sync_in_order = false;
  std::int64_t call = 0;
  std::int64_t bytes = 0;
  Aftermath aftermath = Aftermath::killed;
  std::uint64_t seed = 0;

  std::string text() const {
    return fmt::format("call {}, {} bytes of it, aftermath {}, seed {}", call, bytes,
                       static_cast<int>(aftermath), seed);
  }
};

/// Every aftermath of a crash at one place.
template <class Try>
int for_each_aftermath(Crash crash, const Try& attempt) {
  crash.aftermath = Aftermath::killed;
  attempt(crash);
  crash.aftermath = Aftermath::nothing_unsynced;
  attempt(crash);
  crash.aftermath = Aftermath::torn;
  for (int i = 0; i < torn_seeds; ++i) {
    crash.seed = static_cast<std::uint64_t>(crash.call * 1000 + crash.bytes * 10 + i);
    attempt(crash);
  }
  return 2 + torn_seeds;
}

/// Returns how many holes there were where records were lost.
std::int32_t crash_once(const Crash& crash) {
  MemoryEnv env(crash.options);
  Workload workload(env, crash.sync_in_order);
  env.faults().crash_at_call(crash.call, crash.bytes);
  const bool finished = workload.run();
  if (finished || !env.faults().crashed()) FAIL("no crash at " << crash.text());
  end_power(env, crash.aftermath, crash.seed);
  const std::string wrong = workload.check_restarted(crash.aftermath != Aftermath::killed);
  if (!wrong.empty()) FAIL(crash.text() << ": " << wrong);
  return workload.holes();
}

/// A second crash in the recovery from the first, at each of its calls.
int crash_in_recovery(const Crash& crash) {
  for (std::int64_t call = 1;; ++call) {
    MemoryEnv env(crash.options);
    Workload workload(env, crash.sync_in_order);
    env.faults().crash_at_call(crash.call, crash.bytes);
    if (workload.run()) FAIL("no crash at " << crash.text());
    end_power(env, crash.aftermath, crash.seed);
    env.faults().crash_at_call(call, 7);
    if (workload.restart()) return static_cast<int>(call) - 1;
    end_power(env, crash.aftermath, crash.seed + 1);
    const std::string wrong = workload.check_restarted(crash.aftermath != Aftermath::killed);
    if (!wrong.empty()) FAIL(crash.text() << ", then at call " << call << ": " << wrong);
  }
}

/// The device refuses from one call on; later it does not.
void fail_once(const Crash& crash, IoErrorKind kind) {
  MemoryEnv env(crash.options);
  Workload workload(env, crash.sync_in_order);
  env.faults().fail_calls_from(crash.call, kind, crash.bytes);
  if (workload.run()) FAIL("no failure at " << crash.text());
  env.faults().heal();
  std::string wrong = workload.check_offline(kind);
  if (wrong.empty()) wrong = workload.check_restarted(false);
  if (!wrong.empty()) FAIL(crash.text() << ": " << wrong);
}

WriteLedger rehearse(MemoryEnv& env, bool sync_in_order) {
  WriteLedger ledger(env);
  Workload workload(env, sync_in_order);
  REQUIRE(workload.run());
  env.set_observer(nullptr);
  return ledger;
}

}  // namespace

TEST_CASE("a log survives a crash at any call and at any byte of a write", "[property]") {
  const bool journal = GENERATE(true, false);  // ext4, and what POSIX promises
  const bool in_order = GENERATE(true, false);
  const MemoryEnv::Options options{.sync_commits_names = journal};
  MemoryEnv rehearsal(options);
  const WriteLedger ledger = rehearse(rehearsal, in_order);
  const std::int64_t calls = rehearsal.faults().calls();
  int crashes = 0;
  std::int32_t holes = 0;
  for (std::int64_t call = 1; call <= calls; ++call) {
    for (const std::int64_t bytes : ledger.stops(call)) {
      crashes += for_each_aftermath({options, in_order, call, bytes},
                                    [&](const Crash& crash) { holes += crash_once(crash); });
    }
  }
  fmt::print("{} crashes in a workload of {} calls, {} holes\n", crashes, calls, holes);
  CHECK(calls > 200);
  CHECK((holes > 0) != in_order);
}

TEST_CASE("a log outlives a full or failing disk at any call", "[property]") {
  const IoErrorKind kind = GENERATE(IoErrorKind::no_space, IoErrorKind::io);
  MemoryEnv rehearsal;
  const WriteLedger ledger = rehearse(rehearsal, false);
  for (std::int64_t call = 1; call <= rehearsal.faults().calls(); ++call) {
    for (const std::int64_t bytes : ledger.stops(call)) fail_once({{}, false, call, bytes}, kind);
  }
}

TEST_CASE("a log survives a second crash while it recovers from the first", "[property]") {
  const bool journal = GENERATE(true, false);
  const bool in_order = GENERATE(true, false);
  const MemoryEnv::Options options{.sync_commits_names = journal};
  MemoryEnv rehearsal(options);
  rehearse(rehearsal, in_order);
  int crashes = 0;
  for (std::int64_t call = 5; call <= rehearsal.faults().calls(); call += 9) {
    for_each_aftermath({options, in_order, call, 40},
                       [&](const Crash& crash) { crashes += crash_in_recovery(crash); });
  }
  fmt::print("{} crashes in recoveries\n", crashes);
  CHECK(crashes > 500);
}

}  // namespace brokerlab::log

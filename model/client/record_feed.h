// Feeds: records as they come into being, for a program that sends them. A RecordFeed gives them
// one by one with their bytes; a RunFeed gives runs of records without contents, so that what a
// load costs grows with polls and partitions, not with records.
//
// next_due() is `never` while nothing will come until on_done() is told of records under way (a
// closed loop), and nothing when the feed is exhausted.
//
// Lifetime: outlives whoever takes from it. Threads: none.
#pragma once

#include "base/units.h"
#include "log/batch/byte_slice.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace brokerlab::model {

/// One row of a feed, ready to be sent.
struct FeedRecord {
  std::int64_t number = 0;  ///< From 0, without gaps.
  Time intended;
  std::optional<log::ByteVector> key;
  log::ByteVector value;
};

/// What a closed loop waits for; feeds of an open load do not listen.
class FeedListener {
 public:
  virtual ~FeedListener() = default;
  /// So many of the records taken have met their fate: acknowledged or failed.
  virtual void on_done(std::int64_t /*count*/, Time /*now*/) {}
  /// Whoever had taken records has died with them: nobody waits for their fate any more.
  virtual void on_forgotten(Time /*now*/) {}
};

/// Rows in the order of their intended time.
class RecordFeed : public FeedListener {
 public:
  /// When the next row is due.
  virtual std::optional<Time> next_due() const = 0;
  virtual FeedRecord take() = 0;

  // A row that was taken and is not marked as sent yet waits here: whoever has it in hand may die
  // before he sends it.

  void hold(FeedRecord row) { held_ = std::move(row); }
  void release() { held_.reset(); }
  const std::optional<FeedRecord>& held() const { return held_; }

 private:
  std::optional<FeedRecord> held_;
};

/// Records that are due, of one key lane, without their contents.
struct FeedRun {
  std::int64_t first = 0;  ///< Number of the first; each lane counts its own from 0.
  std::int64_t count = 0;
  int lane = 0;     ///< 0: without keys; else 1 + the partition of their keys.
  Time first_due;   ///< The others are spread evenly up to ...
  Time last_due;    ///< ... the last.
  Bytes bytes;      ///< Of all values together.
  Bytes key_bytes;  ///< Of one key, on average; 0: there are none.
};

class RunFeed : public FeedListener {
 public:
  /// When the next record is due.
  virtual std::optional<Time> next_due() const = 0;
  /// Everything due by now, for a topic of so many partitions, appended in the order of lanes (of
  /// time, where each record is a run of its own). Two calls must not go back in time.
  virtual void take(Time now, int partitions, std::vector<FeedRun>& into) = 0;

  // What was due and nobody has had waits here: whoever asked may die before he sends it.

  /// take(), behind what waits.
  void poll(Time now, int partitions);
  /// The first of what waits, at most so many records of one run; nothing when none wait.
  std::optional<FeedRun> hand_out(std::int64_t most);
  /// When the first record that nobody has had was, or is, due.
  std::optional<Time> oldest_due() const {
    return waiting_.empty() ? next_due() : waiting_.front().first_due;
  }

 protected:
  void drop_waiting() { waiting_.clear(); }

 private:
  std::deque<FeedRun> waiting_;
};

}  // namespace brokerlab::model

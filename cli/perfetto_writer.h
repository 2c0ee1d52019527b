// Chrome's trace JSON, event by event: tracks, slices, arrows, instants, counters.
//
// Lifetime: borrows the target. Threads: none. Errors: the target's.
#pragma once

#include "cli/export_target.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::cli {

/// A thread of the trace. Thread ids are unique in the whole file and no process ids.
struct Track {
  std::int64_t process = 0;
  std::int64_t thread = 0;
};

/// The JSON object behind "args", member by member.
class TraceArguments {
 public:
  TraceArguments& with(std::string_view key, std::string_view text);
  TraceArguments& with(std::string_view key, std::int64_t number);
  TraceArguments& with(std::string_view key, double number);  ///< Left out where JSON has none.
  TraceArguments& with_json(std::string_view key, std::string_view json);
  std::string text() const { return "{" + members_ + "}"; }

 private:
  void key(std::string_view key);
  std::string members_;
};

class PerfettoWriter {
 public:
  explicit PerfettoWriter(ExportTarget& target) : target_(target) {}

  void begin(std::string_view beginning, const TraceArguments& about);
  void end();

  void process(std::int64_t process, std::string_view name, std::int64_t order);
  Track thread(std::int64_t process, std::string_view name, std::int64_t order);

  // Times are nanoseconds.
  void slice_begins(Track track, std::int64_t t, std::string_view name,
                    const TraceArguments& arguments);
  void slice_ends(Track track, std::int64_t t);
  void arrow_leaves(Track track, std::int64_t t, std::int64_t id);  ///< Inside a slice.
  void arrow_reaches(Track track, std::int64_t t, std::int64_t id);
  /// scope: g, the whole picture, or t, the track.
  void instant(Track track, std::int64_t t, char scope, std::string_view name,
               std::string_view category, const TraceArguments& arguments);
  void counter(std::int64_t process, std::int64_t t, std::string_view name, double value);

 private:
  void open(char phase, Track track, std::int64_t t);
  void close();
  void text_member(std::string_view key, std::string_view text);

  ExportTarget& target_;
  bool first_ = true;
  std::int64_t last_thread_ = 100'000;
};

/// Slices that overlap, side by side: each takes the first lane that is free.
class Lanes {
 public:
  Lanes(PerfettoWriter& writer, std::string name, std::int64_t order)
      : writer_(writer), name_(std::move(name)), order_(order) {}

  Track take(std::int64_t process);
  void release(Track track);

 private:
  struct Lane {
    Track track;
    bool busy;
  };
  PerfettoWriter& writer_;
  const std::string name_;
  const std::int64_t order_;
  std::map<std::int64_t, std::vector<Lane>> lanes_;  ///< By process.
};

}  // namespace brokerlab::cli

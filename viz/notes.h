// What a watcher adds to a recording: bookmarks with notes, and breakpoints. They stand in a file
// of their own beside it, FILE.run.notes.json, so the recording is never written to:
//
//   {"format": 1,
//    "bookmarks": [{"at_ns": 330000000000, "note": "who leads now?"}],
//    "breakpoints": [{"event": "record.lost"}, {"at_ns": 340000000000},
//                    {"metric": "group-lag", "label": "nifi", "above": 5000}]}
//
// Lifetime: values. Threads: none.
// Errors:   a file that is there and makes no sense is left alone: nothing is shown of it, nothing
//           is written over it, and problem() says so.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "recording/reader.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::viz {

struct Bookmark {
  Time t{};
  std::string note{};

  bool operator==(const Bookmark&) const = default;
};

/// Where playing stops: at every event of a kind, whenever a metric rises above a value (all of its
/// name together when the label is empty), or at a moment.
struct Breakpoint {
  std::string event{};
  std::string metric{};
  std::string label{};
  double above = 0;
  Time t{};  ///< When it is neither.

  std::string words() const;  ///< "record.lost", "group-lag nifi > 5000", "340s"
  bool operator==(const Breakpoint&) const = default;
};

struct Notes {
  std::vector<Bookmark> bookmarks{};  ///< In order of time, one a moment.
  std::vector<Breakpoint> breakpoints{};

  const Bookmark* at(Time t) const;
  void put(Bookmark bookmark);  ///< In place of that of the same moment.
  void remove(Time t);
  void toggle(const Breakpoint& breakpoint);  ///< Adds it, or removes it when it is there.
  bool operator==(const Notes&) const = default;
};

/// A moment at which a breakpoint stops.
struct Stop {
  Time t{};
  std::string words{};
};
/// In order of time.
std::vector<Stop> stops_of(const std::vector<Breakpoint>& breakpoints,
                           const recording::Reader& reader,
                           const std::vector<recording::RecordedEvent>& events);

class Notebook {
 public:
  /// That of a recording; "" keeps its notes in memory only.
  explicit Notebook(const std::string& recording = {});

  const Notes& notes() const { return notes_; }
  /// Why notes are not kept, or nothing.
  const std::optional<std::string>& problem() const { return problem_; }
  /// Keeps them in the file; on an error they stay in memory, and problem() has it.
  void write(Notes notes);

 private:
  std::string path_;
  Notes notes_;
  std::optional<std::string> problem_;
  bool foreign_ = false;  ///< The file is none of ours.
};

}  // namespace brokerlab::viz

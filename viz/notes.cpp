#include "viz/notes.h"

#include "base/file_replacement.h"
#include "base/json_text.h"
#include "base/translation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace brokerlab::viz {
namespace {

constexpr std::uintmax_t most_bytes = 4 << 20;

std::int64_t nanoseconds(Time t) { return t.time_since_epoch().count(); }

std::optional<Time> time_in(const Json& value) {
  const auto at = value.find("at_ns");
  if (at == value.end() || !at->is_number_integer()) return {};
  return Time(Duration(at->get<std::int64_t>()));
}

// Nothing: it is none of ours.
std::optional<Notes> notes_from(const Json& file) {
  if (!file.is_object() || !file.contains("format") || file["format"] != 1) return {};
  Notes notes;
  for (const Json& one : file.value("bookmarks", Json::array())) {
    if (!one.is_object()) return {};
    const auto t = time_in(one);
    const auto note = one.find("note");
    if (!t || note == one.end() || !note->is_string()) return {};
    notes.put({*t, note->get<std::string>()});
  }
  for (const Json& one : file.value("breakpoints", Json::array())) {
    if (!one.is_object()) return {};
    const auto text = [&](const char* key) {
      const auto found = one.find(key);
      return found != one.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    Breakpoint breakpoint{text("event"), text("metric"), text("label"), 0, {}};
    if (!breakpoint.metric.empty()) {
      const auto above = one.find("above");
      if (above == one.end() || !above->is_number()) return {};
      breakpoint.above = above->get<double>();
    } else if (breakpoint.event.empty()) {
      const auto t = time_in(one);
      if (!t) return {};
      breakpoint.t = *t;
    }
    notes.breakpoints.push_back(std::move(breakpoint));
  }
  return notes;
}

std::string text_of(const Notes& notes) {
  Json bookmarks = Json::array();
  for (const Bookmark& one : notes.bookmarks) {
    bookmarks.push_back({{"at_ns", nanoseconds(one.t)}, {"note", one.note}});
  }
  Json breakpoints = Json::array();
  for (const Breakpoint& one : notes.breakpoints) {
    if (!one.event.empty()) {
      breakpoints.push_back({{"event", one.event}});
    } else if (!one.metric.empty()) {
      breakpoints.push_back({{"metric", one.metric}, {"label", one.label}, {"above", one.above}});
    } else {
      breakpoints.push_back({{"at_ns", nanoseconds(one.t)}});
    }
  }
  const Json file = {
      {"format", 1}, {"bookmarks", std::move(bookmarks)}, {"breakpoints", std::move(breakpoints)}};
  return json_text(file, 2) + "\n";
}

// When the sum of all series of that name and label rises above the value.
std::vector<Time> rises_above(const Breakpoint& breakpoint, const recording::Reader& reader) {
  std::map<Time, double> sum;
  for (const auto& metric : reader.metrics()) {
    if (metric.name != breakpoint.metric) continue;
    if (!breakpoint.label.empty() && metric.label != breakpoint.label) continue;
    for (const auto& sample : reader.series(metric.id)) sum[sample.t] += sample.value;
  }
  std::vector<Time> rises;
  bool above = false;
  for (const auto& [t, value] : sum) {
    if (value > breakpoint.above && !above) rises.push_back(t);
    above = value > breakpoint.above;
  }
  return rises;
}

}  // namespace

std::string Breakpoint::words() const {
  if (!event.empty()) return event;
  if (metric.empty()) return to_text(t);
  return fmt::format("{}{}{} > {:.6g}", metric, label.empty() ? "" : " ", label, above);
}

const Bookmark* Notes::at(Time t) const {
  const auto found = std::find_if(bookmarks.begin(), bookmarks.end(),
                                  [&](const Bookmark& one) { return one.t == t; });
  return found == bookmarks.end() ? nullptr : &*found;
}

void Notes::put(Bookmark bookmark) {
  const auto place = std::lower_bound(bookmarks.begin(), bookmarks.end(), bookmark.t,
                                      [](const Bookmark& one, Time t) { return one.t < t; });
  if (place != bookmarks.end() && place->t == bookmark.t) {
    *place = std::move(bookmark);
  } else {
    bookmarks.insert(place, std::move(bookmark));
  }
}

void Notes::remove(Time t) {
  std::erase_if(bookmarks, [&](const Bookmark& one) { return one.t == t; });
}

void Notes::toggle(const Breakpoint& breakpoint) {
  if (std::erase(breakpoints, breakpoint) == 0) breakpoints.push_back(breakpoint);
}

std::vector<Stop> stops_of(const std::vector<Breakpoint>& breakpoints,
                           const recording::Reader& reader,
                           const std::vector<recording::RecordedEvent>& events) {
  std::vector<Stop> stops;
  for (const Breakpoint& one : breakpoints) {
    if (!one.event.empty()) {
      for (const auto& event : events) {
        if (event.kind == one.event) stops.push_back({event.t, one.words()});
      }
    } else if (!one.metric.empty()) {
      for (const Time t : rises_above(one, reader)) stops.push_back({t, one.words()});
    } else {
      stops.push_back({one.t, one.words()});
    }
  }
  std::stable_sort(stops.begin(), stops.end(),
                   [](const Stop& a, const Stop& b) { return a.t < b.t; });
  return stops;
}

Notebook::Notebook(const std::string& recording) {
  if (recording.empty()) return;
  path_ = recording + ".notes.json";
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored)) return;
  std::optional<Notes> read;
  if (std::filesystem::is_regular_file(path_, ignored) &&
      std::filesystem::file_size(path_, ignored) <= most_bytes) {
    std::ifstream in(path_, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    read = notes_from(json_from(text.str()));
  }
  foreign_ = !read;
  if (read) {
    notes_ = std::move(*read);
  } else {
    problem_ = tr("{} makes no sense and is left as it is: notes are not kept", path_);
  }
}

void Notebook::write(Notes notes) {
  notes_ = std::move(notes);
  if (path_.empty() || foreign_) return;
  problem_.reset();
  if (const auto written = replace_file(path_, text_of(notes_)); !written) {
    problem_ = written.error();
  }
}

}  // namespace brokerlab::viz

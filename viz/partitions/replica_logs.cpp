// The replicas of one partition as logs: where each ends, up to where all in sync have it, what
// only one has, what is lost, and how far groups have read.
#include "viz/cluster/condition.h"
#include "viz/partitions/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace brokerlab::viz {
namespace {

constexpr float head = 26;
constexpr float marks = 20;  // Above the logs: what the lines across them are.
constexpr float log_row = 26;
constexpr float foot = 24;  // Below: where groups are.
constexpr float name_width = 158;

struct Log {
  const recording::RecordedProcess* broker = nullptr;
  int number = 0;
  std::int64_t end = -1;  ///< -1: unknown.
  bool alive = false;
  bool in_sync = false;
  bool leads = false;
};

struct Reading {
  std::string group;
  std::int64_t position = 0;
};

struct View {
  std::vector<Log> logs;
  std::vector<Reading> groups;
  std::optional<std::int64_t> high_watermark;
  std::int64_t first = 0;  ///< What is shown.
  std::int64_t last = 1;
};

View look_at(const Scene& scene, int partition) {
  View view;
  const auto found = scene.moment.state.partitions.find(partition);
  if (found == scene.moment.state.partitions.end()) return view;
  const auto& state = found->second;
  view.high_watermark = state.high_watermark;
  for (const int number : state.replicas) {
    Log log;
    log.number = number;
    log.broker = broker_by_number(scene.run, number);
    const auto end = scene.moment.state.log_end_offset.find({partition, number});
    if (end != scene.moment.state.log_end_offset.end()) log.end = end->second;
    log.alive = log.broker != nullptr && scene.moment.running(*log.broker);
    log.in_sync = std::find(state.isr.begin(), state.isr.end(), number) != state.isr.end();
    log.leads = state.leader == number;
    view.logs.push_back(log);
  }
  const auto lags = scene.run.lag_of_groups.find(partition);
  if (lags != scene.run.lag_of_groups.end() && view.high_watermark) {
    for (const auto& [group, series] : lags->second) {
      const auto lag = series.at(scene.moment.t);
      if (lag) view.groups.push_back({group, *view.high_watermark - std::llround(*lag)});
    }
  }
  // Around what differs: the ends, the high watermark, readers that are not far behind.
  std::int64_t low = view.high_watermark.value_or(0);
  std::int64_t high = low;
  for (const Log& log : view.logs) {
    if (log.end < 0) continue;
    low = std::min(low, log.end);
    high = std::max(high, log.end);
  }
  const std::int64_t spread = std::max<std::int64_t>(high - low, 12);
  for (const Reading& one : view.groups) {
    if (one.position >= low - 4 * spread) low = std::min(low, one.position);
  }
  const std::int64_t room = std::max<std::int64_t>((high - low) / 3, 6);
  view.first = std::max<std::int64_t>(0, low - room);
  view.last = high + std::max<std::int64_t>(room / 4, 1);
  return view;
}

class Scale {
 public:
  Scale(const View& view, float x, float w) : first_(view.first), last_(view.last), x_(x), w_(w) {}
  float at(std::int64_t offset) const {
    const double share = static_cast<double>(std::clamp(offset, first_, last_) - first_) /
                         static_cast<double>(std::max<std::int64_t>(1, last_ - first_));
    return x_ + w_ * static_cast<float>(share);
  }

 private:
  std::int64_t first_, last_;
  float x_, w_;
};

// How many replicas have the records behind `offset`, those of dead brokers too.
int holders(const View& view, std::int64_t offset) {
  return static_cast<int>(std::count_if(view.logs.begin(), view.logs.end(),
                                        [&](const Log& log) { return log.end > offset; }));
}

void draw_name(Ui& ui, const Scene& scene, const Log& log, const Rect& cell) {
  const std::string name = log.broker == nullptr ? fmt::format("{}", log.number) : log.broker->name;
  const TextStyle style{Size::small, log.alive ? theme::text : theme::dim, log.leads};
  const float used = ui.text_fit(cell, {name, fmt::format("{}", log.number)}, style);
  Text word = Text::chip_follower;
  Color color = theme::dim;
  if (!log.alive) {
    word = log.broker != nullptr && scene.moment.powered(log.broker->machine) ? Text::stopped
                                                                              : Text::powered_off;
    color = theme::wrong;
  } else if (log.leads) {
    word = Text::leader;
    color = theme::accent;
  } else if (!log.in_sync) {
    word = Text::chip_out_of_sync;
    color = theme::wrong;
  }
  ui.text_fit({cell.x + used + 8, cell.y, cell.w - used - 12, cell.h}, {ui.say(word)},
              {Size::small, color});
}

void draw_log(Ui& ui, const Scene& scene, const View& view, const Scale& scale, const Log& log,
              const Rect& row) {
  const Rect bar{row.x, row.y + 5, row.w, row.h - 10};
  ui.fill(bar, theme::track, 2);
  if (log.end < 0) return;
  const float end = scale.at(log.end);
  ui.fill({bar.x, bar.y, end - bar.x, bar.h}, log.alive ? theme::accent : theme::faint, 2);
  // What lies above the high watermark is paler, and hatched where nobody else has it.
  const std::int64_t sure = std::min(log.end, view.high_watermark.value_or(log.end));
  const float from = scale.at(sure);
  if (end > from + 0.5F) {
    ui.fill({from, bar.y, end - from, bar.h}, faded(theme::panel, 0.45F));
    std::int64_t others = 0;
    for (const Log& other : view.logs) {
      if (other.number != log.number) others = std::max(others, other.end);
    }
    const float alone = scale.at(std::max(sure, others));
    for (float x = alone + 2; log.end > others && x < end - 1; x += 5) {
      ui.line({x, bar.bottom() - 1}, {std::min(x + 4, end), bar.y + 1}, theme::control, 1.5F);
    }
  }
  for (const std::int64_t offset : scene.run.lost_offsets(*scene.view.partition, scene.moment.t)) {
    if (offset < view.first || offset > view.last) continue;
    const float x = scale.at(offset);
    ui.line({x - 4, bar.y - 1}, {x + 4, bar.bottom() + 1}, theme::wrong, 2);
    ui.line({x + 4, bar.y - 1}, {x - 4, bar.bottom() + 1}, theme::wrong, 2);
  }
  ui.line({end, bar.y - 2}, {end, bar.bottom() + 2}, theme::text, 1.5F);
}

// Names below or above a line at their places; who has no room beside the others is left out.
class Labels {
 public:
  Labels(Ui& ui, const Rect& line) : ui_(ui), line_(line), free_from_(line.x) {}
  void put(float x, const std::string& text, Color color) {
    const TextStyle style{Size::small, color};
    const float w = ui_.width_of(text, style);
    const float left = std::clamp(x - w / 2, line_.x, std::max(line_.x, line_.right() - w));
    if (left < free_from_) return;
    ui_.text_fit({left, line_.y, w + 1, line_.h}, {text}, style);
    free_from_ = left + w + 12;
  }

 private:
  Ui& ui_;
  Rect line_;
  float free_from_;
};

void draw_words(Ui& ui, const Scene& scene, const View& view, const Rect& line) {
  std::vector<std::pair<std::string, Color>> words;
  const int lost = scene.run.lost_of(*scene.view.partition, scene.moment.t);
  if (lost > 0) {
    words.emplace_back(fmt::format(fmt::runtime(ui.say(Text::lost_here)), lost), theme::wrong);
  }
  std::int64_t most = -1;
  std::int64_t second = -1;
  for (const Log& log : view.logs) {
    if (log.end > most) {
      second = std::exchange(most, log.end);
    } else {
      second = std::max(second, log.end);
    }
  }
  if (second >= 0 && holders(view, most - 1) == 1 && most > second) {
    words.emplace_back(fmt::format(fmt::runtime(ui.say(Text::only_one_has)), most - second),
                       theme::control);
  }
  float x = line.right();
  for (const auto& [text, color] : words) {
    const float w = ui.width_of(text, {Size::small, color, true});
    if (x - w < line.x) break;
    ui.text_in({x - w, line.y, w + 1, line.h}, text, {Size::small, color, true});
    x -= w + 16;
  }
}

}  // namespace

float replica_logs_height(const Scene& scene) {
  std::size_t replicas = 3;
  if (scene.view.partition) {
    const auto found = scene.moment.state.partitions.find(*scene.view.partition);
    if (found != scene.moment.state.partitions.end()) replicas = found->second.replicas.size();
  }
  return head + marks + log_row * static_cast<float>(std::clamp<std::size_t>(replicas, 1, 6)) +
         foot;
}

void draw_replica_logs(Ui& ui, const Scene& scene, const Rect& rect) {
  const int partition = *scene.view.partition;
  ui.line({rect.x, rect.y}, {rect.right(), rect.y}, theme::track);
  const auto known = std::find_if(scene.run.partitions.begin(), scene.run.partitions.end(),
                                  [&](const auto& one) { return one.id == partition; });
  const Rect close{rect.right() - 22, rect.y + 3, 22, 22};
  const Color cross = ui.hovered(close) ? theme::text : theme::dim;
  ui.line({close.x + 6, close.y + 6}, {close.x + 16, close.y + 16}, cross, 1.5F);
  ui.line({close.x + 16, close.y + 6}, {close.x + 6, close.y + 16}, cross, 1.5F);
  float used = 0;
  if (known != scene.run.partitions.end()) {
    used = ui.text_fit({rect.x, rect.y + 3, rect.w / 2, head - 4}, {known->name()},
                       {Size::body, theme::accent, true});
  }
  const View view = look_at(scene, partition);
  draw_words(ui, scene, view, {rect.x + used + 16, rect.y + 3, rect.w - used - 48, head - 4});
  if (ui.clicked(close)) scene.view.partition.reset();
  if (view.logs.empty()) return;

  const Rect logs{rect.x + name_width, rect.y + head + marks, rect.w - name_width - 78,
                  rect.h - head - marks - foot};
  const Scale scale(view, logs.x, logs.w);
  const auto fits = static_cast<std::size_t>(std::max(0.F, logs.h / log_row));
  const std::size_t shown = std::min(view.logs.size(), fits);
  const float bottom = logs.y + log_row * static_cast<float>(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const Log& log = view.logs[i];
    const float y = logs.y + static_cast<float>(i) * log_row;
    draw_name(ui, scene, log, {rect.x, y, name_width - 8, log_row});
    draw_log(ui, scene, view, scale, log, {logs.x, y, logs.w, log_row});
    why_when_clicked(ui, scene, {rect.x, y + 2, rect.w, log_row - 4},
                     {Asked::Of::replica, partition, "", log.number});
    const std::string end = log.end < 0 ? "-" : with_thousands(log.end);
    ui.text_fit({logs.right() + 6, y, 72, log_row},
                {end, short_number(static_cast<double>(log.end))}, {Size::small, theme::dim},
                Align::right);
  }
  Labels above(ui, {logs.x, rect.y + head, logs.w, marks});
  if (view.high_watermark) {
    const float x = scale.at(*view.high_watermark);
    ui.line({x, logs.y - 2}, {x, bottom}, theme::good, 2);
    above.put(
        x, fmt::format("{} {}", ui.say(Text::high_watermark), with_thousands(*view.high_watermark)),
        theme::good);
  }
  if (bottom + foot > rect.bottom() + 2) return;
  std::vector<Reading> groups = view.groups;
  std::sort(groups.begin(), groups.end(),
            [](const Reading& a, const Reading& b) { return a.position < b.position; });
  Labels below(ui, {logs.x, bottom + 4, logs.w, foot - 4});
  for (const Reading& one : groups) {
    const float x = scale.at(one.position);
    ui.triangle({x, bottom - 1}, {x - 5, bottom + 6}, {x + 5, bottom + 6}, theme::control);
    const bool behind = one.position < view.first;
    below.put(x,
              fmt::format("{}{} {}", behind ? "← " : "", one.group, with_thousands(one.position)),
              theme::control);
  }
}

}  // namespace brokerlab::viz

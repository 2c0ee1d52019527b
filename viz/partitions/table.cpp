// The table of partitions: who leads, who is in sync, how far each replica and the group are.
#include "viz/cluster/condition.h"
#include "viz/partitions/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace brokerlab::viz {
namespace {

constexpr float row_height = 28;
constexpr float header_height = 26;  ///< The names of the columns.

// Where each column ends (numbers are set right) or begins.
struct Columns {
  float number, leader, in_sync;
  std::optional<float> epoch;  ///< Where there is room for it.
  float log_end_width;
  std::vector<float> log_end;
  float high_watermark, lag;
};

constexpr float widest_table = 860;
constexpr float full_log_end_width = 72;
constexpr float presented_log_end_width = 67;

constexpr float in_sync_x = 174;
constexpr float presented_in_sync_x = 130;  // Without epochs.
constexpr float in_sync_gap = 10;

// Up to `replicas` columns of log ends, fewer where the brokers' numbers take the room.
Columns columns_in(const Rect& room, std::size_t replicas, float in_sync_width, bool presenting) {
  Columns c{};
  const float begin = presenting ? presented_in_sync_x : in_sync_x;
  c.log_end_width = presenting ? presented_log_end_width : full_log_end_width;
  // On a wide sheet the leaders' names have more of it.
  const float more = std::clamp(room.w - 700, 0.F, 60.F);
  c.number = room.x + 18;
  c.leader = room.x + 46;
  c.lag = room.right();
  c.high_watermark = room.right() - 66;
  const float last = c.high_watermark - c.log_end_width;
  const float spare = last - (room.x + begin + more + in_sync_width - in_sync_gap + 4) + 8;
  replicas = std::min(replicas, static_cast<std::size_t>(std::max(0.F, spare / c.log_end_width)));
  for (std::size_t i = 0; i < replicas; ++i) {
    c.log_end.push_back(last - c.log_end_width * static_cast<float>(replicas - 1 - i));
  }
  if (!presenting) c.epoch = room.x + 162 + more;
  c.in_sync = room.x + begin + more;
  return c;
}

// Up to four brokers have a column each; in a larger cluster the columns are the replicas in the
// order of assignment, the preferred leader first.
std::size_t replica_columns(const Scene& scene) {
  if (scene.run.brokers.size() <= 4) return std::min<std::size_t>(scene.run.brokers.size(), 3);
  return 3;
}

void draw_header(Ui& ui, const Scene& scene, const Rect& room, const Columns& c) {
  const TextStyle style{Size::small, theme::faint};
  ui.text({c.number, room.y}, ui.say(Text::partition), style, Align::center);
  ui.text({c.leader, room.y}, ui.say(Text::leader), style);
  if (c.epoch) ui.text({*c.epoch, room.y}, ui.say(Text::epoch), style, Align::right);
  ui.text({c.in_sync, room.y}, ui.say(Text::in_sync), style);
  for (std::size_t i = 0; i < c.log_end.size(); ++i) {
    const std::string label = scene.run.brokers.size() <= 3
                                  ? fmt::format("{}", scene.run.brokers[i].number)
                                  : fmt::format("r{}", i + 1);
    ui.text({c.log_end[i], room.y}, fmt::format(fmt::runtime(ui.say(Text::log_end)), label), style,
            Align::right);
  }
  ui.text({c.high_watermark, room.y}, ui.say(Text::high_watermark), style, Align::right);
  ui.text({c.lag, room.y}, ui.say(Text::lag), style, Align::right);
  ui.line({room.x, room.y + 22}, {room.right(), room.y + 22}, theme::track);
  // By the name that Kafka's tools and MBeans have for the column.
  const auto name = [&](float from, float to, const char* fact) {
    if (!ui.hovered({from, room.y, to - from, 20})) return;
    ui.tooltip(known_as(recording::MetricName::Kind::fact, fact, ui.language()));
  };
  const float logs = c.high_watermark - 62;
  name(c.leader, c.epoch ? *c.epoch - 44 : c.in_sync - 8, "partition leader");
  name(c.in_sync, c.in_sync + 60, "partition isr");
  if (!c.log_end.empty()) name(c.log_end.front() - c.log_end_width + 8, logs, "replica leo");
  name(logs, c.high_watermark, "partition hw");
  name_when_hovered(ui, {c.high_watermark + 4, room.y, c.lag - c.high_watermark - 4, 20},
                    "records-lag");
}

float in_sync_width(const Ui& ui, const recording::ClusterState::Partition& partition) {
  float width = 0;
  for (const int broker : partition.replicas) {
    width += ui.width_of(std::to_string(broker), {Size::body}) + in_sync_gap;
  }
  return width;
}

// Replicas in order of broker.id: in sync plain, missing ones struck out in red.
void draw_in_sync(Ui& ui, const recording::ClusterState::Partition& partition, float x, float y) {
  auto replicas = partition.replicas;
  std::sort(replicas.begin(), replicas.end());
  for (const int broker : replicas) {
    const bool in_sync =
        std::find(partition.isr.begin(), partition.isr.end(), broker) != partition.isr.end();
    const TextStyle style{Size::body, in_sync ? theme::text : theme::wrong};
    const float width = ui.text({x, y}, std::to_string(broker), style);
    if (!in_sync) ui.line({x - 4, y + 16}, {x + width + 4, y + 3}, theme::wrong, 1.75F);
    x += width + in_sync_gap;
  }
}

void draw_leader(Ui& ui, const Scene& scene, const recording::ClusterState::Partition& partition,
                 const Rect& cell) {
  const auto* broker = broker_by_number(scene.run, partition.leader);
  switch (leadership(scene, partition)) {
    case Leadership::alive:
      ui.text_fit(cell, {broker->name, fmt::format("{}", broker->number)},
                  {Size::body, theme::text});
      return;
    case Leadership::unreachable: {
      draw_glyph(ui, {cell.x, cell.center().y - 7, 14, 14}, Condition::cut_off, theme::wrong);
      ui.text_fit({cell.x + 19, cell.y, cell.w - 19, cell.h},
                  {broker->name, fmt::format("{}", broker->number)},
                  {Size::body, theme::wrong, true});
      if (ui.hovered(cell)) ui.tooltip(std::string(ui.say(Text::no_client_reaches)));
      return;
    }
    case Leadership::dead: {
      const float width = ui.text_fit(cell, {broker->name, fmt::format("{}", broker->number)},
                                      {Size::body, theme::wrong, true});
      ui.line({cell.x - 2, cell.center().y + 1}, {cell.x + width + 2, cell.center().y + 1},
              theme::wrong, 1.5F);
      return;
    }
    case Leadership::none:
      ui.text_in(cell, ui.say(Text::no_leader), {Size::body, theme::wrong, true});
  }
}

// A number right-aligned in a column: smaller, then rounded, where the whole one has no room.
void draw_number(Ui& ui, Point at, std::int64_t value, Color color, float width) {
  std::string text = with_thousands(value);
  TextStyle style{Size::body, color};
  if (ui.width_of(text, style) > width) style.size = Size::small;
  if (ui.width_of(text, style) > width) text = short_number(static_cast<double>(value));
  ui.text(at, text, style, Align::right, width);
}

void draw_offsets(Ui& ui, const Scene& scene, const recording::RecordedPartition& partition,
                  const recording::ClusterState::Partition& state, const Columns& c, float y) {
  for (std::size_t i = 0; i < c.log_end.size(); ++i) {
    int broker = -1;
    if (scene.run.brokers.size() <= 3) {
      broker = scene.run.brokers[i].number;
    } else if (i < state.replicas.size()) {
      broker = state.replicas[i];
    }
    const auto found = scene.moment.state.log_end_offset.find({partition.id, broker});
    const auto* process = broker_by_number(scene.run, broker);
    const bool alive = process != nullptr && scene.moment.running(*process);
    const bool known = found != scene.moment.state.log_end_offset.end();
    const Color color = !alive ? theme::faint : broker == state.leader ? theme::text : theme::dim;
    if (known) {
      draw_number(ui, {c.log_end[i], y}, found->second, color, c.log_end_width - 8);
      why_when_clicked(ui, scene, {c.log_end[i] - c.log_end_width + 10, y, c.log_end_width - 8, 19},
                       {Asked::Of::replica, partition.id, "", broker});
    } else {
      ui.text({c.log_end[i], y}, "-", {Size::body, theme::faint}, Align::right);
    }
  }
  if (state.high_watermark) {
    draw_number(ui, {c.high_watermark, y}, *state.high_watermark, theme::text, 66);
    why_when_clicked(ui, scene, {c.high_watermark - 62, y, 64, 19},
                     {Asked::Of::high_watermark, partition.id});
  } else {
    ui.text({c.high_watermark, y}, "-", {Size::body, theme::faint}, Align::right);
  }
  const auto lag = scene.run.partition_lag.find(partition.id);
  const auto value =
      lag == scene.run.partition_lag.end() ? std::nullopt : lag->second.at(scene.moment.t);
  if (value) {
    draw_number(ui, {c.lag, y}, std::llround(*value), *value >= 1 ? theme::text : theme::faint, 58);
    why_when_clicked(ui, scene, {c.lag - 56, y, 56, 19}, {Asked::Of::lag, partition.id});
  } else {
    ui.text({c.lag, y}, "-", {Size::body, theme::faint}, Align::right);
  }
}

void draw_row(Ui& ui, const Scene& scene, const recording::RecordedPartition& partition,
              const Columns& c, const Rect& row) {
  const auto found = scene.moment.state.partitions.find(partition.id);
  const recording::ClusterState::Partition unknown;
  const auto& state = found == scene.moment.state.partitions.end() ? unknown : found->second;
  const bool told = found != scene.moment.state.partitions.end();
  const Rect ground{row.x - 6, row.y + 1, row.w + 12, row.h - 2};
  if (told && leadership(scene, state) != Leadership::alive) {
    ui.wash(ground, faded(theme::wrong, 0.13F), theme::panel, 4);
  } else if (scene.view.partition == partition.id) {
    ui.wash(ground, faded(theme::accent, 0.16F), theme::panel, 4);
  } else if (ui.hovered(row)) {
    ui.fill(ground, theme::card, 4);
  }
  if (scene.run.lost_of(partition.id, scene.moment.t) > 0) {
    draw_standing(ui, {row.x - 4, row.center().y - 5, 10, 10}, Standing::lost);
    if (ui.hovered(row)) {
      ui.tooltip(fmt::format(fmt::runtime(ui.say(Text::lost_here)),
                             scene.run.lost_of(partition.id, scene.moment.t)));
    }
  }
  const float y = row.center().y - 9;
  ui.text({c.number, y}, std::to_string(partition.number), {Size::body, theme::text, true},
          Align::center);
  if (!told) return;
  const float end = c.epoch ? *c.epoch - 44 : c.in_sync - 8;
  draw_leader(ui, scene, state, {c.leader, row.y, end - c.leader, row.h});
  if (c.epoch) {
    ui.text({*c.epoch, y}, state.epoch < 0 ? "-" : std::to_string(state.epoch),
            {Size::body, theme::dim}, Align::right);
  }
  draw_in_sync(ui, state, c.in_sync, y);
  draw_offsets(ui, scene, partition, state, c, y);
}

}  // namespace

float table_height(const Scene& scene) {
  const auto& all = scene.run.partitions;
  std::size_t rows = all.size();
  for (std::size_t i = 0; i < all.size(); ++i) rows += i == 0 || all[i].topic != all[i - 1].topic;
  // Before a class what happened has to be read below it.
  rows = std::clamp<std::size_t>(rows, 4, scene.view.presenting ? 12 : 15);
  return header_height + static_cast<float>(rows) * row_height;
}

void draw_partition_table(Ui& ui, const Scene& scene, const Rect& rect) {
  // No wider than an eye follows a row.
  const Rect room{rect.x, rect.y, std::min(rect.w, widest_table), rect.h};
  const auto& partitions = scene.run.partitions;
  const int count = static_cast<int>(partitions.size());
  int& first = scene.view.table_first;
  if (ui.hovered(room) && ui.wheel() != 0) first -= static_cast<int>(ui.wheel() * 3);
  first = std::clamp(first, 0, std::max(0, count - 3));
  float widest = 0;
  for (int i = first; i < std::min(first + 16, count); ++i) {
    const auto found =
        scene.moment.state.partitions.find(partitions[static_cast<std::size_t>(i)].id);
    if (found == scene.moment.state.partitions.end()) continue;
    widest = std::max(widest, in_sync_width(ui, found->second));
  }
  const Columns columns = columns_in(room, replica_columns(scene), widest, scene.view.presenting);
  draw_header(ui, scene, room, columns);
  float y = room.y + header_height;
  std::string topic;
  int next = first;
  for (; next < count; ++next) {
    const auto& partition = partitions[static_cast<std::size_t>(next)];
    const bool new_topic = partition.topic != topic;
    const float needs = new_topic ? 2 * row_height : row_height;
    if (y + needs > room.bottom() + theme::padding - 4) break;
    if (new_topic) {
      topic = partition.topic;
      ui.text_in({room.x, y, room.w, row_height}, topic, {Size::body, theme::accent});
      y += row_height;
    }
    const Rect row{room.x, y, room.w, row_height};
    if (ui.clicked(row)) {
      scene.view.partition = partition.id;
      scene.view.selected_event.reset();
      scene.view.asked = Asked{Asked::Of::partition, partition.id};
    }
    draw_row(ui, scene, partition, columns, row);  // Its numbers ask of themselves.
    y += row_height;
  }
  if ((first > 0 || next < count) && next > first) {
    ui.text({room.right(), room.y - 27}, fmt::format("{}–{} / {}", first + 1, next, count),
            {Size::small, theme::dim}, Align::right);
  }
}

}  // namespace brokerlab::viz

#include "viz/cluster_layout.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::viz {
namespace {

constexpr float client_width = 136;
constexpr float lane_width = 44;  // Between the clients and the brokers.
constexpr float zookeeper_height = 54;
constexpr float bus_room = 76;  // Between ZooKeeper and the brokers.
constexpr float replicate_room = 30;
constexpr std::size_t brokers_a_row = 5;

std::vector<Rect> in_row(const Rect& room, std::size_t count, float gap, float widest) {
  std::vector<Rect> cards;
  if (count == 0) return cards;
  const auto n = static_cast<float>(count);
  const float w = std::min(widest, (room.w - gap * (n - 1)) / n);
  const float left = room.center().x - (w * n + gap * (n - 1)) / 2;
  for (std::size_t i = 0; i < count; ++i) {
    cards.push_back({left + static_cast<float>(i) * (w + gap), room.y, w, room.h});
  }
  return cards;
}

std::vector<Rect> in_column(const Rect& room, std::size_t count, float gap, float highest) {
  std::vector<Rect> cards;
  if (count == 0) return cards;
  const auto n = static_cast<float>(count);
  const float h = std::min(highest, (room.h - gap * (n - 1)) / n);
  const float top = room.center().y - (h * n + gap * (n - 1)) / 2;
  for (std::size_t i = 0; i < count; ++i) {
    cards.push_back({room.x, top + static_cast<float>(i) * (h + gap), room.w, h});
  }
  return cards;
}

}  // namespace

Family family_of(std::string_view kind, bool between_brokers) {
  if (kind.starts_with("Produce")) return Family::produce;
  if (kind.starts_with("Fetch")) return between_brokers ? Family::replicate : Family::consume;
  if (kind.starts_with("OffsetCommit") || kind.starts_with("OffsetFetch")) return Family::consume;
  return between_brokers && kind.starts_with("OffsetForLeaderEpoch") ? Family::replicate
                                                                     : Family::control;
}

Color color_of(Family family) {
  switch (family) {
    case Family::produce:
      return theme::produce;
    case Family::replicate:
      return theme::replicate;
    case Family::consume:
      return theme::consume;
    case Family::control:
      return theme::control;
  }
  return theme::dim;
}

Point along(const Way& way, float share) {
  if (way.empty()) return {};
  float total = 0;
  for (std::size_t i = 1; i < way.size(); ++i) {
    total += std::hypot(way[i].x - way[i - 1].x, way[i].y - way[i - 1].y);
  }
  float left = std::clamp(share, 0.F, 1.F) * total;
  for (std::size_t i = 1; i < way.size(); ++i) {
    const float length = std::hypot(way[i].x - way[i - 1].x, way[i].y - way[i - 1].y);
    if (left <= length && length > 0) {
      const float part = left / length;
      return {way[i - 1].x + (way[i].x - way[i - 1].x) * part,
              way[i - 1].y + (way[i].y - way[i - 1].y) * part};
    }
    left -= length;
  }
  return way.back();
}

ClusterLayout::ClusterLayout(const Run& run, const Rect& room) {
  const float side = client_width + lane_width;
  const Rect middle{room.x + side, room.y, room.w - 2 * side, room.h};
  zookeepers =
      in_row({middle.x, room.y, middle.w, zookeeper_height}, run.zookeepers.size(), 14, 158);
  const float brokers_top = room.y + zookeeper_height + bus_room;
  control_bus_ = room.y + zookeeper_height + 20;
  consume_bus_ = control_bus_ + 19;
  produce_bus_ = consume_bus_ + 19;

  const auto count = run.brokers.size();
  const auto rows = std::max<std::size_t>(1, (count + brokers_a_row - 1) / brokers_a_row);
  const float all = room.bottom() - replicate_room - brokers_top;
  const float height = (all - 14 * static_cast<float>(rows - 1)) / static_cast<float>(rows);
  for (std::size_t row = 0, first = 0; row < rows; ++row) {
    const std::size_t here = (count - first + (rows - row) - 1) / (rows - row);
    const float y = brokers_top + static_cast<float>(row) * (height + 14);
    for (const Rect& card : in_row({middle.x, y, middle.w, height}, here, 16, 190)) {
      brokers.push_back(card);
    }
    first += here;
  }
  replicate_bus_ = room.bottom() - replicate_room / 2 + 2;

  const Rect left{room.x, brokers_top, client_width, all};
  consumer_head = {room.right() - client_width, brokers_top - 84, client_width, 84};
  producers = in_column(left, run.producers.size(), 12, 104);
  consumers = in_column({room.right() - client_width, left.y, client_width, all},
                        run.consumers.size(), 12, 104);

  for (std::size_t i = 0; i < count; ++i) {
    ends_[run.brokers[i].machine].push_back({Kind::broker, brokers[i], 0});
  }
  for (std::size_t i = 0; i < zookeepers.size(); ++i) {
    ends_[run.zookeepers[i].machine].push_back({Kind::zookeeper, zookeepers[i], 0});
  }
  const auto lane = [](std::size_t i) { return 14 + 7 * static_cast<float>(i % 4); };
  for (std::size_t i = 0; i < producers.size(); ++i) {
    ends_[run.producers[i].process.machine].push_back(
        {Kind::producer, producers[i], producers[i].right() + lane(i)});
  }
  for (std::size_t i = 0; i < consumers.size(); ++i) {
    ends_[run.consumers[i].process.machine].push_back(
        {Kind::consumer, consumers[i], consumers[i].x - lane(i)});
  }
}

float ClusterLayout::bus(Family family) const {
  switch (family) {
    case Family::produce:
      return produce_bus_;
    case Family::replicate:
      return replicate_bus_;
    case Family::consume:
      return consume_bus_;
    case Family::control:
      return control_bus_;
  }
  return control_bus_;
}

const ClusterLayout::End* ClusterLayout::end_of(int machine, Family family) const {
  const auto found = ends_.find(machine);
  if (found == ends_.end()) return nullptr;
  // On a machine with several clients the family tells whose message it is, as well as it can.
  for (const End& end : found->second) {
    if (family == Family::produce && end.kind == Kind::producer) return &end;
    if (family == Family::consume && end.kind == Kind::consumer) return &end;
    if (family == Family::replicate && end.kind == Kind::broker) return &end;
  }
  return &found->second.front();
}

Way ClusterLayout::to_bus(const End& end, Family family) const {
  const float y = bus(family);
  const Rect& card = end.card;
  switch (end.kind) {
    case Kind::zookeeper:
      return {{card.center().x, card.bottom()}, {card.center().x, y}};
    case Kind::producer:
      return {{card.right(), card.center().y}, {end.lane, card.center().y}, {end.lane, y}};
    case Kind::consumer:
      return {{card.x, card.center().y}, {end.lane, card.center().y}, {end.lane, y}};
    case Kind::broker:
      break;
  }
  const float port = family == Family::produce ? 0.22F : family == Family::consume ? 0.78F : 0.5F;
  const float x = card.x + card.w * port;
  return {{x, family == Family::replicate ? card.bottom() : card.y}, {x, y}};
}

Way ClusterLayout::way(int source, int destination, Family family) const {
  const End* from = end_of(source, family);
  const End* to = end_of(destination, family);
  if (from == nullptr || to == nullptr || from == to) return {};
  // A client's control messages take the client's own bus: its lane ends there.
  if (family == Family::control) {
    for (const End* end : {from, to}) {
      if (end->kind == Kind::producer) family = Family::produce;
      if (end->kind == Kind::consumer) family = Family::consume;
    }
  }
  Way way = to_bus(*from, family);
  const Way back = to_bus(*to, family);
  way.insert(way.end(), back.rbegin(), back.rend());
  return way;
}

std::vector<std::pair<Way, Family>> ClusterLayout::wires() const {
  std::vector<std::pair<Way, Family>> wires;
  std::map<Family, std::pair<float, float>> reach;  // Of each bus, left to right.
  const auto wire = [&](const End& end, Family family) {
    wires.emplace_back(to_bus(end, family), family);
    const float x = wires.back().first.back().x;
    const auto [known, fresh] = reach.emplace(family, std::pair{x, x});
    if (!fresh) {
      known->second.first = std::min(known->second.first, x);
      known->second.second = std::max(known->second.second, x);
    }
  };
  for (const auto& [machine, ends] : ends_) {
    for (const End& end : ends) {
      if (end.kind == Kind::broker) {
        for (const auto family :
             {Family::produce, Family::replicate, Family::consume, Family::control}) {
          if (family == Family::produce && producers.empty()) continue;
          if (family == Family::consume && consumers.empty()) continue;
          wire(end, family);
        }
      } else {
        wire(end, end.kind == Kind::producer   ? Family::produce
                  : end.kind == Kind::consumer ? Family::consume
                                               : Family::control);
      }
    }
  }
  for (const auto& [family, ends] : reach) {
    wires.push_back({{{ends.first, bus(family)}, {ends.second, bus(family)}}, family});
  }
  return wires;
}

}  // namespace brokerlab::viz

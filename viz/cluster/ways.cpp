#include "viz/cluster/ways.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace brokerlab::viz {

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

Ways::Ways(const Run& run, const ClusterLayout& layout)
    : layout_(layout),
      any_producers_(!run.producers.empty()),
      any_consumers_(!run.consumers.empty()) {
  for (const RackBox& rack : layout.racks) {
    for (const std::size_t i : rack.brokers) {
      ends_[run.brokers[i].machine].push_back({Kind::broker, layout.brokers[i], 0, &rack});
    }
  }
  for (std::size_t i = 0; i < layout.zookeepers.size(); ++i) {
    ends_[run.zookeepers[i].machine].push_back({Kind::zookeeper, layout.zookeepers[i], 0});
  }
  // Four side by side, clear of the clients and of the brokers.
  const float step = (layout.lane_width - 23) / 3;
  const auto lane = [step](std::size_t i) { return 14 + step * static_cast<float>(i % 4); };
  const auto add = [&](const std::vector<Client>& clients, const ClientColumn& column, Kind kind) {
    // Whoever has no place of its own comes from the column's edge.
    std::vector<const ClientPlace*> place_of(clients.size(), nullptr);
    std::vector<std::size_t> number(clients.size(), 0);
    for (std::size_t i = 0; i < column.places.size(); ++i) {
      const ClientPlace& place = column.places[i];
      for (const std::size_t member : place.members) {
        place_of[member] = &place;
        number[member] = i;
      }
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const Rect rect = place_of[i] == nullptr
                            ? Rect{column.room.x, column.room.bottom() - 22, column.room.w, 22}
                            : place_of[i]->rect;
      const float x =
          kind == Kind::producer ? rect.right() + lane(number[i]) : rect.x - lane(number[i]);
      ends_[clients[i].process.machine].push_back({kind, rect, x});
    }
  };
  add(run.producers, layout.producers, Kind::producer);
  add(run.consumers, layout.consumers, Kind::consumer);
}

float Ways::bus(Family family) const {
  switch (family) {
    case Family::produce:
      return layout_.produce_bus;
    case Family::replicate:
      return layout_.replicate_bus;
    case Family::consume:
      return layout_.consume_bus;
    case Family::control:
      return layout_.control_bus;
  }
  return layout_.control_bus;
}

const Ways::End* Ways::end_of(int machine, Family family) const {
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

float Ways::gutter(const RackBox& rack, Family family) const {
  switch (family) {
    case Family::produce:
      return rack.box.x + 11;
    case Family::consume:
      return rack.box.x + 7;
    case Family::control:
      return rack.box.x + 3;
    case Family::replicate:
      return rack.box.right() - 3.5F;
  }
  return rack.box.x;
}

Way Ways::to_bus(const End& end, Family family) const {
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
  if (layout_.direct || end.rack == nullptr) {
    return {{x, family == Family::replicate ? card.bottom() : card.y}, {x, y}};
  }
  const float row = card.y - layout_.gap / 2;
  const float side = gutter(*end.rack, family);
  return {{x, card.y}, {x, row}, {side, row}, {side, y}};
}

Way Ways::way(int source, int destination, Family family) const {
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

std::vector<std::pair<Way, Family>> Ways::wires() const {
  std::vector<std::pair<Way, Family>> wires;
  std::map<Family, std::pair<float, float>> reach;  // Of each bus, left to right.
  std::set<std::tuple<int, int, int, Family>> drawn;
  const auto wire = [&](const End& end, Family family) {
    Way way = to_bus(end, family);
    const float x = way.back().x;
    const auto [known, fresh] = reach.emplace(family, std::pair{x, x});
    if (!fresh) {
      known->second.first = std::min(known->second.first, x);
      known->second.second = std::max(known->second.second, x);
    }
    // Brokers of one row and rack share all but the last step; clients of one place all of it.
    const Point first = way.size() > 3 ? way[1] : way.front();
    const bool shared = way.size() > 3;
    const auto key = std::tuple(static_cast<int>(shared ? x * 4 : first.x * 4),
                                static_cast<int>(first.y * 4), static_cast<int>(x * 4), family);
    if (drawn.insert(key).second) wires.emplace_back(std::move(way), family);
  };
  for (const auto& [machine, ends] : ends_) {
    for (const End& end : ends) {
      if (end.kind == Kind::broker) {
        for (const auto family :
             {Family::produce, Family::replicate, Family::consume, Family::control}) {
          if (family == Family::produce && !any_producers_) continue;
          if (family == Family::consume && !any_consumers_) continue;
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

#include "viz/cluster/layout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace brokerlab::viz {
namespace {

constexpr float full_client_width = 136;
constexpr float full_lane_width = 44;  // Between the clients and the brokers.
// Before a class the type is larger and the sheet smaller: brokers have the room first.
constexpr float presented_client_width = 112;
constexpr float presented_lane_width = 36;
constexpr float zookeeper_height = 54;
constexpr float bus_room = 76;  // Between ZooKeeper and the brokers.
constexpr float replicate_room = 30;
constexpr float others_height = 24;

constexpr float head_height = 20;  // The name of a rack or zone.
constexpr float pad = 5;           // Between a box and what is in it.
constexpr float box_gap = 8;
constexpr float left_gutter = 15;  // Where messages pass beside a rack's brokers.
constexpr float right_gutter = 7;

constexpr float smallest_mark = 9;

constexpr float lowest_card = 50;  // Of a client of its own.
constexpr float slim_card = 26;    // Of one whose name and rate stand in a line.
constexpr float gang_height = 64;
constexpr float line_height = 22;

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

// --- Brokers ---

// How the room of the brokers is divided.
struct Division {
  int zones_across = 1;
  int racks_across = 1;
  int brokers_across = 1;
  float w = 0;  // Of a broker.
  float h = 0;
  float score = 0;
};

struct Demand {
  int zones = 1;
  int racks_a_zone = 1;
  int brokers_a_rack = 1;
  bool boxes = false;  // Racks have a head, and a gutter beside their brokers.
  bool zone_heads = false;
  bool gutters = false;
};

float rack_width(const Rect& room, const Demand& want, const Division& by) {
  const float zone = (room.w - box_gap * static_cast<float>(by.zones_across - 1)) /
                         static_cast<float>(by.zones_across) -
                     (want.zone_heads ? 2 * pad : 0);
  return (zone - box_gap * static_cast<float>(by.racks_across - 1)) /
         static_cast<float>(by.racks_across);
}

float zone_height(const Rect& room, const Demand& want, const Division& by) {
  const int rows = (want.zones + by.zones_across - 1) / by.zones_across;
  return (room.h - box_gap * static_cast<float>(rows - 1)) / static_cast<float>(rows);
}

float rack_height(const Rect& room, const Demand& want, const Division& by) {
  const int rows = (want.racks_a_zone + by.racks_across - 1) / by.racks_across;
  const float zone = zone_height(room, want, by) - (want.zone_heads ? head_height + pad : 0);
  return (zone - box_gap * static_cast<float>(rows - 1)) / static_cast<float>(rows);
}

float gap_between(const Demand& want, float width) {
  if (!want.gutters) return 16;
  return width >= 90 ? 8.F : width >= 30 ? 5.F : 3.F;
}

// Cards are better wide than high: what they say are words.
float score_of(float w, float h) { return std::min(w / 100, h / 66); }

Division best_division(const Rect& room, const Demand& want) {
  Division best;
  for (int zones = 1; zones <= std::min(want.zones, 8); ++zones) {
    for (int racks = 1; racks <= want.racks_a_zone; ++racks) {
      for (int brokers = 1; brokers <= want.brokers_a_rack; ++brokers) {
        Division by{zones, racks, brokers, 0, 0, 0};
        const float gutters = want.gutters ? left_gutter + right_gutter : 0;
        const float inside = rack_width(room, want, by) - gutters;
        const float rough = inside / static_cast<float>(brokers);
        if (rough < 8) break;
        const float gap = gap_between(want, rough);
        const int rows = (want.brokers_a_rack + brokers - 1) / brokers;
        const float high = rack_height(room, want, by) - (want.boxes ? head_height + pad : 0);
        by.w = (inside - gap * static_cast<float>(brokers - 1)) / static_cast<float>(brokers);
        by.h = (high - gap * static_cast<float>(rows) - (want.gutters ? 0 : -gap)) /
               static_cast<float>(rows);
        by.score = score_of(by.w, by.h);
        if (by.w > 0 && by.h > 0 && by.score > best.score * 1.0001F) best = by;
      }
    }
  }
  return best;
}

// --- Clients ---

struct Gang {
  std::string name;
  std::vector<std::size_t> members;
};

std::vector<Gang> gangs_of(const std::vector<Client>& clients) {
  std::vector<Gang> gangs;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto [found, fresh] = known.emplace(clients[i].gang, gangs.size());
    if (fresh) gangs.push_back({clients[i].gang, {}});
    gangs[found->second].members.push_back(i);
  }
  return gangs;
}

// As many places of a height as fit, the last of them for those that do not.
struct Fit {
  int shown = 0;
  int first = 0;
  bool more = false;
};

Fit fit(float room, float height, float gap, int total, int first) {
  const int places = std::max(1, static_cast<int>((room + gap) / (height + gap)));
  if (total <= places) return {total, 0, false};
  const int shown = std::max(1, static_cast<int>((room - line_height) / (height + gap)));
  return {shown, std::clamp(first, 0, total - shown), true};
}

constexpr float client_gap = 8;

std::size_t places_in(float room, float height) {
  return static_cast<std::size_t>(std::max(0.F, (room + client_gap) / (height + client_gap)));
}

constexpr float slim_gap = 4;

// Rather low cards for all than high ones for some: who is out of sight may be the one that died.
// False: there is no room for all.
bool place_slim(const std::vector<Gang>& gangs, const Rect& room, ClientColumn& column) {
  const auto single = [](const Gang& gang) { return gang.members.size() == 1; };
  const auto alone = static_cast<float>(std::count_if(gangs.begin(), gangs.end(), single));
  const auto count = static_cast<float>(gangs.size());
  const float taken = (count - alone) * gang_height + slim_gap * (count - 1);
  if (alone == 0 || taken + alone * slim_card > room.h) return false;
  const float high = std::min(lowest_card + 4, (room.h - taken) / alone);
  float y = room.y + (room.h - taken - alone * high) / 2;
  for (const Gang& gang : gangs) {
    const bool one = single(gang);
    const Rect place{room.x, y, room.w, one ? high : gang_height};
    column.places.push_back(
        {one ? ClientPlace::Kind::one : ClientPlace::Kind::gang, place, gang.name, gang.members});
    y += place.h + slim_gap;
  }
  column.shown = column.total;
  return true;
}

// `each`: every client has a card of its own.
ClientColumn column_of(const std::vector<Client>& clients, const Rect& room,
                       const ClientsView& view, bool each) {
  ClientColumn column;
  column.room = room;
  const std::vector<Gang> gangs = gangs_of(clients);
  const auto open = std::find_if(gangs.begin(), gangs.end(),
                                 [&](const Gang& gang) { return gang.name == view.open; });
  float y = room.y;
  if (!each && open != gangs.end()) {
    column.places.push_back(
        {ClientPlace::Kind::open, {room.x, y, room.w, 26}, open->name, open->members});
    y += 30;
    column.total = static_cast<int>(open->members.size());
    const Fit by = fit(room.bottom() - y, line_height, 0, column.total, view.first);
    column.first = by.first;
    column.shown = by.shown;
    for (int i = by.first; i < by.first + by.shown; ++i) {
      column.places.push_back({ClientPlace::Kind::line,
                               {room.x, y, room.w, line_height},
                               open->name,
                               {open->members[static_cast<std::size_t>(i)]}});
      y += line_height;
    }
    if (by.more) {
      column.places.push_back({ClientPlace::Kind::more, {room.x, y, room.w, line_height}, "", {}});
    }
    return column;
  }
  const std::size_t count = each ? clients.size() : gangs.size();
  if (count == 0) return column;
  float least = each ? lowest_card : gang_height;
  float most = each ? 104 : gang_height;
  float gap = client_gap;
  column.total = static_cast<int>(count);
  Fit by = fit(room.h, least, gap, column.total, view.first);
  if (by.more && !each && place_slim(gangs, room, column)) return column;
  const bool alone = std::all_of(gangs.begin(), gangs.end(),
                                 [](const Gang& gang) { return gang.members.size() == 1; });
  if (by.more && !each && alone) {
    least = most = slim_card;
    gap = slim_gap;
    by = fit(room.h, least, gap, column.total, view.first);
  }
  column.first = by.first;
  column.shown = by.shown;
  const auto n = static_cast<float>(by.shown);
  const float wide_gap = each && n * (most + 12) - 12 <= room.h ? 12 : gap;
  const float all = room.h - (by.more ? line_height : 0);
  const float h = std::min(most, (all - wide_gap * (n - 1)) / n);
  y = room.y + (all - (h * n + wide_gap * (n - 1))) / 2;
  for (int i = by.first; i < by.first + by.shown; ++i) {
    const auto at = static_cast<std::size_t>(i);
    ClientPlace place{each ? ClientPlace::Kind::one : ClientPlace::Kind::gang,
                      {room.x, y, room.w, h},
                      each ? "" : gangs[at].name,
                      each ? std::vector{at} : gangs[at].members};
    // A gang of one is that one.
    if (place.members.size() == 1) place.kind = ClientPlace::Kind::one;
    column.places.push_back(std::move(place));
    y += h + wide_gap;
  }
  if (by.more) {
    column.places.push_back({ClientPlace::Kind::more,
                             {room.x, room.bottom() - line_height, room.w, line_height},
                             "",
                             {}});
  }
  return column;
}

}  // namespace

ClusterLayout::ClusterLayout(const Run& run, const ViewState& view, const Rect& room) {
  const float client_width = view.presenting ? presented_client_width : full_client_width;
  lane_width = view.presenting ? presented_lane_width : full_lane_width;
  const float side = client_width + lane_width;
  const Rect middle{room.x + side, room.y, room.w - 2 * side, room.h};
  const float narrow = run.zookeepers.size() > 4 ? 8 : 14;
  zookeepers =
      in_row({middle.x, room.y, middle.w, zookeeper_height}, run.zookeepers.size(), narrow, 158);
  const float top = room.y + zookeeper_height + bus_room;
  control_bus = room.y + zookeeper_height + 20;
  consume_bus = control_bus + 19;
  produce_bus = consume_bus + 19;
  replicate_bus = room.bottom() - replicate_room / 2 + 2;

  float bottom = room.bottom() - replicate_room;
  std::set<int> with_brokers;
  for (const auto& broker : run.brokers) {
    const auto rack = run.topology.rack_of.find(broker.machine);
    if (rack != run.topology.rack_of.end()) with_brokers.insert(rack->second);
  }
  for (std::size_t i = 0; i < run.topology.areas.size(); ++i) {
    const Area& area = run.topology.areas[i];
    const bool core = area.kind == "data_center" && !area.switches.empty();
    const bool rack = area.kind == "rack" && !with_brokers.contains(static_cast<int>(i));
    if (core || rack) other_areas.push_back(static_cast<int>(i));
  }
  if (!other_areas.empty()) {
    bottom -= others_height;
    others = {middle.x, bottom + 3, middle.w, others_height - 3};
  }
  place_brokers(run, {middle.x, top, middle.w, bottom - top});

  const float clients_bottom = room.bottom() - replicate_room;
  consumer_head = {room.right() - client_width, top - 84, client_width, 84};
  // Cards stand beside the brokers; where there are too many, the list begins at the top.
  const auto column = [&](float x, const std::vector<Client>& clients, const ClientsView& of) {
    const Rect beside{x, top, client_width, clients_bottom - top};
    if (clients.size() <= places_in(beside.h, lowest_card))
      return column_of(clients, beside, of, true);
    const float high = room.y + 30;
    return column_of(clients, {x, high, client_width, clients_bottom - high}, of, false);
  };
  producers = column(room.x, run.producers, view.producers);
  consumers = column(room.right() - client_width, run.consumers, view.consumers);
  if (consumers.room.y < top) consumer_head = {};
}

void ClusterLayout::place_brokers(const Run& run, const Rect& room) {
  // Racks in the order of the topology, each with its brokers; those that stand nowhere together.
  std::map<int, std::vector<std::size_t>> by_rack;
  for (std::size_t i = 0; i < run.brokers.size(); ++i) {
    const auto rack = run.topology.rack_of.find(run.brokers[i].machine);
    by_rack[rack == run.topology.rack_of.end() ? -1 : rack->second].push_back(i);
  }
  std::map<int, std::vector<int>> by_zone;
  Demand want;
  for (const auto& [rack, members] : by_rack) {
    const int zone = rack < 0 ? -1 : run.topology.areas[static_cast<std::size_t>(rack)].parent;
    by_zone[zone].push_back(rack);
    want.brokers_a_rack = std::max(want.brokers_a_rack, static_cast<int>(members.size()));
  }
  for (const auto& [zone, of_it] : by_zone) {
    want.racks_a_zone = std::max(want.racks_a_zone, static_cast<int>(of_it.size()));
  }
  want.zones = std::max(1, static_cast<int>(by_zone.size()));
  want.boxes = !run.topology.empty();
  want.zone_heads = want.boxes;
  // Side by side with room for their names: no gutters are needed.
  const auto count = static_cast<float>(run.brokers.size());
  direct = !want.boxes && (room.w - 16 * (count - 1)) / std::max(1.F, count) >= 100;
  want.gutters = !direct;

  Division by = best_division(room, want);
  if (!direct && want.boxes && std::min(by.w, by.h) < smallest_mark) {
    // No room for boxes: all brokers together.
    std::vector<std::size_t> all(run.brokers.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    by_rack = {{-1, std::move(all)}};
    by_zone = {{-1, {-1}}};
    want = {1, 1, static_cast<int>(run.brokers.size()), false, false, true};
    by = best_division(room, want);
  }
  if (direct) by = {1, 1, static_cast<int>(run.brokers.size()), 0, 0, 0};
  brokers.resize(run.brokers.size());
  const float rack_w = rack_width(room, want, by);
  const float rack_h = rack_height(room, want, by);
  const float zone_h = zone_height(room, want, by);
  const float zone_w = (room.w - box_gap * static_cast<float>(by.zones_across - 1)) /
                       static_cast<float>(by.zones_across);
  if (direct) {
    const std::vector<Rect> cards = in_row(room, run.brokers.size(), 16, 190);
    std::copy(cards.begin(), cards.end(), brokers.begin());
    racks.push_back(
        {-1, -1, room, {}, by_rack.empty() ? std::vector<std::size_t>{} : by_rack.begin()->second});
    return;
  }
  gap = gap_between(want, by.w);
  int zone_number = 0;
  for (const auto& [zone, of_it] : by_zone) {
    const int zone_row = zone_number / by.zones_across;
    const Rect zone_box{
        room.x + static_cast<float>(zone_number % by.zones_across) * (zone_w + box_gap),
        room.y + static_cast<float>(zone_row) * (zone_h + box_gap), zone_w, zone_h};
    ++zone_number;
    const float inner = want.zone_heads ? pad : 0;
    const float head = want.zone_heads ? head_height : 0;
    if (zone >= 0) {
      zones.push_back({zone, zone_box, {zone_box.x + pad, zone_box.y, zone_box.w - 2 * pad, head}});
    }
    for (std::size_t i = 0; i < of_it.size(); ++i) {
      const int at = static_cast<int>(i);
      const int rack_row = at / by.racks_across;
      RackBox rack{of_it[i], zone, {}, {}, by_rack[of_it[i]]};
      rack.box = {
          zone_box.x + inner + static_cast<float>(at % by.racks_across) * (rack_w + box_gap),
          zone_box.y + head + static_cast<float>(rack_row) * (rack_h + box_gap), rack_w, rack_h};
      const float rack_head = want.boxes ? head_height : 0;
      rack.head = {rack.box.x + left_gutter, rack.box.y, rack.box.w - left_gutter - right_gutter,
                   rack_head};
      for (std::size_t k = 0; k < rack.brokers.size(); ++k) {
        const auto across = static_cast<std::size_t>(by.brokers_across);
        const std::size_t row = k / across;
        brokers[rack.brokers[k]] = {
            rack.box.x + left_gutter + static_cast<float>(k % across) * (by.w + gap),
            rack.box.y + rack_head + gap + static_cast<float>(row) * (by.h + gap), by.w, by.h};
      }
      racks.push_back(std::move(rack));
    }
  }
}

}  // namespace brokerlab::viz

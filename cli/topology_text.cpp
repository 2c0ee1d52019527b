#include "cli/topology_text.h"

#include "base/json_text.h"
#include "cli/command_line.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace brokerlab::cli {
namespace {

using sim::Topology;
using Json = nlohmann::ordered_json;

/// Networks are told in bits.
std::string bits(BytesPerSecond rate) {
  const double megabits = static_cast<double>(rate.count()) * 8e-6;
  return megabits < 1000 ? fmt::format("{:.4g} Mbps", megabits)
                         : fmt::format("{:.4g} Gbps", megabits * 1e-3);
}

template <class T>
const T& at(const std::vector<T>& all, int i) {
  return all[static_cast<std::size_t>(i)];
}

std::string_view english_kind(Topology::AreaKind kind) {
  switch (kind) {
    case Topology::AreaKind::rack:
      return "rack";
    case Topology::AreaKind::zone:
      return "zone";
    case Topology::AreaKind::data_center:
      return "data centre";
  }
  UNREACHABLE();
}

std::string_view kind_text(Topology::AreaKind kind, const Context& context) {
  if (context.language != "ko") return english_kind(kind);
  switch (kind) {
    case Topology::AreaKind::rack:
      return "랙";
    case Topology::AreaKind::zone:
      return "가용 영역";
    case Topology::AreaKind::data_center:
      return "데이터 센터";
  }
  UNREACHABLE();
}

std::string_view kind_name(Topology::AreaKind kind) {
  switch (kind) {
    case Topology::AreaKind::rack:
      return "rack";
    case Topology::AreaKind::zone:
      return "zone";
    case Topology::AreaKind::data_center:
      return "data_center";
  }
  UNREACHABLE();
}

std::string_view kind_name(Topology::PlaceKind kind) {
  switch (kind) {
    case Topology::PlaceKind::machine:
      return "machine";
    case Topology::PlaceKind::tor:
      return "tor";
    case Topology::PlaceKind::spine:
      return "spine";
    case Topology::PlaceKind::core:
      return "core";
  }
  UNREACHABLE();
}

/// "broker-1, broker-2 and 5 more".
std::string some(const Topology& topology, const std::vector<int>& places, const Context& context) {
  constexpr std::size_t most = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(places.size(), most); ++i) {
    text += (i == 0 ? "" : ", ") + at(topology.places(), places[i]).name;
  }
  if (places.size() <= most) return text;
  return text + context.say(fmt::format(" and {} more", places.size() - most),
                            fmt::format(" 외 {}대", places.size() - most));
}

// --- The tree ---

std::string switches_text(const Topology::Area& area, const Context& context) {
  if (area.switches.empty()) return {};
  const std::size_t count = area.switches.size();
  switch (area.kind) {
    case Topology::AreaKind::rack:
      return context.say(fmt::format("{} {}", count, count == 1 ? "switch" : "switches"),
                         fmt::format("스위치 {}대", count));
    case Topology::AreaKind::zone:
      return context.say(fmt::format("{} {}", count, count == 1 ? "spine" : "spines"),
                         fmt::format("스파인 {}대", count));
    case Topology::AreaKind::data_center:
      return context.say(fmt::format("{} {}", count, count == 1 ? "core" : "cores"),
                         fmt::format("코어 스위치 {}대", count));
  }
  UNREACHABLE();
}

std::string area_line(const Topology& topology, int number, const Context& context) {
  const Topology::Area& area = at(topology.areas(), number);
  std::string line =
      fmt::format("{} {}: {}", kind_text(area.kind, context), area.name,
                  context.say(fmt::format("{} {}", area.machines.size(),
                                          area.machines.size() == 1 ? "machine" : "machines"),
                              fmt::format("서버 {}대", area.machines.size())));
  const std::string switches = switches_text(area, context);
  if (!switches.empty()) line += ", " + switches;
  if (const auto up = topology.uplink(number)) {
    line += context.say(", " + bits(*up) + " out of it", ", 바깥으로 " + bits(*up));
    if (area.kind == Topology::AreaKind::rack) {
      const double times = topology.oversubscription(number);
      line += context.say(fmt::format(" (oversubscription {:.3g})", times),
                          times == 1 ? std::string(" (과다 할당 없음, 1:1)")
                                     : fmt::format(" (과다 할당 {:.3g}배)", times));
    }
  }
  return line + "\n";
}

std::string tree(const Topology& topology, const Context& context) {
  std::string text;
  const auto& areas = topology.areas();
  for (std::size_t i = 0; i < areas.size(); ++i) {
    const auto number = static_cast<int>(i);
    const auto depth = static_cast<std::size_t>(areas[i].kind == Topology::AreaKind::data_center ? 0
                                                : areas[i].kind == Topology::AreaKind::zone      ? 1
                                                                                            : 2);
    text += std::string(depth * 2, ' ') + area_line(topology, number, context);
    if (areas[i].kind == Topology::AreaKind::rack && !areas[i].machines.empty()) {
      text += "      " + some(topology, areas[i].machines, context) + "\n";
    }
  }
  for (std::size_t i = 0; i < topology.cables().size(); ++i) {
    const Topology::Cable& cable = topology.cables()[i];
    const bool line = at(topology.places(), cable.a).kind == Topology::PlaceKind::core &&
                      at(topology.places(), cable.b).kind == Topology::PlaceKind::core;
    if (!line) continue;
    text += context.say("line ", "회선 ") +
            fmt::format("{}: {}, {}\n", topology.cable_name(static_cast<int>(i)), bits(cable.rate),
                        to_rounded_text(cable.delay));
  }
  return text;
}

// --- What an outage does ---

std::string cut_line(const Topology& topology, const std::string& what,
                     const Topology::Outage& outage, const Context& context) {
  const std::vector<int> lost = topology.cut_off(outage);
  if (lost.empty()) return fmt::format("  {:<34} {}\n", what, context.say("nobody", "없음"));
  return fmt::format("  {:<34} {} ({})\n", what, lost.size(), some(topology, lost, context));
}

/// "any one of 4 tor switches", "any one of 3 racks": of a kind of which the others are listed.
std::string any_of(const std::string& kind, std::size_t count, bool others,
                   const Context& context) {
  const std::string rest = others ? "나머지 " : "";
  if (kind == "rack" || kind == "zone" || kind == "data_center") {
    const std::string english = kind == "data_center" ? "data centre" : kind;
    const std::string korean = kind == "rack" ? "랙" : kind == "zone" ? "가용 영역" : "데이터 센터";
    return context.say(fmt::format("any one of {} {}{}", count, english, count == 1 ? "" : "s"),
                       fmt::format("{}{} {}곳 중 하나", rest, korean, count));
  }
  const std::string korean = kind == "tor" ? "ToR" : kind == "spine" ? "스파인" : "코어";
  return context.say(fmt::format("any one of {} {} switch{}", count, kind, count == 1 ? "" : "es"),
                     fmt::format("{}{} 스위치 {}대 중 하나", rest, korean, count));
}

std::string outages(const Topology& topology, const Context& context) {
  constexpr std::size_t most = 40;
  std::string text = context.say("Lost, and which machines it cuts off from most of the others\n",
                                 "고장 나면 나머지 서버 대부분과 끊기는 서버\n");
  std::size_t lines = 0;
  std::map<std::string, std::size_t> harmless;
  std::set<std::string> harmful;
  const auto add = [&](const std::string& what, const Topology::Outage& outage,
                       std::string_view kind) {
    if (topology.cut_off(outage).empty()) {
      ++harmless[std::string(kind)];
    } else {
      harmful.emplace(kind);
      if (++lines <= most) text += cut_line(topology, what, outage, context);
    }
  };
  for (std::size_t i = 0; i < topology.places().size(); ++i) {
    const Topology::Place& place = topology.places()[i];
    if (place.kind == Topology::PlaceKind::machine) continue;
    add(place.name, {{static_cast<int>(i)}, {}}, kind_name(place.kind));
  }
  for (std::size_t i = 0; i < topology.areas().size(); ++i) {
    const Topology::Area& area = topology.areas()[i];
    // The only one of its kind: nobody is left to be cut off from.
    if (area.machines.size() == topology.machines().size() || area.machines.empty()) continue;
    add(fmt::format("{} {}", kind_text(area.kind, context), area.name),
        topology.outage_of(static_cast<int>(i)), kind_name(area.kind));
  }
  for (const int cable : topology.single_cables()) {
    add(topology.cable_name(cable), {{}, {cable}}, "cable");
  }
  if (lines > most) {
    text += context.say(fmt::format("  and {} more\n", lines - most),
                        fmt::format("  외 {}개\n", lines - most));
  }
  for (const auto& [kind, count] : harmless) {
    text += fmt::format("  {:<34} {}\n", any_of(kind, count, harmful.contains(kind), context),
                        context.say("nobody", "없음"));
  }
  return text;
}

std::string single_points(const Topology& topology, const Context& context) {
  const std::vector<int> switches = topology.single_switches();
  const std::vector<int> cables = topology.single_cables();
  if (switches.empty() && cables.empty()) {
    return context.say("Single points of failure: none, but for each machine itself\n",
                       "단일 장애점: 서버 자신 말고는 없음\n");
  }
  std::string text = context.say("Single points of failure: ", "단일 장애점: ");
  text += some(topology, switches, context);
  constexpr std::size_t most = 6;
  for (std::size_t i = 0; i < std::min(cables.size(), most); ++i) {
    text += (i == 0 && switches.empty() ? "" : "; ") + context.say("the cable ", "케이블 ") +
            topology.cable_name(cables[i]);
  }
  if (cables.size() > most) {
    text += context.say(fmt::format(" and {} cables more", cables.size() - most),
                        fmt::format(" 외 케이블 {}개", cables.size() - most));
  }
  return text + "\n";
}

}  // namespace

std::string topology_text(const Topology& topology, const Context& context) {
  return tree(topology, context) + "\n" + single_points(topology, context) + "\n" +
         outages(topology, context);
}

// --- JSON and Graphviz ---

std::string topology_json(const Topology& topology) {
  const auto names = [&](const std::vector<int>& places) {
    Json list = Json::array();
    for (const int place : places) list.push_back(at(topology.places(), place).name);
    return list;
  };
  const auto cut = [&](const Topology::Outage& outage) { return names(topology.cut_off(outage)); };
  Json all;
  all["areas"] = Json::array();
  for (std::size_t i = 0; i < topology.areas().size(); ++i) {
    const Topology::Area& area = topology.areas()[i];
    const auto number = static_cast<int>(i);
    Json one{{"name", area.name}, {"kind", kind_name(area.kind)}};
    if (area.parent >= 0) one["in"] = at(topology.areas(), area.parent).name;
    one["machines"] = names(area.machines);
    one["switches"] = names(area.switches);
    if (const auto up = topology.uplink(number)) one["uplink_bytes_per_second"] = up->count();
    if (area.kind == Topology::AreaKind::rack && topology.uplink(number)) {
      one["oversubscription"] = topology.oversubscription(number);
    }
    one["cuts_off"] = cut(topology.outage_of(number));
    all["areas"].push_back(std::move(one));
  }
  all["switches"] = Json::array();
  for (std::size_t i = 0; i < topology.places().size(); ++i) {
    const Topology::Place& place = topology.places()[i];
    if (place.kind == Topology::PlaceKind::machine) continue;
    all["switches"].push_back({{"name", place.name},
                               {"kind", kind_name(place.kind)},
                               {"in", at(topology.areas(), place.area).name},
                               {"cuts_off", cut({{static_cast<int>(i)}, {}})}});
  }
  all["machines"] = Json::array();
  for (const int machine : topology.machines()) {
    const Topology::Place& place = at(topology.places(), machine);
    all["machines"].push_back({{"name", place.name},
                               {"rack", at(topology.areas(), place.area).name},
                               {"nic_bytes_per_second", place.nic.count()}});
  }
  all["cables"] = Json::array();
  for (const Topology::Cable& cable : topology.cables()) {
    all["cables"].push_back({{"a", at(topology.places(), cable.a).name},
                             {"b", at(topology.places(), cable.b).name},
                             {"bytes_per_second", cable.rate.count()},
                             {"delay_ns", cable.delay.count()}});
  }
  all["single_switches"] = names(topology.single_switches());
  all["single_cables"] = Json::array();
  for (const int cable : topology.single_cables()) {
    all["single_cables"].push_back(topology.cable_name(cable));
  }
  return json_text(all, 2) + "\n";
}

std::string topology_dot(const Topology& topology) {
  std::string dot =
      "graph topology {\n  graph [rankdir=BT, fontname=\"sans-serif\"]\n"
      "  node [fontname=\"sans-serif\", fontsize=10]\n"
      "  edge [fontname=\"sans-serif\", fontsize=8, color=gray40]\n";
  const std::vector<int> switches = topology.single_switches();
  const std::vector<int> cables = topology.single_cables();
  const auto node = [&](int place) {
    const Topology::Place& it = at(topology.places(), place);
    const bool machine = it.kind == Topology::PlaceKind::machine;
    const bool single = std::binary_search(switches.begin(), switches.end(), place);
    return fmt::format("\"{}\" [shape={}{}]\n", it.name, machine ? "box" : "ellipse",
                       single ? ", color=red, fontcolor=red" : "");
  };
  const std::function<void(int, std::size_t)> draw = [&](int number, std::size_t depth) {
    const Topology::Area& area = at(topology.areas(), number);
    const std::string indent(depth * 2, ' ');
    dot += fmt::format("{}subgraph \"cluster_{}\" {{\n{}  label=\"{} {}\"\n", indent, area.name,
                       indent, english_kind(area.kind), area.name);
    for (const int place : area.switches) dot += indent + "  " + node(place);
    if (area.kind == Topology::AreaKind::rack) {
      for (const int place : area.machines) dot += indent + "  " + node(place);
    }
    for (std::size_t i = 0; i < topology.areas().size(); ++i) {
      if (topology.areas()[i].parent == number) draw(static_cast<int>(i), depth + 1);
    }
    dot += indent + "}\n";
  };
  for (std::size_t i = 0; i < topology.areas().size(); ++i) {
    if (topology.areas()[i].parent < 0) draw(static_cast<int>(i), 1);
  }
  for (std::size_t i = 0; i < topology.cables().size(); ++i) {
    const Topology::Cable& cable = topology.cables()[i];
    const bool single = std::binary_search(cables.begin(), cables.end(), static_cast<int>(i));
    dot += fmt::format("  \"{}\" -- \"{}\" [label=\"{}\"{}]\n", at(topology.places(), cable.a).name,
                       at(topology.places(), cable.b).name, bits(cable.rate),
                       single ? ", color=red" : "");
  }
  return dot + "}\n";
}

// --- Questions ---

std::string route_text(const Topology& topology, int from, int to, const Context& context) {
  const auto route = topology.route(from, to);
  if (!route) return context.say("No way leads there.\n", "가는 길이 없습니다.\n");
  std::string text;
  for (std::size_t i = 0; i < route->places.size(); ++i) {
    text += (i == 0 ? "" : " > ") + at(topology.places(), route->places[i]).name;
  }
  return text + "\n" +
         context.say(
             fmt::format("{} one way, at most {}\n", to_rounded_text(route->delay),
                         bits(route->rate)),
             fmt::format("편도 {}, 최대 {}\n", to_rounded_text(route->delay), bits(route->rate)));
}

namespace {

/// "4 uplinks of rack a; 2 cards (broker-1, broker-2)".
std::string cut_text(const Topology& topology, const Topology::MaxFlow& flow,
                     const Context& context) {
  std::map<std::pair<int, bool>, int> cables;  // by area below; whether ports
  for (const int cable : flow.cables) {
    const Topology::Cable& it = at(topology.cables(), cable);
    const Topology::Place& below = at(topology.places(), it.a);
    ++cables[{below.area, below.kind == Topology::PlaceKind::machine}];
  }
  std::vector<std::string> parts;
  for (const auto& [key, count] : cables) {
    const Topology::Area& area = at(topology.areas(), key.first);
    const bool line = area.kind == Topology::AreaKind::data_center;
    const std::string_view what = key.second ? "port" : line ? "line" : "uplink";
    const std::string_view korean = key.second ? "포트" : line ? "회선" : "업링크";
    parts.push_back(context.say(
        fmt::format("{} {}{} of {} {}", count, what, count == 1 ? "" : "s",
                    kind_text(area.kind, context), area.name),
        fmt::format("{} {}의 {} {}개", kind_text(area.kind, context), area.name, korean, count)));
  }
  if (!flow.cards.empty()) {
    parts.push_back(context.say(
        fmt::format("{} {} ({})", flow.cards.size(), flow.cards.size() == 1 ? "card" : "cards",
                    some(topology, flow.cards, context)),
        fmt::format("네트워크 카드 {}개 ({})", flow.cards.size(),
                    some(topology, flow.cards, context))));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string flow_text(const Topology& topology, const std::string& from_name,
                      const std::vector<int>& from, const std::string& to_name,
                      const std::vector<int>& to, const Context& context) {
  const auto line = [&](const std::string& a, const std::vector<int>& source, const std::string& b,
                        const std::vector<int>& sink) {
    const Topology::MaxFlow flow = topology.max_flow(source, sink);
    if (flow.rate == BytesPerSecond(0)) {
      return fmt::format("{} > {}: {}\n", a, b, context.say("nothing passes", "지나갈 수 없음"));
    }
    return context.say(
        fmt::format("{} > {}: at most {} ({}), limited by {}\n", a, b, bits(flow.rate),
                    to_rounded_text(flow.rate), cut_text(topology, flow, context)),
        fmt::format("{} > {}: 최대 {} ({}), 가장 좁은 곳은 {}\n", a, b, bits(flow.rate),
                    to_rounded_text(flow.rate), cut_text(topology, flow, context)));
  };
  return line(from_name, from, to_name, to) + line(to_name, to, from_name, from);
}

}  // namespace brokerlab::cli

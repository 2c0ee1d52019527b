// Stories of racks and zones: what fails together, how much passes.
#include "sim/topology.h"

#include "base/settings.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

TopologyConfig parse(const std::string& text, SettingsReport& report,
                     const std::vector<std::string>* machines = nullptr) {
  Json document;
  REQUIRE(parse_json(text, document, report));
  const auto config = TopologyConfig::settings().read(document, report);
  validate_topology(config, machines, "", report);
  return config;
}

TopologyConfig valid(const std::string& text) {
  SettingsReport report;
  const TopologyConfig config = parse(text, report);
  INFO(to_text(report.errors));
  REQUIRE(report.ok());
  return config;
}

/// What is wrong with it, one problem a line.
std::string mistakes(const std::string& text, const std::vector<std::string>* machines = nullptr) {
  SettingsReport report;
  parse(text, report, machines);
  return to_text(report.errors);
}

std::vector<std::string> names(const Topology& topology, const std::vector<int>& places) {
  std::vector<std::string> all;
  for (const int place : places) {
    all.push_back(topology.places()[static_cast<std::size_t>(place)].name);
  }
  return all;
}

int place(const Topology& topology, const std::string& name) {
  const auto found = topology.find_place(name);
  INFO(name);
  REQUIRE(found.has_value());
  return *found;
}

using Names = std::vector<std::string>;

constexpr auto two_racks = R"({
  "racks": [
    {"name": "a", "machines": ["broker-[1-3]"], "uplink": {"oversubscription": 3}},
    {"name": "b", "machines": ["broker-[4-6]"], "switches": 2}
  ]})";

/// Two zones and a second data centre, one line between them.
constexpr auto two_cities = R"({
  "data_centers": [
    {"name": "seoul", "zones": [
      {"name": "s1", "racks": [{"name": "s1r1", "machines": ["broker-1"]},
                               {"name": "s1r2", "machines": ["broker-2"]}]},
      {"name": "s2", "racks": [{"name": "s2r1", "machines": ["broker-3"]}]}]},
    {"name": "busan", "zones": [
      {"name": "b1", "racks": [{"name": "b1r1", "machines": ["broker-4"]}]}]}
  ],
  "links": [{"between": ["seoul", "busan"], "rate": "500Mbps", "delay": "2500us"}]})";

}  // namespace

TEST_CASE("a range of names stands for all of them", "[unit]") {
  CHECK(*expand_names("broker-[1-3]") == Names{"broker-1", "broker-2", "broker-3"});
  CHECK(*expand_names("n[08-10].kr") == Names{"n08.kr", "n09.kr", "n10.kr"});
  CHECK(*expand_names("alone") == Names{"alone"});
  for (const char* wrong : {"a[1-", "a]", "a[1]", "a[x-y]", "a[1-2]b[3-4]", "a[2-1]", "a[-1-2]",
                            "a[1-99999999999999999999]", "a[0-10000]", "[", "]["}) {
    INFO(wrong);
    CHECK_FALSE(expand_names(wrong).ok());
  }
}

TEST_CASE("a rack behind one switch falls with it, one behind two does not", "[unit]") {
  const Topology topology(valid(two_racks));
  CHECK(names(topology, topology.single_switches()) == Names{"a-tor-1"});
  CHECK(topology.single_cables().empty());
  CHECK(names(topology, topology.cut_off({{place(topology, "a-tor-1")}, {}})) ==
        Names{"broker-1", "broker-2", "broker-3"});
  CHECK(topology.cut_off({{place(topology, "b-tor-1")}, {}}).empty());
  CHECK(topology.cut_off({{place(topology, "zone-spine-1")}, {}}).empty());
  // Without any spine each rack is alone; the first is as large as the second.
  const Topology::Outage spines{{place(topology, "zone-spine-1"), place(topology, "zone-spine-2")},
                                {}};
  CHECK(topology.islands(spines).size() == 2);
  CHECK(names(topology, topology.cut_off(spines)) == Names{"broker-4", "broker-5", "broker-6"});
}

TEST_CASE("routes take the cables with the least delay, and never pass through a machine",
          "[unit]") {
  const Topology topology(valid(two_cities));
  const auto near = topology.route(place(topology, "broker-1"), place(topology, "broker-2"));
  REQUIRE(near.has_value());
  CHECK(names(topology, near->places) ==
        Names{"broker-1", "s1r1-tor-1", "s1-spine-1", "s1r2-tor-1", "broker-2"});
  CHECK(near->delay == 60us);     // two ports of 25 us, two uplinks of 5 us
  CHECK(near->rate == 500_Mbps);  // one of the two uplinks of a rack without oversubscription

  const auto far = topology.route(place(topology, "broker-1"), place(topology, "broker-4"));
  REQUIRE(far.has_value());
  CHECK(far->places.size() == 8);
  CHECK(far->delay == 60us + 2 * 250us + 2500us);
  CHECK(far->rate == 500_Mbps);
  // One search for all finds the same ways.
  const auto all = topology.routes(place(topology, "broker-1"), topology.machines());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto way = topology.route(place(topology, "broker-1"), topology.machines()[i]);
    REQUIRE(all[i].has_value());
    CHECK(way->places == all[i]->places);
    CHECK(way->delay == all[i]->delay);
  }

  // The line ends at one core of each side: either is a single point of failure, and so is the
  // line.
  CHECK(names(topology, topology.single_switches()) == Names{"seoul-core-1", "s1r1-tor-1",
                                                             "s1r2-tor-1", "s2r1-tor-1",
                                                             "busan-core-1", "b1r1-tor-1"});
  REQUIRE(topology.single_cables().size() == 1);
  const int line = topology.single_cables().front();
  CHECK(topology.cable_name(line) == "seoul-core-1 - busan-core-1");
  CHECK(names(topology, topology.cut_off({{}, {line}})) == Names{"broker-4"});
  CHECK_FALSE(
      topology.route(place(topology, "broker-1"), place(topology, "broker-4"), {{}, {line}}));
}

TEST_CASE("a second line takes over, by the other core", "[unit]") {
  std::string text = two_cities;
  text.replace(text.find("\"links\": ["), 10,
               R"("links": [{"between": ["busan", "seoul"], "rate": "100Mbps", "delay": "9ms"}, )");
  const Topology topology(valid(text));
  CHECK(topology.single_cables().empty());
  const int from = place(topology, "broker-1");
  const int to = place(topology, "broker-4");
  CHECK(topology.route(from, to)->rate == 500_Mbps);
  const auto detour = topology.route(from, to, {{place(topology, "seoul-core-2")}, {}});
  REQUIRE(detour.has_value());
  CHECK(detour->rate == 100_Mbps);
  CHECK(detour->delay == 60us + 2 * 250us + 9ms);
}

TEST_CASE("the narrowest cut bounds what can pass", "[unit]") {
  const Topology racks(valid(two_racks));
  const auto a = racks.machines_of("a");
  const auto b = racks.machines_of("b");
  // Three cards of 1 Gbps share 1 Gbps out of the rack.
  const Topology::MaxFlow out = racks.max_flow(a, b);
  CHECK(out.rate == 1_Gbps);  // two cables of a sixth of three cards
  CHECK(out.cables.size() == 2);
  CHECK(out.cards.empty());
  CHECK(racks.oversubscription(*racks.find_area("a")) == Approx(3));
  CHECK(racks.oversubscription(*racks.find_area("b")) == Approx(1));
  // Inside the rack the cards are the limit.
  const Topology::MaxFlow inside = racks.max_flow({a[0]}, {a[1], a[2]});
  CHECK(inside.rate == 1_Gbps);
  // One spine lost: half of it.
  const Topology::Outage spine{{place(racks, "zone-spine-1")}, {}};
  CHECK(racks.max_flow(a, b, spine).rate.count() == out.rate.count() / 2);
  CHECK(racks.uplink(*racks.find_area("a"), spine)->count() == out.rate.count() / 2);

  const Topology cities(valid(two_cities));
  const auto line = cities.max_flow(cities.machines_of("seoul"), cities.machines_of("busan"));
  CHECK(line.rate == 500_Mbps);
  REQUIRE(line.cables.size() == 1);
  CHECK(cities.cable_name(line.cables[0]) == "seoul-core-1 - busan-core-1");
  CHECK(cities
            .max_flow(cities.machines_of("busan"), cities.machines_of("seoul"),
                      {{}, {line.cables[0]}})
            .rate.count() == 0);
}

TEST_CASE("an outage of an area takes everything inside it", "[unit]") {
  const Topology topology(valid(two_cities));
  CHECK(names(topology, topology.cut_off(topology.outage_of(*topology.find_area("s1")))) ==
        Names{"broker-1", "broker-2"});
  CHECK(names(topology, topology.cut_off(topology.outage_of(*topology.find_area("seoul")))) ==
        Names{"broker-1", "broker-2", "broker-3"});
  CHECK(topology.machines_of("seoul").size() == 3);
  CHECK(topology.machines_of("everything").size() == 4);
  CHECK(topology.machines_of("nowhere").empty());
}

TEST_CASE("every mistake in a topology is told, with its place", "[unit]") {
  CHECK(mistakes("{}") == "needs data_centers, or zones, or racks\n");
  CHECK(
      mistakes(R"({"racks": [{"name": "a"}], "zones": [{"name": "z", "racks": [{"name": "b"}]}]})")
          .find("must have only one of data_centers, zones and racks") != std::string::npos);
  const std::string twice = mistakes(
      R"({"racks": [{"name": "a", "machines": ["m1", "m[1-2]", "m[2-1]"]}, {"name": "m2"}]})");
  CHECK(twice.find("/racks/0/machines/1: \"m1\": is already the name at /racks/0/machines/0") !=
        std::string::npos);
  CHECK(twice.find("/racks/0/machines/2: \"m[2-1]\": has a range that ends before it begins") !=
        std::string::npos);
  CHECK(twice.find("/racks/1/name: \"m2\": is already the name at /racks/0/machines/1") !=
        std::string::npos);

  std::string far = two_cities;
  far.replace(far.find("\"seoul\", \"busan\""), 16, "\"seoul\", \"busam\"");
  const std::string nowhere = mistakes(far);
  CHECK(nowhere.find("/links/0/between/1: \"busam\": names no data centre; did you mean "
                     "\"busan\"?") != std::string::npos);
  std::string apart = two_cities;
  apart.replace(apart.find("\"seoul\", \"busan\""), 16, "\"seoul\", \"seoul\"");
  CHECK(mistakes(apart).find("must join two different data centres") != std::string::npos);
  std::string alone = two_cities;
  alone.erase(alone.find(",\n  \"links\""));
  CHECK(mistakes(alone + "}").find("/data_centers/1: \"busan\": no line leads from seoul to it") !=
        std::string::npos);

  const Names machines{"broker-1", "broker-2", "broker-3",   "broker-4",
                       "broker-5", "broker-6", "zookeeper-1"};
  CHECK(mistakes(two_racks, &machines) == "has no rack for zookeeper-1\n");
  const Names fewer{"broker-1", "broker-2", "broker-3", "broker-4"};
  CHECK(mistakes(two_racks, &fewer).find("broker-5 is no machine of the scenario; did you mean") !=
        std::string::npos);
  CHECK(
      mistakes(R"({"racks": [{"name": "a", "uplink": {"rate": "1Gbps", "oversubscription": 2}}]})")
          .find("/racks/0/uplink/oversubscription: 2: follows from rate") != std::string::npos);
}

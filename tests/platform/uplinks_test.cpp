// Large transfers through racks, zones and lines. A program of its own: the platform of a process
// has the shape of its first network, here for all tests the same.
#include "sim/tcp.h"
#include "sim/topology.h"
#include "tests/sim/listener_fixture.h"

#include <catch2/catch.hpp>

#include <map>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

/// Racks r1 (a, b, c) and r2 (d, e) in one zone, r3 (f) in another; r4 (g) far away over a line.
TopologyConfig two_cities(BytesPerSecond uplink_of_r1, BytesPerSecond line) {
  TopologyConfig config;
  RackConfig r1{"r1", {"a", "b", "c"}};
  r1.uplink.rate = uplink_of_r1;
  const ZoneConfig z1{"z1", 2, {r1, {"r2", {"d", "e"}}}};
  const ZoneConfig z2{"z2", 2, {{"r3", {"f"}}}};
  const ZoneConfig z3{"z3", 2, {{"r4", {"g"}}}};
  config.data_centers = {{"here", 2, {z1, z2}}, {"there", 2, {z3}}};
  config.links = {{{"here", "there"}, line, 5ms}};
  return config;
}

/// Seconds after the first at which each word was heard.
std::map<std::string, double> times(const Cluster& cluster) {
  std::map<std::string, double> all;
  std::istringstream words(cluster.notes);
  for (std::string word; words >> word;) {
    const std::size_t at = word.find('@');
    const auto date = parse_duration(word.substr(at + 1));
    all[word.substr(0, at)] = to_seconds(*date) - 1;
  }
  return all;
}

struct Cities : Cluster {
  explicit Cities(BytesPerSecond uplink_of_r1 = 500_Mbps, BytesPerSecond line = 200_Mbps)
      : Cluster(7, 1, {}, {}, std::make_shared<const Topology>(two_cities(uplink_of_r1, line))) {
    for (int machine : {1, 3, 4, 5, 6}) run(machine, listen_and_note);
  }
  void send(int from, int to, const std::string& name) {
    run(from, saying(to, {{1s, name, 100_MB}}));
  }
};

/// Of 100 MB with headers at a rate.
double seconds(double megabits) {
  return static_cast<double>(tcp::wire_size(100_MB).count()) * 8e-6 / megabits;
}

}  // namespace

TEST_CASE("transfers out of a rack share its uplinks, those inside do not", "[unit]") {
  Cities cities(250_Mbps);  // to each of two spines
  cities.send(0, 3, "a-d");
  cities.send(2, 4, "c-e");
  cities.send(0, 1, "a-b");
  cities.run_until(1min);
  const auto at = times(cities);
  // a's card (1 Gbps) has 250 Mbps of the uplink's 500 to d, the rest to b.
  CHECK(at.at("a-d") == Approx(seconds(250)).epsilon(0.001));
  CHECK(at.at("c-e") == Approx(seconds(250)).epsilon(0.001));
  CHECK(at.at("a-b") == Approx(seconds(750)).epsilon(0.001));
}

TEST_CASE("losing one of two spines halves what leaves the rack", "[unit]") {
  Cities cities(250_Mbps);
  cities.send(0, 3, "a-d");
  OutageId outage = 0;
  cities.at(1500ms, [&] { outage = cities.network.fail_switch("z1-spine-1", {}); });
  cities.at(2s, [&] { cities.network.mend(outage); });
  cities.run_until(1min);
  // Half a second at half the speed is a quarter of a second lost.
  CHECK(times(cities).at("a-d") == Approx(seconds(500) + 0.25).epsilon(0.001));
}

TEST_CASE("a line between cities is shared, and its loss interrupts", "[unit]") {
  Cities cities;
  cities.send(3, 6, "d-g");
  cities.send(5, 6, "f-g");
  cities.run_until(1min);
  CHECK(times(cities).at("d-g") == Approx(seconds(100)).epsilon(0.002));
  CHECK(times(cities).at("f-g") == Approx(seconds(100)).epsilon(0.002));
}

TEST_CASE("a cut city gets its transfers again from the beginning", "[unit]") {
  Cities cities;
  cities.send(3, 6, "d-g");
  OutageId cut = 0;
  cities.at(2s, [&] { cut = cities.network.cut_area("there", {}); });
  cities.at(2100ms, [&] { cities.network.mend(cut); });
  cities.run_until(1min);
  CHECK(times(cities).at("d-g") == Approx(1.2 + seconds(200)).epsilon(0.002));
}

TEST_CASE("a transfer between cities is no faster than a window a round trip", "[unit]") {
  Cities cities(500_Mbps, 10_Gbps);
  cities.send(5, 6, "f-g");
  cities.run_until(1min);
  // The round trip: 2 * (5 ms of line, 4 cables of a zone's uplink and a rack's, 2 ports).
  const Duration trip = 2 * (5ms + 2 * 250us + 2 * 5us + 2 * 25us);
  const double window = static_cast<double>(tcp::stream_rate(trip, 0, 6_MiB).count()) * 8e-6;
  CHECK(times(cities).at("f-g") == Approx(seconds(std::min(window, 1000.0))).epsilon(0.01));
}

// Stories of paths: what loss, delay, slow cards, switches and cut zones do to messages.
#include "sim/tcp.h"
#include "sim/topology.h"
#include "tests/sim/listener_fixture.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

/// Dates, in ms, at which the words "1", "2", ... were heard.
std::vector<double> heard_at(const std::string& notes) {
  std::vector<double> dates;
  std::istringstream words(notes);
  for (std::string word; words >> word;) {
    const std::size_t at = word.find('@');
    if (word.empty() || word[0] < '0' || word[0] > '9') continue;
    const auto date = parse_duration(word.substr(at + 1));
    dates.push_back(to_millis(*date));
  }
  return dates;
}

/// The same as text.
std::string heard(const std::string& notes) {
  std::string text;
  for (const double date : heard_at(notes)) text += fmt::format("{:.6f} ", date);
  return text;
}

EventId find(Cluster& cluster, const EventKind& kind) {
  for (const Event& event : cluster.world.trace().events()) {
    if (event.kind == &kind) return event.id;
  }
  return {};
}

/// Racks r0, r1, ... of machines named as the fixture names them; `racks`: how many in each.
TopologyConfig racks_of(const std::vector<int>& racks, int switches = 1) {
  TopologyConfig config;
  char machine = 'a';
  for (std::size_t i = 0; i < racks.size(); ++i) {
    RackConfig rack;
    rack.name = fmt::format("r{}", i);
    rack.switches = switches;
    for (int m = 0; m < racks[i]; ++m) rack.machines.emplace_back(1, machine++);
    config.racks.push_back(rack);
  }
  return config;
}

std::shared_ptr<const Topology> graph(const TopologyConfig& config) {
  return std::make_shared<const Topology>(config);
}

}  // namespace

TEST_CASE("a delay on one way is one way, and ends", "[unit]") {
  Cluster cluster(2);
  cluster.run(1, listen_and_note);
  cluster.run(0, saying(1, {{1s, "1"}, {2s, "2"}, {3s, "3"}}));
  ImpairmentId slow = 0;
  cluster.at(1500ms, [&] {
    const Impairment late{.delay = 40ms};
    slow = cluster.network.impair({MachineId(0)}, {MachineId(1)}, late, {});
  });
  cluster.at(2500ms, [&] { cluster.network.repair(slow); });
  cluster.run_until(4s);
  CHECK(heard(cluster.notes) == "1000.101328 2040.101328 3000.101328 ");
  const EventId late = find(cluster, events::network_delayed);
  CHECK(cluster.world.trace().sentence(cluster.world.trace().event(late), Language::english) ==
        "packets from a to b take 40ms longer");
}

TEST_CASE("a cut within a cut lasts until both are healed", "[unit]") {
  Cluster cluster(2);
  cluster.run(1, listen_and_note);
  cluster.run(0, saying(1, {{1s, "1"}}));
  const Impairment nothing{.cut = true};
  ImpairmentId first = 0;
  ImpairmentId second = 0;
  cluster.at(900ms, [&] {
    first = cluster.network.impair({MachineId(0)}, {MachineId(1)}, nothing, {});
    second = cluster.network.impair({MachineId(0)}, {MachineId(1)}, nothing, {});
  });
  cluster.at(1100ms, [&] { cluster.network.repair(first); });
  cluster.at(1300ms, [&] { cluster.network.repair(second); });
  cluster.run_until(4s);
  CHECK(heard(cluster.notes) == "1600.101328 ");  // tried at 1.2 and 1.6 s
}

TEST_CASE("a lost packet of a small message waits for the timer", "[unit]") {
  // One packet each, a second apart: late by 200 ms and a round trip, twice that again with the
  // probability of a second loss, and so on.
  constexpr double loss = 0.1;
  constexpr int count = 20'000;
  Cluster cluster(2, 7);
  cluster.run(1, listen_and_note);
  std::vector<Line> lines;
  for (int i = 0; i < count; ++i) lines.push_back({1s * (i + 1), std::to_string(i)});
  cluster.run(0, saying(1, lines));
  cluster.at(500ms, [&] {
    const Impairment lossy{.loss = loss};
    cluster.network.impair({MachineId(0)}, {MachineId(1)}, lossy, {});
  });
  cluster.run_until(1s * (count + 60));
  const std::vector<double> dates = heard_at(cluster.notes);
  REQUIRE(dates.size() == count);
  int late = 0;
  int very_late = 0;
  for (int i = 0; i < count; ++i) {
    const double took = dates[static_cast<std::size_t>(i)] - 1000.0 * (i + 1);
    if (took > 100) ++late;
    if (took > 500) ++very_late;
  }
  // Some wait behind a late one before them, but only those of losses of 800 ms and more.
  CHECK(late == Approx(count * loss).epsilon(0.05));
  CHECK(very_late == Approx(count * loss * loss).epsilon(0.2));
}

TEST_CASE("what was lost is sent again when the timer says, and gets through once nothing is lost",
          "[unit]") {
  Cluster cluster(2);
  cluster.run(1, listen_and_note);
  cluster.run(0, saying(1, {{1s, "1"}, {1100ms, "2"}, {1200ms, "3"}, {5s, "4"}}));
  const Impairment nearly_all{.loss = 0.999'999};
  ImpairmentId lossy = 0;
  cluster.at(900ms, [&] {
    lossy = cluster.network.impair({MachineId(0)}, {MachineId(1)}, nearly_all, {});
  });
  SECTION("none any more") {
    cluster.at(1300ms, [&] { cluster.network.repair(lossy); });
    cluster.run_until(1h);
    // "1" again at 1.2 and 1.6 s; what waits behind it comes with it.
    const std::vector<double> dates = heard_at(cluster.notes);
    REQUIRE(dates.size() == 4);
    for (const int i : {0, 1, 2}) CHECK(dates[i] == Approx(1600.7).epsilon(1e-4));
    CHECK(dates[3] == Approx(5000.1).epsilon(1e-4));
  }
  SECTION("one of two still") {
    const Impairment half{.loss = 0.5};
    cluster.at(1300ms, [&] {
      cluster.network.repair(lossy);
      cluster.network.impair({MachineId(0)}, {MachineId(1)}, half, {});
    });
    cluster.run_until(1h);
    REQUIRE(heard_at(cluster.notes).size() == 4);
    CHECK(heard_at(cluster.notes)[3] < 60'000);
  }
}

TEST_CASE("under loss a stream carries what the TFRC equation says", "[unit]") {
  // 5 % at a round trip of 200 us: the timer is all that counts.
  const Duration trip = 200us;
  const double p = 0.05;
  const double timeout = 0.2002;
  const double seconds =
      0.0002 * std::sqrt(2 * p / 3) + timeout * 3 * std::sqrt(3 * p / 8) * p * (1 + 32 * p * p);
  CHECK(static_cast<double>(tcp::stream_rate(trip, p, 6_MiB).count()) ==
        Approx(1448 / seconds).epsilon(1e-5));
  // Without loss: a window a round trip.
  CHECK(tcp::stream_rate(100ms, 0, 1_MB) == 10_MBps);
  // A long way with little loss is worse than the same loss nearby.
  CHECK(tcp::stream_rate(100ms, 1e-4, 6_MiB) < tcp::stream_rate(1ms, 1e-4, 6_MiB));

  Cluster cluster(2);
  cluster.run(1, listen_and_note);
  cluster.run(0, saying(1, {{1s, "1", 10_MB}}));
  const Impairment lossy{.loss = p};
  cluster.at(500ms, [&] { cluster.network.impair({MachineId(0)}, {MachineId(1)}, lossy, {}); });
  cluster.run_until(1h);
  const double wire = static_cast<double>(tcp::wire_size(10_MB).count());
  REQUIRE(heard_at(cluster.notes).size() == 1);
  CHECK(heard_at(cluster.notes)[0] / 1e3 - 1 == Approx(wire * seconds / 1448).epsilon(0.01));
}

TEST_CASE("loss that begins and ends during a transfer slows it meanwhile", "[unit]") {
  Cluster cluster(2);
  cluster.run(1, listen_and_note);
  cluster.run(0, saying(1, {{1s, "1", 125_MB}}));
  ImpairmentId lossy = 0;
  const Impairment some{.loss = 0.02};
  cluster.at(1500ms,
             [&] { lossy = cluster.network.impair({MachineId(0)}, {MachineId(1)}, some, {}); });
  cluster.at(2500ms, [&] { cluster.network.repair(lossy); });
  cluster.run_until(1h);
  // Half of it before, nearly nothing in that second, the rest after.
  const double slow = static_cast<double>(tcp::stream_rate(200us, 0.02, 6_MiB).count());
  const double wire = static_cast<double>(tcp::wire_size(125_MB).count());
  REQUIRE(heard_at(cluster.notes).size() == 1);
  CHECK(heard_at(cluster.notes)[0] / 1e3 ==
        Approx(2.5 + (wire - 62.5e6 - slow) / 125e6).epsilon(1e-4));
}

TEST_CASE("a slow card is slow for small and large, and recovers", "[unit]") {
  Cluster cluster(2);
  cluster.run(1, listen_and_note);
  cluster.run(0, saying(1, {{1s, "1"}, {2s, "2", 1_MB}, {4s, "3"}}));
  cluster.at(500ms, [&] { cluster.network.slow_nic(MachineId(0), 10_Mbps, {}); });
  cluster.at(3s, [&] { cluster.network.restore_nic(MachineId(0)); });
  cluster.run_until(5s);
  const double large = static_cast<double>(tcp::wire_size(1_MB).count()) / 1.25e6 * 1e3;
  const std::vector<double> dates = heard_at(cluster.notes);
  REQUIRE(dates.size() == 3);
  CHECK(dates[0] == Approx(1000.1 + 166 / 1.25e3));
  CHECK(dates[1] == Approx(2000.1 + large));
  CHECK(dates[2] == Approx(4000.101328));
}

TEST_CASE("a packet takes the delays of the cables on its way", "[unit]") {
  Cluster cluster(3, 1, {}, {}, graph(racks_of({2, 1})));
  cluster.run(1, listen_and_note);
  cluster.run(2, listen_and_note);
  cluster.run(0, saying(1, {{1s, "1"}}));  // in the rack: two ports of 25 us
  cluster.run(0, saying(2, {{2s, "2"}}));  // and two uplinks of 5 us
  cluster.run_until(3s);
  CHECK(heard(cluster.notes) == "1000.051328 2000.061328 ");
}

TEST_CASE("a narrow uplink makes small messages queue", "[unit]") {
  TopologyConfig config = racks_of({2, 1});
  config.racks[0].uplink.rate = 1_Mbps;  // two spines: 2 Mbps in all
  Cluster cluster(3, 1, {}, {}, graph(config));
  cluster.run(2, listen_and_note);
  cluster.run(0, saying(2, {{1s, "1", 1000_B}}));
  cluster.run(1, saying(2, {{1s, "2", 1000_B}}));
  cluster.run_until(2s);
  const double each = 1066 / 250e3 * 1e3;
  const std::vector<double> dates = heard_at(cluster.notes);
  REQUIRE(dates.size() == 2);
  CHECK(dates[0] == Approx(1000.06 + each).epsilon(1e-6));
  CHECK(dates[1] == Approx(1000.06 + 2 * each).epsilon(1e-6));
}

TEST_CASE("a rack falls silent with its only switch, and the switch is to blame", "[unit]") {
  Cluster cluster(3, 1, {}, {}, graph(racks_of({2, 1})));
  cluster.run(1, listen_and_note);
  cluster.run(2, listen_and_note);
  cluster.run(0, saying(1, {{1s, "1"}}));
  cluster.run(0, saying(2, {{1s, "2"}}));
  OutageId outage = 0;
  cluster.at(900ms, [&] { outage = cluster.network.fail_switch("r0-tor-1", {}); });
  cluster.at(1s, [&] {
    const EventId why = cluster.network.silence(MachineId(0), MachineId(2));
    CHECK(cluster.world.trace().event(why).kind == &events::switch_failed);
    CHECK_FALSE(cluster.network.reachable(MachineId(0), MachineId(1)));
  });
  cluster.at(1100ms, [&] { cluster.network.mend(outage); });
  cluster.run_until(3s);
  CHECK(heard(cluster.notes) == "1200.051328 1200.062656 ");
}

TEST_CASE("with two switches or two spines one of each may fail", "[unit]") {
  Cluster cluster(3, 1, {}, {}, graph(racks_of({2, 1}, 2)));
  cluster.run(2, listen_and_note);
  cluster.run(0, saying(2, {{1s, "1"}}));
  cluster.at(800ms, [&] { cluster.network.fail_switch("r0-tor-1", {}); });
  cluster.at(900ms, [&] { cluster.network.fail_switch("zone-spine-2", {}); });
  cluster.at(1500ms, [&] {
    cluster.network.fail_switch("zone-spine-1", {});
    CHECK_FALSE(cluster.network.reachable(MachineId(0), MachineId(2)));
    CHECK(cluster.network.reachable(MachineId(0), MachineId(1)));
  });
  cluster.run_until(2s);
  CHECK(heard(cluster.notes) == "1000.062656 ");
}

TEST_CASE("a cut rack works inside", "[unit]") {
  Cluster cluster(3, 1, {}, {}, graph(racks_of({2, 1})));
  const OutageId cut = cluster.network.cut_area("r0", {});
  CHECK(cluster.network.reachable(MachineId(0), MachineId(1)));
  CHECK_FALSE(cluster.network.reachable(MachineId(0), MachineId(2)));
  CHECK_FALSE(cluster.network.reachable(MachineId(2), MachineId(1)));
  const EventId why = cluster.network.silence(MachineId(2), MachineId(1));
  CHECK(cluster.world.trace().sentence(cluster.world.trace().event(why), Language::korean) ==
        "r0이 바깥과 끊겼다");
  cluster.network.mend(cut);
  CHECK(cluster.network.reachable(MachineId(2), MachineId(1)));
}

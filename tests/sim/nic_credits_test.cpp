// Stories of network cards that burst while they have credits.
#include "tests/sim/closed_form.h"
#include "tests/sim/listener_fixture.h"

#include <sstream>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

/// 1 to 10 Gb/s, credits for so much of the burst.
NicConfig bursting(Duration burst) {
  NicConfig nic;
  nic.rate = 1_Gbps;
  nic.burst_rate = 10_Gbps;
  nic.burst_credits = Bytes(static_cast<std::int64_t>(9e9 / 8 * to_seconds(burst)));
  return nic;
}

double burst_time(double bytes, double bursting_seconds) {
  const double at_once = bursting_seconds * 10e9 / 8;
  if (bytes <= at_once) return bytes / (10e9 / 8);
  return bursting_seconds + (bytes - at_once) / (1e9 / 8);
}

/// Bytes on the wire: a header of 66 a segment of 1448.
double bytes_on_the_wire(Bytes size) {
  return static_cast<double>(size.count()) + 66.0 * std::ceil(double(size.count()) / 1448);
}

/// When "1", "2", ... was heard by b, in seconds.
double heard_at(const Cluster& cluster, const std::string& text) {
  std::istringstream words(cluster.notes);
  for (std::string word; words >> word;) {
    if (word.starts_with(text + "@"))
      return to_seconds(*parse_duration(word.substr(text.size() + 1)));
  }
  return -1;
}

void talk(Cluster& cluster, std::vector<Line> lines) {
  cluster.run(1, listen_and_note);
  cluster.run(0, saying(1, std::move(lines)));
}

std::vector<std::string> story(Cluster& cluster) {
  std::vector<std::string> told;
  for (const Event& event : cluster.world.trace().events()) {
    if (!event.kind->name.starts_with("nic.")) continue;
    told.push_back(fmt::format("{:.1f} s: {}", to_seconds(event.time.time_since_epoch()),
                               cluster.world.trace().sentence(event, Language::english)));
  }
  return told;
}

}  // namespace

TEST_CASE("a large message bursts, then crawls", "[unit]") {
  for (const std::int64_t gb : {1, 3, 5}) {
    Cluster cluster(2, 1, bursting(2s));
    talk(cluster, {{0s, "1", Bytes(gb * 1'000'000'000)}});
    cluster.run_until(60s);
    compare(fmt::format("NIC, 1 to 10 Gb/s, credits for 2 s, {} GB: seconds", gb),
            burst_time(bytes_on_the_wire(Bytes(gb * 1'000'000'000)), 2), heard_at(cluster, "1"));
  }
}

TEST_CASE("small messages use credits as large ones do", "[unit]") {
  Cluster cluster(2, 1, bursting(100ms));
  std::vector<Line> lines;
  const int count = 20'000;  // of 10 KB: 200 MB, of which 125 MB burst
  for (int i = 1; i < count; ++i) lines.push_back({0s, "x", 10_KB});
  lines.push_back({0s, "last", 10_KB});
  talk(cluster, lines);
  cluster.run_until(60s);
  compare("NIC, credits for 0.1 s, 20000 messages of 10 KB: seconds",
          burst_time(count * bytes_on_the_wire(10_KB), 0.1), heard_at(cluster, "last"));
  CHECK(story(cluster).front() ==
        "0.1 s: a has used up its credits for sending, which goes on at 125 MB/s");
}

TEST_CASE("credits come back at the baseline rate", "[unit]") {
  Cluster cluster(2, 1, bursting(2s));
  // Used up at 2 s, idle at 6 s: 2.25 GB are back 18 s later, enough for all of it again at 24 s.
  talk(cluster, {{0s, "1", 2'868'000'000_B}, {30s, "2", 2_GB}});
  cluster.run_until(25s);
  REQUIRE(heard_at(cluster, "1") == Approx(6).epsilon(0.01));
  CHECK(cluster.network.burst_credits(MachineId(0), Direction::out) == Bytes(2'250'000'000));
  cluster.run_until(60s);
  compare("NIC, the same after a rest of 24 s, 2 GB: seconds", bytes_on_the_wire(2_GB) / (10e9 / 8),
          heard_at(cluster, "2") - 30);
}

TEST_CASE("a card says when its credits are gone, and when they are back", "[unit]") {
  Cluster cluster(2, 1, bursting(2s));
  talk(cluster, {{0s, "1", 3_GB}});
  cluster.run_until(60s);
  CHECK(story(cluster) ==
        std::vector<std::string>{
            "2.0 s: a has used up its credits for sending, which goes on at 125 MB/s",
            "2.0 s: b has used up its credits for receiving, which goes on at 125 MB/s",
            "16.1 s: a has saved credits for sending, which may take 1.25 GB/s",
            "16.1 s: b has saved credits for receiving, which may take 1.25 GB/s"});
  CHECK(cluster.network.burst_credits(MachineId(1), Direction::out) == Bytes(2'250'000'000));
}

TEST_CASE("what moves is counted while it moves", "[unit]") {
  Cluster cluster(2, 1, bursting(2s));
  talk(cluster, {{0s, "1", 2_GB}});
  cluster.run_until(1s);
  const auto sent = cluster.network.moved(MachineId(0), Direction::out);
  CHECK(static_cast<double>(sent.count()) == Approx(1.25e9).epsilon(0.001));
  CHECK(cluster.network.moved(MachineId(1), Direction::in) == sent);
  // Nobody has looked at the credits yet, but half of them are gone.
  const auto left = cluster.network.burst_credits(MachineId(0), Direction::out);
  REQUIRE(left.has_value());
  CHECK(static_cast<double>(left->count()) == Approx(1.125e9).epsilon(0.001));
  CHECK(cluster.network.moved(MachineId(1), Direction::out) == 0_B);
}

TEST_CASE("a slow card does not burst", "[unit]") {
  Cluster cluster(2, 1, bursting(2s));
  cluster.at(1s, [&] { cluster.network.slow_nic(MachineId(1), 10_Mbps, {}); });
  cluster.at(2s, [&] { cluster.network.restore_nic(MachineId(1)); });
  talk(cluster, {{0s, "1", 2_GB}});
  cluster.run_until(60s);
  // A second of 1.25 MB instead of 1.25 GB, in which b saves credits.
  CHECK(heard_at(cluster, "1") == Approx(1 + bytes_on_the_wire(2_GB) / 1.25e9).epsilon(0.01));
}

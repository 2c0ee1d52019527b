#include "scenarios/fuzz/drawn_scenario.h"

#include "base/json_text.h"
#include "base/random.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

namespace brokerlab::scenarios {
namespace {

using json = Json;

constexpr std::array families{std::pair{Family::synced, std::string_view("synced")},
                              std::pair{Family::anything, std::string_view("anything")},
                              std::pair{Family::healed, std::string_view("healed")}};

constexpr double load_from = 4;
constexpr double load_until = 25;
constexpr double faults_until = 28;
/// A member that asked to join when its coordinator fell silent waits for max.poll.interval.ms and
/// 5 s: nothing else is sent that would notice (AbstractCoordinator.sendJoinGroupRequest). What
/// must heal has a short one, where Kafka's 5 min would outlast the run.
constexpr int join_millis = 30'000;
/// One after the other: that wait, a rebalance that waits for ghosts for as long, a session of
/// theirs, twice; clients that give up on a silent broker and find another, followers that catch
/// up.
constexpr double to_heal = 200;

std::string seconds(double value) { return fmt::format("{:.6f}s", value); }

/// Chances of one part of the scenario.
class Dice {
 public:
  Dice(std::uint64_t seed, const std::string& part) : random_(seed, "fuzz/" + part) {}

  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[random_.below(static_cast<std::int64_t>(choices.size()))];
  }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(
        random_.below(static_cast<std::int64_t>(choices.size())))];
  }
  bool chance(double probability) { return random_.chance(probability); }
  int from_to(int least, int most) {
    return least + static_cast<int>(random_.below(most - least + 1));
  }
  double uniform(double low, double high) { return random_.uniform(low, high); }

 private:
  RandomStream random_;
};

class Drawing {
 public:
  Drawing(Family family, std::uint64_t seed) : family_(family), seed_(seed) { draw_sizes(); }

  json draw() {
    const double end = heals() ? faults_until + to_heal : faults_until + 2;
    json scenario{{"name", name_of_drawn(family_, seed_)},
                  {"duration", seconds(end)},
                  {"seed", static_cast<std::int64_t>(seed_)},
                  {"recording", {{"level", "none"}}},
                  {"hardware", hardware()},
                  {"zookeeper", zookeeper()},
                  {"brokers", {{"count", brokers_}, {"machine", "pc"}, {"config", brokers()}}},
                  {"topics", topics()},
                  {"sources", json::array()},
                  {"producers", json::array()},
                  {"consumers", consumers()}};
    if (racks_ > 0) scenario["topology"] = {{"racks", racks()}};
    draw_producers(scenario);
    scenario["faults"] = faults();
    return scenario;
  }

 private:
  bool lossless() const { return family_ == Family::synced; }
  bool heals() const { return family_ == Family::healed; }

  void draw_sizes() {
    Dice dice(seed_, "sizes");
    brokers_ = lossless() ? dice.one_of({3, 3, 4, 5}) : dice.one_of({1, 2, 3, 3, 3, 4, 5});
    servers_ = dice.one_of({1, 3, 3, 3, 5});
    broker_disks_ = dice.one_of({1, 1, 2, 3});
    topics_ = dice.one_of({1, 1, 2, 3});
    producers_ = dice.one_of({1, 1, 2});
    for (int i = 0; i < dice.one_of({0, 1, 1, 2}); ++i) members_.push_back(dice.from_to(1, 3));
    racks_ = dice.chance(0.4) ? 3 : 0;
    for (int i = 0; i < topics_; ++i) partitions_.push_back(dice.one_of({1, 1, 3, 7}));
  }

  // --- Machines ---

  json hardware() {
    Dice dice(seed_, "hardware");
    return {
        {"pc", machine(dice, broker_disks_)}, {"zk", machine(dice, 1)}, {"cl", machine(dice, 1)}};
  }

  json machine(Dice& dice, int disks) const {
    json machine{{"boot_time", dice.one_of({"1s", "3s"})}, {"disks", json::array()}};
    for (int i = 0; i < disks; ++i) {
      machine["disks"].push_back({{"kind", dice.one_of({"ssd", "ssd", "nvme", "hdd"})}});
    }
    if (dice.chance(0.2)) machine["gc"] = {{"every", "8MiB"}, {"pause", "30ms"}};
    // What is to heal must be able to work off what it has missed.
    const bool narrow = !heals() && dice.chance(0.2);
    if (narrow) {
      machine["nic"] = {{"rate", dice.one_of({"10Mbps", "100Mbps"})},
                        {"burst_rate", "1Gbps"},
                        {"burst_credits", dice.one_of({"200KB", "2MB", "50MB"})}};
    } else if (dice.chance(0.2)) {
      machine["nic"] = {{"rate", "100Mbps"}, {"discipline", "fifo"}};
    }
    if (dice.chance(0.2)) {
      machine["startup"] = {{"listen_after", "300ms"},
                            {"recover_log", "20ms"},
                            {"leaders_one_by_one", dice.chance(0.5)}};
    }
    return machine;
  }

  std::vector<std::string> clients() const {
    std::vector<std::string> names;
    for (int i = 1; i <= producers_; ++i) names.push_back(fmt::format("sender{}", i));
    for (std::size_t group = 0; group < members_.size(); ++group) {
      for (int i = 1; i <= members_[group]; ++i) {
        names.push_back(fmt::format("readers{}-{}", group + 1, i));
      }
    }
    return names;
  }

  json racks() const {
    Dice dice(seed_, "racks");
    std::vector<std::string> machines = clients();
    for (int i = 1; i <= brokers_; ++i) machines.push_back(fmt::format("broker-{}", i));
    for (int i = 1; i <= servers_; ++i) machines.push_back(fmt::format("zookeeper-{}", i));
    json racks = json::array();
    for (int i = 1; i <= racks_; ++i) {
      racks.push_back({{"name", fmt::format("r{}", i)},
                       {"machines", json::array()},
                       {"switches", dice.one_of({1, 2})}});
    }
    for (std::size_t i = 0; i < machines.size(); ++i) {
      racks[i % static_cast<std::size_t>(racks_)]["machines"].push_back(machines[i]);
    }
    return racks;
  }

  json zookeeper() const {
    Dice dice(seed_, "zookeeper");
    json spec{{"nodes", servers_}, {"machine", "zk"}};
    if (dice.chance(0.2)) spec["config"] = {{"tickTime", dice.one_of({500, 2000, 3000})}};
    return spec;
  }

  // --- Cluster ---

  json brokers() const {
    Dice dice(seed_, "brokers");
    json config{{"offsets.topic.num.partitions", dice.one_of({1, 3, 10})},
                {"offsets.topic.replication.factor",
                 lossless() ? 3 : std::min(brokers_, dice.one_of({1, 3, 3}))},
                {"zookeeper.session.timeout.ms", dice.one_of({4000, 6000, 18000})},
                {"replica.lag.time.max.ms", dice.one_of({2000, 10000, 30000})}};
    if (lossless()) {
      config["min.insync.replicas"] = 2;
      config["log.flush.interval.messages"] = 1;
    }
    // With less than it takes to form a group none is ever formed.
    if (!heals() && dice.chance(0.2)) {
      config["connections.max.idle.ms"] = dice.one_of({1, 500, 2000});
    }
    draw_state_log(config);
    if (dice.chance(0.3)) config["num.replica.fetchers"] = dice.one_of({2, 3});
    if (dice.chance(0.1)) config["controlled.shutdown.enable"] = false;
    if (dice.chance(0.2)) config["queued.max.requests"] = dice.one_of({1, 4});
    if (dice.chance(0.2)) config["num.io.threads"] = dice.one_of({1, 2});
    if (dice.chance(0.1)) config["max.incremental.fetch.session.cache.slots"] = dice.one_of({0, 8});
    if (dice.chance(0.2)) config["group.initial.rebalance.delay.ms"] = 0;
    if (!heals() && dice.chance(0.2)) config["replica.fetch.max.bytes"] = dice.one_of({1, 3000});
    if (dice.chance(0.2)) config["replica.high.watermark.checkpoint.interval.ms"] = 500;
    if (dice.chance(0.2)) config["log.flush.offset.checkpoint.interval.ms"] = 1000;
    if (dice.chance(0.3)) config["leader.imbalance.check.interval.seconds"] = 5;
    if (!lossless() && dice.chance(0.3)) {
      config["log.flush.scheduler.interval.ms"] = 500;
      config["log.flush.interval.ms"] = 1000;
    }
    return config;
  }

  /// Of the coordinators of transactions.
  void draw_state_log(json& config) const {
    Dice dice(seed_, "state log");
    const int factor = lossless() ? 3 : std::min(brokers_, dice.one_of({1, 3, 3}));
    config["transaction.state.log.num.partitions"] = dice.one_of({1, 3});
    config["transaction.state.log.replication.factor"] = factor;
    config["transaction.state.log.min.isr"] = lossless() ? 2 : dice.from_to(1, factor);
    config["transaction.abort.timed.out.transaction.cleanup.interval.ms"] = 1000;
    if (forgets_ids()) {
      config["transactional.id.expiration.ms"] = dice.one_of({300, 2000});
      config["transaction.remove.expired.transaction.cleanup.interval.ms"] = 200;
      config["transaction.state.log.segment.bytes"] = 1000;
    }
    if (forgets_ids() || dice.chance(0.5)) {
      config["offsets.topic.segment.bytes"] = dice.one_of({2000, 20000});
      config["log.cleaner.backoff.ms"] = 500;
      config["log.cleaner.min.cleanable.ratio"] = 0.01;
      config["log.cleaner.delete.retention.ms"] = dice.one_of({0, 1000, 86'400'000});
    }
  }

  json topics() const {
    Dice dice(seed_, "topics");
    json topics = json::array();
    for (int i = 1; i <= topics_; ++i) {
      const int factor = lossless() ? 3 : std::min(brokers_, dice.one_of({1, 2, 3, 3, 3}));
      json config{{"min.insync.replicas", lossless() ? 2 : dice.from_to(1, factor)}};
      if (!lossless() && dice.chance(0.2)) config["flush.messages"] = dice.one_of({1, 20});
      if (dice.chance(0.3)) config["segment.bytes"] = dice.one_of({20000, 100000});
      if (dice.chance(0.2)) config["message.timestamp.type"] = "LogAppendTime";
      if (!lossless() && dice.chance(0.25)) config["unclean.leader.election.enable"] = true;
      topics.push_back({{"name", topic(i)},
                        {"partitions", partitions_[static_cast<std::size_t>(i) - 1]},
                        {"replication.factor", factor},
                        {"config", config}});
    }
    return topics;
  }

  static std::string topic(int i) { return fmt::format("topic{}", i); }

  // --- Load ---

  json source(Dice& dice, const std::string& name) const {
    json source{{"name", name}, {"until", seconds(load_until)}};
    source["record_size"] =
        dice.one_of<json>({"100B",
                           "1KB",
                           heals() ? "2KB" : "10KB",
                           {{"median", "300B"}, {"sigma", 0.8}, {"max", "5KB"}}});
    source["payload"] = dice.one_of({"real", "phantom"});
    source["keys"] = dice.one_of<json>({"none",
                                        "none",
                                        {{"uniform", {{"count", 100}}}},
                                        {{"zipf", {{"count", 1000}, {"exponent", 1.1}}}}});
    if (dice.chance(0.15)) {
      source["loop"] = {
          {"closed",
           {{"users", dice.from_to(1, 30)}, {"think_time", dice.one_of({"20ms", "1s"})}}}};
      return source;
    }
    source["rate"] = json::array({{{"from", seconds(load_from)},
                                   {"rate", dice.one_of({"20/s", "100/s", "100/s", "1000/s"})}}});
    if (dice.chance(0.3)) {
      source["rate"].push_back(
          {{"from", seconds(dice.uniform(load_from + 1, load_until - 5))},
           {"rate", dice.one_of({"0/s", "10/s", heals() ? "500/s" : "2000/s"})}});
    }
    return source;
  }

  json producer_config(Dice& dice) const {
    json config{
        {"enable.idempotence", false},
        {"acks", lossless() ? "all" : dice.one_of({"all", "all", "1", "0"})},
        {"compression.type", dice.one_of({"none", "none", "gzip", "snappy", "lz4", "zstd"})}};
    if (dice.chance(0.3)) {
      config["batch.size"] = dice.one_of({heals() ? 1000 : 1, 2000, 200'000, 1'000'000});
    }
    if (dice.chance(0.3)) config["linger.ms"] = dice.one_of({5, 100, 500});
    if (dice.chance(0.2)) config["max.in.flight.requests.per.connection"] = dice.one_of({1, 2});
    if (dice.chance(0.1)) config["retries"] = dice.one_of({0, 1});
    if (dice.chance(0.1)) config["buffer.memory"] = 2'000'000;
    if (dice.chance(0.3)) {
      config["request.timeout.ms"] = 2000;
      config["delivery.timeout.ms"] = dice.one_of({3000, 20000});
    }
    if (!heals() && dice.chance(0.2)) {
      config["connections.max.idle.ms"] = dice.one_of({1, 300, 2000});
    }
    if (dice.chance(0.2)) config["metadata.max.age.ms"] = 2000;
    if (config["acks"] == "all" && !config.contains("retries") && dice.chance(0.5)) {
      config["enable.idempotence"] = true;
    }
    return config;
  }

  void draw_producers(json& scenario) const {
    for (int i = 1; i <= producers_; ++i) {
      Dice dice(seed_, fmt::format("producer{}", i));
      const std::string table = fmt::format("table{}", i);
      scenario["sources"].push_back(source(dice, table));
      scenario["producers"].push_back({{"name", fmt::format("sender{}", i)},
                                       {"machine", "cl"},
                                       {"source", table},
                                       {"topic", topic(dice.from_to(1, topics_))},
                                       {"poll_interval", dice.one_of({"1s", "100ms", "20ms"})},
                                       {"config", producer_config(dice)}});
      draw_transactions(scenario["producers"].back(), i);
      if (fences()) {
        come_one_by_one(scenario, i);
      } else if (forgets_ids()) {
        rest_for_a_while(scenario);
      }
    }
  }

  /// All producers have one transactional id: who begins last fences the others off.
  bool fences() const {
    return !heals() && producers_ > 1 && Dice(seed_, "one transactional.id").chance(0.3);
  }

  /// Transactional ids that rest for a while are forgotten: they leave tombstones, which the
  /// cleaner meets when the work goes on. Whose id is gone may go on failing for as long as it has
  /// to send.
  bool forgets_ids() const { return !heals() && Dice(seed_, "forgotten ids").chance(0.3); }

  static void rest_for_a_while(json& scenario) {
    json& rows = scenario["sources"].back();
    rows.erase("loop");
    rows["rate"] = json::array({{{"from", seconds(load_from)}, {"rate", "20/s"}},
                                {{"from", seconds(load_from + 3)}, {"rate", "0/s"}},
                                {{"from", seconds(load_from + 9)}, {"rate", "100/s"}}});
    scenario["producers"].back()["transaction"]["records"] = 1;
  }

  /// The last producer begins in the midst of those before. Their transactions are small, and
  /// mostly none is open: its partitions get no marker, so that nobody but a coordinator knows of
  /// the epoch.
  static void come_one_by_one(json& scenario, int i) {
    json& rows = scenario["sources"].back();
    rows.erase("loop");
    rows["rate"] = json::array({{{"from", seconds(load_from + 3 * (i - 1))}, {"rate", "20/s"}}});
    json& producer = scenario["producers"].back();
    producer["poll_interval"] = "20ms";
    producer["transaction"]["records"] = 1;
  }

  void draw_transactions(json& producer, int i) const {
    Dice dice(seed_, fmt::format("transactions{}", i));
    json& config = producer["config"];
    if (fences() || forgets_ids()) {
      config["acks"] = "all";
      config["enable.idempotence"] = true;
      config.erase("retries");
    } else if (config["enable.idempotence"] != true || dice.chance(0.4)) {
      return;
    }
    config["transactional.id"] = fences() ? "payments" : fmt::format("payments{}", i);
    config["transaction.timeout.ms"] = dice.one_of({5000, 60000});
    producer["transaction"] = {{"records", dice.one_of({1, 20, 500})},
                               {"length", dice.one_of({"0ns", "1s"})},
                               {"abort_one_in", dice.one_of({0, 0, 5})}};
  }

  json consumers() const {
    json groups = json::array();
    for (std::size_t i = 0; i < members_.size(); ++i) {
      Dice dice(seed_, fmt::format("group{}", i + 1));
      json config{{"auto.offset.reset", dice.chance(0.8) ? "earliest" : "latest"}};
      if (Dice(seed_, fmt::format("isolation{}", i + 1)).chance(0.5)) {
        config["isolation.level"] = "read_committed";
      }
      if (dice.chance(0.4)) {
        config["session.timeout.ms"] = 6000;
        config["heartbeat.interval.ms"] = 1000;
      }
      if (dice.chance(0.2))
        config["max.poll.interval.ms"] = dice.one_of({heals() ? 5000 : 1000, 5000});
      if (heals()) config.emplace("max.poll.interval.ms", join_millis);
      if (dice.chance(0.2)) config["max.poll.records"] = dice.one_of({heals() ? 20 : 1, 50});
      if (!heals() && dice.chance(0.2)) config["fetch.min.bytes"] = dice.one_of({1, 20000});
      if (dice.chance(0.2)) config["fetch.max.wait.ms"] = dice.one_of({10, heals() ? 100 : 2000});
      if (dice.chance(0.2)) config["auto.commit.interval.ms"] = 500;
      json topics = json::array({topic(dice.from_to(1, topics_))});
      if (topics_ > 1 && dice.chance(0.4)) {
        topics = json::array();
        for (int k = 1; k <= topics_; ++k) topics.push_back(topic(k));
      }
      json group{{"group", fmt::format("readers{}", i + 1)},
                 {"members", members_[i]},
                 {"machine", "cl"},
                 {"topics", topics},
                 {"service_time", dice.one_of({"0ns", "50us", heals() ? "200us" : "1ms"})}};
      if (dice.chance(0.5)) {
        config["enable.auto.commit"] = false;
        group["commit"] = "after_batch";
      }
      if (dice.chance(0.4)) {
        config["partition.assignment.strategy"] =
            json::array({dice.one_of({"range", "roundrobin", "sticky", "cooperative-sticky"})});
      }
      if (dice.chance(0.2)) config["group.instance.id"] = fmt::format("member{}-{{member}}", i + 1);
      group["config"] = config;
      if (dice.chance(0.3)) group["actions"] = actions(dice);
      groups.push_back(group);
    }
    return groups;
  }

  /// What the application does beside reading; it ends so that all is read.
  static json actions(Dice& dice) {
    const double at = dice.uniform(load_from, load_until);
    if (dice.chance(0.5)) {
      json seek{{"at", seconds(at)}, {"do", dice.one_of({"seek_to_beginning", "seek_back"})}};
      if (seek["do"] == "seek_back") seek["back"] = "2s";
      return json::array({seek});
    }
    return json::array({{{"at", seconds(at)}, {"do", "pause"}},
                        {{"at", seconds(at + dice.uniform(0.1, 5))}, {"do", "resume"}}});
  }

  // --- Faults ---

  struct Ended {
    json what;
    std::string end;  ///< Empty: it ends by itself, or never.
  };

  std::string broker(Dice& dice) const {
    return fmt::format("broker-{}", dice.from_to(1, brokers_));
  }

  /// A machine, or whoever leads at that moment.
  json victim(Dice& dice) const {
    if (dice.chance(0.25)) {
      const std::string name = topic(dice.from_to(1, topics_));
      return dice.one_of<json>({"controller",
                                {{"leader_of_most", name}},
                                {{"leader_of", {{"topic", name}, {"partition", 0}}}}});
    }
    if (dice.chance(0.6)) return broker(dice);
    if (dice.chance(0.6)) return fmt::format("zookeeper-{}", dice.from_to(1, servers_));
    return dice.one_of(clients());
  }

  json disk_of(Dice& dice, const json& machine) const {
    const bool is_broker = !machine.is_string() || machine == "controller" ||
                           machine.get<std::string>().starts_with("broker");
    return {{"machine", machine}, {"disk", is_broker ? dice.from_to(1, broker_disks_) : 1}};
  }

  /// A place on one side of a cut.
  json side(Dice& dice, const json& target) const {
    if (racks_ > 0 && dice.chance(0.2)) return fmt::format("r{}", dice.from_to(1, racks_));
    return dice.one_of<json>({target, target, "brokers", "clients"});
  }

  std::vector<std::string> kinds() const {
    std::vector<std::string> kinds{"power_off", "power_off", "kill_process", "pause",
                                   "cut",       "cut",       "loss",         "delay",
                                   "slow_nic",  "slow_disk"};
    if (racks_ > 0) {
      for (const char* kind : {"switch_off", "cut_off", "rack_off"}) kinds.emplace_back(kind);
    }
    if (!heals()) {
      // Who is asked to start before it has stopped stays down: none for what must heal.
      for (const char* kind : {"stop_process", "clock", "fail_disk", "fail_disk", "fill_disk"}) {
        kinds.emplace_back(kind);
      }
    }
    if (family_ == Family::anything) {
      for (const char* kind : {"lying_disk", "corrupt"}) kinds.emplace_back(kind);
    }
    return kinds;
  }

  Ended fault(Dice& dice, const std::string& kind, const json& target, double length) const {
    const std::string rack = fmt::format("r{}", dice.from_to(1, std::max(racks_, 1)));
    json what = target;
    if (kind == "power_off") return {what, "power_on"};
    if (kind == "kill_process" || kind == "stop_process") return {what, "start_process"};
    if (kind == "pause") return {{{"machine", target}, {"for", seconds(length)}}, ""};
    if (kind == "clock") {
      what = {{"machine", target}};
      what[dice.one_of({"ahead", "behind"})] = dice.one_of({"1ms", "10min", "100h"});
      if (dice.chance(0.4)) what["drift_ppm"] = dice.one_of({-100000, 100000, -200});
    } else if (kind == "cut" || kind == "loss" || kind == "delay") {
      what = {{"between", json::array({side(dice, target)})},
              {"and", json::array({"everyone_else"})}};
      // Whoever is on both sides is on the first; that leaves somebody on the second.
      const bool one = what["between"][0].is_string() && what["between"][0] != "brokers";
      if (one && what["between"][0] != "broker-1" && dice.chance(0.4)) what["and"][0] = "brokers";
      if (dice.chance(0.3)) what["one_way"] = true;
      if (kind == "loss") what["share"] = dice.one_of({0.01, 0.3, 0.99});
      if (kind == "delay") what["by"] = dice.one_of({"1ms", "300ms", "5s"});
    } else if (kind == "slow_nic") {
      what = {{"machine", target}, {"rate", dice.one_of({"1Mbps", "10Mbps"})}};
    } else if (kind == "switch_off") {
      what = rack + "-tor-1";
    } else if (kind == "cut_off" || kind == "rack_off") {
      what = rack;
    } else if (kind == "slow_disk") {
      what = disk_of(dice, target);
      what["factor"] = dice.one_of({3, 100, 10000});
    } else if (kind == "fail_disk") {
      what = disk_of(dice, target);
      what["share"] = dice.one_of({1.0, 1.0, 0.3, 0.01});
    } else if (kind == "fill_disk") {
      what = disk_of(dice, target);
      what["left"] = dice.one_of({"0B", "100KiB", "5MiB"});
    } else if (kind == "lying_disk") {
      what = disk_of(dice, target);
    } else if (kind == "corrupt") {
      return {{{"machine", broker(dice)}}, ""};
    }
    return {what, "heal"};
  }

  json faults() const {
    json faults = json::array();
    const int count = Dice(seed_, "faults").from_to(1, 9);
    for (int i = 1; i <= count; ++i) {
      Dice dice(seed_, fmt::format("fault{}", i));
      const std::string as = fmt::format("f{}", i);
      const std::string kind = dice.one_of(kinds());
      const json target = victim(dice);
      const double at = dice.uniform(dice.chance(0.2) ? 0.0 : load_from, faults_until - 2);
      double length = dice.one_of({0.002, 0.02, 0.5, 3.0, 8.0, 20.0}) * dice.uniform(0.5, 1.5);
      if (heals()) length = std::min(length, faults_until - at);
      const Ended drawn = fault(dice, kind, target, length);
      faults.push_back({{"at", seconds(at)}, {kind, drawn.what}, {"as", as}});
      const bool ends = heals() || dice.chance(0.75);
      if (!drawn.end.empty() && ends) {
        faults.push_back(
            {{"at", seconds(std::min(faults_until + 1, at + length))}, {drawn.end, as}});
      }
      if (kind == "fail_disk" && dice.chance(0.7)) {
        restart_soon_after(dice, at, target, as + "r", faults);
      }
    }
    return faults;
  }

  /// A directory that failed is looked at again when its broker starts.
  static void restart_soon_after(Dice& dice, double at, const json& target, const std::string& as,
                                 json& faults) {
    const double stop = at + dice.one_of({0.0001, 0.01, 0.5, 3.0});
    if (stop >= faults_until) return;
    faults.push_back({{"at", seconds(stop)},
                      {dice.one_of({"kill_process", "stop_process"}), target},
                      {"as", as}});
    const double start = std::min(faults_until + 1, stop + dice.one_of({0.0, 0.01, 1.0, 5.0}));
    faults.push_back({{"at", seconds(start)}, {"start_process", as}});
  }

  const Family family_;  ///< What must heal has loads that it can bear.
  const std::uint64_t seed_;
  int brokers_ = 3;
  int servers_ = 3;
  int broker_disks_ = 1;
  int topics_ = 1;
  int producers_ = 1;
  int racks_ = 0;                ///< 0: one switch.
  std::vector<int> members_;     ///< By group.
  std::vector<int> partitions_;  ///< By topic.
};

}  // namespace

std::string_view to_text(Family family) {
  const auto* found = std::find_if(families.begin(), families.end(),
                                   [&](const auto& one) { return one.first == family; });
  return found->second;
}

std::string name_of_drawn(Family family, std::uint64_t seed) {
  return fmt::format("fuzz-{}-{}", to_text(family), seed);
}

std::optional<Family> family_in(std::string_view name) {
  for (const auto& [family, text] : families) {
    if (name.starts_with(fmt::format("fuzz-{}-", text))) return family;
  }
  return std::nullopt;
}

DrawnScenario draw_scenario(std::uint64_t seed) {
  const Family family = families[seed % families.size()].first;
  return {family, json_text(Drawing(family, seed).draw(), 1) + "\n"};
}

}  // namespace brokerlab::scenarios

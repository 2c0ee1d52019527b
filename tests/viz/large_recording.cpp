#include "tests/viz/large_recording.h"

#include "base/check.h"
#include "recording/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace brokerlab::viz {
namespace {

using recording::EventLevel;

class Large {
 public:
  Large(recording::Recording& out, const LargeCluster& size) : out_(out), size_(size) {}

  void write() {
    out_.meta("name", "large");
    out_.meta("title_en", fmt::format("{} brokers, {} clients, and something wrong with some",
                                      size_.brokers, size_.producers + size_.consumers));
    out_.meta("title_ko", fmt::format("브로커 {}대와 클라이언트 {}개, 그 가운데 몇이 고장 났다",
                                      size_.brokers, size_.producers + size_.consumers));
    out_.meta("starts_at", "08:55:00");
    out_.meta("duration_ns", "60000000000");
    out_.meta("verdict", "pass");
    declare();
    if (size_.zones > 0) out_.meta("topology_json", topology());
    tell_partitions();
    if (size_.faults) tell_faults();
    measure();
    talk();
  }

 private:
  int broker(int i) const { return i; }  // Machine ids; all from 1.
  int zookeeper(int i) const { return size_.brokers + i; }
  int client(int i) const { return size_.brokers + size_.zookeepers + i; }

  void add(int machine, const std::string& name, const char* role, const char* kind, int number) {
    out_.machine(machine, name, role);
    out_.process(machine, machine, name, kind, number);
    out_.fact(Time{}, fmt::format("machine/{}", machine), "power", "on");
    out_.fact(Time{}, fmt::format("process/{}", machine), "state", "running");
  }

  void declare() {
    for (int i = 1; i <= size_.brokers; ++i) {
      add(broker(i), fmt::format("broker-{}", i), "broker", "broker", i);
      out_.fact(Time{}, fmt::format("broker/{}", i), "registered", "true");
      out_.fact(Time{}, fmt::format("broker/{}", i), "controller", i == 2 ? "true" : "false");
    }
    for (int i = 1; i <= size_.zookeepers; ++i) {
      add(zookeeper(i), fmt::format("zookeeper-{}", i), "zookeeper", "zookeeper", i);
      out_.fact(Time{}, fmt::format("zookeeper/{}", i), "role", i == 1 ? "leader" : "follower");
    }
    for (int i = 1; i <= size_.producers; ++i) {
      add(client(i), fmt::format("access-point-{:03}", i), "client", "producer", i);
    }
    for (int i = 1; i <= size_.consumers; ++i) {
      const int group = (i - 1) % size_.groups + 1;
      add(client(size_.producers + i),
          fmt::format("analytics-{}-{}", group, (i - 1) / size_.groups + 1), "client", "consumer",
          (i - 1) / size_.groups + 1);
    }
    for (int g = 1; g <= size_.groups; ++g) {
      out_.fact(Time{}, fmt::format("group/analytics-{}", g), "state",
                g == 2 ? "PreparingRebalance" : "Stable");
      out_.fact(Time{}, fmt::format("group/analytics-{}", g), "lag", "12345");
    }
  }

  std::string topology() const {
    std::string areas =
        R"({"name":"seoul","kind":"data_center","parent":-1,"switches":["seoul-core-1","seoul-core-2"]})";
    int next = 1;
    const int racks = size_.zones * size_.racks_a_zone;
    for (int z = 1; z <= size_.zones; ++z) {
      const int zone = next++;
      areas += fmt::format(
          R"(,{{"name":"zone-{0}","kind":"zone","parent":0,"switches":["zone-{0}-spine-1","zone-{0}-spine-2"]}})",
          z);
      for (int r = 1; r <= size_.racks_a_zone; ++r, ++next) {
        const int rack = (z - 1) * size_.racks_a_zone + r;
        std::vector<std::string> names;
        for (int i = rack; i <= size_.brokers; i += racks) {
          names.push_back(fmt::format(R"("broker-{}")", i));
        }
        for (int i = rack; i <= size_.zookeepers; i += racks) {
          names.push_back(fmt::format(R"("zookeeper-{}")", i));
        }
        areas += fmt::format(
            R"(,{{"name":"rack-{0}","kind":"rack","parent":{1},"switches":["rack-{0}-tor-1"],"machines":[{2}]}})",
            rack, zone, fmt::join(names, ","));
      }
      if (z < size_.zones) continue;
      for (int i = 1; i <= 3; ++i, ++next) {
        std::vector<std::string> names;
        for (int k = i; k <= size_.producers; k += 3) {
          names.push_back(fmt::format(R"("access-point-{:03}")", k));
        }
        areas += fmt::format(
            R"(,{{"name":"campus-{0}","kind":"rack","parent":{1},"switches":["campus-{0}-tor-1","campus-{0}-tor-2"],"machines":[{2}]}})",
            i, zone, fmt::join(names, ","));
      }
    }
    return fmt::format(R"({{"areas":[{}],"lines":[]}})", areas);
  }

  void tell_partitions() {
    for (int p = 0; p < size_.partitions; ++p) {
      out_.partition(p, p < size_.partitions / 2 ? "campus_wifi_auth" : "door_events", p % 100,
                     false);
      const auto at = [&](int k) { return (p + k) % size_.brokers + 1; };
      const std::string subject = fmt::format("partition/{}", p);
      const std::string replicas = fmt::format("{},{},{}", at(0), at(1), at(2));
      out_.fact(Time{}, subject, "leader", std::to_string(at(0)));
      out_.fact(Time{}, subject, "epoch", std::to_string(100 + p % 7));
      out_.fact(Time{}, subject, "replicas", replicas);
      out_.fact(Time{}, subject, "isr", p % 5 == 0 ? std::to_string(at(0)) : replicas);
      out_.fact(Time{}, subject, "hw", "1234567890");
      for (int k = 0; k < 3; ++k) {
        out_.fact(Time{}, fmt::format("replica/{}/{}", p, at(k)), "leo",
                  std::to_string(1234567890 + 12 * k));
      }
    }
  }

  void fault(Duration at, const char* kind, std::optional<int> machine, const std::string& en,
             recording::EventDetails details = {}) {
    out_.event({.t = Time(at),
                .kind = kind,
                .level = EventLevel::fault,
                .machine = machine,
                .en = en,
                .ko = "무언가 고장 났다: " + en,
                .details = std::move(details)});
  }

  // Of each kind one; nothing of it is mended.
  void tell_faults() {
    const auto machine = [&](int i) { return broker((i - 1) % size_.brokers + 1); };
    fault(10s, "machine.power_off", machine(1), "broker-1 lost power");
    out_.fact(Time(10s), fmt::format("machine/{}", machine(1)), "power", "off");
    fault(11s, "process.killed", machine(3), "broker-3 was killed");
    out_.fact(Time(11s), fmt::format("process/{}", machine(3)), "state", "stopped");
    out_.fact(Time(11s), fmt::format("broker/{}", machine(4)), "registered", "false");
    fault(12s, "process.paused", machine(5), "broker-5 stands still for 40s", {{"length", "40s"}});
    fault(13s, "disk.slow", machine(6), "disk 1 of broker-6 takes 7 times as long",
          {{"disk", "1"}});
    fault(14s, "disk.failing", machine(7), "disk 1 of broker-7 fails", {{"disk", "1"}});
    fault(15s, "disk.full", machine(8), "disk 1 of broker-8 has 0B left", {{"disk", "1"}});
    fault(16s, "nic.slowed", machine(9), "broker-9 sends no more than 1Mbps");
    fault(17s, "machine.clock_set", machine(9), "the clock of broker-9 is an hour ahead");
    fault(18s, "machine.power_off", client(1), "access-point-001 lost power");
    out_.fact(Time(18s), fmt::format("machine/{}", client(1)), "power", "off");
    fault(19s, "process.killed", client(size_.producers + 1), "analytics-1-1 was killed");
    out_.fact(Time(19s), fmt::format("process/{}", client(size_.producers + 1)), "state",
              "stopped");
    fault(20s, "process.killed", zookeeper(2), "zookeeper-2 was killed");
    out_.fact(Time(20s), fmt::format("process/{}", zookeeper(2)), "state", "stopped");
    out_.fact(Time(20s), "zookeeper/2", "role", "down");
    fault(20s, "network.lossy", {}, "of the packets from broker-4 to broker-6, 5 % are lost",
          {{"from", "broker-4"}, {"to", "broker-6"}, {"share", "5 %"}});
    fault(20s, "network.delayed", {}, "packets from broker-6 to broker-5 take 50ms longer",
          {{"from", "broker-6"}, {"to", "broker-5"}, {"delay", "50ms"}});
    const auto path = [&](int i, const char* attribute, const char* value) {
      out_.fact(Time(20s), fmt::format("machine/{}", machine(i)), attribute, value);
    };
    path(1 + 1, "clients", "none");
    path(1 + 1, "peers", "none");
    path(4, "lossy", "true");
    path(6, "lossy", "true");
    path(6, "late", "true");
    path(5, "late", "true");
    path(8, "peers", "some");
    if (size_.zones == 0) return;
    fault(21s, "network.switch_failed", {}, "switch rack-2-tor-1 failed",
          {{"switch", "rack-2-tor-1"}});
    fault(22s, "network.area_cut", {}, "zone-2 is cut off from everything outside",
          {{"area", "zone-2"}});
  }

  void measure() {
    const int source = out_.metric("source-rate", "1/s", "logins");
    std::vector<int> sent;
    std::vector<int> read;
    std::vector<int> lag;
    std::vector<int> nic;
    std::vector<int> disk;
    for (int i = 1; i <= size_.producers; ++i) {
      sent.push_back(out_.metric("record-send-rate", "1/s", fmt::format("access-point-{:03}", i)));
    }
    for (int i = 1; i <= size_.consumers; ++i) {
      read.push_back(out_.metric(
          "records-consumed-rate", "1/s",
          fmt::format("analytics-{}-{}", (i - 1) % size_.groups + 1, (i - 1) / size_.groups + 1)));
    }
    for (int g = 1; g <= size_.groups; ++g) {
      lag.push_back(out_.metric("group-lag", "records", fmt::format("analytics-{}", g)));
    }
    for (int i = 1; i <= size_.brokers; ++i) {
      nic.push_back(out_.metric("nic-utilisation", "share", "", broker(i)));
      disk.push_back(out_.metric("disk-utilisation", "share", "", broker(i)));
    }
    for (int second = 0; second <= 60; ++second) {
      const Time now{Duration(second * 1s)};
      const double load = second >= 10 && second < 40 ? 123456 : 12345;
      out_.sample(source, now, load);
      for (const int id : sent) out_.sample(id, now, load / size_.producers);
      for (const int id : read) out_.sample(id, now, load / size_.consumers);
      for (const int id : lag) out_.sample(id, now, 1e6 + second * 1e4);
      for (std::size_t i = 0; i < nic.size(); ++i) {
        out_.sample(nic[i], now, 0.1 + 0.8 * static_cast<double>(i) / size_.brokers);
        out_.sample(disk[i], now, 0.9 - 0.8 * static_cast<double>(i) / size_.brokers);
      }
    }
  }

  void talk() {
    for (int ms = 0; ms<60'000; ms += size_.brokers> 20 ? 20 : 100) {
      const Time now{Duration(ms * 1ms)};
      const int producer = ms / 20 % size_.producers + 1;
      const int consumer = ms / 20 % size_.consumers + 1;
      const int one = ms / 20 % size_.brokers + 1;
      const int other = (ms / 20 + 1) % size_.brokers + 1;
      const auto send = [&](int from, int to, const char* kind, std::int64_t size) {
        out_.message({.sent = now,
                      .arrived = now + 5ms,
                      .source = from,
                      .destination = to,
                      .kind = kind,
                      .size = Bytes(size)});
      };
      send(client(producer), broker(one), "Produce", 4096);
      send(broker(one), client(producer), "Produce response", 60);
      send(broker(other), broker(one), "Fetch", 90);
      send(broker(one), client(size_.producers + consumer), "Fetch response", 8192);
      send(broker(one), zookeeper(ms / 20 % size_.zookeepers + 1), "ZooKeeper ping", 8);
    }
  }

  recording::Recording& out_;
  const LargeCluster size_;
};

}  // namespace

void write_large_recording(const std::string& path, const LargeCluster& cluster) {
  auto recording = recording::Recording::create(path);
  ENSURE(recording.ok(), "{}", recording.error());
  Large(*recording, cluster).write();
  const auto finished = recording->finish();
  ENSURE(finished.ok(), "{}", finished.error());
}

}  // namespace brokerlab::viz

#include "tests/viz/sample_recording.h"

#include "base/random.h"
#include "recording/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <unistd.h>
#include <vector>

namespace brokerlab::viz {
namespace {

using recording::EventLevel;

constexpr int partitions = 6;
constexpr double crash = 330;
constexpr double expiry = 348;
constexpr double election = 348.3;
constexpr double boot = 450;
constexpr double registered_again = 468;
constexpr double end = 600;
constexpr std::array<std::array<int, 3>, partitions> replicas = {
    {{1, 2, 3}, {2, 3, 1}, {3, 1, 2}, {1, 3, 2}, {2, 1, 3}, {3, 2, 1}}};

constexpr int producer_machine = 7;
constexpr int reader_machine(int member) { return 7 + member; }
constexpr int zookeeper_machine(int id) { return 3 + id; }

// What the incident does to the stream of records, as functions of time.
class Story {
 public:
  static double intended(double t) { return t >= 300 && t < 360 ? 210 : 21; }
  static bool blocked(int partition, double t) {
    return replicas[static_cast<std::size_t>(partition)][0] == 1 && t >= crash && t < election;
  }
  static int leader(int partition, double t) {
    const auto& list = replicas[static_cast<std::size_t>(partition)];
    if (list[0] != 1 || t < election) return list[0];
    return t >= 500 ? 1 : list[1];  // The preferred leader returns at 500 s.
  }
};

class Sample {
 public:
  explicit Sample(recording::Recording& out) : out_(out), random_(11, "sample") {}

  void write() {
    declare();
    tell_events();
    declare_metrics();
    for (int step = 0; step <= static_cast<int>(end * 10); ++step) {
      const double t = step / 10.0;
      while (next_ < facts_.size() && facts_[next_].t <= t) tell(facts_[next_++]);
      flow(t, 0.1);
      send_messages(t);
      if (step % 10 == 0) sample(t);
    }
    conclude();
  }

 private:
  struct Fact {
    double t;
    std::string subject, attribute, value;
  };

  void tell(const Fact& fact) {
    out_.fact(at_seconds(fact.t), fact.subject, fact.attribute, fact.value);
  }
  void plan(double t, std::string subject, std::string attribute, std::string value) {
    facts_.push_back({t, std::move(subject), std::move(attribute), std::move(value)});
  }

  void declare() {
    out_.meta("name", "sample");
    out_.meta("title_en", "Wi-Fi logins: a broker loses power in the rush");
    out_.meta("title_ko", "무선랜 인증 로그: 수업 시작 직후의 브로커 정전");
    out_.meta("starts_at", "08:55:00");
    out_.meta("duration_ns", std::to_string(from_seconds(end).count()));
    out_.meta("verdict", "pass");
    out_.meta("verdict_reason", "");
    out_.meta("harm_en",
              "3 acknowledged records lost\nunavailable for produce for up to 16.5 s\n"
              "unavailable for fetch for up to 16.5 s\n2 records written twice");
    out_.meta("harm_ko",
              "저장 응답을 받은 레코드 3개가 사라졌다\n최대 16.5초 동안 쓸 수 없었다\n"
              "최대 16.5초 동안 읽을 수 없었다\n레코드 2개가 두 번 기록되었다");
    for (int i = 1; i <= 3; ++i) {
      out_.machine(i, fmt::format("broker-{}", i), "broker");
      out_.process(i, i, fmt::format("broker-{}", i), "broker", i);
      plan(0, fmt::format("machine/{}", i), "power", "on");
      plan(0, fmt::format("process/{}", i), "state", "running");
      plan(0, fmt::format("broker/{}", i), "registered", "true");
      plan(0, fmt::format("broker/{}", i), "controller", i == 1 ? "true" : "false");
    }
    for (int i = 1; i <= 3; ++i) {
      out_.machine(zookeeper_machine(i), fmt::format("zookeeper-{}", i), "zookeeper");
      out_.process(zookeeper_machine(i), zookeeper_machine(i), fmt::format("zookeeper-{}", i),
                   "zookeeper", i);
      plan(0, fmt::format("zookeeper/{}", i), "role", i == 3 ? "leader" : "follower");
    }
    out_.machine(producer_machine, "row-reader", "client");
    out_.process(producer_machine, producer_machine, "row-reader", "producer", 1);
    for (int i = 1; i <= 2; ++i) {
      out_.machine(reader_machine(i), fmt::format("nifi-{}", i), "client");
      out_.process(reader_machine(i), reader_machine(i), fmt::format("nifi-{}", i), "consumer", i);
    }
    for (int p = 0; p < partitions; ++p) {
      out_.partition(p, "jnu_wifi_auth", p, false);
      const auto& list = replicas[static_cast<std::size_t>(p)];
      const std::string subject = fmt::format("partition/{}", p);
      plan(0, subject, "replicas", fmt::format("{}", fmt::join(list, ",")));
      plan(0, subject, "isr", fmt::format("{}", fmt::join(list, ",")));
      plan(0, subject, "leader", std::to_string(list[0]));
      plan(0, subject, "epoch", "0");
    }
    plan(0, "group/nifi", "state", "Stable");
    plan(0, "group/nifi", "members", "nifi-1,nifi-2");
    plan(0, "group/nifi", "generation", "1");
    plan(0, "assignment/nifi-1", "partitions", "0,1,2");
    plan(0, "assignment/nifi-2", "partitions", "3,4,5");
  }

  std::int64_t event(double t, std::string_view kind, EventLevel level, std::optional<int> machine,
                     std::optional<int> partition, std::optional<std::int64_t> cause,
                     const std::string& en, const std::string& ko) {
    return out_.event({.t = at_seconds(t),
                       .kind = kind,
                       .level = level,
                       .machine = machine,
                       .partition = partition,
                       .cause = cause,
                       .en = en,
                       .ko = ko});
  }

  void tell_events() {
    const auto fault = EventLevel::fault;
    const auto control = EventLevel::control;
    event(300, "load.changed", fault, producer_machine, {}, {},
          "The load rises from 21/s to 210/s: classes begin.",
          "수업이 시작되어 부하가 초당 21건에서 210건으로 늘어납니다.");
    const auto off = event(crash, "machine.power_off", fault, 1, {}, {}, "broker-1 loses power.",
                           "broker-1의 전원이 꺼집니다.");
    const auto failed = event(crash + 10.4, "producer.request_failed", control, producer_machine, 0,
                              off, "row-reader gets no answer from broker-1 and will retry.",
                              "row-reader가 broker-1의 응답을 받지 못해 다시 시도합니다.");
    event(360, "load.changed", fault, producer_machine, {}, {}, "The load falls back to 21/s.",
          "부하가 다시 초당 21건으로 줄어듭니다.");
    const auto expired = event(expiry, "zk.session_expired", control, zookeeper_machine(3), {}, off,
                               "ZooKeeper expires the session of broker-1, silent for 18 s.",
                               "18초 동안 소식이 없던 broker-1의 세션을 ZooKeeper가 만료시킵니다.");
    const auto elected = event(expiry + 0.1, "controller.elected", control, 2, {}, expired,
                               "broker-2 becomes the controller.", "broker-2가 컨트롤러가 됩니다.");
    elect_leaders(elected, failed);
    return_of_broker();
    std::stable_sort(facts_.begin(), facts_.end(),
                     [](const Fact& a, const Fact& b) { return a.t < b.t; });
  }

  void elect_leaders(std::int64_t elected, std::int64_t failed) {
    plan(crash, "machine/1", "power", "off");
    plan(crash, "process/1", "state", "stopped");
    plan(expiry + 0.02, "broker/1", "registered", "false");
    plan(expiry + 0.02, "broker/1", "controller", "false");
    plan(expiry + 0.1, "broker/2", "controller", "true");
    for (int p = 0; p < partitions; ++p) {
      const auto& list = replicas[static_cast<std::size_t>(p)];
      const std::string subject = fmt::format("partition/{}", p);
      std::vector<int> left;
      std::copy_if(list.begin(), list.end(), std::back_inserter(left),
                   [](int broker) { return broker != 1; });
      plan(election, subject, "isr", fmt::format("{}", fmt::join(left, ",")));
      if (list[0] != 1) continue;
      plan(election, subject, "leader", std::to_string(left[0]));
      plan(election, subject, "epoch", "1");
      const auto led =
          event(election, "partition.leader_elected", EventLevel::control, left[0], p, elected,
                fmt::format("jnu_wifi_auth-{} has a new leader: broker-{}, epoch 1.", p, left[0]),
                fmt::format("jnu_wifi_auth-{}의 새 리더는 broker-{}입니다(에포크 1).", p, left[0]));
      if (p != 0) continue;
      event(election + 0.4, "producer.resumed", EventLevel::control, producer_machine, p, led,
            "row-reader sends to jnu_wifi_auth-0 again after 18.7 s.",
            "row-reader가 18.7초 만에 jnu_wifi_auth-0으로 다시 보냅니다.");
      event(election + 0.5, "record.lost", EventLevel::control, {}, p, failed,
            "3 acknowledged records of jnu_wifi_auth-0 are lost: only broker-1 had them.",
            "jnu_wifi_auth-0의 확인된 레코드 3건이 유실됩니다. broker-1에만 있었습니다.");
    }
  }

  void return_of_broker() {
    const auto on = event(boot, "machine.power_on", EventLevel::fault, 1, {}, {},
                          "broker-1 has power again.", "broker-1의 전원이 다시 들어옵니다.");
    plan(boot, "machine/1", "power", "on");
    plan(boot + 12, "process/1", "state", "running");
    plan(registered_again, "broker/1", "registered", "true");
    const auto back = event(registered_again, "broker.registered", EventLevel::control, 1, {}, on,
                            "broker-1 is registered again.", "broker-1이 다시 등록됩니다.");
    for (int p = 0; p < partitions; ++p) {
      const auto& list = replicas[static_cast<std::size_t>(p)];
      const double t = registered_again + 2 + p * 0.7;
      const std::string subject = fmt::format("partition/{}", p);
      plan(t, subject, "isr", fmt::format("{}", fmt::join(list, ",")));
      event(t, "partition.isr_expanded", EventLevel::control, 1, p, back,
            fmt::format("broker-1 is in sync again for jnu_wifi_auth-{}.", p),
            fmt::format("broker-1이 jnu_wifi_auth-{}의 ISR로 돌아옵니다.", p));
      if (list[0] != 1) continue;
      plan(500, subject, "leader", "1");
      plan(500, subject, "epoch", "2");
      event(500, "partition.leader_elected", EventLevel::control, 1, p, back,
            fmt::format("jnu_wifi_auth-{} goes back to its preferred leader broker-1.", p),
            fmt::format("jnu_wifi_auth-{}의 리더가 우선 리더 broker-1로 돌아갑니다.", p));
    }
  }

  void declare_metrics() {
    intended_ = out_.metric("source-rate", "1/s", "logins");
    send_rate_ = out_.metric("record-send-rate", "1/s", "row-reader");
    for (int i = 1; i <= 2; ++i) {
      read_rate_[i] = out_.metric("records-consumed-rate", "1/s", fmt::format("nifi-{}", i));
    }
    group_lag_ = out_.metric("group-lag", "records", "nifi");
    for (int p = 0; p < partitions; ++p) {
      lag_[p] = out_.metric("records-lag", "records", "nifi", {}, p);
    }
    for (int i = 1; i <= 3; ++i) {
      nic_[i] = out_.metric("nic-utilisation", "1", "", i);
      disk_[i] = out_.metric("disk-utilisation", "1", "", i);
    }
  }

  // A tenth of a second of records: produced, replicated, consumed.
  void flow(double t, double dt) {
    sent_ = 0;
    for (int p = 0; p < partitions; ++p) {
      Partition& part = parts_[static_cast<std::size_t>(p)];
      part.waiting += Story::intended(t) / partitions * dt * random_.uniform(0.8, 1.2);
      if (!Story::blocked(p, t)) {
        const double take = std::min(part.waiting, 130 * dt);
        part.end += take;
        part.waiting -= take;
        sent_ += take / dt;
      }
    }
    for (int member = 1; member <= 2; ++member) {
      double room = 83 * dt;
      for (int i = 0; i < 3; ++i) {
        Partition& part = parts_[static_cast<std::size_t>((member - 1) * 3 + i)];
        const double take = std::clamp(part.end - part.read, 0., room / (3 - i));
        if (Story::blocked((member - 1) * 3 + i, t)) continue;
        part.read += take;
        room -= take;
        read_[static_cast<std::size_t>(member - 1)] += take;
      }
    }
    for (int p = 0; p < partitions; ++p) tell_offsets(p, t);
  }

  void tell_offsets(int p, double t) {
    const Partition& part = parts_[static_cast<std::size_t>(p)];
    const Time now = at_seconds(t);
    const auto end_offset = static_cast<std::int64_t>(part.end);
    for (const int broker : replicas[static_cast<std::size_t>(p)]) {
      if (broker == 1 && t >= crash && t < registered_again + 2 + p * 0.7) continue;
      const bool leads = Story::leader(p, t) == broker;
      out_.fact(now, fmt::format("replica/{}/{}", p, broker), "leo",
                std::to_string(std::max<std::int64_t>(0, end_offset - (leads ? 0 : 1))));
    }
    out_.fact(now, fmt::format("partition/{}", p), "hw",
              std::to_string(std::max<std::int64_t>(0, end_offset - 1)));
  }

  void send(double t, int from, int to, std::string_view kind, std::int64_t size) {
    const bool dead = t >= crash && t < boot + 12;
    if (dead && from == 1) return;
    const bool lost = dead && to == 1;
    const Time sent = at_seconds(t);
    out_.message({.sent = sent,
                  .arrived = lost ? std::nullopt : std::optional(sent + random_.exponential(200us)),
                  .source = from,
                  .destination = to,
                  .kind = kind,
                  .size = Bytes(size)});
  }

  void ask(double t, int from, int to, const std::string& kind, std::int64_t size,
           std::int64_t answer) {
    send(t, from, to, kind, size);
    const bool dead = to == 1 && t >= crash && t < boot + 12;
    if (!dead) send(t + 0.004, to, from, kind + " response", answer);
  }

  void send_messages(double t) {
    const int step = static_cast<int>(std::lround(t * 10));
    const int leader = Story::leader(step % partitions, t);
    if (step % 2 == 0 || Story::intended(t) > 100) {
      ask(t + random_.uniform(0, 0.09), producer_machine, leader, "Produce", 900, 60);
    }
    const int follower = step % 3 + 1;
    const int source = (follower + step / 3 % 2) % 3 + 1;
    ask(t + random_.uniform(0, 0.09), follower, source, "Fetch", 120, 1200);
    if (step % 3 == 0) {
      const int member = step / 3 % 2 + 1;
      ask(t + random_.uniform(0, 0.09), reader_machine(member), leader, "Fetch", 90, 2400);
    }
    if (step % 30 == 0) ask(t, reader_machine(1 + step / 30 % 2), 2, "Heartbeat", 60, 20);
    if (step % 60 == 0) {
      for (int i = 1; i <= 3; ++i) send(t + 0.01 * i, i, zookeeper_machine(i), "ZooKeeper ping", 8);
    }
    if (std::abs(t - election) < 0.05) {
      for (const int to : {2, 3}) {
        send(t, zookeeper_machine(3), zookeeper_machine(to - 1), "proposal", 200);
        send(t + 0.01, 2, 3, "LeaderAndIsr", 700);
        send(t + 0.02, 2, 3, "UpdateMetadata", 900);
      }
    }
  }

  void sample(double t) {
    const Time now = at_seconds(t);
    out_.sample(intended_, now, Story::intended(t));
    out_.sample(send_rate_, now, sent_);
    double lag = 0;
    for (int p = 0; p < partitions; ++p) {
      const Partition& part = parts_[static_cast<std::size_t>(p)];
      out_.sample(lag_[p], now, std::floor(part.end - part.read));
      lag += std::floor(part.end - part.read);
    }
    out_.sample(group_lag_, now, lag);
    out_.fact(now, "group/nifi", "lag", std::to_string(static_cast<std::int64_t>(lag)));
    for (int member = 1; member <= 2; ++member) {
      auto& read = read_[static_cast<std::size_t>(member - 1)];
      out_.sample(read_rate_[member], now, t > 0 ? read : 0);
      read = 0;
    }
    for (int broker = 1; broker <= 3; ++broker) {
      if (broker == 1 && t >= crash && t < boot) continue;
      const double load = sent_ / 210;
      out_.sample(nic_[broker], now, 0.03 + 0.34 * load * random_.uniform(0.9, 1.1));
      out_.sample(disk_[broker], now, 0.02 + 0.22 * load * random_.uniform(0.8, 1.2));
    }
  }

  void conclude() {
    out_.invariant("one leader per epoch", true, 240, "");
    for (int i = 0; i < 3; ++i) {
      out_.lost_record({.partition = 0,
                        .offset = 2085 + i,
                        .record_id = fmt::format("row {}", 12'511 + 6 * i),
                        .acknowledged = at_seconds(crash - 0.01),
                        .why = "acks=1: only broker-1 had it"});
    }
  }

  struct Partition {
    double waiting = 0;  // In the producer's buffer.
    double end = 1000;
    double read = 1000;
  };

  recording::Recording& out_;
  RandomStream random_;
  std::vector<Fact> facts_;
  std::size_t next_ = 0;
  std::array<Partition, partitions> parts_{};
  double sent_ = 0;
  std::array<double, 2> read_{};
  int intended_ = 0;
  int send_rate_ = 0;
  int group_lag_ = 0;
  std::map<int, int> read_rate_, lag_, nic_, disk_;
};

}  // namespace

void write_sample_recording(const std::string& path) {
  auto recording = recording::Recording::create(path);
  ENSURE(recording.ok(), "{}", recording.error());
  Sample(*recording).write();
  const auto finished = recording->finish();
  ENSURE(finished.ok(), "{}", finished.error());
}

namespace {
int made = 0;
}  // namespace

SampleFile::SampleFile()
    : path(fmt::format("{}/brokerlab_sample_{}_{}.run",
                       std::filesystem::temp_directory_path().string(), getpid(), ++made)) {
  write_sample_recording(path);
}

SampleFile::~SampleFile() { std::filesystem::remove(path); }

}  // namespace brokerlab::viz

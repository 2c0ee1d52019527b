#include "tests/bench/actors_kafka.h"

#include "base/random.h"
#include "tests/bench/apart.h"

#include <fmt/format.h>
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::bench {
namespace {

namespace s4u = simgrid::s4u;
using s4u::this_actor::execute;
using s4u::this_actor::sleep_for;
using s4u::this_actor::sleep_until;

constexpr double speed = 1e9;             ///< Of a core, in flops a second.
constexpr int no_replica = -1;            ///< Whoever fetches and is no broker.
constexpr double small = 150;             ///< Bytes of a message without records.
constexpr double header = 150;            ///< What comes to the records of one with them.
constexpr double network_thread = 10e-6;  ///< Reading a request, or writing a response.
constexpr double reaper_period = 0.2;     ///< Kafka's ExpiredOperationReaper looks so often.

double seconds(Duration duration) { return to_seconds(duration); }

/// Part of a fetch: where to read on, and in the answer how much there was.
struct Slice {
  int partition = 0;
  std::int64_t offset = 0;
  std::int64_t batches = 0;
};

struct Request {
  enum class Kind { produce, fetch };
  Kind kind;
  s4u::Mailbox* answer_to;
  std::vector<Slice> slices;  ///< Of a produce: one, to which a batch is added.
  int replica = no_replica;
};

struct Response {
  int broker = 0;
  std::vector<Slice> slices;

  std::int64_t batches() const {
    return std::accumulate(slices.begin(), slices.end(), std::int64_t{0},
                           [](std::int64_t sum, const Slice& one) { return sum + one.batches; });
  }
};

/// The sender goes on; the message is the receiver's.
template <class T>
void send(s4u::Mailbox* to, std::unique_ptr<T> message, double bytes) {
  to->put_init(message.release(), static_cast<std::uint64_t>(bytes))->detach();
}

/// What everybody looks up: the scenario and who leads what.
struct Setting {
  const scenarios::Scenario& scenario;
  const Load& load;
  double batch;
  int brokers;
  sim::CpuConfig cpu;
  std::vector<s4u::Mailbox*> inboxes;  ///< Of the brokers.

  Setting(const scenarios::Scenario& of, const Load& under)
      : scenario(of),
        load(under),
        batch(static_cast<double>(under.record.count())),
        brokers(of.broker_count()),
        cpu(of.machine(of.brokers.front().machine).cpu) {
    for (int b = 0; b < brokers; ++b) {
      inboxes.push_back(s4u::Mailbox::by_name(fmt::format("broker-{}", b)));
    }
  }

  int partitions() const { return scenario.topics.front().partitions; }
  int leader(int partition) const { return partition % brokers; }
  std::vector<int> followers(int partition) const {
    std::vector<int> all;
    for (int i = 1; i < scenario.replication_factor(scenario.topics.front()); ++i) {
      all.push_back((leader(partition) + i) % brokers);
    }
    return all;
  }
  s4u::Mailbox* inbox(int broker) const { return inboxes[static_cast<std::size_t>(broker)]; }
  double bytes(std::int64_t batches) const { return static_cast<double>(batches) * batch; }
  double byte_work(double bytes) const {
    return bytes / static_cast<double>(cpu.byte_rate.count());
  }
  /// Core time of a request or of an answer, as sim/cpu.h has it.
  double work(std::size_t slices, double bytes) const {
    return seconds(cpu.request_cost) + seconds(cpu.partition_cost) * static_cast<double>(slices) +
           byte_work(bytes);
  }
};

// --- Brokers ---

class Broker {
 public:
  Broker(const Setting& setting, int id, s4u::Host* host)
      : setting_(setting), id_(id), host_(host), inbox_(setting.inbox(id)) {
    for (int p = 0; p < setting.partitions(); ++p) {
      if (setting.leader(p) != id) continue;
      for (const int follower : setting.followers(p)) led_[p].followers[follower] = 0;
    }
  }

  void start() {
    for (int i = 0; i < config().num_io_threads; ++i) {
      start_thread("io-thread", [this] { handle_requests(); });
    }
    start_thread("reaper", [this] { expire_fetches(); });
    start_thread("write-back", [this] { write_back(); });
    std::map<int, std::vector<Slice>> followed;
    for (int p = 0; p < setting_.partitions(); ++p) {
      const std::vector<int> followers = setting_.followers(p);
      if (std::find(followers.begin(), followers.end(), id_) == followers.end()) continue;
      followed[setting_.leader(p)].push_back({p});
    }
    for (const auto& [leader, slices] : followed) {
      start_thread("fetcher", [this, from = leader, what = slices] { follow(from, what); });
    }
  }

 private:
  /// A fetch that found nothing, in the purgatory of each of its partitions.
  struct ParkedFetch {
    std::unique_ptr<Request> request;  ///< nullptr when it has been answered.
    double deadline;
  };
  /// A produce request that is to be answered when the high watermark has reached `end`.
  struct ParkedProduce {
    std::int64_t end;
    s4u::Mailbox* answer_to;
  };
  struct Partition {
    std::int64_t end = 0;
    std::int64_t high_watermark = 0;
    std::map<int, std::int64_t> followers;  ///< Where their logs end.
    std::deque<ParkedProduce> produces;
    std::vector<std::shared_ptr<ParkedFetch>> fetches;
  };

  const model::BrokerConfig& config() const { return setting_.scenario.brokers.front().config; }

  template <class Thread>
  void start_thread(const char* name, Thread thread) {
    s4u::Actor::create(fmt::format("broker-{}/{}", id_, name), host_, std::move(thread))
        ->daemonize();
  }

  void handle_requests() {
    while (true) {
      auto request = inbox_->get_unique<Request>();
      const bool is_produce = request->kind == Request::Kind::produce;
      const double bytes = is_produce ? setting_.batch + header : small;
      execute(speed * (2 * network_thread + setting_.byte_work(bytes) +
                       setting_.work(request->slices.size(), bytes)));
      if (is_produce) {
        produce(*request);
      } else {
        fetch(std::move(request));
      }
    }
  }

  void produce(const Request& request) {
    Partition& partition = led_.at(request.slices.front().partition);
    ++partition.end;
    dirty_ += setting_.batch;
    partition.produces.push_back({partition.end, request.answer_to});
    wake(partition);
  }

  void fetch(std::unique_ptr<Request> request) {
    for (const Slice& slice : request->slices) {
      if (request->replica != no_replica) note_follower(slice, request->replica);
    }
    if (auto response = read(*request))
      return send_records(request->answer_to, std::move(response));
    const auto parked = std::make_shared<ParkedFetch>();
    parked->deadline = s4u::Engine::get_clock() + longest_wait(*request);
    parked->request = std::move(request);
    for (const Slice& slice : parked->request->slices) {
      led_.at(slice.partition).fetches.push_back(parked);
    }
    waiting_.push_back(parked);
  }

  /// Who asks for an offset has everything before it.
  void note_follower(const Slice& slice, int follower) {
    Partition& partition = led_.at(slice.partition);
    partition.followers.at(follower) = slice.offset;
    std::int64_t reached = partition.end;
    for (const auto& [broker, end] : partition.followers) reached = std::min(reached, end);
    if (reached <= partition.high_watermark) return;
    partition.high_watermark = reached;
    while (!partition.produces.empty() && partition.produces.front().end <= reached) {
      s4u::Mailbox* producer = partition.produces.front().answer_to;
      partition.produces.pop_front();
      send(producer, std::make_unique<Response>(Response{id_, {}}), small);
    }
    wake(partition);
  }

  /// Sending lets other actors run: first it is decided who is answered, then they are.
  void wake(Partition& partition) {
    answer(partition.fetches, [](const ParkedFetch&) { return false; });
  }

  template <class List, class IsDue>
  void answer(List& fetches, const IsDue& is_due) {
    std::vector<std::pair<s4u::Mailbox*, std::unique_ptr<Response>>> answers;
    std::erase_if(fetches, [&](const std::shared_ptr<ParkedFetch>& parked) {
      if (!parked->request) return true;
      auto response = read(*parked->request, is_due(*parked));
      if (!response) return false;
      answers.emplace_back(parked->request->answer_to, std::move(response));
      parked->request.reset();
      return true;
    });
    for (auto& [to, response] : answers) send_records(to, std::move(response));
  }

  void send_records(s4u::Mailbox* to, std::unique_ptr<Response> response) {
    const double bytes = setting_.bytes(response->batches()) + header;
    send(to, std::move(response), bytes);
  }

  /// nullptr: there is nothing yet, and it can wait.
  std::unique_ptr<Response> read(const Request& request, bool even_nothing = false) const {
    const bool follower = request.replica != no_replica;
    const model::ConsumerConfig& reader = setting_.scenario.consumers.front().config;
    double left =
        size_of(follower ? config().replica_fetch_response_max_bytes : reader.fetch_max_bytes);
    const double most =
        size_of(follower ? config().replica_fetch_max_bytes : reader.max_partition_fetch_bytes);
    auto response = std::make_unique<Response>(Response{id_, {}});
    bool is_first = true;  // and comes whole, however large it is
    for (const Slice& asked : request.slices) {
      const Partition& partition = led_.at(asked.partition);
      const std::int64_t end = follower ? partition.end : partition.high_watermark;
      auto fit = static_cast<std::int64_t>(std::min(left, most) / setting_.batch);
      if (is_first) fit = std::max(fit, std::int64_t{1});
      const std::int64_t batches = std::min(end - asked.offset, fit);
      if (batches > 0) is_first = false;
      left -= setting_.bytes(batches);
      response->slices.push_back({asked.partition, asked.offset, batches});
    }
    return is_first && !even_nothing ? nullptr : std::move(response);
  }

  static double size_of(Bytes bytes) { return static_cast<double>(bytes.count()); }

  double longest_wait(const Request& request) const {
    return seconds(request.replica != no_replica
                       ? config().replica_fetch_wait_max
                       : setting_.scenario.consumers.front().config.fetch_max_wait);
  }

  void expire_fetches() {
    while (true) {
      sleep_for(reaper_period);
      const double now = s4u::Engine::get_clock();
      answer(waiting_, [now](const ParkedFetch& parked) { return parked.deadline <= now; });
    }
  }

  /// Linux's flusher: writers do not wait for the disk.
  void write_back() {
    const double period =
        seconds(setting_.scenario.machine(setting_.scenario.brokers.front().machine)
                    .page_cache.writeback_interval);
    while (true) {
      sleep_for(period);
      const double bytes = std::exchange(dirty_, 0);
      if (bytes > 0) host_->get_disks().front()->write(static_cast<sg_size_t>(bytes));
    }
  }

  void follow(int leader, std::vector<Slice> slices) {
    s4u::Mailbox* answers = s4u::Mailbox::by_name(fmt::format("broker-{}/fetcher-{}", id_, leader));
    s4u::Mailbox* requests = setting_.inbox(leader);
    while (true) {
      requests->put(new Request{Request::Kind::fetch, answers, slices, id_},
                    static_cast<std::uint64_t>(small));
      const auto response = answers->get_unique<Response>();
      const double bytes = setting_.bytes(response->batches());
      execute(speed * setting_.work(response->slices.size(), bytes));
      for (std::size_t i = 0; i < slices.size(); ++i) {
        slices[i].offset += response->slices[i].batches;
      }
      dirty_ += bytes;
    }
  }

  const Setting& setting_;
  const int id_;
  s4u::Host* const host_;
  s4u::Mailbox* const inbox_;
  std::map<int, Partition> led_;
  std::deque<std::shared_ptr<ParkedFetch>> waiting_;  ///< By deadline; some are answered.
  double dirty_ = 0;
};

// --- Clients ---

/// The application and its sender in one actor, whoever takes the answers in another.
class Producer {
 public:
  Producer(const Setting& setting, std::size_t index)
      : setting_(setting),
        name_(fmt::format("producer-{}", index)),
        answers_(s4u::Mailbox::by_name(name_)),
        random_(static_cast<std::uint64_t>(setting.scenario.seed), name_) {
    const scenarios::ProducerSpec& spec = setting.scenario.producers.at(index);
    for (int b = 0; b < setting.brokers; ++b) {
      room_.push_back(s4u::Semaphore::create(
          static_cast<unsigned>(spec.config.max_in_flight_requests_per_connection)));
    }
  }

  void start(s4u::Host* host) {
    s4u::Actor::create(name_ + "/sender", host, [this] { send_all(); });
    s4u::Actor::create(name_ + "/answers", host, [this] { take_answers(); });
  }
  std::int64_t acknowledged() const { return acknowledged_; }

 private:
  void send_all() {
    for (std::int64_t i = 1; i <= setting_.load.records; ++i) {
      sleep_until(static_cast<double>(i) / setting_.load.rate.count());
      const int partition = static_cast<int>(random_.below(setting_.partitions()));
      const int leader = setting_.leader(partition);
      room_[static_cast<std::size_t>(leader)]->acquire();
      send(setting_.inbox(leader),
           std::make_unique<Request>(
               Request{Request::Kind::produce, answers_, {{partition}}, no_replica}),
           setting_.batch + header);
    }
  }

  void take_answers() {
    while (acknowledged_ < setting_.load.records) {
      const auto response = answers_->get_unique<Response>();
      room_[static_cast<std::size_t>(response->broker)]->release();
      ++acknowledged_;
    }
  }

  const Setting& setting_;
  const std::string name_;
  s4u::Mailbox* const answers_;
  RandomStream random_;
  std::int64_t acknowledged_ = 0;
  std::vector<s4u::SemaphorePtr> room_;  ///< For requests in flight, by broker.
};

/// A member of the group: one fetch under way to each broker that leads something of its.
class Consumer {
 public:
  Consumer(const Setting& setting, int index) : setting_(setting), index_(index) {
    const int members = setting.scenario.consumers.front().members;
    for (int p = 0; p < setting.partitions(); ++p) {
      if (p * members / setting.partitions() != index) continue;
      positions_[setting.leader(p)].push_back({p});
    }
  }

  /// `all_read` is told when the group has read `wanted` batches.
  void start(s4u::Host* host, std::int64_t& read, std::int64_t wanted, s4u::Semaphore& all_read) {
    s4u::Actor::create(fmt::format("consumer-{}", index_), host, [this, &read, wanted, &all_read] {
      s4u::Mailbox* answers = s4u::Mailbox::by_name(fmt::format("consumer-{}", index_));
      for (const auto& [broker, slices] : positions_) ask(broker, answers);
      while (true) {
        const auto response = answers->get_unique<Response>();
        std::vector<Slice>& slices = positions_.at(response->broker);
        for (std::size_t i = 0; i < slices.size(); ++i) {
          slices[i].offset += response->slices[i].batches;
        }
        ask(response->broker, answers);
        const std::int64_t more = response->batches();
        read += more;
        if (more > 0 && read == wanted) all_read.release();
      }
    })->daemonize();
  }

 private:
  void ask(int broker, s4u::Mailbox* answers) {
    send(setting_.inbox(broker),
         std::make_unique<Request>(
             Request{Request::Kind::fetch, answers, positions_.at(broker), no_replica}),
         small);
  }

  const Setting& setting_;
  const int index_;
  std::map<int, std::vector<Slice>> positions_;  ///< By leader.
};

// --- The platform ---

/// Hosts round one switch that never blocks, half of the delay on either side of it.
class Platform {
 public:
  explicit Platform(const scenarios::Scenario& scenario)
      : half_way_(seconds(scenario.network.delay) / 2) {}

  s4u::Host* add(const std::string& name, const sim::MachineConfig& machine) {
    s4u::Host* host = zone_->create_host(name, speed)->set_core_count(machine.cpu.cores);
    const sim::DiskConfig& disk = machine.disks.front();
    host->create_disk(name + "/disk", static_cast<double>(disk.read_rate.count()),
                      static_cast<double>(disk.write_rate.count()))
        ->seal();
    host->seal();
    zone_->add_route(host->get_netpoint(), nullptr, nullptr, nullptr,
                     {s4u::LinkInRoute(link(name + "/up", machine.nic))}, false);
    zone_->add_route(nullptr, host->get_netpoint(), nullptr, nullptr,
                     {s4u::LinkInRoute(link(name + "/down", machine.nic))}, false);
    return host;
  }
  void seal() { zone_->seal(); }

 private:
  s4u::Link* link(const std::string& name, const sim::NicConfig& nic) {
    s4u::Link* made =
        zone_->create_link(name, static_cast<double>(nic.rate.count()))->set_latency(half_way_);
    if (nic.discipline == sim::NicDiscipline::fifo) made->set_concurrency_limit(1);
    return made->seal();
  }

  s4u::NetZone* const zone_ = s4u::create_star_zone("cluster");
  const double half_way_;
};

/// As in sim/platform.cpp; and stacks no larger than these actors need.
std::unique_ptr<s4u::Engine> make_engine() {
  static char program[] = "actors";
  static char quiet[] = "--log=root.thres:error";
  static char* arguments[] = {program, quiet, nullptr};
  int count = 2;
  auto engine = std::make_unique<s4u::Engine>(&count, arguments);
  s4u::Engine::set_config("network/model:CM02");
  s4u::Engine::set_config("network/crosstraffic:0");
  s4u::Engine::set_config("network/TCP-gamma:1e15");
  s4u::Engine::set_config("contexts/stack-size:256");
  return engine;
}

}  // namespace

ActorsRun run_kafka_on_actors(const scenarios::Scenario& scenario, const Load& load) {
  const double began = cpu_seconds();
  const std::unique_ptr<s4u::Engine> engine = make_engine();
  const Setting setting(scenario, load);
  Platform platform(scenario);
  std::vector<std::unique_ptr<Broker>> brokers;
  std::vector<std::unique_ptr<Producer>> producers;
  std::vector<std::unique_ptr<Consumer>> consumers;
  std::vector<s4u::Host*> hosts;
  for (const scenarios::MachineRole& role : scenarios::machines_of(scenario)) {
    if (role.role == scenarios::Role::zookeeper) continue;
    s4u::Host* host = platform.add(role.name, scenario.machine(role.kind));
    if (role.role == scenarios::Role::broker) {
      brokers.push_back(std::make_unique<Broker>(setting, role.index, host));
    } else if (role.role == scenarios::Role::producer) {
      producers.push_back(std::make_unique<Producer>(setting, role.spec));
    } else {
      consumers.push_back(std::make_unique<Consumer>(setting, role.index));
    }
    hosts.push_back(host);
  }
  platform.seal();

  ActorsRun run;
  const s4u::SemaphorePtr all_read = s4u::Semaphore::create(0);
  std::size_t host = 0;
  for (const auto& broker : brokers) {
    broker->start();
    ++host;
  }
  for (const auto& producer : producers) producer->start(hosts[host++]);
  for (const auto& consumer : consumers) {
    consumer->start(hosts[host++], run.consumed, load.all_records(), *all_read);
  }
  // The simulation ends with the last actor that is no daemon.
  s4u::Actor::create("end", hosts.front(), [&all_read] { all_read->acquire(); });
  run.building = cpu_seconds() - began;
  engine->run();
  run.running = cpu_seconds() - began - run.building;
  run.simulated = s4u::Engine::get_clock();
  for (const auto& producer : producers) run.acknowledged += producer->acknowledged();
  return run;
}

}  // namespace brokerlab::bench

#include "model/zookeeper/server.h"

#include "model/events.h"
#include "model/zookeeper/follower.h"
#include "model/zookeeper/leader.h"
#include "model/zookeeper/links.h"

#include <set>
#include <utility>

namespace brokerlab::model {

namespace {

/// What the servers of an ensemble have in common, and what outlives their processes.
struct Shared {
  ZooKeeperConfig config;
  Observer& observer;
  std::vector<sim::MachineId> machines;
  ZkSessionNotes notes;
  std::set<int> established;    ///< Leaders with a majority behind them.
  bool quorum_missing = false;  ///< Told, and not over yet.
};

/// An election takes a fifth of a second; who looks for a leader so long finds no majority.
constexpr Duration election_patience = 2s;

/// The program of one server: looks for a leader, follows it or leads, and looks again.
class ZooKeeperServer : public sim::Program {
 public:
  ZooKeeperServer(sim::Process& process, Shared& shared, ZooKeeperStorage& storage, int myid)
      : process_(process),
        world_(process.world()),
        shared_(shared),
        myid_(myid),
        frontend_(process, shared.config, myid, shared.notes),
        replica_(process, storage, shared.config, myid, shared.observer,
                 [this](const ZkTransaction& transaction, const ZkOutcome& outcome) {
                   frontend_.applied(transaction, outcome);
                 }),
        election_(myid, static_cast<int>(shared.machines.size()), shared.config.finalize_wait),
        links_(process, myid, shared.machines, shared.config.cnx_timeout,
               [this](const ZkNotification& vote) { hear(vote); }),
        votes_(world_),
        context_{process,  shared.config, myid,      shared.machines,
                 replica_, frontend_,     election_, shared.notes} {
    process.spawn(run());
  }
  ~ZooKeeperServer() override { shared_.established.erase(myid_); }

  ZooKeeperEnsemble::Status status() const {
    return {role_,
            frontend_.serving(),
            replica_.current_epoch(),
            replica_.tree().zxid(),
            replica_.tree().hash(),
            replica_.tree().node_count(),
            replica_.tree().sessions().size()};
  }

 private:
  sim::Task<> run() {
    co_await replica_.load();
    listener_ = process_.network().listen(process_, zookeeper_peer_port);
    links_.start();
    frontend_.start(replica_);
    process_.spawn(accept_learners());
    while (true) {
      become(ZkRole::looking);
      co_await replica_.drain();
      co_await elect();
      if (election_.winner()->leader == myid_) {
        co_await lead();
      } else {
        co_await follow();
      }
    }
  }

  void become(ZkRole role) {
    role_ = role;
    shared_.observer.on_zookeeper_role(myid_, to_text(role));
  }

  /// Votes until there is a winner.
  sim::Task<> elect() {
    const sim::EventId cause = world_.cause();
    election_.start(replica_.current_epoch(), replica_.last_zxid(), world_.now());
    const Time patient_until = world_.now() + election_patience;
    while (!election_.winner()) {
      tell_peers();
      const Time wake = shared_.quorum_missing || world_.now() >= patient_until
                            ? election_.wake_at()
                            : std::min(election_.wake_at(), patient_until);
      const std::optional<ZkNotification> vote = co_await votes_.receive(wake);
      if (world_.now() >= patient_until) miss_quorum(cause);
      if (vote) election_.receive(*vote, world_.now());
      election_.tick(world_.now());
    }
    tell_peers();
    // Votes bring their own causes; what this election is about is the loss that began it.
    if (cause) world_.set_cause(cause);
  }

  /// Who comes back alone looks for a majority that is there without it.
  void miss_quorum(sim::EventId cause) {
    if (!shared_.established.empty()) return;
    if (std::exchange(shared_.quorum_missing, true)) return;
    const sim::World::KeepCause keep(world_);
    world_.trace().record(events::zk_quorum_lost,
                          sim::Trace::about(process_.machine().id(), cause));
  }

  void hear(const ZkNotification& vote) {
    if (role_ == ZkRole::looking) {
      votes_.push(vote);
      return;
    }
    election_.receive(vote, world_.now());
    tell_peers();
  }

  void tell_peers() {
    for (const int peer : election_.take_recipients()) links_.send(peer, election_.notification());
  }

  sim::Task<> lead() {
    become(ZkRole::leading);
    leader_ = std::make_shared<ZkLeader>(context_);
    process_.spawn(tell_quorum(leader_));
    co_await leader_->run();
    leader_.reset();
    shared_.established.erase(myid_);
  }

  /// Once its term has begun, if there had been no quorum.
  sim::Task<> tell_quorum(std::shared_ptr<ZkLeader> term) {
    while (leader_ == term && !term->established()) co_await world_.sleep(100ms);
    if (leader_ != term) co_return;
    shared_.established.insert(myid_);
    if (!std::exchange(shared_.quorum_missing, false)) co_return;
    world_.trace().record(events::zk_quorum_back, {.machine = process_.machine().id()});
  }

  sim::Task<> follow() {
    become(ZkRole::following);
    const auto follower =
        std::make_shared<ZkFollower>(context_, election_.winner()->leader, ignores_history_);
    const sim::EventId trouble = co_await follower->run();
    if (trouble) world_.set_cause(trouble);
  }

  sim::Task<> accept_learners() {
    while (true) {
      std::optional<sim::SocketPtr> socket = co_await listener_->accept();
      if (!socket) co_return;
      if (leader_) {
        leader_->welcome(*socket);
      } else {
        (*socket)->close();
      }
    }
  }

  sim::Process& process_;
  sim::World& world_;
  Shared& shared_;
  const int myid_;
  ZkFrontend frontend_;
  ZkReplica replica_;
  ZkElection election_;
  ZkElectionLinks links_;
  sim::Channel<ZkNotification> votes_;
  ZkContext context_;
  std::unique_ptr<sim::Listener> listener_;
  std::shared_ptr<ZkLeader> leader_;
  ZkRole role_ = ZkRole::looking;
  bool ignores_history_ = false;
};

}  // namespace

struct ZooKeeperEnsemble::Impl {
  Shared shared;
  std::vector<std::unique_ptr<ZooKeeperStorage>> storages;
  std::vector<sim::Process*> processes;
};

ZooKeeperEnsemble::ZooKeeperEnsemble(std::vector<sim::Machine*> machines,
                                     const ZooKeeperConfig& config, Observer& observer,
                                     sim::ProcessId first)
    : impl_(std::make_unique<Impl>(Impl{Shared{config, observer, {}, {}}, {}, {}})) {
  ENSURE(!machines.empty(), "an ensemble without machines");
  Impl* const impl = impl_.get();
  for (const sim::Machine* machine : machines) impl->shared.machines.push_back(machine->id());
  int myid = 0;
  for (sim::Machine* const machine : machines) {
    ++myid;
    ZooKeeperStorage* const storage =
        impl->storages.emplace_back(std::make_unique<ZooKeeperStorage>()).get();
    impl->processes.push_back(
        &machine->add_process(first, "zookeeper", [impl, storage, myid](sim::Process& process) {
          return std::make_unique<ZooKeeperServer>(process, impl->shared, *storage, myid);
        }));
    machine->on_power_loss([storage] { storage->lose_power(); });
    if (!config.force_sync) {
      machine->page_cache().on_durable([storage, log = machine->file(ZkReplica::log_file)](
                                           sim::PageCache::FileKey file, std::int64_t end) {
        if (file == log) storage->mark_synced_to(end);
      });
    }
    first = first.next();
  }
}

ZooKeeperEnsemble::~ZooKeeperEnsemble() = default;

void ZooKeeperEnsemble::start() {
  for (sim::Process* const process : impl_->processes) process->start();
}

int ZooKeeperEnsemble::size() const { return static_cast<int>(impl_->processes.size()); }

std::vector<Address> ZooKeeperEnsemble::addresses() const {
  std::vector<Address> all;
  for (const sim::MachineId machine : impl_->shared.machines) {
    all.push_back({machine, zookeeper_client_port});
  }
  return all;
}

sim::Process& ZooKeeperEnsemble::process(int myid) const {
  ENSURE(myid >= 1 && myid <= size(), "no ZooKeeper server {}", myid);
  return *impl_->processes[static_cast<std::size_t>(myid - 1)];
}

std::optional<ZooKeeperEnsemble::Status> ZooKeeperEnsemble::status(int myid) const {
  const auto* server = static_cast<const ZooKeeperServer*>(process(myid).program());
  if (server == nullptr) return std::nullopt;
  return server->status();
}

std::optional<int> ZooKeeperEnsemble::leader() const {
  std::optional<int> best;
  std::int64_t epoch = -1;
  for (int myid = 1; myid <= size(); ++myid) {
    const std::optional<Status> server = status(myid);
    if (!server || server->role != ZkRole::leading || !server->serving) continue;
    if (server->epoch > epoch) {
      best = myid;
      epoch = server->epoch;
    }
  }
  return best;
}

}  // namespace brokerlab::model

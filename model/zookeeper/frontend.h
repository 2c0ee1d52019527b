// The client port of one ZooKeeper server: sessions' connections, their requests in order, watches.
//
// Requests of one session are answered in the order they came: a read waits for the writes before
// it. Writes go upstream (to the leader); they are answered once this server has applied them, so a
// client reads its own writes. While the server has no leader every connection is refused.
//
// Lifetime: owned by the server's Program. Threads: none.
// Source:   NIOServerCnxn, ZooKeeperServer.processConnectRequest, FinalRequestProcessor,
//           CommitProcessor, WatchManager.
#pragma once

#include "model/zookeeper/messages.h"
#include "model/zookeeper/replica.h"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace brokerlab::model {

/// The recorder's notebook of who holds which session, kept beside the servers: it names the cause
/// of an expiry and never changes what a server does.
struct ZkSessionNote {
  const sim::Process* client = nullptr;
  sim::MachineId server;
  Time since{};            ///< When it connected there.
  bool confirmed = false;  ///< A server has told the client that it has the session.
  sim::EventId trouble;    ///< What broke its last connection; none while it has one.
};
using ZkSessionNotes = std::map<SessionId, ZkSessionNote>;

/// What the client port needs of a leader, here or far away.
class ZkUpstream {
 public:
  virtual ~ZkUpstream() = default;
  virtual void submit(ZkTransaction transaction) = 0;
  /// Asks whether the session lives; the answer comes to ZkFrontend::revalidated().
  virtual void revalidate(SessionId session, Duration timeout) = 0;
  virtual void touch(SessionId session) = 0;
};

class ZkFrontend {
 public:
  ZkFrontend(sim::Process& process, const ZooKeeperConfig& config, int myid, ZkSessionNotes& notes);

  void start(const ZkReplica& replica);
  void serve(ZkUpstream& upstream) { upstream_ = &upstream; }
  /// Hangs up on every client.
  void stop_serving();
  bool serving() const { return upstream_ != nullptr; }

  void applied(const ZkTransaction& transaction, const ZkOutcome& outcome);
  void revalidated(SessionId session, bool valid, Duration timeout);

 private:
  /// CPU of one request on the server that answers it; ZooKeeper serves some 20k/s a core.
  static constexpr Duration request_cost = 50us;
  /// zookeeper.nio.sessionlessCnxnTimeout: how long a connection may say nothing at all.
  static constexpr Duration sessionless_timeout = 10s;

  struct Pending {
    std::unique_ptr<ZkClientMessage> request;
    bool done = false;  ///< A write that was applied; reads are done when their turn comes.
    std::vector<ZkReply> replies;
    sim::EventId cause;
  };
  struct Connection {
    std::int64_t id = 0;
    sim::SocketPtr socket;
    SessionId session;
    Duration timeout{0};
    bool ready = false;  ///< The session is confirmed.
    const sim::Process* client = nullptr;
    std::deque<Pending> pending;
    std::set<std::string> data_watches, child_watches;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;
  using Watches = std::map<std::string, std::set<std::int64_t>>;

  sim::Task<> accept();
  sim::Task<> converse(ConnectionPtr connection);
  bool connect(Connection& connection, const ZkClientMessage& request);
  void handle(Connection& connection, std::unique_ptr<ZkClientMessage> request);
  void advance(Connection& connection);
  void reply(Connection& connection, std::int64_t cxid, std::vector<ZkReply> replies);
  void confirm(Connection& connection, bool valid);
  void note_holder(const Connection& connection, bool confirmed);
  ZkReply read(Connection& connection, const ZkOperation& operation);
  void set_watches(Connection& connection, const ZkClientMessage& request);
  void drop(Connection& connection);

  void watch(Connection& connection, bool child, const std::string& path);
  void fire(const ZkChange& change);
  void trigger(Watches& watches, bool child, const std::string& path, ZkEvent::Type type,
               std::set<std::int64_t>& told);
  void send_event(Connection& connection, ZkEvent::Type type, const std::string& path);
  Connection* find(SessionId session);
  SessionId new_session();
  void record(const sim::EventKind& kind, const Connection& connection);

  sim::Process& process_;
  sim::World& world_;
  const ZooKeeperConfig& config_;
  const int myid_;
  ZkSessionNotes& notes_;
  const ZkReplica* replica_ = nullptr;
  ZkUpstream* upstream_ = nullptr;
  std::unique_ptr<sim::Listener> listener_;
  std::map<std::int64_t, ConnectionPtr> connections_;
  std::map<SessionId, std::int64_t> by_session_;
  Watches data_watches_, child_watches_;
  std::int64_t next_connection_ = 1;
  std::int64_t next_session_ = 0;
};

/// The password of a session; whoever knows the ensemble's secret can check it.
std::uint64_t zk_password(SessionId session);

}  // namespace brokerlab::model

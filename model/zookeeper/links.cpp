#include "model/zookeeper/links.h"

namespace brokerlab::model {

ZkElectionLinks::ZkElectionLinks(sim::Process& process, int myid,
                                 const std::vector<sim::MachineId>& machines,
                                 Duration connect_timeout,
                                 std::function<void(const ZkNotification&)> receive)
    : process_(process),
      myid_(myid),
      machines_(machines),
      connect_timeout_(connect_timeout),
      receive_(std::move(receive)) {}

void ZkElectionLinks::start() {
  listener_ = process_.network().listen(process_, zookeeper_election_port);
  process_.spawn(accept());
}

void ZkElectionLinks::send(int peer, const ZkNotification& notification) {
  Link& link = links_[peer];
  link.last = notification;
  if (!is_open(link)) {
    call(peer);
    return;
  }
  auto message = std::make_unique<ZkElectionMessage>();
  message->notification = notification;
  zk_send(*link.socket, std::move(message), process_.world().cause());
}

void ZkElectionLinks::call(int peer) {
  Link& link = links_[peer];
  if (link.connecting) return;
  link.connecting = true;
  process_.spawn(connect(peer));
}

sim::Task<> ZkElectionLinks::connect(int peer) {
  const sim::MachineId machine = machines_[static_cast<std::size_t>(peer - 1)];
  const Time deadline = process_.world().now() + connect_timeout_;
  Result<sim::SocketPtr, sim::NetError> made =
      co_await process_.network().connect(process_, machine, zookeeper_election_port, deadline);
  links_[peer].connecting = false;
  if (!made) co_return;  // the election sends again, less and less often
  const sim::SocketPtr socket = *made;
  auto hello = std::make_unique<ZkElectionMessage>();
  hello->hello_from = myid_;
  zk_send(*socket, std::move(hello), process_.world().cause());
  if (myid_ > peer) {
    attach(peer, socket);
  } else {
    // The peer hangs up and calls back.
    co_await socket->receive(process_.world().now() + connect_timeout_);
    socket->close();
  }
}

sim::Task<> ZkElectionLinks::accept() {
  while (true) {
    std::optional<sim::SocketPtr> socket = co_await listener_->accept();
    if (!socket) co_return;
    process_.spawn(greet(*socket));
  }
}

sim::Task<> ZkElectionLinks::greet(sim::SocketPtr socket) {
  const Time deadline = process_.world().now() + connect_timeout_;
  std::optional<sim::Message> message = co_await socket->receive(deadline);
  if (!message) {
    socket->close();
    co_return;
  }
  const auto hello = message->take<ZkElectionMessage>();
  const int peer = hello->hello_from;
  if (peer < myid_) {
    // It may have restarted while we still think we are connected.
    Link& link = links_[peer];
    if (link.socket) link.socket->close();
    link.socket.reset();
    socket->close();
    call(peer);
  } else {
    attach(peer, socket);
  }
}

void ZkElectionLinks::attach(int peer, sim::SocketPtr socket) {
  Link& link = links_[peer];
  if (link.socket) link.socket->close();
  link.socket = socket;
  if (link.last) send(peer, *link.last);
  process_.spawn(read(peer, std::move(socket)));
}

sim::Task<> ZkElectionLinks::read(int peer, sim::SocketPtr socket) {
  while (true) {
    std::optional<sim::Message> message = co_await socket->receive();
    if (!message) break;
    const auto vote = message->take<ZkElectionMessage>();
    process_.world().set_cause(vote->cause);
    receive_(vote->notification);
  }
  Link& link = links_[peer];
  if (link.socket == socket) link.socket.reset();
}

}  // namespace brokerlab::model

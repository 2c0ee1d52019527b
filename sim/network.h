// TCP as an operator sees it: connections between processes, in-order messages, and the difference
// between a peer that refuses, one that resets and one that is silent.
//
//   process killed     its machine answers: open connections are reset, new ones refused, at once
//                      (one delay later)
//   machine powered    nothing answers: connections hang, connects time out, messages vanish. After
//   off                the reboot, whoever still sends on an old connection is reset.
//   cut                as silence while it lasts; what was sent is delivered after the heal
//                      (TCP retransmits), late and in order
//
// A message takes: waiting for the sender's NIC and the receiver's NIC, size / rate, and the
// network's delay. Messages below flow_threshold are events; larger ones are flows of SimGrid's
// max-min fair network with latency 0 (the delay is added here). Headers (TCP/IP, 66 bytes a
// 1448-byte segment) are counted. The messages of one direction of a connection arrive in order, a
// large one alone on its way.
//
// Approximations:
//   small ones   queue first come first served at the sender's NIC and again at the receiver's,
//                each NIC busy for size / rate; on idle NICs they cut through (size / rate once)
//   small, large do not slow each other: a NIC busy with both carries a little more than its rate
//   uplinks      of racks and zones, and lines, are booked by small ones when they are sent
//   control      SYN, FIN, RST and acknowledgements take the delay and no bandwidth; a cut of one
//                direction therefore loses only what goes that way
//   packet loss  (a fault) stretches messages by the rules of sim/tcp.h; large ones are capped;
//                when fewer packets are lost, what is sent again gets through sooner
//   silence      is noticed by the retransmission timer: 200 ms after it, then doubling up to 120 s
//                (Linux's TCP_RTO_MIN, TCP_RTO_MAX), 15 times (tcp_retries2), then the sender's end
//                breaks. A large message that was interrupted starts over.
//   connect      retries its SYN after 1, 2, 4, ... s, six times (tcp_syn_retries)
//   loopback     connections within a host: 5 us, no NIC
//
// Lifetime: the Network outlives machines and processes; all machines exist before the first large
//           message is sent. A Socket is shared by its process and the network; dropping the last
//           reference closes it. Threads: none.
// Sources:  RFC 9293 (reset, refused); RFC 6298 (retransmission); Linux tcp(7), ip-sysctl.
#pragma once

#include "base/result.h"
#include "sim/channel.h"
#include "sim/hardware.h"
#include "sim/impairment.h"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace brokerlab::sim {

class Machine;
class Network;
class Process;
class Topology;
class Troubles;
struct Connection;
struct NetworkState;

/// What a message carries; the receiver owns it. Its wire size is said beside it.
struct Payload {
  virtual ~Payload() = default;
};

struct Message {
  std::unique_ptr<Payload> payload;
  Bytes size;             ///< On the wire, without TCP/IP headers.
  std::string_view kind;  ///< "Fetch response"; static storage; for traces and pictures.

  /// The payload as what the port's protocol says it is; stops the program when it is not.
  template <class T>
  std::unique_ptr<T> take() {
    ENSURE(dynamic_cast<T*>(payload.get()) != nullptr, "a {} on a port of another protocol", kind);
    return std::unique_ptr<T>(dynamic_cast<T*>(payload.release()));
  }
};

/// As a machine sees it.
enum class Direction { out, in };

enum class NetError { refused, timed_out, reset };
std::string_view to_text(NetError error);

class Socket {
 public:
  enum class State { open, closed, reset };

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  /// Queues the message; never waits (the model bounds what is in flight). A send on a socket that
  /// is no longer open vanishes.
  void send(Message message);
  /// The next message in order; nothing at the deadline, or when state() is no longer open.
  Channel<Message>::Receive receive(Time deadline = never);
  void close();  ///< The peer sees `closed` after what was sent before.
  State state() const;
  MachineId peer() const;
  /// The trace event that broke the connection (reset) or silences the peer now; none otherwise.
  EventId trouble() const;

 private:
  friend struct NetworkState;
  Socket(std::shared_ptr<Connection> connection, int side);

  const std::shared_ptr<Connection> connection_;
  const int side_;
  Channel<Message> inbox_;
};
using SocketPtr = std::shared_ptr<Socket>;

/// A listening port of a process. Dies with it.
class Listener {
 public:
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  /// The next connection; nothing when the process that listens has died.
  Channel<SocketPtr>::Receive accept() { return accepted_.receive(); }

 private:
  friend class Network;
  friend struct NetworkState;
  Listener(NetworkState* state, Process& process, MachineId machine, int port);

  NetworkState* state_;  ///< nullptr: listens no more.
  Process& process_;
  const MachineId machine_;
  const int port_;
  Channel<SocketPtr> accepted_;
};

/// One message as pictures and recordings want it. `arrived` is `never` when it was lost.
/// `trouble`: the event (of a fault, or of a death) that lost or delayed it, of several the one
/// that did most; `late`: by how much troubles delayed it in all, so far when it has not arrived.
struct Transfer {
  Time sent;
  Time arrived;
  MachineId source;
  MachineId destination;
  std::string_view kind;
  Bytes size;
  std::int64_t connection;  ///< Each delivers in order, both ways.
  bool to_server;           ///< From who connected to who listened.
  EventId trouble = {};
  Duration late{0};
};

class Network {
 public:
  static constexpr Bytes flow_threshold = 16_KiB;

  /// Without a topology all machines stand at one switch that never blocks.
  Network(World& world, const NetworkConfig& config,
          std::shared_ptr<const Topology> topology = nullptr);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  /// The process listens on the port from now on.
  std::unique_ptr<Listener> listen(Process& process, int port);
  /// Connects from a process to a port of a machine. Refused after one round trip when nobody
  /// listens there; times out when the machine is silent.
  Task<Result<SocketPtr, NetError>> connect(Process& from, MachineId to, int port, Time deadline);

  // --- What goes wrong. Each is recorded as an event; `cause` (of it) may be none. ---

  /// All packets from each of `from` to each of `to`; call twice for both ways. Several may hit the
  /// same path: their delays add up, a packet has to survive every loss. A machine stands for its
  /// host; nothing befalls what stays within a host.
  ImpairmentId impair(const std::vector<MachineId>& from, const std::vector<MachineId>& to,
                      const Impairment& what, EventId cause);
  void repair(ImpairmentId id);
  /// A switch of the topology passes nothing on. The others take over where there are others.
  OutageId fail_switch(std::string_view name, EventId cause);
  /// Nothing passes between the inside of a rack, zone or data centre and the rest.
  OutageId cut_area(std::string_view name, EventId cause);
  void mend(OutageId id);
  /// The card carries no more than that, in each direction.
  void slow_nic(MachineId machine, BytesPerSecond rate, EventId cause);
  void restore_nic(MachineId machine);

  /// Whether a packet sent now from one to the other gets there (power and cuts).
  bool reachable(MachineId from, MachineId to) const;
  /// The event that makes `to` silent for `from`; none when it is reachable.
  EventId silence(MachineId from, MachineId to) const;
  /// The event that best explains why `from` got no answer from `to` since then, though the trouble
  /// may be over; none when nothing was wrong.
  EventId trouble(MachineId from, MachineId to, Time since) const;
  /// Why nobody listens on that port: the end of the process that did; none when nobody ever did.
  EventId refusal(MachineId machine, int port) const;
  /// Who else has troubles to report (processes, disks) reports them there.
  Troubles& troubles();

  const Topology* topology() const;  ///< nullptr without one.

  /// Called at every delivery and every loss.
  void on_transfer(std::function<void(const Transfer&)> callback);

  /// What was sent and has not arrived yet, perhaps never will; in order of connections.
  std::vector<Transfer> undelivered() const;

  // --- Of the network card of a host, its own or that of a machine on it; each direction ---

  /// Since the start, headers included, of what is on its way, too.
  Bytes moved(MachineId machine, Direction way) const;
  /// What it could have carried since the start, at the rates that it had.
  Bytes capacity(MachineId machine, Direction way) const;
  /// What it can carry at present: without credits its baseline.
  BytesPerSecond nic_rate(MachineId machine, Direction way) const;
  /// Nothing for a card without bursts.
  std::optional<Bytes> burst_credits(MachineId machine, Direction way) const;

  // --- For Host, Machine and Process ---

  void add_card(MachineId host, const NicConfig& nic);
  /// Its packets go through that host's card.
  void add_machine(MachineId machine, MachineId host);
  void machine_up(MachineId machine);
  /// The cluster is taken apart: nobody hears of what that does.
  void machine_gone(MachineId machine);
  /// Everything of the machine falls silent.
  void machine_down(MachineId machine, EventId cause);
  /// The kernel of its machine resets the connections of a process that was killed.
  void process_died(const Process& process, EventId cause);

 private:
  const std::unique_ptr<NetworkState> state_;
};

}  // namespace brokerlab::sim

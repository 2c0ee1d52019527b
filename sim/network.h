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
// 1448-byte segment) are counted.
//
// Lifetime: the Network outlives machines and processes. A Socket is shared by its process and the
//           network; dropping the last reference closes it. Threads: none.
// Sources:  RFC 9293 (reset, refused); Linux tcp(7).
#pragma once

#include "base/result.h"
#include "sim/channel.h"
#include "sim/hardware.h"

#include <functional>
#include <memory>
#include <string_view>

namespace brokerlab::sim {

class Machine;
class Network;
class Process;

/// What a message carries; the receiver owns it. Its wire size is said beside it.
struct Payload {
  virtual ~Payload() = default;
};

struct Message {
  std::unique_ptr<Payload> payload;
  Bytes size;             ///< On the wire, without TCP/IP headers.
  std::string_view kind;  ///< "Fetch response"; static storage; for traces and pictures.
};

enum class NetError { refused, timed_out, reset };
std::string_view to_text(NetError error);

class Socket {
 public:
  enum class State { open, closed, reset };

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
};
using SocketPtr = std::shared_ptr<Socket>;

/// A listening port of a process. Dies with it.
class Listener {
 public:
  Channel<SocketPtr>::Receive accept();
};

/// One message as pictures and recordings want it. `arrived` is `never` when it was lost.
struct Transfer {
  Time sent;
  Time arrived;
  MachineId source;
  MachineId destination;
  std::string_view kind;
  Bytes size;
};

class Network {
 public:
  static constexpr Bytes flow_threshold = 16_KiB;

  Network(World& world, const NetworkConfig& config);
  ~Network();

  /// The process listens on the port from now on.
  std::unique_ptr<Listener> listen(Process& process, int port);
  /// Connects from a process to a port of a machine. Refused after one round trip when nobody
  /// listens there; times out when the machine is silent.
  Task<Result<SocketPtr, NetError>> connect(Process& from, MachineId to, int port, Time deadline);

  /// Stops (or lets pass again) everything from `from` to `to`; call twice for both ways.
  void cut(MachineId from, MachineId to, EventId cause);
  void heal(MachineId from, MachineId to);
  /// Whether a packet sent now from one to the other gets there (power and cuts).
  bool reachable(MachineId from, MachineId to) const;
  /// The event that makes `to` silent for `from`; none when it is reachable.
  EventId silence(MachineId from, MachineId to) const;

  /// Called at every delivery and every loss.
  void on_transfer(std::function<void(const Transfer&)> callback);

  Bytes sent(MachineId machine) const;      ///< By its NIC since the start, headers included.
  Bytes received(MachineId machine) const;
};

}  // namespace brokerlab::sim

// Inside the network: machines' NICs, connections and what is on its way. Only sim/network.cpp and
// sim/connection.cpp include this; everyone else talks to sim/network.h.
//
// Lifetime: as Network. Heap entries hold their Connection, so that it outlives its last packet.
// Threads:  none.
#pragma once

#include "sim/fabric.h"
#include "sim/flows.h"
#include "sim/network.h"
#include "sim/nic_credits.h"
#include "sim/tcp.h"
#include "sim/troubles.h"

#include <array>
#include <deque>
#include <map>
#include <vector>

namespace brokerlab::sim {

/// One direction of a machine's network card.
struct Lane {
  BytesPerSecond rate{};  ///< At present, since rate_since.
  Time rate_since{};
  Bytes capacity{0};  ///< What it could have carried up to then.
  Time free{};        ///< When the small messages that passed so far are through.
  Bytes moved{0};     ///< Of what is through, or was on its way when it broke off.
  std::optional<NicCredits> credits;
  bool is_watched = false;  ///< A look at the credits is due.
};

/// A host's network card.
struct Card {
  Lane& lane(Direction way) { return way == Direction::out ? out : in; }
  const Lane& lane(Direction way) const { return way == Direction::out ? out : in; }

  MachineId id;  ///< The host's.
  NicConfig nic;
  std::optional<BytesPerSecond> slowed_to;  ///< By a fault:
  EventId slowed_by;
  int number = 0;  ///< In Flows and in the Fabric.
  Lane out;
  Lane in;
};

/// A machine as the network sees it.
struct Node {
  MachineId id;
  Card* card;
  bool up = true;
  EventId down_cause = {};
};

/// Something in one direction of a connection that is not delivered yet.
struct Outgoing {
  enum class Kind { data, fin, rst };
  Kind kind;
  Message message;
  Time sent;
  EventId cause;         ///< What the sender did it for.
  Time leaves = never;   ///< When its last byte has left the sender's NIC.
  Time passed = never;   ///< The sender's NIC, the uplinks and the way, if nothing of it is lost.
  Time due = never;      ///< When it reaches the receiver's NIC, behind those before it.
  bool reached = false;  ///< It has.
  bool counted = false;  ///< It takes its time there.
  bool arrived = false;  ///< Waits for those before it.
  double loss = 0;       ///< The share of packets that were lost when it was sent,
  tcp::Losses losses;    ///< and what it met.
  EventId trouble;       ///< What delayed or lost it,
  Duration late{0};      ///< and by how much it delays it in all.
  Duration most{0};      ///< Of it, by `trouble`.

  /// Something delays it by that much.
  void delayed(EventId by, Duration extra) {
    if (!by.valid() || extra <= Duration{0}) return;
    late += extra;
    if (extra < most) return;
    most = extra;
    trouble = by;
  }
};

/// One direction of a connection: a stream, delivered in order.
struct Way {
  std::deque<Outgoing> queue;
  std::size_t in_air = 0;   ///< The first so many of the queue are on their way.
  std::uint64_t first = 0;  ///< Number of the queue's front in the stream.
  std::uint32_t epoch = 0;  ///< Packets of an earlier epoch were lost or taken back.
  bool stalled = false;     ///< Waits for the retransmission timer,
  EventId stalled_by;       ///< because of that.
  FlowId flow = 0;          ///< The last in the air is this flow.
  Time opens{};             ///< When the end of the handshake arrives, before anything else.
  Time last_at_nic{};       ///< No later packet overtakes the one that arrives then.
};

struct End {
  Node* node;
  const Process* process;
  Socket* socket = nullptr;  ///< nullptr once the program has dropped it.
  Socket::State state = Socket::State::open;
  bool gone = false;  ///< Its process or machine died: packets for it are answered by a reset.
  EventId cause;      ///< Of a reset, or of being gone.
};

struct Connection {
  Connection(NetworkState& network, World& the_world, std::int64_t number, End client, End server)
      : net(&network), world(the_world), id(number), ends{client, server} {}

  NetworkState* net;  ///< nullptr when the Network is gone.
  World& world;
  const std::int64_t id;
  std::array<End, 2> ends;
  std::array<Way, 2> ways;  ///< ways[0] is from ends[0] to ends[1].
};
using ConnectionPtr = std::shared_ptr<Connection>;

Transfer transfer_of(const Connection& connection, int side, const Outgoing& item, Time arrived);

struct NetworkState {
  NetworkState(World& the_world, const NetworkConfig& the_config,
               std::shared_ptr<const Topology> topology);
  ~NetworkState();

  // --- Machines and reachability (network.cpp) ---

  Node& node(MachineId machine);
  const Node& node(MachineId machine) const;
  /// Whether a packet that arrives now is let in.
  bool admits(const Node& from, const Node& to) const {
    return to.up && fabric.passes(from.card->number, to.card->number);
  }
  bool passes(const Node& from, const Node& to) const { return from.up && admits(from, to); }
  EventId silence(const Node& from, const Node& to) const;
  Duration delay(const Node& from, const Node& to);
  /// The same for a message, with what faults add to it; noted in the item.
  Duration delay(const Node& from, const Node& to, Outgoing& item);
  /// Draws what the message loses on the way, noted in the item.
  void lose(const Node& from, const Node& to, Outgoing& item);
  Card& card(MachineId of);  ///< Of a host, or of the host of a machine.
  /// The hosts of the machines, each once.
  std::vector<MachineId> hosts_of(const std::vector<MachineId>& machines) const;
  std::vector<int> numbers(const std::vector<MachineId>& hosts) const;

  // --- Network cards (nic.cpp) ---

  void add_card(Card& card);
  /// After what determines the rates of a card has changed.
  void set_rates(Card& card);
  Bytes moved(const Card& card, Direction way) const;
  Bytes capacity(const Lane& lane) const;
  /// Something passes now: credits go.
  void use_card(Card& card, Direction way) {
    const Lane& lane = card.lane(way);
    if (lane.credits && !lane.is_watched) watch_credits(card, way);
  }
  void watch_credits(Card& card, Direction way);
  void look_at_credits(Card& card, Direction way, Bytes before);
  void begin_trouble(const Card& card, EventId event);
  void end_trouble(const Card& card);

  // --- Connecting (network.cpp) ---

  struct Attempt;
  Task<Result<SocketPtr, NetError>> connect(const Process& from, Node& source, Node& destination,
                                            int port, Time deadline);
  void send_syn(const std::shared_ptr<Attempt>& attempt);
  void answer_syn(const std::shared_ptr<Attempt>& attempt);
  void establish(const std::shared_ptr<Attempt>& attempt);
  Listener* listener(MachineId machine, int port) const;
  std::unique_ptr<Listener> listen(Process& process, MachineId machine, int port);
  void end_listener(Listener& listening);
  void end_listeners(EventId cause, const std::function<bool(const Listener&)>& which);

  // --- Streams (connection.cpp) ---

  void send(Connection& connection, int side, Message message);
  void close(Connection& connection, int side);
  void pump(const ConnectionPtr& connection, int side);
  void transmit_small(const ConnectionPtr& connection, int side, Outgoing& item);
  void transmit_flow(const ConnectionPtr& connection, int side, Outgoing& item);
  void transmit_control(const ConnectionPtr& connection, int side, Outgoing& item);
  /// Books the packet's arrival at the receiver, in order.
  void book_arrival(const ConnectionPtr& connection, int side, std::uint64_t number);
  /// The item, if it is still on its way.
  static Outgoing* in_air(Way& way, std::uint32_t epoch, std::uint64_t number);
  void reach(const ConnectionPtr& connection, int side, std::uint32_t epoch, std::uint64_t number);
  /// Fewer packets are lost than before: what is sent again from now on comes sooner.
  void lose_less(const ConnectionPtr& connection, int side);
  void arrive(const ConnectionPtr& connection, int side, std::uint32_t epoch, std::uint64_t number);
  void deliver(const ConnectionPtr& connection, int side, Outgoing item);
  void stall(const ConnectionPtr& connection, int side);
  void retransmit(const ConnectionPtr& connection, int side, std::uint32_t epoch, int tries);
  void answer_reset(const ConnectionPtr& connection, int side, EventId cause);
  void break_end(Connection& connection, int side, EventId cause);
  void break_off(Connection& connection, int side);
  /// Takes back what has not left: everything (`all`), or what is not yet in the air. `because`:
  /// what loses it, where nothing had held it up before.
  void drop(Connection& connection, int side, bool all, EventId because);
  /// Notes how much longer than on healthy cards a message takes.
  static void note_slow_cards(Outgoing& item, const Card& from, const Card& to, Duration took);
  /// The same of a large one, which slow ways slow down as well.
  void note_slow_stream(Outgoing& item, const Card& from, const Card& to, Duration took);
  void forget_if_over(Connection& connection);
  void report(const Connection& connection, int side, const Outgoing& item, Time arrived);

  // --- Death (connection.cpp) ---

  void process_died(const Process& process, EventId cause);
  void machine_down(Node& node, EventId cause);
  OutageId break_paths(const Topology::Outage& what, std::string_view name, EventId event);
  /// Of paths: flows that no longer get through stall, others get their new rate.
  void paths_changed();
  /// Those with an end that `concerns` is true of.
  template <class Concerns>
  std::vector<ConnectionPtr> connections_with(Concerns concerns) const;

  World& world;
  Fabric fabric;
  RandomStream chance;  ///< Of losses.
  Flows flows;
  std::map<MachineId, Card> cards;  ///< By host.
  std::map<MachineId, Node> nodes;
  /// Of hosts.
  std::map<ImpairmentId, std::pair<std::vector<MachineId>, std::vector<MachineId>>> impaired;
  std::map<OutageId, std::string> outages;  ///< With what failed.
  std::map<int, EventId> begun;             ///< By ImpairmentId or OutageId: its event.
  std::map<std::pair<MachineId, int>, Listener*> listeners;
  std::map<std::pair<MachineId, int>, EventId> refusals;  ///< What ended the last listener.
  Troubles troubles;
  std::map<std::int64_t, ConnectionPtr> connections;
  std::int64_t next_connection = 0;
  std::vector<std::function<void(const Transfer&)>> on_transfer;
};

}  // namespace brokerlab::sim

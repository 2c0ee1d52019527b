#include "sim/connection.h"

#include "sim/tcp.h"
#include "sim/trace.h"

namespace brokerlab::sim {

using tcp::wire_size;

// --- Sending ---

void NetworkState::send(Connection& connection, int side, Message message) {
  if (connection.ends[side].state != Socket::State::open) return;
  ENSURE(message.size >= Bytes(0), "a message of {} bytes", message.size.count());
  Way& way = connection.ways[side];
  way.queue.push_back({Outgoing::Kind::data, std::move(message), world.now(), world.cause()});
  if (way.stalled) way.queue.back().trouble = way.stalled_by;
  const ConnectionPtr self = connections.at(connection.id);
  pump(self, side);
}

void NetworkState::close(Connection& connection, int side) {
  End& end = connection.ends[side];
  if (end.state != Socket::State::open) return;
  end.state = Socket::State::closed;
  if (end.socket != nullptr) end.socket->inbox_.close();
  connection.ways[side].queue.push_back({Outgoing::Kind::fin, {}, world.now(), world.cause()});
  const ConnectionPtr self = connections.at(connection.id);
  pump(self, side);
}

void NetworkState::pump(const ConnectionPtr& connection, int side) {
  Way& way = connection->ways[side];
  const Node& from = *connection->ends[side].node;
  const Node& to = *connection->ends[1 - side].node;
  while (!way.stalled && way.flow == 0 && way.in_air < way.queue.size()) {
    if (!passes(from, to)) {
      stall(connection, side);
      return;
    }
    Outgoing& item = way.queue[way.in_air++];
    // What a silence held back until now.
    if (item.trouble.valid() && item.late == Duration{0}) {
      item.delayed(item.trouble, world.now() - item.sent);
    }
    if (item.kind != Outgoing::Kind::data || from.card == to.card) {
      transmit_control(connection, side, item);
    } else if (item.message.size < Network::flow_threshold) {
      transmit_small(connection, side, item);
    } else {
      transmit_flow(connection, side, item);
    }
  }
}

void NetworkState::book_arrival(const ConnectionPtr& connection, int side, std::uint64_t number) {
  Way& way = connection->ways[side];
  Outgoing& item = way.queue[number - way.first];
  way.last_at_nic = std::max({way.last_at_nic, item.passed + item.losses.delay, world.now()});
  item.due = way.last_at_nic;
  world.at(item.due, [this, connection, side, epoch = way.epoch, number] {
    reach(connection, side, epoch, number);
  });
}

void NetworkState::transmit_control(const ConnectionPtr& connection, int side, Outgoing& item) {
  Way& way = connection->ways[side];
  item.leaves = world.now();
  const Duration way_delay =
      delay(*connection->ends[side].node, *connection->ends[1 - side].node, item);
  item.passed = world.now() + way_delay;
  item.losses = {};
  item.counted = false;
  book_arrival(connection, side, way.first + way.in_air - 1);
}

void NetworkState::transmit_small(const ConnectionPtr& connection, int side, Outgoing& item) {
  Way& way = connection->ways[side];
  const Node& source = *connection->ends[side].node;
  const Node& destination = *connection->ends[1 - side].node;
  Card& from = *source.card;
  const Card& to = *destination.card;
  const Bytes size = wire_size(item.message.size);
  use_card(from, Direction::out);
  from.out.free = std::max(world.now(), from.out.free) + time_for(size, from.out.rate);
  from.out.moved += size;
  item.leaves = from.out.free;
  const Time passed =
      fabric.through_uplinks(from.number, to.number, size, item.leaves, from.out.rate);
  note_slow_cards(item, from, to, item.leaves - world.now());
  item.passed = passed + delay(source, destination, item);
  lose(source, destination, item);
  item.counted = true;
  book_arrival(connection, side, way.first + way.in_air - 1);
}

void NetworkState::transmit_flow(const ConnectionPtr& connection, int side, Outgoing& item) {
  Way& way = connection->ways[side];
  Card& from = *connection->ends[side].node->card;
  Card& to = *connection->ends[1 - side].node->card;
  use_card(from, Direction::out);
  use_card(to, Direction::in);
  const Bytes size = wire_size(item.message.size);
  const std::uint64_t number = way.first + way.in_air - 1;
  way.flow = flows.start(from.number, to.number, size, fabric.stream_rate(from.number, to.number),
                         [this, connection, side, epoch = way.epoch, number, began = world.now()] {
                           Way& it = connection->ways[side];
                           if (it.epoch != epoch) return;
                           it.flow = 0;
                           Outgoing& sent = it.queue[number - it.first];
                           Card& source = *connection->ends[side].node->card;
                           Card& destination = *connection->ends[1 - side].node->card;
                           note_slow_stream(sent, source, destination, world.now() - began);
                           const Bytes moved = wire_size(sent.message.size);
                           source.out.moved += moved;
                           destination.in.moved += moved;
                           transmit_control(connection, side, sent);
                           pump(connection, side);
                         });
}

// --- Arriving ---

Outgoing* NetworkState::in_air(Way& way, std::uint32_t epoch, std::uint64_t number) {
  // Lost or taken back with the stream or, what had not left its NIC, with its machine; delivered,
  // after it came sooner than was booked.
  if (way.epoch != epoch || number < way.first || number - way.first >= way.in_air) return nullptr;
  return &way.queue[number - way.first];
}

void NetworkState::reach(const ConnectionPtr& connection, int side, std::uint32_t epoch,
                         std::uint64_t number) {
  Outgoing* item = in_air(connection->ways[side], epoch, number);
  if (item == nullptr || item->reached || item->due != world.now()) return;
  const Node& receiver = *connection->ends[1 - side].node;
  if (!admits(*connection->ends[side].node, receiver)) {
    stall(connection, side);
    return;
  }
  item->reached = true;
  if (item->counted) {
    Card& to = *receiver.card;
    const Bytes size = wire_size(item->message.size);
    const Duration time = time_for(size, to.in.rate);
    use_card(to, Direction::in);
    to.in.moved += size;
    // On an idle NIC the bytes came in while they were sent: only what queues costs more.
    to.in.free = std::max(world.now() - time, to.in.free) + time;
    if (to.in.free > world.now()) {
      if (to.slowed_to) item->delayed(to.slowed_by, to.in.free - world.now());
      world.at(to.in.free, [this, connection, side, epoch, number] {
        arrive(connection, side, epoch, number);
      });
      return;
    }
  }
  arrive(connection, side, epoch, number);
}

void NetworkState::arrive(const ConnectionPtr& connection, int side, std::uint32_t epoch,
                          std::uint64_t number) {
  Way& way = connection->ways[side];
  Outgoing* arrived = in_air(way, epoch, number);
  if (arrived == nullptr) return;
  arrived->arrived = true;
  while (way.epoch == epoch && !way.queue.empty() && way.queue.front().arrived) {
    Outgoing item = std::move(way.queue.front());
    way.queue.pop_front();
    ++way.first;
    --way.in_air;
    deliver(connection, side, std::move(item));
  }
  forget_if_over(*connection);
}

void NetworkState::deliver(const ConnectionPtr& connection, int side, Outgoing item) {
  End& end = connection->ends[1 - side];
  world.set_cause(item.cause);
  if (item.kind == Outgoing::Kind::rst) {
    break_end(*connection, 1 - side, item.cause);
  } else if (end.gone) {
    if (!item.trouble.valid()) item.trouble = end.cause;
    if (item.kind == Outgoing::Kind::data) report(*connection, side, item, never);
    answer_reset(connection, side, end.cause);
  } else if (item.kind == Outgoing::Kind::fin) {
    if (end.state != Socket::State::open) return;
    end.state = Socket::State::closed;
    drop(*connection, 1 - side, true, {});
    if (end.socket != nullptr) end.socket->inbox_.close();
  } else if (end.state == Socket::State::open) {
    report(*connection, side, item, world.now());
    end.socket->inbox_.push(std::move(item.message));
  } else {
    report(*connection, side, item, never);
  }
}

/// The machine answers a packet for an end that is gone: one delay later the sender knows.
void NetworkState::answer_reset(const ConnectionPtr& connection, int side, EventId cause) {
  const Node& here = *connection->ends[1 - side].node;
  const Node& sender = *connection->ends[side].node;
  world.after(delay(here, sender), [this, connection, side, cause, &here, &sender] {
    if (!admits(here, sender)) return;
    if (cause.valid()) world.set_cause(cause);
    break_end(*connection, side, cause);
    forget_if_over(*connection);
  });
}

void NetworkState::break_end(Connection& connection, int side, EventId cause) {
  End& end = connection.ends[side];
  if (end.gone || end.state == Socket::State::reset) return;
  drop(connection, side, true, cause);
  if (end.state != Socket::State::open) return;
  end.state = Socket::State::reset;
  end.cause = cause;
  if (end.socket != nullptr) end.socket->inbox_.close();
}

Transfer transfer_of(const Connection& connection, int side, const Outgoing& item, Time arrived) {
  return {item.sent,
          arrived,
          connection.ends[side].node->id,
          connection.ends[1 - side].node->id,
          item.message.kind,
          item.message.size,
          connection.id,
          side == 0,
          item.trouble,
          item.late};
}

void NetworkState::report(const Connection& connection, int side, const Outgoing& item,
                          Time arrived) {
  const Transfer transfer = transfer_of(connection, side, item, arrived);
  world.trace().mix(static_cast<std::uint64_t>(arrived.time_since_epoch().count()));
  world.trace().mix(static_cast<std::uint64_t>(transfer.source.value()) << 48 ^
                    static_cast<std::uint64_t>(transfer.destination.value()) << 32 ^
                    static_cast<std::uint64_t>(transfer.size.count()));
  world.trace().mix(stable_hash(transfer.kind));
  for (const auto& callback : on_transfer) callback(transfer);
}

// --- Losing ---

void NetworkState::lose_less(const ConnectionPtr& connection, int side) {
  Way& way = connection->ways[side];
  const int from = connection->ends[side].node->card->number;
  const int to = connection->ends[1 - side].node->card->number;
  const double loss = fabric.loss(from, to);
  bool sooner = false;
  for (std::size_t i = 0; i < way.in_air; ++i) {
    Outgoing& item = way.queue[i];
    if (item.reached || item.losses.delay == Duration{0} || loss >= item.loss) continue;
    const Duration before = item.losses.delay;
    item.loss = loss;
    item.losses = item.leaves > world.now()
                      ? tcp::lose(chance, item.message.size, loss, fabric.round_trip(from, to))
                      : tcp::lose_from(world.now() - item.leaves, item.losses, chance, loss);
    if (item.losses.delay >= before) {
      item.losses.delay = before;
      continue;
    }
    if (item.most == before) item.most = item.losses.delay;
    item.late -= before - item.losses.delay;
    sooner = true;
  }
  if (!sooner) return;
  way.last_at_nic = way.opens;
  for (std::size_t i = 0; i < way.in_air; ++i) {
    const Outgoing& item = way.queue[i];
    if (item.due == never) break;  // a flow
    if (item.reached) {
      way.last_at_nic = std::max(way.last_at_nic, item.due);
    } else {
      book_arrival(connection, side, way.first + i);
    }
  }
}

/// Nothing gets through: what is in the air is lost, and the timer will try it all again.
void NetworkState::stall(const ConnectionPtr& connection, int side) {
  Way& way = connection->ways[side];
  const End& sender = connection->ends[side];
  const bool resets = !way.queue.empty() && way.queue.back().kind == Outgoing::Kind::rst;
  if (sender.gone || resets) {  // nobody is left to send it again
    drop(*connection, side, true, sender.cause);
    forget_if_over(*connection);
    return;
  }
  ++way.epoch;
  break_off(*connection, side);
  way.in_air = 0;
  way.stalled_by = silence(*sender.node, *connection->ends[1 - side].node);
  for (Outgoing& item : way.queue) {
    item.arrived = item.reached = false;
    item.due = never;
    item.trouble = way.stalled_by;
    item.late = item.most = Duration{0};
  }
  way.stalled = true;
  world.after(tcp::shortest_timeout, [this, connection, side, epoch = way.epoch] {
    retransmit(connection, side, epoch, 0);
  });
}

void NetworkState::retransmit(const ConnectionPtr& connection, int side, std::uint32_t epoch,
                              int tries) {
  Way& way = connection->ways[side];
  if (way.epoch != epoch || !way.stalled) return;
  const Node& from = *connection->ends[side].node;
  const Node& to = *connection->ends[1 - side].node;
  if (passes(from, to)) {
    way.stalled = false;
    pump(connection, side);
    return;
  }
  if (tries == tcp::most_retries) {
    const EventId cause = silence(from, to);
    drop(*connection, side, true, cause);
    break_end(*connection, side, cause);
    forget_if_over(*connection);
    return;
  }
  const Duration next =
      std::min(tcp::shortest_timeout * (std::int64_t{1} << (tries + 1)), tcp::longest_timeout);
  world.after(next, [this, connection, side, epoch, tries] {
    retransmit(connection, side, epoch, tries + 1);
  });
}

/// What has gone through of a flow has gone through the cards, though it was in vain.
void NetworkState::break_off(Connection& connection, int side) {
  const FlowId flow = std::exchange(connection.ways[side].flow, 0);
  if (flow == 0) return;
  const Bytes through = flows.moved(flow);
  connection.ends[side].node->card->out.moved += through;
  connection.ends[1 - side].node->card->in.moved += through;
  flows.cancel(flow);
}

void NetworkState::drop(Connection& connection, int side, bool all, EventId because) {
  Way& way = connection.ways[side];
  if (way.flow != 0) {
    break_off(connection, side);
    --way.in_air;
  }
  if (all) {
    way.in_air = 0;
    ++way.epoch;
    way.stalled = false;
  }
  std::vector<Outgoing> lost;
  while (way.queue.size() > way.in_air) {
    lost.push_back(std::move(way.queue.back()));
    way.queue.pop_back();
  }
  if (all) way.first += lost.size();
  for (auto item = lost.rbegin(); item != lost.rend(); ++item) {
    if (!item->trouble.valid()) item->trouble = because;
    if (item->kind == Outgoing::Kind::data) report(connection, side, *item, never);
  }
}

void NetworkState::forget_if_over(Connection& connection) {
  for (const End& end : connection.ends) {
    if (end.state == Socket::State::open) return;
  }
  for (const Way& way : connection.ways) {
    if (!way.queue.empty()) return;
  }
  connections.erase(connection.id);
}

// --- Death ---

template <class Concerns>
std::vector<ConnectionPtr> NetworkState::connections_with(Concerns concerns) const {
  std::vector<ConnectionPtr> found;
  for (const auto& [id, connection] : connections) {
    if (concerns(connection->ends[0]) || concerns(connection->ends[1])) found.push_back(connection);
  }
  return found;
}

void NetworkState::process_died(const Process& process, EventId cause) {
  const auto its = [&process](const End& end) { return end.process == &process; };
  for (const ConnectionPtr& connection : connections_with(its)) {
    for (int side : {0, 1}) {
      End& end = connection->ends[side];
      if (end.process != &process || end.gone || end.state != Socket::State::open) continue;
      end.state = Socket::State::reset;
      end.cause = cause;
      Way& way = connection->ways[side];
      drop(*connection, side, way.stalled, cause);
      way.queue.push_back({Outgoing::Kind::rst, {}, world.now(), cause});
      pump(connection, side);
      end.gone = true;
    }
    forget_if_over(*connection);
  }
}

void NetworkState::machine_down(Node& node, EventId cause) {
  node.up = false;
  node.down_cause = cause;
  const auto there = [&node](const End& end) { return end.node == &node; };
  for (const ConnectionPtr& connection : connections_with(there)) {
    for (int side : {0, 1}) {
      End& end = connection->ends[side];
      if (end.node != &node) continue;
      if (!end.gone) end.cause = cause;
      end.gone = true;
      end.state = Socket::State::reset;
      // What has left the NIC arrives; the rest is gone with the machine.
      Way& way = connection->ways[side];
      drop(*connection, side, false, cause);
      while (way.in_air > 0 && way.queue.back().leaves > world.now()) {
        --way.in_air;
        drop(*connection, side, false, cause);
      }
    }
    for (int side : {0, 1}) {
      if (connection->ends[1 - side].node != &node) continue;
      if (connection->ways[side].in_air > 0) stall(connection, side);
    }
    forget_if_over(*connection);
  }
  node.card->out.free = node.card->in.free = world.now();
}

void NetworkState::paths_changed() {
  if (fabric.topology() != nullptr) flows.set_shape(fabric.shape());
  const auto any = [](const End&) { return true; };
  for (const ConnectionPtr& connection : connections_with(any)) {
    for (int side : {0, 1}) {
      const int from = connection->ends[side].node->card->number;
      const int to = connection->ends[1 - side].node->card->number;
      lose_less(connection, side);
      const FlowId flow = connection->ways[side].flow;
      if (flow == 0) continue;
      if (fabric.passes(from, to)) {
        flows.set_cap(flow, fabric.stream_rate(from, to));
      } else {
        stall(connection, side);
      }
    }
  }
}

}  // namespace brokerlab::sim

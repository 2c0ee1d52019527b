// Network cards: how fast each direction is at present, and what has gone through.
#include "sim/connection.h"
#include "sim/machine.h"
#include "sim/trace.h"

namespace brokerlab::sim {
namespace events {

const EventKind nic_slowed{"nic.slowed", Level::fault,
                           "the network card of {machine} carries no more than {rate} now",
                           "{machine}의 네트워크 카드가 이제 {rate}까지만 보낸다"};
const EventKind nic_restored{"nic.restored", Level::control,
                             "the network card of {machine} is as fast as before",
                             "{machine}의 네트워크 카드 속도가 돌아왔다"};
const EventKind nic_credits_gone{
    "nic.credits_exhausted", Level::control,
    "{machine} has used up its credits for {way}, which goes on at {rate}",
    "{machine}의 {way} 크레딧이 바닥나 속도가 {rate}(으)로 줄었다"};
const EventKind nic_credits_back{"nic.credits_saved", Level::control,
                                 "{machine} has saved credits for {way}, which may take {rate}",
                                 "{machine}의 {way} 크레딧이 다시 쌓여 속도가 {rate}까지 오른다"};

}  // namespace events

namespace {

Phrase name_of(Direction way) {
  return way == Direction::out ? Phrase{"sending", "송신"} : Phrase{"receiving", "수신"};
}

platform::Card card_of(const Node& node) {
  return {node.out.rate, node.in.rate, node.nic.discipline};
}

BytesPerSecond rate_of(const Node& node, const Lane& lane) {
  const BytesPerSecond rate = lane.credits ? lane.credits->rate() : node.nic.rate;
  return node.slowed_to ? std::min(rate, *node.slowed_to) : rate;
}

}  // namespace

// --- Cards ---

void NetworkState::add_card(Node& node) {
  for (Lane* lane : {&node.out, &node.in}) {
    if (node.nic.burst_rate) lane->credits.emplace(node.nic);
    lane->rate = rate_of(node, *lane);
  }
  const int host = flows.add_host(card_of(node), fabric.area_of(node.number));
  ENSURE(host == node.number, "machine {} has two numbers", node.id);
}

void NetworkState::set_rates(Node& node) {
  for (Lane* lane : {&node.out, &node.in}) {
    lane->capacity = capacity(*lane);
    lane->rate_since = world.now();
    lane->rate = rate_of(node, *lane);
  }
  flows.set_card(node.number, card_of(node));
}

Bytes NetworkState::capacity(const Lane& lane) const {
  const double since = to_seconds(world.now() - lane.rate_since);
  return lane.capacity +
         Bytes(static_cast<std::int64_t>(since * static_cast<double>(lane.rate.count())));
}

Bytes NetworkState::moved(const Node& node, Direction way) const {
  const Bytes under_way =
      way == Direction::out ? flows.moving_out(node.number) : flows.moving_in(node.number);
  return node.lane(way).moved + under_way;
}

// --- Credits ---

/// Nothing had moved since the last look, but credits may have come in.
void NetworkState::watch_credits(Node& node, Direction way) {
  Lane& lane = node.lane(way);
  const Bytes before = moved(node, way);
  lane.credits->look(world.now(), before);
  lane.is_watched = true;
  const World::KeepCause keep(world);
  world.set_cause({});
  world.at(lane.credits->next_look(world.now()),
           [this, &node, way, before] { look_at_credits(node, way, before); });
}

void NetworkState::look_at_credits(Node& node, Direction way, Bytes before) {
  Lane& lane = node.lane(way);
  const bool was_exhausted = lane.credits->exhausted();
  const Bytes now = moved(node, way);
  lane.credits->look(world.now(), now);
  if (lane.credits->exhausted() != was_exhausted) {
    set_rates(node);
    const EventKind& kind = was_exhausted ? events::nic_credits_back : events::nic_credits_gone;
    world.trace().record(kind, {node.id},
                         {Detail::of("way", name_of(way)), {"rate", to_rounded_text(lane.rate)}});
  }
  const bool is_idle = now == before && lane.free <= world.now();
  if (is_idle && !lane.credits->exhausted()) {
    lane.is_watched = false;
    return;
  }
  world.at(lane.credits->next_look(world.now()),
           [this, &node, way, now] { look_at_credits(node, way, now); });
}

// --- Network's part ---

void Network::slow_nic(MachineId machine, BytesPerSecond rate, EventId cause) {
  Node& node = state_->node(machine);
  node.slowed_to = rate;
  state_->set_rates(node);
  state_->troubles.end(TroubleKind::card, machine, state_->world.now());
  node.slowed_by = state_->world.trace().record(events::nic_slowed, Trace::about(machine, cause),
                                                {{"rate", to_rounded_text(rate)}});
  state_->troubles.begin(TroubleKind::card, machine, node.slowed_by, state_->world.now());
}

void Network::restore_nic(MachineId machine) {
  Node& node = state_->node(machine);
  if (!node.slowed_to) return;
  node.slowed_to.reset();
  state_->troubles.end(TroubleKind::card, machine, state_->world.now());
  state_->set_rates(node);
  state_->world.trace().record(events::nic_restored, {machine});
}

Bytes Network::moved(MachineId machine, Direction way) const {
  return state_->moved(state_->node(machine), way);
}

Bytes Network::capacity(MachineId machine, Direction way) const {
  return state_->capacity(state_->node(machine).lane(way));
}

BytesPerSecond Network::nic_rate(MachineId machine, Direction way) const {
  return state_->node(machine).lane(way).rate;
}

std::optional<Bytes> Network::burst_credits(MachineId machine, Direction way) const {
  const Node& node = state_->node(machine);
  const Lane& lane = node.lane(way);
  if (!lane.credits) return {};
  return lane.credits->credits(state_->world.now(), state_->moved(node, way));
}

}  // namespace brokerlab::sim

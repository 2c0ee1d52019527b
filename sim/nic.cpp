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

platform::Card in_platform(const Card& card) {
  return {card.out.rate, card.in.rate, card.nic.discipline};
}

BytesPerSecond rate_of(const Card& card, const Lane& lane) {
  const BytesPerSecond rate = lane.credits ? lane.credits->rate() : card.nic.rate;
  return card.slowed_to ? std::min(rate, *card.slowed_to) : rate;
}

}  // namespace

// --- Cards ---

void NetworkState::add_card(Card& card) {
  for (Lane* lane : {&card.out, &card.in}) {
    if (card.nic.burst_rate) lane->credits.emplace(card.nic);
    lane->rate = rate_of(card, *lane);
  }
  const int host = flows.add_host(in_platform(card), fabric.area_of(card.number));
  ENSURE(host == card.number, "machine {} has two numbers", card.id);
}

void NetworkState::set_rates(Card& card) {
  for (Lane* lane : {&card.out, &card.in}) {
    lane->capacity = capacity(*lane);
    lane->rate_since = world.now();
    lane->rate = rate_of(card, *lane);
  }
  flows.set_card(card.number, in_platform(card));
}

Bytes NetworkState::capacity(const Lane& lane) const {
  const double since = to_seconds(world.now() - lane.rate_since);
  return lane.capacity +
         Bytes(static_cast<std::int64_t>(since * static_cast<double>(lane.rate.count())));
}

Bytes NetworkState::moved(const Card& card, Direction way) const {
  const Bytes under_way =
      way == Direction::out ? flows.moving_out(card.number) : flows.moving_in(card.number);
  return card.lane(way).moved + under_way;
}

// --- Credits ---

/// Nothing had moved since the last look, but credits may have come in.
void NetworkState::watch_credits(Card& card, Direction way) {
  Lane& lane = card.lane(way);
  const Bytes before = moved(card, way);
  lane.credits->look(world.now(), before);
  lane.is_watched = true;
  const World::KeepCause keep(world);
  world.set_cause({});
  world.at(lane.credits->next_look(world.now()),
           [this, &card, way, before] { look_at_credits(card, way, before); });
}

void NetworkState::look_at_credits(Card& card, Direction way, Bytes before) {
  Lane& lane = card.lane(way);
  const bool was_exhausted = lane.credits->exhausted();
  const Bytes now = moved(card, way);
  lane.credits->look(world.now(), now);
  if (lane.credits->exhausted() != was_exhausted) {
    set_rates(card);
    const EventKind& kind = was_exhausted ? events::nic_credits_back : events::nic_credits_gone;
    world.trace().record(kind, {card.id},
                         {Detail::of("way", name_of(way)), {"rate", to_rounded_text(lane.rate)}});
  }
  const bool is_idle = now == before && lane.free <= world.now();
  if (is_idle && !lane.credits->exhausted()) {
    lane.is_watched = false;
    return;
  }
  world.at(lane.credits->next_look(world.now()),
           [this, &card, way, now] { look_at_credits(card, way, now); });
}

// --- Network's part ---

void NetworkState::begin_trouble(const Card& card, EventId event) {
  for (const auto& [id, node] : nodes) {
    if (node.card == &card) troubles.begin(TroubleKind::card, id, event, world.now());
  }
}

void NetworkState::end_trouble(const Card& card) {
  for (const auto& [id, node] : nodes) {
    if (node.card == &card) troubles.end(TroubleKind::card, id, world.now());
  }
}

void Network::slow_nic(MachineId machine, BytesPerSecond rate, EventId cause) {
  Card& card = state_->card(machine);
  card.slowed_to = rate;
  state_->set_rates(card);
  state_->end_trouble(card);
  card.slowed_by = state_->world.trace().record(events::nic_slowed, Trace::about(card.id, cause),
                                                {{"rate", to_rounded_text(rate)}});
  state_->begin_trouble(card, card.slowed_by);
}

void Network::restore_nic(MachineId machine) {
  Card& card = state_->card(machine);
  if (!card.slowed_to) return;
  card.slowed_to.reset();
  state_->end_trouble(card);
  state_->set_rates(card);
  state_->world.trace().record(events::nic_restored, {card.id});
}

Bytes Network::moved(MachineId machine, Direction way) const {
  return state_->moved(state_->card(machine), way);
}

Bytes Network::capacity(MachineId machine, Direction way) const {
  return state_->capacity(state_->card(machine).lane(way));
}

BytesPerSecond Network::nic_rate(MachineId machine, Direction way) const {
  return state_->card(machine).lane(way).rate;
}

std::optional<Bytes> Network::burst_credits(MachineId machine, Direction way) const {
  const Card& card = state_->card(machine);
  const Lane& lane = card.lane(way);
  if (!lane.credits) return {};
  return lane.credits->credits(state_->world.now(), state_->moved(card, way));
}

}  // namespace brokerlab::sim

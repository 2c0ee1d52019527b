#include "sim/flows.h"

#include "sim/flow_clock.h"

#include <simgrid/kernel/resource/Action.hpp>
#include <simgrid/s4u.hpp>

namespace brokerlab::sim {
namespace {

namespace s4u = simgrid::s4u;

/// SimGrid's completions have one listener a process: it finds the flow by this number, which no
/// other flow ever had. A flow that was cancelled or whose network is gone is not in `done`.
struct InFlight {
  std::uint64_t next = 1;
  std::map<std::uint64_t, std::function<void()>> done;
  /// SimGrid tells the end of a cancelled one, too, but only in its next step.
  std::map<std::uint64_t, s4u::ActivityPtr> cancelled;
  /// It touches activities after it has told their end, in the same step: they die when its clock
  /// has moved on. With the date.
  std::vector<std::pair<double, s4u::ActivityPtr>> over;

  void bury(s4u::ActivityPtr activity) {
    const double now = s4u::Engine::get_clock();
    std::erase_if(over, [now](const auto& entry) { return entry.first < now; });
    over.emplace_back(now, std::move(activity));
  }
  void hear(std::uint64_t number) {
    if (auto gone = cancelled.extract(number)) return bury(std::move(gone.mapped()));
    const auto found = done.find(number);
    if (found == done.end()) return;
    const std::function<void()> tell = std::move(found->second);
    done.erase(found);
    tell();
  }
};

InFlight& in_flight() {
  static InFlight* const the_flows = [] {
    auto* made = new InFlight;
    s4u::Activity::on_completion_cb([made](const s4u::Activity& activity) {
      made->hear(reinterpret_cast<std::uintptr_t>(activity.get_data<void>()));
    });
    return made;
  }();
  return *the_flows;
}

}  // namespace

struct Flows::Flow {
  int from;
  int to;
  Bytes size;
  BytesPerSecond cap;
  Callback done;
  simgrid::kernel::resource::Action* action = nullptr;  ///< Of comm.
  s4u::CommPtr comm;         ///< nullptr until SimGrid's clock has caught up.
  std::uint64_t number = 0;  ///< In in_flight().
  bool cancelled = false;    ///< And only waits for SimGrid's clock.
};

Flows::Flows(World& world) : world_(world) {}

Flows::~Flows() {
  while (!flows_.empty()) drop(flows_.begin()->first);
  platform::return_hosts(places_);
}

int Flows::add_host(const platform::Card& card, int area) {
  ENSURE(places_.empty(), "a machine is added after the first large message was sent");
  hosts_.push_back({card, area});
  return static_cast<int>(hosts_.size()) - 1;
}

void Flows::set_shape(platform::Shape shape) {
  shape_ = std::move(shape);
  if (!places_.empty()) world_.flow_clock().when_there([this] { platform::set_rates(shape_); });
}

void Flows::set_card(int host, const platform::Card& card) {
  const auto number = static_cast<std::size_t>(host);
  hosts_[number].card = card;
  if (places_.empty()) return;
  world_.flow_clock().when_there(
      [this, number] { platform::set_card(places_[number], hosts_[number].card); });
}

FlowId Flows::start(int from, int to, Bytes size, BytesPerSecond cap, Callback done) {
  if (places_.empty()) places_ = platform::borrow_hosts(hosts_, shape_);
  const FlowId id = next_++;
  flows_.emplace(id, new Flow{from, to, size, cap, std::move(done)});
  world_.flow_clock().when_there([this, id] { launch(id); });
  return id;
}

void Flows::set_cap(FlowId id, BytesPerSecond cap) {
  const auto found = flows_.find(id);
  if (found == flows_.end() || found->second->cap == cap || found->second->cancelled) return;
  Flow& flow = *found->second;
  flow.cap = cap;
  if (flow.comm == nullptr) return;
  world_.flow_clock().when_there([this, id] {
    const auto it = flows_.find(id);
    if (it != flows_.end() && it->second->action != nullptr) apply_cap(*it->second);
  });
}

/// SimGrid remembers the narrowest link of a flow's start, which may have become wider.
void Flows::apply_cap(const Flow& flow) {
  flow.action->set_bound(static_cast<double>(flow.cap.count()));
}

void Flows::launch(FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;  // cancelled before
  Flow& flow = *found->second;
  world_.flow_clock().hold();
  flow.number = in_flight().next++;
  in_flight().done.emplace(flow.number, [this, id] { finished(id); });
  flow.comm = s4u::Comm::sendto_init();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): SimGrid carries a pointer, we have a number.
  flow.comm->set_data(reinterpret_cast<void*>(static_cast<std::uintptr_t>(flow.number)));
  flow.comm->set_payload_size(static_cast<std::uint64_t>(flow.size.count()));
  flow.comm->set_source(platform::host(places_[static_cast<std::size_t>(flow.from)]));
  flow.comm->set_destination(platform::host(places_[static_cast<std::size_t>(flow.to)]));
  // That started it. A direct communication ignores set_rate(); its action does not.
  flow.action = platform::latest_action();
  apply_cap(flow);
}

// --- Asking ---

/// As SimGrid counts it when it is asked: what was left at its last look, less the rate since then.
Bytes Flows::moved(const Flow& flow) const {
  if (flow.comm == nullptr || flow.cancelled) return Bytes(0);
  const double since = world_.flow_clock().seconds() - flow.action->get_last_update();
  const double left = flow.action->get_remains_no_update() - flow.action->get_last_value() * since;
  const std::int64_t size = flow.size.count();
  return Bytes(size - std::clamp(static_cast<std::int64_t>(left), std::int64_t{0}, size));
}

Bytes Flows::moved(FlowId id) const {
  const auto found = flows_.find(id);
  return found == flows_.end() ? Bytes(0) : moved(*found->second);
}

Bytes Flows::moving(int host, int Flow::*end) const {
  Bytes all{0};
  for (const auto& [id, flow] : flows_) {
    if ((*flow).*end == host) all += moved(*flow);
  }
  return all;
}

Bytes Flows::moving_out(int host) const { return moving(host, &Flow::from); }
Bytes Flows::moving_in(int host) const { return moving(host, &Flow::to); }

// --- Ending ---

void Flows::finished(FlowId id) {
  const auto found = flows_.find(id);
  ENSURE(found != flows_.end(), "a flow ended that was not on its way");
  const std::unique_ptr<Flow> flow = std::move(found->second);
  flows_.erase(found);
  in_flight().bury(std::move(flow->comm));
  world_.flow_clock().release();
  if (flow->cancelled) return;
  // SimGrid reports flows that end together in an order of its own; ours is that of their start.
  if (finished_.empty()) world_.flow_clock().hand_over([this] { hand_over(); });
  finished_.emplace(id, std::move(flow->done));
}

void Flows::hand_over() {
  // A callback may cancel one of the others.
  while (!finished_.empty()) {
    Callback done = std::move(finished_.begin()->second);
    finished_.erase(finished_.begin());
    done();
  }
}

void Flows::cancel(FlowId id) {
  finished_.erase(id);
  const auto found = flows_.find(id);
  if (found == flows_.end() || found->second->cancelled) return;
  Flow& flow = *found->second;
  if (flow.comm == nullptr) {
    flows_.erase(found);
    return;
  }
  flow.cancelled = true;
  flow.done = Callback();
  world_.flow_clock().when_there([this, id] { drop(id); });
}

/// At SimGrid's present date.
void Flows::drop(FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  const std::unique_ptr<Flow> flow = std::move(found->second);
  flows_.erase(found);
  if (flow->comm == nullptr) return;
  in_flight().done.erase(flow->number);
  world_.flow_clock().release();
  flow->comm->cancel();
  in_flight().cancelled.emplace(flow->number, std::move(flow->comm));
}

}  // namespace brokerlab::sim

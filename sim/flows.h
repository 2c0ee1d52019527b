// Large transfers: flows of SimGrid's max-min fair network model between the NICs of machines,
// through the uplinks of racks and zones where there are any.
//
// SimGrid's engine and platform exist once an OS process (sim/platform.h) and are made when the
// first flow starts; until then a run links SimGrid but never enters it.
//
// Lifetime: borrows the World. Flows still on their way when it is destroyed are dropped.
// Threads:  none.
#pragma once

#include "sim/platform.h"
#include "sim/world.h"

#include <map>
#include <memory>

namespace brokerlab::sim {

using FlowId = std::uint64_t;  ///< 0: none.

class Flows {
 public:
  explicit Flows(World& world);
  Flows(const Flows&) = delete;
  Flows& operator=(const Flows&) = delete;
  ~Flows();

  /// A host with one NIC; hosts are numbered from 0. None may be added after the first start().
  int add_host(const platform::Card& card, int area);
  /// The areas that hosts stand in, and from now on their rates.
  void set_shape(platform::Shape shape);
  void set_card(int host, const platform::Card& card);

  /// Moves `size` from one host to another, at most at the rate `cap`; `done` runs in the kernel
  /// when the last byte is there.
  FlowId start(int from, int to, Bytes size, BytesPerSecond cap, Callback done);
  /// From now on at most at this rate.
  void set_cap(FlowId flow, BytesPerSecond cap);
  /// The flow ends now, unheard. Nothing when it is over already.
  void cancel(FlowId flow);

  // --- Asking; changes nothing, not even how SimGrid rounds ---

  /// What is through of a flow on its way.
  Bytes moved(FlowId flow) const;
  /// The same of all flows out of a host, or into it.
  Bytes moving_out(int host) const;
  Bytes moving_in(int host) const;

 private:
  struct Flow;

  void launch(FlowId flow);
  static void apply_cap(const Flow& flow);
  Bytes moved(const Flow& flow) const;
  Bytes moving(int host, int Flow::*end) const;
  void finished(FlowId flow);
  void drop(FlowId flow);
  void hand_over();

  World& world_;
  std::vector<platform::Place> hosts_;
  platform::Shape shape_;
  std::vector<int> places_;  ///< Of the hosts in the platform; empty before the first flow.
  FlowId next_ = 1;
  std::map<FlowId, std::unique_ptr<Flow>> flows_;
  std::map<FlowId, Callback> finished_;  ///< In this step of SimGrid.
};

}  // namespace brokerlab::sim

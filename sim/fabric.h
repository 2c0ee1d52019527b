// The paths between machines: what the topology says of them, what is out of order, and what faults
// do to them. Only sim/network*.cpp and connection.cpp use it; everyone else asks the Network.
//
// Machines are numbered from 0 in the order of adding. Without a topology every path has the delay
// of NetworkConfig. With one, machines of a rack share what holds for the rack: delays and
// reachability are computed for pairs of racks, when something changes.
//
// Lifetime: borrows the World. Threads: none. Errors: a machine that the topology does not know is
//           our bug.
#pragma once

#include "sim/hardware.h"
#include "sim/impairment.h"
#include "sim/platform.h"
#include "sim/topology.h"
#include "sim/world.h"

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace brokerlab::sim {

class Fabric {
 public:
  Fabric(World& world, const NetworkConfig& config, std::shared_ptr<const Topology> topology);
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  int add_machine(std::string_view name);
  const Topology* topology() const { return topology_.get(); }

  // --- Of a path, one way ---

  bool passes(int from, int to) const { return clean_ || !silence(from, to).valid(); }
  /// The event that lets nothing pass; none when packets pass.
  EventId silence(int from, int to) const;
  struct Delay {
    Duration total{0};
    Duration extra{0};  ///< Of it, by faults.
    EventId because;    ///< The fault that adds most.
  };
  /// Of one packet: jitter is drawn.
  Delay delay(int from, int to);
  Duration round_trip(int from, int to) const;  ///< On average.
  double loss(int from, int to) const;
  /// The event of the greatest loss on the way; none without one.
  EventId lossy(int from, int to) const;
  EventId delayed(int from, int to) const;  ///< The same of the greatest delay.
  /// The most that one stream carries there.
  BytesPerSecond stream_rate(int from, int to) const;
  /// When the last byte of a small message that left its card at `left` has passed every uplink
  /// and line on the way; books it there, first come first served.
  Time through_uplinks(int from, int to, Bytes size, Time left, BytesPerSecond nic);

  // --- What goes wrong ---

  ImpairmentId impair(const std::vector<int>& from, const std::vector<int>& to,
                      const Impairment& what, EventId event);
  void repair(ImpairmentId id);
  /// Switches and cables out of order; `mend` ends one outage, others may overlap.
  OutageId fail(const Topology::Outage& what, EventId event);
  void mend(OutageId id);

  // --- For the flow network ---

  /// The areas and lines as the platform wants them, at their present rates.
  platform::Shape shape() const;
  /// Of a machine: its rack among the areas of shape(); -1 without a topology.
  int area_of(int machine) const;

 private:
  struct Blow {
    std::vector<bool> from;  ///< By machine.
    std::vector<bool> to;
    Impairment what;
    EventId event;
  };
  struct Failure {
    Topology::Outage what;
    EventId event;
  };
  struct RackPair {
    Duration delay{0};
    EventId silence;           ///< Valid: nothing passes.
    std::vector<int> uplinks;  ///< Numbers of Pipes on the way.
  };
  /// A booking of small messages on an uplink (one direction) or a line.
  struct Pipe {
    BytesPerSecond rate;
    Time free{};
  };

  bool hits(const Blow& blow, int from, int to) const;
  template <class Measure>
  EventId worst(int from, int to, Measure measure) const;
  const RackPair& pair(int from, int to) const;
  void recompute();
  Topology::Outage all_outages() const;
  EventId blame(int from_machine, int to_machine) const;
  std::vector<int> pipes_of(const Topology::Route& route) const;
  int up_pipe(int area) const { return 2 * area; }
  int down_pipe(int area) const { return 2 * area + 1; }

  World& world_;
  const NetworkConfig config_;
  const std::shared_ptr<const Topology> topology_;
  RandomStream jitter_;
  bool clean_ = true;        ///< Nothing is out of order.
  std::vector<int> places_;  ///< Of the machines, in the topology.
  std::vector<int> racks_;   ///< Of the machines: an index into rack_areas_.
  std::vector<int> rack_areas_;
  std::map<int, Blow> blows_;
  std::map<int, Failure> failures_;
  int next_id_ = 1;
  std::vector<RackPair> pairs_;  ///< rack * racks + rack.
  std::vector<Pipe> pipes_;      ///< Of areas: up, down; then of lines: there, back.
};

}  // namespace brokerlab::sim

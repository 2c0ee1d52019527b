// SimGrid's engine and its platform: hosts, each with a NIC up and a NIC down, in areas with an
// uplink (racks in zones in data centres), lines between data centres. An area is a star whose
// middle never blocks.
//
// The engine is a singleton and its platform is fixed once it has run, so the OS process has one,
// made when the first Network sends its first large message: a pool of hosts round one switch
// (small_pool, or as many as that Network has), and the areas of that Network if it has any. A
// Network borrows the hosts it needs, with its own rates; a later one with areas must have the
// same.
//
// Settings (measured, see docs/architecture.md): CM02 without cross traffic and without TCP-gamma,
// links without latency; the kernel adds the delays itself. `fifo` NICs have a concurrency limit
// of 1.
//
// Lifetime: until the OS process ends. Threads: none.
#pragma once

#include "sim/hardware.h"

#include <optional>
#include <vector>

namespace simgrid::s4u {
class Host;
}
namespace simgrid::kernel::resource {
class Action;
}

namespace brokerlab::sim::platform {

inline constexpr int small_pool = 64;

/// How hosts are joined; empty: all at one switch.
struct Shape {
  struct Area {
    int parent;                            ///< An earlier one; -1: it stands alone.
    std::optional<BytesPerSecond> uplink;  ///< In each direction; unset: nothing leads out.
  };
  /// Between two areas without parent.
  struct Line {
    int a;
    int b;
    BytesPerSecond rate;
  };
  /// The lines from one area without parent to another: 2 * line, and 1 more from b to a.
  struct Way {
    int from;
    int to;
    std::vector<int> lines;
  };
  std::vector<Area> areas;
  std::vector<Line> lines;
  std::vector<Way> ways;
};

/// A host's network card at present.
struct Card {
  BytesPerSecond up;
  BytesPerSecond down;
  NicDiscipline discipline = NicDiscipline::fair;
};

/// A host of a Network: its card and the area it stands in; -1 when there are none.
struct Place {
  Card card;
  int area = -1;
};

/// Borrows a host for each; stops the program when the pool is too small or of another shape.
std::vector<int> borrow_hosts(const std::vector<Place>& places, const Shape& shape);
void return_hosts(const std::vector<int>& hosts);
simgrid::s4u::Host* host(int number);
/// Of the communication that was started last.
simgrid::kernel::resource::Action* latest_action();
/// Whether SimGrid has cleared away all communications that are over or cancelled. Until its next
/// step they take their share, and their place on a card that serves one at a time.
bool is_clear();
/// The date on SimGrid's clock at which the first communication ends if nothing changes before;
/// none while it is not clear.
std::optional<double> next_change();

/// From now on, for flows on their way too.
void set_card(int host, const Card& card);
void set_rates(const Shape& shape);

}  // namespace brokerlab::sim::platform

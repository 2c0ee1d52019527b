// The ways messages take in the cluster picture.
//
// Messages run on four buses, one a family, so that no line crosses a card: control between the
// ZooKeeper row and the brokers, consume and produce just above the brokers, replicate below them.
// Where brokers stand in several rows, the way to the bus leads through the gap above the broker's
// row and the gutter beside its rack.
//
// Lifetime: borrows the layout. Threads: none.
#pragma once

#include "viz/cluster/layout.h"

#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::viz {

enum class Family { produce, replicate, consume, control };

/// By the kind of the message and whether both ends are brokers.
Family family_of(std::string_view kind, bool between_brokers);
Color color_of(Family family);
/// A disc, square, diamond or triangle, by family; hollow for a response.
void draw_family_mark(Ui& ui, Point at, Family family, float radius, bool hollow);

using Way = std::vector<Point>;

/// The point that lies `share` (0..1) of the length down the way.
Point along(const Way& way, float share);

class Ways {
 public:
  Ways(const Run& run, const ClusterLayout& layout);

  /// From one machine to another; empty when one of them is not in the picture.
  Way way(int source, int destination, Family family) const;
  /// The lines to draw once: all the ways there can be, each only once.
  std::vector<std::pair<Way, Family>> wires() const;

 private:
  enum class Kind { broker, zookeeper, producer, consumer };
  struct End {
    Kind kind;
    Rect card;
    float lane;  // Clients: the x at which their line leaves for the bus.
    const RackBox* rack = nullptr;
  };
  const End* end_of(int machine, Family family) const;
  float bus(Family family) const;
  Way to_bus(const End& end, Family family) const;  // From the card to the bus.
  float gutter(const RackBox& rack, Family family) const;

  const ClusterLayout& layout_;
  bool any_producers_ = false;
  bool any_consumers_ = false;
  std::map<int, std::vector<End>> ends_;  // By machine; one may host several clients.
};

}  // namespace brokerlab::viz

// Where everything of the cluster picture stands, and the ways messages take between.
//
// Messages run on four buses, one a family, so that no line crosses a card: control between the
// ZooKeeper row and the brokers, consume and produce just above the brokers, replicate below them.
#pragma once

#include "viz/run_data.h"
#include "viz/ui.h"

#include <map>
#include <string_view>
#include <vector>

namespace brokerlab::viz {

enum class Family { produce, replicate, consume, control };

/// By the kind of the message and whether both ends are brokers.
Family family_of(std::string_view kind, bool between_brokers);
Color color_of(Family family);

using Way = std::vector<Point>;

/// The point that lies `share` (0..1) of the length down the way.
Point along(const Way& way, float share);

class ClusterLayout {
 public:
  ClusterLayout(const Run& run, const Rect& room);

  // In the order of the run's lists.
  std::vector<Rect> brokers;
  std::vector<Rect> zookeepers;
  std::vector<Rect> producers;
  std::vector<Rect> consumers;
  Rect consumer_head;  ///< For the groups, above the consumers.

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
  };
  const End* end_of(int machine, Family family) const;
  float bus(Family family) const;
  Way to_bus(const End& end, Family family) const;  // From the card to the bus.

  std::map<int, std::vector<End>> ends_;  // By machine; one may host several clients.
  float control_bus_ = 0;
  float consume_bus_ = 0;
  float produce_bus_ = 0;
  float replicate_bus_ = 0;
};

}  // namespace brokerlab::viz

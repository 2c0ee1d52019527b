// Where everything of the cluster picture stands.
//
// Clients to the left and right, ZooKeeper on top, brokers in the middle: in the boxes of their
// racks and zones where there is a topology. Brokers share the room alike, so that each is a card
// with bars, a card, a tile or only a mark, whatever there is room for; clients that are too many
// for a card each are gathered, and a gathering opens into a list.
//
// Lifetime: a value, made anew each frame. Cost: a search over some thousand ways to divide the
// room, without text.
#pragma once

#include "viz/run_data.h"
#include "viz/ui.h"
#include "viz/view_state.h"

#include <string>
#include <vector>

namespace brokerlab::viz {

/// A rack, or, without a topology, the room of all brokers.
struct RackBox {
  int area = -1;  ///< In Run::topology; -1: none, and no box is drawn.
  int zone = -1;
  Rect box;
  Rect head;
  std::vector<std::size_t> brokers;  ///< In the run's order.
};

struct ZoneBox {
  int area = -1;
  Rect box;
  Rect head;
};

/// What one place in a column of clients is.
struct ClientPlace {
  enum class Kind { one, gang, open, line, more };
  Kind kind = Kind::one;
  Rect rect;
  std::string gang;                  ///< Of a gang, or of the open one's head.
  std::vector<std::size_t> members;  ///< One, or those gathered; of `more` those not shown.
};

struct ClientColumn {
  Rect room;
  std::vector<ClientPlace> places;
  int first = 0;  ///< Shown from this one on; of the total.
  int shown = 0;
  int total = 0;
};

struct ClusterLayout {
  ClusterLayout(const Run& run, const ViewState& view, const Rect& room);

  std::vector<Rect> brokers;  ///< In the order of the run's lists.
  std::vector<Rect> zookeepers;
  std::vector<RackBox> racks;
  std::vector<ZoneBox> zones;
  ClientColumn producers;
  ClientColumn consumers;
  Rect consumer_head;  ///< For a group's state, above the consumers.
  Rect others;         ///< For racks without a broker, and core switches; may be empty.
  std::vector<int> other_areas;
  /// Whether messages reach the brokers straight from above: all stand side by side.
  bool direct = true;
  float gap = 16;         ///< Between brokers.
  float lane_width = 44;  ///< Between the clients and the brokers.

  // The heights on which messages go from left to right.
  float control_bus = 0;
  float consume_bus = 0;
  float produce_bus = 0;
  float replicate_bus = 0;

 private:
  void place_brokers(const Run& run, const Rect& room);
};

}  // namespace brokerlab::viz

// What the cluster picture is drawn of, a file each. The panel itself: cluster/panel.cpp.
//
// Threads: none. Errors: none.
#pragma once

#include "viz/cluster/condition.h"
#include "viz/cluster/ways.h"

#include <map>
#include <utility>
#include <vector>

namespace brokerlab::viz {

/// How a replica of a partition stands, seen from its broker.
enum class Chip { leader, follower, out_of_sync, offline, unreachable };

/// What each broker holds, counted once a frame.
struct Holdings {
  int leads = 0;
  int unwell = 0;  ///< Replicas out of sync, without a live leader, or not to be reached.
  std::vector<std::pair<const recording::RecordedPartition*, Chip>> chips;
};
std::map<int, Holdings> count_holdings(const Scene& scene);  ///< By broker.id.

inline constexpr float card_inner = 10;  ///< From a card's edge to its content.

/// A card's ground; of what is down it is dark, and its edge tells of the worst condition.
void draw_card(Ui& ui, const Rect& card, const std::vector<Condition>& conditions,
               Color edge = theme::card_edge);
/// The worst condition as shape and word in one line, the others as shapes behind it; words for all
/// when hovered. Without room for words: shapes.
void draw_conditions(Ui& ui, const Scene& scene, const Rect& line, int machine,
                     const std::vector<Condition>& conditions, Align align = Align::left);

void draw_chip(Ui& ui, const Rect& chip, std::string_view label, Chip kind);
void draw_broker(Ui& ui, const Scene& scene, const recording::RecordedProcess& broker,
                 const Holdings& holdings, const Rect& card);
void draw_zookeeper(Ui& ui, const Scene& scene, const recording::RecordedProcess& server,
                    const Rect& card);
/// A column of clients; opens and closes what is gathered, and scrolls.
void draw_clients(Ui& ui, const Scene& scene, const std::vector<Client>& clients,
                  const ClientColumn& column, ClientsView& view, bool producing);
/// The state of the group above its consumers, when each of them has a card.
void draw_group(Ui& ui, const Scene& scene, const Rect& above);
/// The boxes of zones and racks; then, above the wires, their names and switches.
void draw_areas(Ui& ui, const Scene& scene, const ClusterLayout& layout);
void draw_area_heads(Ui& ui, const Scene& scene, const ClusterLayout& layout);
void draw_wires(Ui& ui, const Ways& ways);
void draw_messages(Ui& ui, const Scene& scene, const Ways& ways);
void draw_legend(Ui& ui, const Scene& scene, const Rect& rect);

}  // namespace brokerlab::viz

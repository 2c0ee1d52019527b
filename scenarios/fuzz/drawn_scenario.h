// A scenario drawn from a seed: cluster, load, settings and faults, as nobody would think of them.
//
// Each belongs to a family, which says what must hold in its end (scenarios/fuzz/finding.h):
//
//   synced    acks=all, every append synced, disks that neither lie nor forget: nothing that was
//             acknowledged, record or commit, may be lost, whatever else happens
//   anything  whatever a scenario may say: no invariant may break
//   healed    every fault ends in time, and a while is left: all must be well in the end
//
// Each part of a scenario is drawn from a stream of its own, so that a part that learns something
// new leaves the others of known seeds as they are.
//
// Lifetime: values. Threads: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::scenarios {

enum class Family { synced, anything, healed };
std::string_view to_text(Family family);

struct DrawnScenario {
  Family family = Family::anything;
  std::string text;  ///< A scenario file; it needs no other.
};

/// A pure function of the seed. Seeds go through the families by turns.
DrawnScenario draw_scenario(std::uint64_t seed);

/// "fuzz-healed-17": the name that a drawn scenario has, and keeps when it is made smaller.
std::string name_of_drawn(Family family, std::uint64_t seed);
/// The family in such a name; nothing of other names.
std::optional<Family> family_in(std::string_view name);

}  // namespace brokerlab::scenarios

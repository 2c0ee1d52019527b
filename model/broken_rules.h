// Rules of Kafka's that somebody may break on purpose, to see that the checks notice: `brokerlab
// fuzz --break RULE`, and tests. Nobody else does; each is asked for at the one place that keeps
// it.
//
// Lifetime: of the process; broken before a run and inherited by runs apart. Threads: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace brokerlab::model {

enum class Rule : std::uint8_t {
  high_watermark_waits_for_isr,   ///< Broken: it follows the leader's log at once.
  high_watermark_bounds_fetches,  ///< Broken: consumers read up to the end of the leader's log.
  isr_grows_once_caught_up,       ///< Broken: whoever fetches joins the ISR.
  followers_truncate_by_epoch,    ///< Broken: to their own high watermark, as before KIP-101.
  deposed_leaders_refuse_writes,  ///< Broken: who is told to follow goes on to append.
  commits_are_stored,             ///< Broken: some offset commits are answered and forgotten.
  sequences_are_checked,          ///< Broken: a leader takes a batch of bytes in any order, twice.
  markers_reach_all_partitions,   ///< Broken: of each transaction one partition gets none.
  old_epochs_are_fenced,          ///< Broken: coordinators serve producers that were fenced off.
  tombstones_stay_a_while,        ///< Broken: the second cleaning drops them, whatever their age.
};

/// "high_watermark_waits_for_isr".
std::string_view name_of(Rule rule);
std::optional<Rule> rule_named(std::string_view name);
std::vector<std::string_view> names_of_rules();

namespace detail {
inline std::uint32_t broken = 0;
}

inline bool is_broken(Rule rule) {
  return (detail::broken >> static_cast<unsigned>(rule) & 1) != 0;
}
/// From here on, in this process and those that it starts.
void break_rule(Rule rule);
void mend_all_rules();

}  // namespace brokerlab::model

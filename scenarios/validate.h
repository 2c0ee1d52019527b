// Cross checks of a scenario: what each value allows by itself, but not together with the others.
#pragma once

#include "scenarios/description.h"

#include <fmt/format.h>

namespace brokerlab {
struct SettingsReport;
}

namespace brokerlab::scenarios {

/// Adds what is wrong to `report`, and decides what only the whole can tell (SourceSpec::phantom).
/// Values whose own reading failed are left alone.
void validate(Scenario& scenario, SettingsReport& report);
/// Its part about hosts: who stands on them exists, and has one.
void validate_hosts(const Scenario& scenario, SettingsReport& report);
/// Its part about faults: targets exist, and what is put right went wrong before.
void validate_faults(const Scenario& scenario, SettingsReport& report);

/// The text as it stands in a message.
inline std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", text); }

}  // namespace brokerlab::scenarios

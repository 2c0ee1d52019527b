// Every kind of operation, each declared by its file. A new kind is a file beside this one, a line
// here and its line in kinds.cpp.
#pragma once

#include "base/settings.h"
#include "scenarios/operations/operation.h"

#include <string>

namespace brokerlab::scenarios {

/// It is one of the scenario's; what is wrong has been told.
bool check_operated_topic(const Scenario& scenario, const std::string& path,
                          const std::string& name, SettingsReport& report);

/// The same of a broker.
void check_broker_name(const Scenario& scenario, const std::string& path, const std::string& name,
                       SettingsReport& report);

void add_topic_operations(Settings<Operation>& kinds);
void add_replica_operations(Settings<Operation>& kinds);
void add_broker_operations(Settings<Operation>& kinds);
void add_record_operations(Settings<Operation>& kinds);
void add_config_operations(Settings<Operation>& kinds);

}  // namespace brokerlab::scenarios

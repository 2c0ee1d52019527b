// The rules of lint by what they are about; lint_rules() (lint.h) has all.
#pragma once

#include "plan/lint/lint.h"

namespace brokerlab::plan {

std::vector<LintRule> replication_rules();  ///< Replicas, and what stands where.
std::vector<LintRule> cluster_rules();      ///< ZooKeeper, sessions, capacity of machines.
std::vector<LintRule> client_rules();       ///< Producers and consumers.

}  // namespace brokerlab::plan

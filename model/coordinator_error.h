// What clients of a coordinator hear when its own partition could not be written.
//
// Source: kafka.coordinator.group.GroupMetadataManager,
// kafka.coordinator.transaction.TransactionStateManager, which agree on these.
// Threads: none. Pure.
#pragma once

#include "model/error_code.h"

#include <optional>

namespace brokerlab::model {

/// Nothing: the error is not about the partition, and each has words of its own for it.
std::optional<ErrorCode> coordinator_error(ErrorCode append);

}  // namespace brokerlab::model

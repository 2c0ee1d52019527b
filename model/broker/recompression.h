// What a topic's compression.type makes of a batch that came with another codec: the leader writes
// it anew before it gives it offsets.
//
// Lifetime: functions. Threads: none. Errors: a batch that cannot be read is left as it is; the log
// refuses it. Source: LogValidator.validateMessagesAndAssignOffsets, BrokerCompressionType.
#pragma once

#include "log/batch/records.h"
#include "model/config.h"
#include "sim/hardware.h"

#include <optional>

namespace brokerlab::model {

/// The codec that a topic keeps batches with; nothing: the one they came with.
std::optional<log::Codec> codec_of(BrokerCompressionType type);

/// One batch with that codec. A phantom's payload becomes what the ratios of both say.
log::Records recompressed(const log::Records& records, log::Codec target,
                          const sim::CodecsConfig& codecs);

/// What writing them anew costs a core; nothing when they have the codec. (Reading them costs what
/// it does anyway: decompress_time().)
Duration recompress_time(const log::Records& records, log::Codec target,
                         const sim::CodecsConfig& codecs);

}  // namespace brokerlab::model

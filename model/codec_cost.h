// What compressing and decompressing record batches costs a core (sim::CodecsConfig).
//
// Lifetime: functions. Threads: none. Errors: none.
#pragma once

#include "log/batch/records.h"
#include "sim/hardware.h"

namespace brokerlab::model {

/// Of so many bytes of records, outside the codec. 0 for none.
Duration compress_time(const sim::CodecsConfig& codecs, log::Codec codec, Bytes outside);
Duration decompress_time(const sim::CodecsConfig& codecs, log::Codec codec, Bytes outside);

/// Of all batches in there, when nobody knows yet what comes out: by the ratio of the config.
Duration decompress_time(const sim::CodecsConfig& codecs, const log::Records& records);

/// Bytes of records outside the codec for each inside it; 1 for none. What a phantom batch goes by.
double compression_ratio(const sim::CodecsConfig& codecs, log::Codec codec);

}  // namespace brokerlab::model

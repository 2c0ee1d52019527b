// What compressing and decompressing record batches costs a core (sim::CodecsConfig).
//
// Lifetime: functions. Threads: none. Errors: none.
#pragma once

#include "log/batch/record_batch.h"
#include "sim/hardware.h"

namespace brokerlab::model {

/// Of so many bytes of records, outside the codec. 0 for none.
Duration compress_time(const sim::CodecsConfig& codecs, log::Codec codec, Bytes outside);
Duration decompress_time(const sim::CodecsConfig& codecs, log::Codec codec, Bytes outside);

/// Of all batches in there, when nobody knows yet what comes out: by the ratio of the config.
Duration decompress_time(const sim::CodecsConfig& codecs, log::ByteView batches);

}  // namespace brokerlab::model

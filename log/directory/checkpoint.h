// Offset checkpoints: one offset for each partition of a log directory, as text.
//
// recovery-point-offset-checkpoint, replication-offset-checkpoint and log-start-offset-checkpoint
// all have this form: "0\n" (version), the number of entries, then "topic partition offset" lines.
// Source: Kafka's CheckpointFile and OffsetCheckpointFile.
#pragma once

#include "log/env/env.h"
#include "log/types.h"

#include <map>
#include <string>
#include <utility>

namespace brokerlab::log {

/// (topic, partition) -> offset; ordered, so that the file is the same for the same contents.
using OffsetCheckpoint = std::map<std::pair<std::string, std::int32_t>, Offset>;

inline constexpr const char* recovery_point_checkpoint_name = "recovery-point-offset-checkpoint";
inline constexpr const char* high_watermark_checkpoint_name = "replication-offset-checkpoint";
inline constexpr const char* log_start_checkpoint_name = "log-start-offset-checkpoint";
inline constexpr const char* cleaner_checkpoint_name = "cleaner-offset-checkpoint";
/// Exists in a log directory whose broker stopped cleanly; removed once it has started.
inline constexpr const char* clean_shutdown_name = ".kafka_cleanshutdown";

Status<IoError> write_checkpoint(Env& env, const std::string& path,
                                 const OffsetCheckpoint& offsets);
/// An absent file is an empty checkpoint. Malformed text is an IoError that names the line.
Result<OffsetCheckpoint, IoError> read_checkpoint(Env& env, const std::string& path);

}  // namespace brokerlab::log

// The small files of a log directory beside its checkpoints, byte for byte as Kafka 3.9 with
// ZooKeeper writes them.
//
//   meta.properties        whose directory it is        version=0, broker.id=1, cluster.id=...
//   partition.metadata     in each partition            version: 0, topic_id: <Uuid>
//   .kafka_cleanshutdown   the broker stopped cleanly   {"version":0,"brokerEpoch":17}
//
// Errors: reading lists everything that is wrong, each with file and line; an absent file is a
// nothing, and the storage's failures are among the problems too. Writing an atomic file replaces
// it whole or not at all (write_text_atomically()).
// Source: Kafka's MetaProperties, PropertiesUtils, PartitionMetadataFile, CleanShutdownFileHandler.
#pragma once

#include "base/problem.h"
#include "log/directory/uuid.h"
#include "log/env/env.h"

#include <cstdint>
#include <optional>
#include <string>

namespace brokerlab::log {

inline constexpr const char* meta_properties_name = "meta.properties";
inline constexpr const char* partition_metadata_name = "partition.metadata";

/// An IoError as one Problem of the file it is about.
Problem to_problem(const IoError& error);

struct MetaProperties {
  std::int32_t version = 0;  ///< 1 (KRaft) is read too: its broker.id is called node.id.
  std::optional<std::int32_t> broker_id;
  std::optional<std::string> cluster_id;
  std::optional<Uuid> directory_id;  ///< Only with KRaft or a migration to it.

  bool operator==(const MetaProperties&) const = default;
};

/// The file as Java's Properties reads it, but for line continuations and \u escapes, which Kafka
/// never writes here and we refuse. Unknown keys are ignored, as by Kafka.
Result<std::optional<MetaProperties>, Problems> read_meta_properties(Env& env,
                                                                     const std::string& path);
Status<IoError> write_meta_properties(Env& env, const std::string& path,
                                      const MetaProperties& properties);

/// The topic's id; all versions from 0 on are read, for downgrades, as in Kafka.
Result<std::optional<Uuid>, Problems> read_partition_metadata(Env& env, const std::string& path);
Status<IoError> write_partition_metadata(Env& env, const std::string& path, const Uuid& topic_id);

struct CleanShutdown {
  /// ZooKeeper's czxid of the broker's registration; nothing in an older broker's empty file.
  std::optional<std::int64_t> broker_epoch;
};

/// Nothing when the file is absent. Its being there is what counts: what it says may be garbage.
Result<std::optional<CleanShutdown>, IoError> read_clean_shutdown(Env& env,
                                                                  const std::string& path);
/// Writes, and syncs file and directory. Everything the mark vouches for must be durable before.
Status<IoError> write_clean_shutdown(Env& env, const std::string& path, std::int64_t broker_epoch);

}  // namespace brokerlab::log

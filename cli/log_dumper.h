// LogDumper: the contents of one file of a partition, in the words of Kafka's
// kafka.tools.DumpLogSegments, so that whoever reads those by a script can read ours; or as JSON
// with the same names. leader-epoch-checkpoint, which Kafka's does not know, is ours.
//
// Damage is told on `err` and goes no further: what can be read is printed.
// Threads: none. Errors: those of the storage.
#pragma once

#include "cli/log_command.h"
#include "log/batch/legacy_batch.h"

#include <nlohmann/json_fwd.hpp>

namespace brokerlab::cli {

class LogDumper {
 public:
  LogDumper(Context& context, log::Env& env, bool records, bool json)
      : context_(context), env_(env), records_(records), json_(json) {}

  /// Whether dump() takes a file of this name.
  static bool takes(const std::string& path) { return kind_of(path).has_value(); }
  Status<log::IoError> dump(const std::string& path);

 private:
  enum class Kind { log, offset_index, time_index, transaction_index, snapshot, leader_epochs };
  struct FileKind {
    Kind kind;
    log::Offset offset;  ///< In its name.
  };
  static std::optional<FileKind> kind_of(const std::string& path);

  Status<log::IoError> dump_log();
  Status<log::IoError> dump_offset_index(log::Offset base_offset);
  Status<log::IoError> dump_time_index(log::Offset base_offset);
  Status<log::IoError> dump_transaction_index();
  Status<log::IoError> dump_snapshot();
  Status<log::IoError> dump_leader_epochs();

  void dump_batch(const log::BatchView& batch, std::int64_t position);
  void dump_records(const log::BatchView& batch, std::int64_t position);
  void print_text(const log::BatchView& batch, const log::RecordView& record);
  void print_json(const log::BatchView& batch, const log::RecordView& record);
  /// Of message formats 0 and 1.
  void print_text(const log::BatchView& batch, const log::legacy::StoredRecord& stored);
  void print_json(const log::legacy::StoredRecord& stored);
  void print_text(const log::ProducerState& producer);
  void print_json(const log::ProducerState& producer);
  void end_list(bool empty, std::int64_t odd_bytes, std::string_view what);
  void print(const nlohmann::ordered_json& contents);

  Context& context_;
  log::Env& env_;
  const bool records_;
  const bool json_;
  std::string file_;  ///< The one being dumped.
  log::ByteVector scratch_;
};

}  // namespace brokerlab::cli

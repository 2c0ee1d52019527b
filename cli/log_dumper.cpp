#include "cli/log_dumper.h"

#include "base/json_text.h"
#include "base/translation.h"
#include "cli/log_json.h"
#include "cli/log_words.h"
#include "log/batch/big_endian.h"
#include "log/partition/leader_epoch_cache.h"
#include "log/partition/producer_snapshot.h"
#include "log/segment/batch_scanner.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <ostream>

namespace brokerlab::cli {
namespace {

using log::BatchView;
using log::RecordView;
using Json = nlohmann::ordered_json;
using Done = Status<log::IoError>;

std::string_view timestamp_type(const BatchView& batch) {
  if (batch.magic() == 0) return "NoTimestampType";
  return batch.timestamp_type() == log::TimestampType::create_time ? "CreateTime" : "LogAppendTime";
}

/// Sequences count to 2^31 and begin anew; -1 is none.
std::int32_t sequence_at(const BatchView& batch, std::int64_t delta) {
  if (batch.base_sequence() < 0) return -1;
  return static_cast<std::int32_t>((batch.base_sequence() + delta) & INT32_MAX);
}

std::string java_optional(const std::optional<std::int64_t>& number) {
  return number ? fmt::format("OptionalLong[{}]", *number) : "OptionalLong.empty";
}

/// What kafka-dump-log prints of a batch up to its position.
std::string beginning_of(const BatchView& batch) {
  if (batch.is_legacy()) return fmt::format("offset: {}", batch.last_offset());
  return fmt::format(
      "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} "
      "producerId: {} producerEpoch: {} partitionLeaderEpoch: {} isTransactional: {} "
      "isControl: {} deleteHorizonMs: {}",
      batch.base_offset(), batch.last_offset(), batch.record_count(), batch.base_sequence(),
      sequence_at(batch, batch.last_offset() - batch.base_offset()), batch.producer_id(),
      batch.producer_epoch(), batch.leader_epoch(), batch.is_transactional(), batch.is_control(),
      java_optional(batch.delete_horizon()));
}

std::string codec_name(const BatchView& batch) {
  const int number = batch.attributes() & 7;
  return number <= 4 ? std::string(to_text(batch.codec())) : fmt::format("unknown({})", number);
}

struct EndMarker {
  std::string type;
  std::optional<std::int32_t> coordinator_epoch;
};

/// A control record: key = version, type; value = version, coordinator epoch.
EndMarker end_marker(const RecordView& record) {
  const auto key = record.key.value_or(log::ByteView{});
  const auto value = record.value.value_or(log::ByteView{});
  if (key.size() < 4) return {"unreadable", {}};
  const auto type = log::load_big_endian<std::int16_t>(key.data() + 2);
  EndMarker marker{type == 0   ? "ABORT"
                   : type == 1 ? "COMMIT"
                               : fmt::format("UNKNOWN({})", type),
                   {}};
  if (value.size() >= 6) {
    marker.coordinator_epoch = log::load_big_endian<std::int32_t>(value.data() + 2);
  }
  return marker;
}

std::int64_t size_or_none(const std::optional<log::ByteView>& bytes) {
  return bytes ? static_cast<std::int64_t>(bytes->size()) : -1;
}

}  // namespace

std::optional<LogDumper::FileKind> LogDumper::kind_of(const std::string& path) {
  std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (name == log::leader_epoch_checkpoint_name) return FileKind{Kind::leader_epochs, 0};
  // What a broker hangs on files that it is about to remove, or to put in the place of others.
  for (const std::string_view state : {".deleted", ".cleaned", ".swap"}) {
    if (name.ends_with(state)) name.remove_suffix(state.size());
  }
  struct Suffix {
    Kind kind;
    std::string_view text;
  };
  for (const Suffix& suffix :
       {Suffix{Kind::log, log::log_suffix}, Suffix{Kind::offset_index, log::index_suffix},
        Suffix{Kind::time_index, log::time_index_suffix},
        Suffix{Kind::transaction_index, log::transaction_index_suffix},
        Suffix{Kind::snapshot, log::snapshot_suffix}}) {
    if (const auto offset = log::base_offset_of(name, suffix.text)) {
      return FileKind{suffix.kind, *offset};
    }
  }
  return std::nullopt;
}

Done LogDumper::dump(const std::string& path) {
  const auto kind = kind_of(path);
  ENSURE(kind, "{} is no file of a partition", path);
  file_ = path;
  if (!json_) context_.out << "Dumping " << path << "\n";
  switch (kind->kind) {
    case Kind::log:
      if (!json_) context_.out << fmt::format("Log starting offset: {}\n", kind->offset);
      return dump_log();
    case Kind::offset_index:
      return dump_offset_index(kind->offset);
    case Kind::time_index:
      return dump_time_index(kind->offset);
    case Kind::transaction_index:
      return dump_transaction_index();
    case Kind::snapshot:
      return dump_snapshot();
    case Kind::leader_epochs:
      return dump_leader_epochs();
  }
  UNREACHABLE();
}

void LogDumper::print(const Json& contents) {
  Json object{{"file", file_.substr(file_.rfind('/') + 1)}};
  object.update(contents);
  context_.out << json_text(object) << "\n";
}

void LogDumper::end_list(bool empty, std::int64_t odd_bytes, std::string_view what) {
  if (empty && !json_) {
    // Zeros that Kafka set aside and a header are bytes, too.
    const auto file = env_.open(file_);
    const bool has_bytes = file.ok() && (*file)->size() > 0;
    context_.out << file_ << (has_bytes ? fmt::format(" has no {}.\n", what) : " is empty.\n");
  }
  if (odd_bytes > 0) {
    context_.err << tr("{}: {} behind the last entry", file_, bytes_text(odd_bytes)) << "\n";
  }
}

// --- Batches and records ---

Done LogDumper::dump_log() {
  auto file = env_.open(file_);
  if (!file.ok()) return fail(file.error());
  log::BatchScanner scanner(**file);
  while (true) {
    const auto batch = scanner.next_unchecked();
    if (!batch.ok()) return fail(batch.error());
    if (!*batch) break;
    dump_batch(**batch, scanner.position());
    scanner.accept(**batch);
  }
  const std::int64_t left = (*file)->size() - scanner.position();
  if (left == 0) return {};
  const std::string name = file_.substr(file_.rfind('/') + 1);
  if (json_) {
    print({{"type", "invalidBytes"},
           {"position", scanner.position()},
           {"size", left},
           {"reason", scanner.damage()->message}});
  } else {
    context_.out << fmt::format("Found {} invalid bytes at the end of {}\n", left, name);
    context_.err << tr("{} at {}: {}", file_, scanner.position(), retold(scanner.damage()->message))
                 << "\n";
  }
  return {};
}

void LogDumper::dump_batch(const BatchView& batch, std::int64_t position) {
  const bool valid = batch.checksum_ok();
  if (json_) {
    const auto horizon = batch.delete_horizon();
    const std::int64_t delta = batch.last_offset() - batch.base_offset();
    print({{"type", "batch"},
           {"baseOffset", batch.base_offset()},
           {"lastOffset", batch.last_offset()},
           {"count", batch.record_count()},
           {"baseSequence", batch.base_sequence()},
           {"lastSequence", sequence_at(batch, delta)},
           {"producerId", batch.producer_id()},
           {"producerEpoch", batch.producer_epoch()},
           {"partitionLeaderEpoch", batch.leader_epoch()},
           {"isTransactional", batch.is_transactional()},
           {"isControl", batch.is_control()},
           {"deleteHorizonMs", horizon ? Json(*horizon) : Json()},
           {"position", position},
           {"timestampType", timestamp_type(batch)},
           {"maxTimestamp", batch.max_timestamp()},
           {"size", batch.size()},
           {"magic", batch.magic()},
           {"compressCodec", codec_name(batch)},
           {"crc", batch.checksum()},
           {"isValid", valid}});
  } else {
    context_.out << fmt::format(
        "{} position: {} {}: {} size: {} magic: {} compresscodec: {} crc: {} isvalid: {}\n",
        beginning_of(batch), position, timestamp_type(batch), batch.max_timestamp(), batch.size(),
        batch.magic(), codec_name(batch), batch.checksum(), valid);
  }
  if (records_) dump_records(batch, position);
}

void LogDumper::dump_records(const BatchView& batch, std::int64_t position) {
  Status<log::Corruption> read;
  if (batch.is_legacy()) {
    read =
        log::legacy::for_each_stored(batch, scratch_, [&](const log::legacy::StoredRecord& stored) {
          json_ ? print_json(stored) : print_text(batch, stored);
          return true;
        });
  } else {
    read = for_each_record(batch, scratch_, [&](const RecordView& record) {
      json_ ? print_json(batch, record) : print_text(batch, record);
      return true;
    });
  }
  if (read.ok()) return;
  context_.err << tr("{} at {}: the batch at offset {}: {}", file_, position, batch.base_offset(),
                     retold(read.error().message))
               << "\n";
}

/// The brace at the end of the checksum is Kafka's.
void LogDumper::print_text(const BatchView& batch, const log::legacy::StoredRecord& stored) {
  const RecordView& record = stored.record;
  std::string line =
      fmt::format("| offset: {} {}: {} keySize: {} valueSize: {} isValid: {} crc: {}}}",
                  record.offset, timestamp_type(batch), record.timestamp, size_or_none(record.key),
                  size_or_none(record.value), stored.checksum_ok, stored.checksum);
  if (record.key) line += fmt::format(" key: {}", printable(log::as_text(*record.key)));
  if (record.value) line += fmt::format(" payload: {}", printable(log::as_text(*record.value)));
  context_.out << line << "\n";
}

void LogDumper::print_json(const log::legacy::StoredRecord& stored) {
  Json object{{"type", "record"},
              {"offset", stored.record.offset},
              {"timestamp", stored.record.timestamp},
              {"crc", stored.checksum},
              {"isValid", stored.checksum_ok}};
  add_contents(object, stored.record);
  print(object);
}

void LogDumper::print_text(const BatchView& batch, const RecordView& record) {
  std::string names;
  for (const auto& header : record.headers) {
    names += (names.empty() ? "" : ",") + printable(header.key);
  }
  std::string line = fmt::format(
      "| offset: {} {}: {} keySize: {} valueSize: {} sequence: {} headerKeys: [{}]", record.offset,
      timestamp_type(batch), record.timestamp, size_or_none(record.key), size_or_none(record.value),
      sequence_at(batch, record.offset - batch.base_offset()), names);
  if (batch.is_control()) {
    const EndMarker marker = end_marker(record);
    line += fmt::format(" endTxnMarker: {}", marker.type);
    if (marker.coordinator_epoch) {
      line += fmt::format(" coordinatorEpoch: {}", *marker.coordinator_epoch);
    }
  } else {
    if (record.key) line += fmt::format(" key: {}", printable(log::as_text(*record.key)));
    if (record.value) line += fmt::format(" payload: {}", printable(log::as_text(*record.value)));
  }
  context_.out << line << "\n";
}

void LogDumper::print_json(const BatchView& batch, const RecordView& record) {
  Json object{{"type", "record"}, {"offset", record.offset}, {"timestamp", record.timestamp}};
  object["sequence"] = sequence_at(batch, record.offset - batch.base_offset());
  if (batch.is_control()) {
    const EndMarker marker = end_marker(record);
    object["endTxnMarker"] = marker.type;
    if (marker.coordinator_epoch) object["coordinatorEpoch"] = *marker.coordinator_epoch;
  } else {
    add_contents(object, record);
  }
  print(object);
}

// --- What stands beside the log ---

Done LogDumper::dump_offset_index(log::Offset base_offset) {
  const auto index = read_offset_index(env_, file_, base_offset);
  if (!index.ok()) return fail(index.error());
  for (const auto& entry : index->entries) {
    if (json_) {
      print({{"type", "offsetIndexEntry"}, {"offset", entry.offset}, {"position", entry.position}});
    } else {
      context_.out << fmt::format("offset: {} position: {}\n", entry.offset, entry.position);
    }
  }
  end_list(index->entries.empty(), index->odd_bytes, "entries");
  return {};
}

Done LogDumper::dump_time_index(log::Offset base_offset) {
  const auto index = read_time_index(env_, file_, base_offset);
  if (!index.ok()) return fail(index.error());
  for (const auto& entry : index->entries) {
    if (json_) {
      print({{"type", "timeIndexEntry"}, {"timestamp", entry.timestamp}, {"offset", entry.offset}});
    } else {
      context_.out << fmt::format("timestamp: {} offset: {}\n", entry.timestamp, entry.offset);
    }
  }
  end_list(index->entries.empty(), index->odd_bytes, "entries");
  return {};
}

Done LogDumper::dump_transaction_index() {
  const auto index = read_transaction_index(env_, file_);
  if (!index.ok()) return fail(index.error());
  for (const auto& [version, aborted] : index->entries) {
    if (json_) {
      print({{"type", "abortedTransaction"},
             {"version", version},
             {"producerId", aborted.producer_id},
             {"firstOffset", aborted.first_offset},
             {"lastOffset", aborted.last_offset},
             {"lastStableOffset", aborted.last_stable_offset}});
    } else {
      context_.out << fmt::format(
          "version: {} producerId: {} firstOffset: {} lastOffset: {} lastStableOffset: {}\n",
          version, aborted.producer_id, aborted.first_offset, aborted.last_offset,
          aborted.last_stable_offset);
    }
  }
  end_list(index->entries.empty(), index->odd_bytes, "entries");
  return {};
}

Done LogDumper::dump_snapshot() {
  const auto bytes = log::read_text(env_, file_);
  if (!bytes.ok()) return fail(bytes.error());
  const auto producers = log::decode_snapshot(log::as_bytes(*bytes));
  if (!producers.ok()) {
    const log::SnapshotDamage& damage = producers.error();
    if (json_) {
      print({{"type", "invalidBytes"},
             {"position", damage.position},
             {"size", bytes->size()},
             {"reason", damage.reason}});
    }
    context_.err << tr("{} at {}: {}", file_, damage.position, retold(damage.reason)) << "\n";
    return {};
  }
  for (const log::ProducerState& producer : *producers) {
    json_ ? print_json(producer) : print_text(producer);
  }
  end_list(producers->empty(), 0, "producers");
  return {};
}

void LogDumper::print_text(const log::ProducerState& producer) {
  std::string line = fmt::format(
      "producerId: {} producerEpoch: {} coordinatorEpoch: {} currentTxnFirstOffset: {} "
      "lastTimestamp: {}",
      producer.id, producer.epoch, producer.coordinator_epoch,
      java_optional(producer.transaction_first_offset), producer.last_timestamp);
  for (const log::AppendedBatch& batch : producer.batches) {
    line += fmt::format(
        " firstSequence: {} lastSequence: {} lastOffset: {} offsetDelta: {} timestamp: {}",
        batch.first_sequence(), batch.last_sequence, batch.last_offset, batch.offset_delta,
        batch.timestamp);
  }
  context_.out << line << "\n";
}

void LogDumper::print_json(const log::ProducerState& producer) {
  const auto& first = producer.transaction_first_offset;
  Json object{{"type", "producer"},
              {"producerId", producer.id},
              {"producerEpoch", producer.epoch},
              {"coordinatorEpoch", producer.coordinator_epoch},
              {"currentTxnFirstOffset", first ? Json(*first) : Json()},
              {"lastTimestamp", producer.last_timestamp}};
  for (const log::AppendedBatch& batch : producer.batches) {
    object["firstSequence"] = batch.first_sequence();
    object["lastSequence"] = batch.last_sequence;
    object["lastOffset"] = batch.last_offset;
    object["offsetDelta"] = batch.offset_delta;
    object["timestamp"] = batch.timestamp;
  }
  print(object);
}

Done LogDumper::dump_leader_epochs() {
  const auto epochs = log::LeaderEpochCache::load(env_, file_);
  if (!epochs.ok()) {
    if (epochs.error().kind != log::IoErrorKind::malformed) return fail(epochs.error());
    context_.err << epochs.error().text() << "\n";
    return {};
  }
  for (const log::EpochEntry& entry : epochs->entries()) {
    if (json_) {
      print({{"type", "leaderEpoch"}, {"epoch", entry.epoch}, {"startOffset", entry.start_offset}});
    } else {
      context_.out << fmt::format("epoch: {} startOffset: {}\n", entry.epoch, entry.start_offset);
    }
  }
  end_list(epochs->empty(), 0, "epochs");
  return {};
}

}  // namespace brokerlab::cli

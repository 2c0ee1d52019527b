// brokerlab log dump DIR: every batch, record and index entry, close to what kafka-dump-log prints.
//
// Text lines are those of Kafka's kafka.tools.DumpLogSegments; whoever reads them by a script can
// read ours. JSON objects have the same names.
#include "cli/log_command.h"
#include "cli/log_json.h"
#include "log/batch_scanner.h"
#include "log/big_endian.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace brokerlab::cli {
namespace {

using log::BatchView;
using log::RecordView;
using Json = nlohmann::ordered_json;

struct Arguments {
  LogTarget target;
  bool records = false;
  std::optional<std::int64_t> segment;
};

constexpr int delete_horizon_bit = 0x40;

std::string_view timestamp_type(const BatchView& batch) {
  return batch.timestamp_type() == log::TimestampType::create_time ? "CreateTime" : "LogAppendTime";
}

/// Sequences count to 2^31 and begin anew; -1 is none.
std::int32_t sequence_at(const BatchView& batch, std::int64_t delta) {
  if (batch.base_sequence() < 0) return -1;
  return static_cast<std::int32_t>((batch.base_sequence() + delta) & INT32_MAX);
}

std::optional<std::int64_t> delete_horizon(const BatchView& batch) {
  if ((batch.attributes() & delete_horizon_bit) == 0) return std::nullopt;
  return batch.base_timestamp();
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

/// One of text and JSON; what to print is the same.
class Dumper {
 public:
  Dumper(Context& context, log::Env& env, const Arguments& arguments)
      : context_(context), env_(env), records_(arguments.records), json_(arguments.target.json) {}

  Status<log::IoError> dump(const log::SegmentFiles& segment) {
    begin_file(segment.log);
    if (!json_) context_.out << fmt::format("Log starting offset: {}\n", segment.base_offset);
    if (auto dumped = dump_log(segment.log); !dumped.ok()) return dumped;
    if (!segment.index.empty()) {
      begin_file(segment.index);
      const auto index = read_offset_index(env_, segment.index, segment.base_offset);
      if (!index.ok()) return fail(index.error());
      for (const auto& entry : index->entries) {
        if (json_) {
          print({{"type", "offsetIndexEntry"},
                 {"offset", entry.offset},
                 {"position", entry.position}});
        } else {
          context_.out << fmt::format("offset: {} position: {}\n", entry.offset, entry.position);
        }
      }
      end_index(index->entries.empty(), index->odd_bytes);
    }
    if (!segment.time_index.empty()) {
      begin_file(segment.time_index);
      const auto index = read_time_index(env_, segment.time_index, segment.base_offset);
      if (!index.ok()) return fail(index.error());
      for (const auto& entry : index->entries) {
        if (json_) {
          print({{"type", "timeIndexEntry"},
                 {"timestamp", entry.timestamp},
                 {"offset", entry.offset}});
        } else {
          context_.out << fmt::format("timestamp: {} offset: {}\n", entry.timestamp, entry.offset);
        }
      }
      end_index(index->entries.empty(), index->odd_bytes);
    }
    return {};
  }

 private:
  void begin_file(const std::string& path) {
    file_ = path;
    if (!json_) context_.out << "Dumping " << path << "\n";
  }

  void end_index(bool empty, std::int64_t odd_bytes) {
    if (empty && !json_) context_.out << file_ << " is empty.\n";
    if (odd_bytes > 0) {
      context_.err << fmt::format("{}: {} bytes behind the last entry\n", file_, odd_bytes);
    }
  }

  void print(const Json& contents) {
    Json object{{"file", file_.substr(file_.rfind('/') + 1)}};
    object.update(contents);
    context_.out << object.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  }

  Status<log::IoError> dump_log(const std::string& path) {
    auto file = env_.open(path);
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
    const std::string name = path.substr(path.rfind('/') + 1);
    if (json_) {
      print({{"type", "invalidBytes"},
             {"position", scanner.position()},
             {"size", left},
             {"reason", scanner.damage()->message}});
    } else {
      context_.out << fmt::format("Found {} invalid bytes at the end of {}\n", left, name);
      context_.err << fmt::format("{} at {}: {}\n", path, scanner.position(),
                                  scanner.damage()->message);
    }
    return {};
  }

  void dump_batch(const BatchView& batch, std::int64_t position) {
    const auto horizon = delete_horizon(batch);
    const bool valid = batch.checksum_ok();
    const std::int64_t delta = batch.last_offset() - batch.base_offset();
    if (json_) {
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
             {"magic", 2},
             {"compressCodec", codec_name(batch)},
             {"crc", batch.checksum()},
             {"isValid", valid}});
    } else {
      context_.out << fmt::format(
          "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} "
          "producerId: {} producerEpoch: {} partitionLeaderEpoch: {} isTransactional: {} "
          "isControl: {} deleteHorizonMs: {} position: {} {}: {} size: {} magic: 2 "
          "compresscodec: {} crc: {} isvalid: {}\n",
          batch.base_offset(), batch.last_offset(), batch.record_count(), batch.base_sequence(),
          sequence_at(batch, delta), batch.producer_id(), batch.producer_epoch(),
          batch.leader_epoch(), batch.is_transactional(), batch.is_control(),
          horizon ? fmt::format("OptionalLong[{}]", *horizon) : "OptionalLong.empty", position,
          timestamp_type(batch), batch.max_timestamp(), batch.size(), codec_name(batch),
          batch.checksum(), valid);
    }
    if (!records_) return;
    const auto read = for_each_record(batch, scratch_, [&](const RecordView& record) {
      json_ ? print_json(batch, record) : print_text(batch, record);
      return true;
    });
    if (read.ok()) return;
    context_.err << fmt::format("{} at {}: the batch at offset {}: {}\n", file_, position,
                                batch.base_offset(), read.error().message);
  }

  void print_text(const BatchView& batch, const RecordView& record) {
    std::string names;
    for (const auto& header : record.headers) {
      names += (names.empty() ? "" : ",") + printable(header.key);
    }
    std::string line = fmt::format(
        "| offset: {} {}: {} keySize: {} valueSize: {} sequence: {} headerKeys: [{}]",
        record.offset, timestamp_type(batch), record.timestamp, size_or_none(record.key),
        size_or_none(record.value), sequence_at(batch, record.offset - batch.base_offset()), names);
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

  void print_json(const BatchView& batch, const RecordView& record) {
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

  Context& context_;
  log::Env& env_;
  const bool records_;
  const bool json_;
  std::string file_;
  log::ByteVector scratch_;
};

void dump(Context& context, const Arguments& arguments) {
  MeteredEnv env(context.err);
  const auto segments = segments_of(context, env, arguments.target);
  if (!segments) return;
  if (arguments.target.json || arguments.records) env.expect(bytes_of(env, *segments));
  Dumper dumper(context, env, arguments);
  bool found = false;
  for (const log::SegmentFiles& segment : *segments) {
    if (arguments.segment && segment.base_offset != *arguments.segment) continue;
    found = true;
    if (const auto dumped = dumper.dump(segment); !dumped.ok()) {
      context.status = report(context, dumped.error());
      return;
    }
  }
  if (!found) {
    context.status = refuse(context, {{"--segment",
                                       {},
                                       std::to_string(*arguments.segment),
                                       "no segment begins at this offset"}});
  }
}

}  // namespace

void add_log_dump(CLI::App& log, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = log.add_subcommand("dump", "Print batches and indexes, as kafka-dump-log");
  add_target(*command, arguments->target);
  command->add_flag("--records", arguments->records, "Every record too");
  command->add_option("--segment", arguments->segment, "Only the segment that begins here");
  command->callback([&context, arguments] { dump(context, *arguments); });
}

}  // namespace brokerlab::cli

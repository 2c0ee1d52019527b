import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.FileLogInputStream;
import org.apache.kafka.common.record.FileRecords;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile;
import org.apache.kafka.storage.internals.log.EpochEntry;

/** A partition directory as Kafka's own classes read it, in the JSON form of our tool. */
final class KafkaFiles {
  private KafkaFiles() {}

  static List<JsonNode> read(Path dir) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (Path log : Comparison.filesIn(dir, ".log")) {
      try (FileRecords file = FileRecords.open(log.toFile(), false)) {
        for (FileLogInputStream.FileChannelRecordBatch batch : file.batches()) {
          lines.add(batchLine(batch));
          for (Record record : batch) {
            record.ensureValid();
            lines.add(batch.isControlBatch() ? marker(record) : recordLine(record));
          }
        }
      }
    }
    // Through text, so that numbers are of the types a parser gives them.
    List<JsonNode> parsed = new ArrayList<>();
    for (JsonNode line : lines) parsed.add(Comparison.json.readTree(line.toString()));
    return parsed;
  }

  static JsonNode epochs(Path dir) throws IOException {
    ArrayNode epochs = Comparison.json.createArrayNode();
    Path file = dir.resolve("leader-epoch-checkpoint");
    if (file.toFile().exists()) {
      for (EpochEntry entry : new LeaderEpochCheckpointFile(file.toFile(), null).read()) {
        epochs.addArray().add(entry.epoch).add(entry.startOffset);
      }
    }
    return Comparison.json.readTree(epochs.toString());
  }

  private static JsonNode batchLine(FileLogInputStream.FileChannelRecordBatch batch) {
    ObjectNode node = Comparison.json.createObjectNode();
    ObjectNode line = node.putObject("batch");
    line.put("base_offset", batch.baseOffset());
    line.put("last_offset", batch.lastOffset());
    line.put("records", batch.countOrNull());
    line.put("leader_epoch", batch.partitionLeaderEpoch());
    line.put("codec", batch.compressionType().name);
    line.put("log_append_time", batch.timestampType() == TimestampType.LOG_APPEND_TIME);
    line.put("transactional", batch.isTransactional());
    line.put("control", batch.isControlBatch());
    line.put("max_timestamp", batch.maxTimestamp());
    line.put("producer_id", batch.producerId());
    line.put("producer_epoch", batch.producerEpoch());
    line.put("base_sequence", batch.baseSequence());
    line.put("size", batch.sizeInBytes());
    line.put("crc", batch.checksum());
    line.put("crc_ok", batch.isValid());
    return node;
  }

  static JsonNode marker(Record record) {
    ObjectNode line = Comparison.json.createObjectNode();
    line.put("offset", record.offset());
    ControlRecordType type = ControlRecordType.parse(record.key());
    line.put("marker", type.name().toLowerCase());
    return line;
  }

  static JsonNode recordLine(Record record) {
    return recordLine(
        record.offset(),
        record.timestamp(),
        bytes(record.key()),
        bytes(record.value()),
        List.of(record.headers()));
  }

  static JsonNode recordLine(
      long offset, long timestamp, byte[] key, byte[] value, Iterable<? extends Header> headers) {
    ObjectNode line = Comparison.json.createObjectNode();
    line.put("offset", offset);
    line.put("timestamp", timestamp);
    line.put("key", text(key));
    line.put("value", text(value));
    ArrayNode list = line.putArray("headers");
    for (Header header : headers) list.addArray().add(header.key()).add(text(header.value()));
    return line;
  }

  private static byte[] bytes(ByteBuffer buffer) {
    if (buffer == null) return null;
    byte[] copy = new byte[buffer.remaining()];
    buffer.duplicate().get(copy);
    return copy;
  }

  private static String text(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}

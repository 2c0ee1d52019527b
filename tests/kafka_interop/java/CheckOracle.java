import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.FileLogInputStream;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogSegment;
import org.apache.kafka.storage.internals.log.ProducerStateManager;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;

/**
 * The oracle of our property tests (tests/log/kafka_judge.h) against Kafka's own classes: what
 * LogSegment.recover keeps of a segment of any bytes, and what its batches give to a consumer.
 */
final class CheckOracle {
  static int segments;
  static int failing;
  static int cut;
  static int batches;
  static int unreadable;
  static int records;
  static int unjudged;
  static final int[] formats = new int[3];

  private CheckOracle() {}

  static void check(Path scratch, String seed, int count) throws Exception {
    Path dir = scratch.resolve("damaged" + seed);
    List<JsonNode> judged =
        Comparison.tool("damage", dir.toString(), seed, Integer.toString(count));
    for (JsonNode expected : judged) {
      String where = "seed " + seed + ", " + expected.get("file").asText();
      Comparison.attempt(where, () -> checkOne(where, scratch.resolve("one-0"), dir, expected));
    }
    Comparison.note(
        "the oracle",
        String.format(
            "seed %s: %d segments of any bytes, %d cut, %d that Kafka fails on; %d batches of formats"
                + " 0, 1, 2: %d, %d, %d, %d unreadable; %d records; no memory for %d segments",
            seed, segments, cut, failing, batches, formats[0], formats[1], formats[2], unreadable,
            records, unjudged));
  }

  private static void checkOne(String where, Path partition, Path dir, JsonNode expected)
      throws Exception {
    Comparison.remove(partition);
    Files.createDirectories(partition);
    long base = expected.get("base").asLong();
    Path log = partition.resolve(String.format("%020d.log", base));
    Files.copy(dir.resolve(expected.get("file").asText()), log);
    long size = Files.size(log);
    ++segments;
    LogSegment segment =
        LogSegment.open(
            partition.toFile(), base, new LogConfig(new Properties()), Time.SYSTEM, true, 0, false,
            "");
    try {
      segment.recover(producers(partition.toFile()), Optional.empty());
    } catch (Exception thrown) {
      ++failing;
      if (!expected.get("fails").asBoolean()) Comparison.fail(where, "Kafka fails: " + thrown);
      return;
    } finally {
      segment.close();
    }
    if (expected.get("fails").asBoolean()) Comparison.fail(where, "Kafka does not fail");
    if (Files.size(log) < size) ++cut;
    if (Files.size(log) != expected.get("kept").asLong()) {
      Comparison.fail(where, "Kafka keeps " + Files.size(log) + ", we say " + expected.get("kept"));
      return;
    }
    ArrayNode found = Comparison.json.createArrayNode();
    try (var file = org.apache.kafka.common.record.FileRecords.open(log.toFile(), false)) {
      for (FileLogInputStream.FileChannelRecordBatch batch : file.batches()) found.add(read(batch));
    } catch (IllegalStateException noMemory) {
      ++unjudged;
      return;
    }
    JsonNode parsed = Comparison.json.readTree(found.toString());
    if (!parsed.equals(expected.get("batches"))) {
      Comparison.fail(where, "\n  Kafka reads " + parsed + "\n  we say " + expected.get("batches"));
    }
  }

  /** The records as a consumer gets them, null where it gets an exception. */
  private static JsonNode read(FileLogInputStream.FileChannelRecordBatch batch) {
    ++batches;
    if (batch.magic() <= 2) ++formats[batch.magic()];
    ArrayNode list = Comparison.json.createArrayNode();
    try {
      for (Record record : batch) {
        record.ensureValid();
        list.addArray()
            .add(record.offset())
            .add(record.timestamp())
            .add(record.hasKey() ? record.key().remaining() : -1)
            .add(record.hasValue() ? record.value().remaining() : -1);
      }
    } catch (OutOfMemoryError thrown) {  // A record that claims gigabytes.
      throw new IllegalStateException(thrown);
    } catch (Exception | Error thrown) {  // snappy-java has a SnappyError.
      ++unreadable;
      return Comparison.json.nullNode();
    }
    records += list.size();
    return list;
  }

  private static ProducerStateManager producers(File dir) throws Exception {
    return new ProducerStateManager(
        new TopicPartition("one", 0),
        dir,
        900000,
        new ProducerStateManagerConfig(86400000, false),
        Time.SYSTEM);
  }
}

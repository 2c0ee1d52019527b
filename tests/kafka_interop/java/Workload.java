import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * What the real broker is made to write: one topic for each feature, twice: large ("theirs_") and
 * as small as shows the feature ("small_", kept in tests/log/kafka_files).
 */
final class Workload {
  static final List<String> codecs = List.of("none", "gzip", "snappy", "lz4", "zstd");

  private final Topics topics;
  private KafkaProducer<byte[], byte[]> left;

  Workload(Topics topics) {
    this.topics = topics;
  }

  void beforeCleanStop() throws Exception {
    // Batches of many blocks of their codec.
    for (String codec : codecs) {
      String topic = "theirs_large_" + codec;
      topics.create(topic, "segment.bytes", "1048576");
      try (KafkaProducer<byte[], byte[]> producer =
          topics.producer(codec, "batch.size", "400000", "linger.ms", "500")) {
        for (int batch = 0; batch < 3; ++batch) topics.sendNumbered(producer, topic, 2000);
      }
    }
    write("theirs_", 500, 17, "segment.bytes", "16384");
    write("small_", 24, 5, "segment.bytes", "900",
        "segment.index.bytes", "256");
  }

  private void write(String prefix, int count, int largest, String... settings) throws Exception {
    for (String codec : codecs) {
      topics.create(prefix + codec, settings);
      topics.fill(prefix + codec, codec, count, largest);
    }
    topics.create(prefix + "unclean", settings);
    topics.fill(prefix + "unclean", "none", count, largest);
    topics.create(prefix + "epochs", settings);
    topics.fill(prefix + "epochs", "none", count / 3, largest);
    topics.create(
        prefix + "append_time", with(settings, "message.timestamp.type", "LogAppendTime"));
    topics.fill(prefix + "append_time", "gzip", count, largest);
    topics.create(prefix + "no_idempotence", settings);
    try (KafkaProducer<byte[], byte[]> producer =
        topics.producer("none", "enable.idempotence", "false", "acks", "1")) {
      topics.fill(producer, prefix + "no_idempotence", count, largest);
    }
    topics.create(prefix + "log_start", settings);
    topics.fill(prefix + "log_start", "none", count, largest);
    topics.deleteBefore(prefix + "log_start", count / 2 + 1);
    topics.create(prefix + "transactions", settings);
    transactions(prefix + "transactions", count / 20 + 1, Math.min(largest, 6));
    topics.create(prefix + "compacted",
        with(settings, "cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01"));
    compact(prefix + "compacted", count / 10);
  }

  private static String[] with(String[] settings, String... more) {
    return Stream.concat(Arrays.stream(settings), Arrays.stream(more)).toArray(String[]::new);
  }

  /** Two producers, each with a transaction open while the other's ends. */
  private void transactions(String topic, int rounds, int size) throws Exception {
    try (KafkaProducer<byte[], byte[]> first =
            topics.producer("none", "transactional.id", topic + "-first");
        KafkaProducer<byte[], byte[]> second =
            topics.producer("gzip", "transactional.id", topic + "-second")) {
      first.initTransactions();
      second.initTransactions();
      for (int round = 0; round < rounds; ++round) {
        first.beginTransaction();
        topics.fill(first, topic, size, size);
        second.beginTransaction();
        topics.fill(second, topic, size, size);
        topics.finish(first, topic, round % 3 != 1);
        topics.fill(second, topic, 1, 1);
        topics.finish(second, topic, round % 2 == 1);
      }
    }
  }

  /**
   * Keys of a first producer, all overwritten by a second, so that the cleaner leaves the last
   * batch of the first empty; some deleted; then waits for the cleaner to have nothing to do.
   */
  private void compact(String topic, int rounds) throws Exception {
    boolean small = topic.startsWith("small_");
    List<ProducerRecord<byte[], byte[]>> batch = new ArrayList<>();
    try (KafkaProducer<byte[], byte[]> first = topics.producer("none")) {
      for (int i = 0; i < 6; ++i) batch.add(Topics.keyed(topic, i, "key-" + i, "first"));
      topics.send(first, batch);
    }
    try (KafkaProducer<byte[], byte[]> second = topics.producer("gzip")) {
      for (int round = 0; round < rounds; ++round) {
        batch.clear();
        for (int i = 0; i < 6; ++i) {
          String value = (round + i) % 5 == 0 ? null : "round-" + round + "x".repeat(i * 20);
          batch.add(Topics.keyed(topic, 100 * round + i, "key-" + i, value));
        }
        String stays = Topics.filler(round, small ? 20 : 300);
        batch.add(Topics.keyed(topic, 100 * round, "once-" + round, stays));
        topics.send(second, batch);
      }
    }
    try (KafkaProducer<byte[], byte[]> last = topics.producer("none")) {
      String filler = "x".repeat(250);
      for (int i = 0; i < (small ? 4 : 80); ++i) {
        topics.send(last, List.of(Topics.keyed(topic, 9000 + i, "last-" + i, filler)));
      }
    }
    awaitCleaning(topic);
  }

  private void awaitCleaning(String topic) throws Exception {
    TreeMap<Long, JsonNode> produced = topics.manifests.get(topic);
    List<JsonNode> before = List.of();
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (true) {
      Thread.sleep(2500);
      if (System.nanoTime() > deadline) throw new IOException(topic + " is not cleaned");
      List<JsonNode> now;
      try {
        now = KafkaFiles.read(topics.dir(topic));
      } catch (IOException swapping) {
        continue;
      }
      int left = Comparison.records(now).size();
      if (left < produced.size() && now.equals(before)) break;
      before = now;
    }
    // From now on what a consumer gets; it must be a part of what was produced, the last of each
    // key included unless it was a deletion.
    TreeMap<Long, JsonNode> kept = new TreeMap<>();
    for (JsonNode line : topics.consume(topic, "read_uncommitted")) {
      long offset = line.get("offset").asLong();
      if (!line.equals(produced.get(offset))) Comparison.fail(topic, "consumed " + line);
      kept.put(offset, line);
    }
    Map<String, Long> last = new TreeMap<>();
    produced.forEach((offset, line) -> last.put(line.get("key").asText(), offset));
    last.forEach(
        (key, offset) -> {
          if (!produced.get(offset).get("value").isNull() && !kept.containsKey(offset)) {
            Comparison.fail(topic, "the cleaner lost " + key);
          }
        });
    topics.manifests.put(topic, kept);
  }

  /** With the broker stopped. */
  static void raiseEpochs(Broker broker, int by) throws Exception {
    for (String topic : List.of("theirs_epochs", "small_epochs", "small_unclean")) {
      broker.raiseEpoch(topic, by);
    }
  }

  /** A short reign between two restarts. */
  void inSecondEpoch() throws Exception {
    topics.fill("theirs_epochs", "lz4", 120, 17);
    topics.fill("small_epochs", "none", 8, 5);
  }

  /** More of everything after a restart, a transaction left open at the end. */
  void beforeKill() throws Exception {
    for (String prefix : List.of("theirs_", "small_")) {
      boolean small = prefix.equals("small_");
      topics.fill(prefix + "unclean", "none", small ? 9 : 300, small ? 3 : 17);
      topics.fill(prefix + "epochs", "none", small ? 5 : 100, small ? 5 : 17);
    }
    for (String codec : codecs) topics.fill("theirs_" + codec, codec, 100, 17);
    left = topics.producer("none", "transactional.id", "left");
    left.initTransactions();
    left.beginTransaction();
    topics.fill(left, "theirs_transactions", 20, 7);
  }

  /** With the broker dead. */
  void afterKill() {
    left.close(java.time.Duration.ZERO);
  }

  /** A page cache that did not reach the disk: the last bytes of the last segment are gone. */
  static void tear(Path dir) throws IOException {
    List<Path> logs = Comparison.filesIn(dir, ".log");
    try (FileChannel file = FileChannel.open(logs.get(logs.size() - 1), StandardOpenOption.WRITE)) {
      file.truncate(file.size() - 9);
    }
  }
}

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Topics of the real broker, and the account of what producers were told was written to them. */
final class Topics implements AutoCloseable {
  private static final long firstTime = 1_700_000_000_000L;

  /** By topic, by offset. */
  final Map<String, TreeMap<Long, JsonNode>> manifests = new TreeMap<>();

  private final Broker broker;
  private Admin admin;
  private int written;

  Topics(Broker broker) {
    this.broker = broker;
    admin = broker.admin();
  }

  @Override
  public void close() {
    admin.close();
  }

  /** Waits for the partition to have a leader. */
  void create(String topic, String... settings) throws Exception {
    Map<String, String> configs = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) configs.put(settings[i], settings[i + 1]);
    admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(configs))).all().get();
    manifests.putIfAbsent(topic, new TreeMap<>());
    end(topic);
  }

  long end(String topic) throws Exception {
    TopicPartition partition = new TopicPartition(topic, 0);
    return admin
        .listOffsets(
            Map.of(partition, OffsetSpec.latest()),
            new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
        .partitionResult(partition)
        .get()
        .offset();
  }

  /** Of any producer's record at each time or later: [offset, timestamp, leader epoch]. */
  List<JsonNode> lookUp(String topic, List<Long> times) throws Exception {
    TopicPartition partition = new TopicPartition(topic, 0);
    List<JsonNode> answers = new ArrayList<>();
    for (long time : times) {
      ListOffsetsResultInfo answer =
          admin
              .listOffsets(
                  Map.of(partition, OffsetSpec.forTimestamp(time)),
                  new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
              .partitionResult(partition)
              .get();
      ObjectNode line = Comparison.json.createObjectNode();
      line.putArray("at")
          .add(answer.offset())
          .add(answer.timestamp())
          .add(answer.leaderEpoch().orElse(-1));
      answers.add(Comparison.json.readTree(line.toString()));
    }
    return answers;
  }

  /** Times before, between, at and behind those of some records. */
  static List<Long> timesAround(Collection<JsonNode> records) {
    TreeSet<Long> times = new TreeSet<>(List.of(firstTime - 10_000));
    int i = 0;
    for (JsonNode record : records) {
      if (record.has("timestamp") && i++ % 29 == 0) {
        long time = record.get("timestamp").asLong();
        times.addAll(List.of(time, time + 1));
      }
    }
    times.add(times.last() + 3_600_000);
    return List.copyOf(times);
  }

  void deleteBefore(String topic, long offset) throws Exception {
    TopicPartition partition = new TopicPartition(topic, 0);
    admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(offset))).all().get();
    manifests.get(topic).headMap(offset).clear();
  }

  KafkaProducer<byte[], byte[]> producer(String codec, String... settings) {
    Map<String, Object> configs = new HashMap<>();
    configs.put("bootstrap.servers", broker.address());
    configs.put("compression.type", codec);
    configs.put("linger.ms", "20");
    for (int i = 0; i < settings.length; i += 2) configs.put(settings[i], settings[i + 1]);
    return new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Text that no codec makes much smaller, so that every topic has several segments. */
  static String filler(int seed, int size) {
    StringBuilder text = new StringBuilder();
    long state = seed;
    for (int left = size; left > 0; --left) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      text.append((char) ('0' + (state >>> 40) % 64));
    }
    return text.toString();
  }

  /** Record `i` of any topic: nulls, empties, headers and times that go back, by its number. */
  static ProducerRecord<byte[], byte[]> numbered(String topic, int i) {
    byte[] key = i % 11 == 0 ? new byte[0] : i % 7 == 0 ? null : bytes("key-" + i % 13);
    byte[] value =
        i % 10 == 0
            ? new byte[0]
            : i % 9 == 0 ? null : bytes("값-" + i + "-" + filler(i, i * 37 % 70));
    RecordHeaders headers = new RecordHeaders();
    if (i % 4 != 0) headers.add("trace", bytes("id-" + i));
    if (i % 4 == 2) {
      headers.add("trace", bytes("again")).add("empty", new byte[0]).add("null", null);
    }
    long time = firstTime + i * 250L - (i % 5) * 600L;
    return new ProducerRecord<>(topic, 0, time, key, value, headers);
  }

  static ProducerRecord<byte[], byte[]> keyed(String topic, int i, String key, String value) {
    return new ProducerRecord<>(
        topic, 0, firstTime + i, bytes(key), value == null ? null : bytes(value));
  }

  /** One batch, and what it became. */
  void send(KafkaProducer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records)
      throws Exception {
    List<Future<RecordMetadata>> answers = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> record : records) answers.add(producer.send(record));
    producer.flush();
    for (int i = 0; i < answers.size(); ++i) {
      RecordMetadata answer = answers.get(i).get();
      ProducerRecord<byte[], byte[]> record = records.get(i);
      JsonNode line =
          KafkaFiles.recordLine(
              answer.offset(), answer.timestamp(), record.key(), record.value(), record.headers());
      manifests.get(record.topic()).put(answer.offset(), Comparison.json.readTree(line.toString()));
    }
  }

  /** Numbered records in batches of 1 to `largest`. */
  void fill(KafkaProducer<byte[], byte[]> producer, String topic, int count, int largest)
      throws Exception {
    int size = 0;
    for (int i = 0; i < count; ) {
      size = size % largest + 1;
      int next = Math.min(size, count - i);
      sendNumbered(producer, topic, next);
      i += next;
    }
  }

  void sendNumbered(KafkaProducer<byte[], byte[]> producer, String topic, int count)
      throws Exception {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < count; ++i) records.add(numbered(topic, written++));
    send(producer, records);
  }

  void fill(String topic, String codec, int count, int largest) throws Exception {
    written = 0;
    try (KafkaProducer<byte[], byte[]> producer = producer(codec)) {
      fill(producer, topic, count, largest);
    }
  }

  /** Ends a transaction in one topic and waits for the marker, which the coordinator writes. */
  void finish(KafkaProducer<byte[], byte[]> producer, String topic, boolean commit)
      throws Exception {
    long before = end(topic);
    if (commit) {
      producer.commitTransaction();
    } else {
      producer.abortTransaction();
    }
    while (end(topic) == before) Thread.sleep(20);
    ObjectNode line = Comparison.json.createObjectNode();
    line.put("offset", before);
    line.put("marker", commit ? "commit" : "abort");
    manifests.get(topic).put(before, Comparison.json.readTree(line.toString()));
  }

  /** What a consumer gets. */
  List<JsonNode> consume(String topic, String isolation) throws Exception {
    Map<String, Object> configs =
        Map.of("bootstrap.servers", broker.address(), "isolation.level", isolation);
    List<JsonNode> lines = new ArrayList<>();
    TopicPartition partition = new TopicPartition(topic, 0);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record :
            consumer.poll(java.time.Duration.ofMillis(200)).records(partition)) {
          JsonNode line =
              KafkaFiles.recordLine(
                  record.offset(), record.timestamp(), record.key(), record.value(),
                  record.headers());
          lines.add(Comparison.json.readTree(line.toString()));
        }
      }
    }
    return lines;
  }

  Path dir(String topic) {
    return broker.logDir.resolve(topic + "-0");
  }
}

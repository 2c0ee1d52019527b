import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * End-to-end latency of one producer, one broker and one consumer: from the moment a record was due
 * to the poll() that returned it. Prints a line a setting: name, records, p50, p99 and max in ms,
 * fetches and how many of them asked for every partition.
 */
final class Latency {
  record Setting(
      String name, int partitions, boolean keys, Map<String, String> producer, Map<String, String> consumer) {}

  static final int RATE = 1000;
  static final int SIZE = 1200;
  static final int WARM_UP = 4 * RATE;
  static final int MEASURED = 10 * RATE;

  static final List<Setting> SETTINGS =
      List.of(
          new Setting("reference", 2, false, Map.of("linger.ms", "5", "batch.size", "131072"), Map.of()),
          new Setting("linger_0", 2, false, Map.of("linger.ms", "0"), Map.of()),
          new Setting(
              "acks_1",
              2,
              false,
              Map.of("linger.ms", "5", "batch.size", "131072", "acks", "1"),
              Map.of()),
          new Setting(
              "fetch_min_bytes",
              2,
              false,
              Map.of("linger.ms", "5", "batch.size", "131072"),
              Map.of("fetch.min.bytes", "65536", "fetch.max.wait.ms", "200")),
          new Setting(
              "max_poll_records_5",
              2,
              false,
              Map.of("linger.ms", "5", "batch.size", "131072"),
              Map.of("max.poll.records", "5")),
          new Setting("six_partitions_keys", 6, true, Map.of("linger.ms", "5"), Map.of()));

  public static void main(String[] args) throws Exception {
    Path scratch = Path.of(args[0]);
    int rounds = Integer.parseInt(args[1]);
    try (Broker broker = new Broker(scratch)) {
      broker.start();
      for (int round = 1; round <= rounds; ++round) {
        for (Setting setting : SETTINGS) measure(broker, setting, round);
      }
    }
  }

  static void measure(Broker broker, Setting setting, int round) throws Exception {
    String topic = setting.name() + "-" + round;
    try (Admin admin = broker.admin()) {
      admin.createTopics(List.of(new NewTopic(topic, setting.partitions(), (short) 1))).all().get();
    }
    Properties reading = new Properties();
    reading.put("bootstrap.servers", broker.address());
    reading.put("group.id", topic);
    reading.put("client.id", topic);
    reading.put("auto.offset.reset", "earliest");
    reading.putAll(setting.consumer());
    Properties writing = new Properties();
    writing.put("bootstrap.servers", broker.address());
    writing.put("enable.idempotence", "false");
    writing.putAll(setting.producer());
    long[] latencies = new long[MEASURED];
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      while (consumer.assignment().isEmpty()) consumer.poll(Duration.ofMillis(100));
      Thread producer = new Thread(() -> produce(writing, setting, topic));
      producer.setDaemon(true);
      producer.start();
      int count = 0;
      while (count < WARM_UP + MEASURED) {
        for (ConsumerRecord<byte[], byte[]> got : consumer.poll(Duration.ofMillis(1000))) {
          long now = System.nanoTime();
          ByteBuffer value = ByteBuffer.wrap(got.value());
          long due = value.getLong();
          long number = value.getLong();
          if (number >= WARM_UP) latencies[(int) number - WARM_UP] = now - due;
          ++count;
        }
      }
      producer.join();
    }
    Arrays.sort(latencies);
    int[] fetches = coverage(topic, setting.partitions());
    System.out.printf(
        "%d %s %d %.1f %.1f %.1f %d %d%n",
        round,
        setting.name(),
        MEASURED,
        latencies[MEASURED / 2] / 1e6,
        latencies[MEASURED * 99 / 100] / 1e6,
        latencies[MEASURED - 1] / 1e6,
        fetches[0],
        fetches[1]);
  }

  static void produce(Properties writing, Setting setting, String topic) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.partitionsFor(topic);
      long start = System.nanoTime();
      for (int number = 0; number < WARM_UP + MEASURED; ++number) {
        long due = start + number * (1_000_000_000L / RATE);
        for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
        byte[] value = new byte[SIZE];
        ByteBuffer.wrap(value).putLong(due).putLong(number);
        byte[] key = setting.keys() ? ("user" + number % 50).getBytes() : null;
        producer.send(new ProducerRecord<>(topic, key, value));
      }
    }
  }

  /**
   * How many fetches the consumer sent while it read, and how many of those asked for every
   * partition: from what its Fetcher logs. A fetch of a session names what it adds, and implies the
   * rest.
   */
  static int[] coverage(String topic, int partitions) throws Exception {
    Pattern sent = Pattern.compile("Sending read_uncommitted \\w+\\(.*");
    Pattern partition = Pattern.compile(Pattern.quote(topic) + "-\\d+");
    int all = 0;
    int whole = 0;
    for (String line : Files.readAllLines(Path.of(System.getProperty("log")))) {
      if (!line.contains("clientId=" + topic + ",")) continue;
      Matcher match = sent.matcher(line);
      if (!match.find()) continue;
      // toSend=(..), toForget=(..), toReplace=(..), implied=(..)
      String text = match.group();
      int asked = count(partition, part(text, "toSend=")) + count(partition, part(text, "implied="));
      if (text.contains("FullFetchRequest")) {
        asked = count(partition, part(text, "toSend=").isEmpty() ? text : part(text, "toSend="));
      }
      ++all;
      if (asked >= partitions) ++whole;
    }
    return new int[] {all, whole};
  }

  static String part(String text, String name) {
    int from = text.indexOf(name);
    if (from < 0) return "";
    int to = text.indexOf(')', from);
    return text.substring(from, to < 0 ? text.length() : to);
  }

  static int count(Pattern pattern, String text) {
    return (int) pattern.matcher(text).results().count();
  }
}

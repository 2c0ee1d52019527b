import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A process of clients: producers and members of groups of one scenario, by their names there.
 * Tells what the application hears, a line each: milliseconds since 1970, who, what. Begins when
 * its standard input says at which millisecond the scenario's clock was 0; SIGTERM closes all.
 */
final class Clients {
  private final Incident incident;
  private final String brokers;
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final CountDownLatch began = new CountDownLatch(1);
  private volatile long zero;
  private final PrintStream out = System.out;

  private Clients(Incident incident, String brokers) {
    this.incident = incident;
    this.brokers = brokers;
  }

  public static void main(String[] args) throws Exception {
    Clients clients = new Clients(new Incident(Path.of(args[0])), args[1]);
    List<Thread> threads = new ArrayList<>();
    for (String name : args[2].split(",")) {
      threads.add(new Thread(() -> clients.run(name), name));
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      clients.stopping.set(true);
      for (Thread thread : threads) {
        try {
          thread.join(20_000);
        } catch (InterruptedException interrupted) {
          return;
        }
      }
    }));
    threads.forEach(Thread::start);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    String line = in.readLine();
    if (line == null)
      System.exit(0);
    clients.zero = Long.parseLong(line);
    clients.began.countDown();
    for (Thread thread : threads) thread.join();
  }

  private void run(String name) {
    try {
      for (JsonNode producer : incident.scenario.get("producers")) {
        if (producer.get("name").asText().equals(name))
          produce(name, producer);
      }
      for (JsonNode group : incident.scenario.get("consumers")) {
        if (name.startsWith(group.get("group").asText() + "-"))
          consume(name, group);
      }
    } catch (Throwable thrown) {
      tell(name, "ended " + thrown.getClass().getSimpleName() + " " + thrown.getMessage());
    }
  }

  private void tell(String who, String what) {
    out.println(System.currentTimeMillis() + " " + who + " " + what);
  }

  private Map<String, Object> config(String name, JsonNode config) {
    Map<String, Object> all = Incident.properties(config);
    all.put("bootstrap.servers", brokers);
    all.put("client.id", name);
    all.put("enable.metrics.push", "false");
    return all;
  }

  /**
   * Records at their dates, each with a number of its own: no table is asked, nothing is repeated.
   */
  private void produce(String name, JsonNode spec) throws InterruptedException {
    Map<String, Object> config = config(name, spec.get("config"));
    boolean transactional = config.containsKey("transactional.id");
    int commitAfter = spec.at("/transaction/records").asInt(100);
    JsonNode source = null;
    for (JsonNode one : incident.scenario.get("sources")) {
      if (one.get("name").equals(spec.get("source")))
        source = one;
    }
    double rate = Incident.rate(source.at("/rate/0/rate").asText());
    int keys = source.at("/keys/uniform/count").asInt();
    int size = Integer.parseInt(source.get("record_size").asText().replace("B", ""));
    double from = Incident.seconds(source.at("/rate/0/from").asText());
    double until = Incident.seconds(source.get("until").asText());
    Random random = new Random(1);
    String topic = spec.get("topic").asText();
    try (
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      if (transactional)
        producer.initTransactions();
      producer.partitionsFor(topic);
      tell(name, "ready");
      began.await();
      int open = 0;
      long first = 0;
      for (long number = 0; from + number / rate < until && !stopping.get(); ++number) {
        long due = zero + Math.round((from + number / rate) * 1000);
        for (long left; (left = due - System.currentTimeMillis()) > 0;) Thread.sleep(left);
        byte[] value = new byte[size];
        ByteBuffer.wrap(value).putLong(number);
        byte[] key = ("key-" + (1 + random.nextInt(keys))).getBytes();
        long mine = number;
        try {
          if (transactional && open == 0) {
            producer.beginTransaction();
            first = number;
          }
          ++open;
          producer.send(new ProducerRecord<>(topic, key, value), (metadata, failure) -> {
            if (failure == null)
              tell(name, "acknowledged " + metadata.partition() + " " + mine);
            else
              tell(name, "failed " + Errors.forException(failure).name() + " " + mine);
          });
          if (transactional && open == commitAfter) {
            producer.commitTransaction();
            tell(name, "committed " + first + " " + number);
            open = 0;
          }
        } catch (KafkaException thrown) {
          tell(name, "exception " + thrown.getClass().getSimpleName() + " " + thrown.getMessage());
          if (!transactional)
            continue;
          producer.abortTransaction();
          tell(name, "aborted " + first + " " + number);
          open = 0;
        }
      }
      if (open > 0 && transactional) {
        producer.commitTransaction();
        tell(name, "committed " + first + " " + Long.MAX_VALUE);
      }
    }
    tell(name, "closed");
  }

  private void consume(String name, JsonNode spec) {
    Map<String, Object> config = config(name, spec.get("config"));
    config.put("group.id", spec.get("group").asText());
    List<String> topics = new ArrayList<>();
    spec.get("topics").forEach(topic -> topics.add(topic.asText()));
    try (
        KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(topics, new ConsumerRebalanceListener() {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
          tell(name, "revoked " + partitions);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
          tell(name, "assigned " + partitions);
        }
      });
      while (!stopping.get()) {
        for (ConsumerRecord<byte[], byte[]> got : consumer.poll(Duration.ofMillis(100))) {
          long number = ByteBuffer.wrap(got.value()).getLong();
          tell(name, "read " + got.topic() + "-" + got.partition() + " " + number);
        }
      }
    } catch (WakeupException woken) {
      // Nobody wakes it.
    }
    tell(name, "closed");
  }
}

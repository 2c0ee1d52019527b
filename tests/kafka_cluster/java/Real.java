import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * An incident in a real cluster: the scenario's clock is this machine's, from the moment all is
 * ready.
 */
final class Real {
  /** As brokerlab's machines restart what ends by itself. */
  private static final int RESTART_AFTER_MS = 10_000;

  private final Incident incident;
  private final Cluster cluster;
  private final Outcome outcome = new Outcome();
  private final List<String> members = new ArrayList<>();
  private final List<String> clients = new ArrayList<>();
  private final Set<String> ended = ConcurrentHashMap.newKeySet();
  private long zero;

  private Real(Incident incident, Cluster cluster) {
    this.incident = incident;
    this.cluster = cluster;
  }

  static Outcome run(Incident incident, Path scratch) throws Exception {
    try (Cluster cluster = new Cluster(incident, scratch)) {
      Real real = new Real(incident, cluster);
      cluster.startAll();
      try (
          Admin admin = Admin.create(
              Map.of("bootstrap.servers", cluster.brokers(), "client.id", "operator"))) {
        real.makeTopics(admin);
        real.startClients();
        real.act(admin);
        for (String process : real.clients) real.stopClient(process);
        real.countRecords(admin);
      }
      real.cluster.close();
      real.collect();
      return real.outcome;
    }
  }

  private void makeTopics(Admin admin) throws Exception {
    for (JsonNode topic : incident.scenario.get("topics")) {
      Map<Integer, List<Integer>> replicas = new LinkedHashMap<>();
      for (JsonNode of : topic.get("replicas")) {
        List<Integer> brokers = new ArrayList<>();
        of.forEach(one -> brokers.add(one.asInt()));
        replicas.put(replicas.size(), brokers);
      }
      Map<String, String> config = new HashMap<>();
      topic.path("config").fields().forEachRemaining(
          one -> config.put(one.getKey(), one.getValue().asText()));
      NewTopic made = new NewTopic(topic.get("name").asText(), replicas).configs(config);
      admin.createTopics(List.of(made)).all().get();
    }
    Cluster.await("all replicas are in sync", 120, () -> allInSync(admin));
  }

  private boolean allInSync(Admin admin) throws Exception {
    Set<String> names = new TreeSet<>();
    incident.scenario.get("topics").forEach(topic -> names.add(topic.get("name").asText()));
    for (TopicDescription topic : admin.describeTopics(names).allTopicNames().get().values()) {
      for (var partition : topic.partitions()) {
        if (partition.leader() == null || partition.isr().size() < partition.replicas().size())
          return false;
      }
    }
    return true;
  }

  /** Clients that are not touched are one process; each of the others is one. */
  private void startClients() throws Exception {
    Set<String> touched = new TreeSet<>();
    for (JsonNode action : incident.actions()) {
      for (String kind : List.of("kill_process", "stop_process")) {
        if (action.path(kind).isTextual())
          touched.add(action.get(kind).asText());
      }
    }
    List<String> together = new ArrayList<>();
    incident.scenario.get("producers").forEach(one -> together.add(one.get("name").asText()));
    for (JsonNode group : incident.scenario.get("consumers")) {
      for (int i = 1; i <= group.get("members").asInt(); ++i) {
        String member = group.get("group").asText() + "-" + i;
        members.add(member);
        if (!touched.contains(member)) {
          together.add(member);
          continue;
        }
        cluster.start(member, member);
        clients.add(member);
      }
    }
    cluster.start("clients", together.toArray(new String[0]));
    clients.add("clients");
    Cluster.await("producers and members are ready", 120, this::allReady);
    // Behind the commits of the first assignment, and whatever the first requests load.
    zero = System.currentTimeMillis() + 3000 - Math.round(incident.loadFrom() * 1000);
    for (String process : clients) cluster.begin(process, zero);
  }

  private boolean allReady() throws IOException {
    Set<String> ready = new HashSet<>();
    for (String process : clients) {
      for (String line : Files.readAllLines(cluster.told(process))) {
        String[] words = line.split(" ");
        if (words[2].equals("ready") || words[2].equals("assigned") && !line.endsWith("[]"))
          ready.add(words[1]);
      }
    }
    int producers = incident.scenario.get("producers").size();
    return ready.size() == producers + members.size();
  }

  private double now() {
    return (System.currentTimeMillis() - zero) / 1000.0;
  }

  private void sleepUntil(double at) throws InterruptedException {
    double left = at - now();
    if (left > 0)
      Thread.sleep(Math.round(left * 1000));
  }

  private void act(Admin admin) throws Exception {
    List<Thread> later = new ArrayList<>();
    boolean first = true;
    for (JsonNode action : incident.actions()) {
      sleepUntil(Incident.at(action));
      if (first)
        outcome.begin = now();
      first = false;
      if (action.has("kill_process")) {
        end(action.get("kill_process").asText(), "KILL");
      } else if (action.has("stop_process")) {
        end(action.get("stop_process").asText(), "TERM");
      } else if (action.has("start_process")) {
        String name = action.get("start_process").asText();
        ended.remove(name);
        if (members.contains(name)) {
          cluster.start(name, name);
          cluster.begin(name, zero);
        } else {
          cluster.start(name);
          watch(name);
        }
      } else if (action.has("pause")) {
        String name = action.at("/pause/machine").asText();
        double until = now() + Incident.seconds(action.at("/pause/for").asText());
        cluster.signal(name, "STOP");
        Thread waker = new Thread(() -> wake(name, until));
        waker.start();
        later.add(waker);
      } else if (action.has("reassign")) {
        reassign(admin, action.get("reassign"));
      } else if (action.has("delete_topic")) {
        String topic = action.get("delete_topic").asText();
        done(topic, () -> admin.deleteTopics(List.of(topic)).all().get());
      } else {
        throw new IOException("not known here: " + action);
      }
    }
    for (Thread thread : later) thread.join();
    sleepUntil(incident.duration());
  }

  private void end(String name, String signal) throws Exception {
    ended.add(name);
    cluster.signal(name, signal);
  }

  private void wake(String name, double until) {
    try {
      sleepUntil(until);
      cluster.signal(name, "CONT");
    } catch (IOException | InterruptedException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /** Tells of a broker that ends though nobody asked it to. */
  private void watch(String name) {
    Process process = cluster.process(name);
    process.onExit().thenRun(() -> {
      if (ended.contains(name) || cluster.process(name) != process)
        return;
      synchronized (outcome) {
        outcome.add(now(), Event.Kind.EXITED, name, "");
      }
      startAgain(name);
    });
  }

  private void startAgain(String name) {
    try {
      Thread.sleep(RESTART_AFTER_MS);
      if (ended.contains(name))
        return;
      cluster.start(name);
      watch(name);
    } catch (IOException | InterruptedException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private void reassign(Admin admin, JsonNode asked) throws InterruptedException {
    Map<TopicPartition, Optional<NewPartitionReassignment>> moves = new HashMap<>();
    int number = 0;
    for (JsonNode of : asked.get("replicas")) {
      List<Integer> brokers = new ArrayList<>();
      of.forEach(one -> brokers.add(one.asInt()));
      TopicPartition partition = new TopicPartition(asked.get("topic").asText(), number++);
      if (!brokers.isEmpty())
        moves.put(partition, Optional.of(new NewPartitionReassignment(brokers)));
    }
    done(
        asked.get("topic").asText(), () -> admin.alterPartitionReassignments(moves).all().get());
  }

  private interface Operation { void run() throws InterruptedException, ExecutionException; }

  /** Notes what the operator is answered. */
  private void done(String topic, Operation operation) throws InterruptedException {
    String answer = "accepted";
    try {
      operation.run();
    } catch (ExecutionException failed) {
      answer = Errors.forException(failed.getCause()).name();
    }
    synchronized (outcome) {
      outcome.add(now(), Event.Kind.OPERATION, topic, answer);
    }
  }

  private void stopClient(String process) throws Exception {
    ended.add(process);
    if (!cluster.process(process).isAlive())
      return;
    cluster.signal(process, "TERM");
    if (!cluster.process(process).waitFor(60, TimeUnit.SECONDS)) {
      throw new IOException(process + " does not end");
    }
  }

  /** What is in the logs at the end against what producers were told. */
  private void countRecords(Admin admin) throws Exception {
    Map<String, Set<Long>> acknowledged = new TreeMap<>();
    Map<String, Set<Long>> aborted = new TreeMap<>();
    Map<String, String> topics = new HashMap<>();
    for (JsonNode one : incident.scenario.get("producers")) {
      String topic = one.get("topic").asText();
      topics.put(one.get("name").asText(), topic);
      acknowledged.put(topic, new HashSet<>());
      aborted.put(topic, new HashSet<>());
    }
    for (String process : clients) {
      for (String line : Files.readAllLines(cluster.told(process))) {
        String[] words = line.split(" ");
        String topic = topics.get(words[1]);
        if (topic == null)
          continue;
        if (words[2].equals("acknowledged"))
          acknowledged.get(topic).add(Long.parseLong(words[4]));
        if (!words[2].equals("aborted"))
          continue;
        for (long i = Long.parseLong(words[3]); i <= Long.parseLong(words[4]); ++i)
          aborted.get(topic).add(i);
      }
    }
    for (String topic : acknowledged.keySet()) {
      Set<Long> seen = new HashSet<>();
      long duplicates = 0;
      long reordered = 0;
      for (List<Long> log : logs(topic).values()) {
        long highest = -1;
        for (long number : log) {
          if (!seen.add(number))
            ++duplicates;
          else if (number < highest)
            ++reordered;
          highest = Math.max(highest, number);
        }
      }
      long visible = aborted.get(topic).stream().filter(seen::contains).count();
      acknowledged.get(topic).removeAll(aborted.get(topic));
      outcome.counts.put("acknowledged " + topic, (long) acknowledged.get(topic).size());
      acknowledged.get(topic).removeAll(seen);
      outcome.counts.put("lost " + topic, (long) acknowledged.get(topic).size());
      outcome.counts.put("duplicates " + topic, duplicates);
      outcome.counts.put("reordered " + topic, reordered);
      outcome.counts.put("aborted and read " + topic, visible);
    }
  }

  /** The numbers in each partition, as a reader of committed records has them. */
  private Map<TopicPartition, List<Long>> logs(String topic) {
    Map<TopicPartition, List<Long>> logs = new HashMap<>();
    Map<String, Object> config = Map.of(
        "bootstrap.servers",
        cluster.brokers(),
        "client.id",
        "reader",
        "isolation.level",
        "read_committed");
    try (
        KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all = new ArrayList<>();
      consumer.partitionsFor(topic).forEach(
          one -> all.add(new TopicPartition(topic, one.partition())));
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (all.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
        ConsumerRecords<byte[], byte[]> got = consumer.poll(Duration.ofMillis(200));
        for (ConsumerRecord<byte[], byte[]> one : got) {
          logs.computeIfAbsent(new TopicPartition(topic, one.partition()), key -> new ArrayList<>())
              .add(ByteBuffer.wrap(one.value()).getLong());
        }
        if (System.nanoTime() > deadline)
          throw new IllegalStateException(topic + " cannot be read to its end");
      }
    }
    return logs;
  }

  private void collect() throws IOException {
    List<Path> servers = List.of(
        cluster.dataOf("zookeeper-1"),
        cluster.dataOf("zookeeper-2"),
        cluster.dataOf("zookeeper-3"));
    ZooKeeperHistory history = new ZooKeeperHistory(zero, outcome);
    history.read(servers);
    Logs logs = new Logs(zero, outcome);
    for (int i = 1; i <= 3; ++i) {
      logs.broker("broker-" + i, cluster.log("broker-" + i));
      logs.server("zookeeper-" + i, cluster.log("zookeeper-" + i), history.owners);
    }
    Map<String, String> topics = new HashMap<>();
    for (JsonNode one : incident.scenario.get("producers")) {
      topics.put(one.get("name").asText(), one.get("topic").asText());
    }
    for (String process : clients) {
      logs.clients(cluster.log(process));
      for (String line : Files.readAllLines(cluster.told(process))) {
        String[] words = line.split(" ");
        double at = (Long.parseLong(words[0]) - zero) / 1000.0;
        switch (words[2]) {
          case "acknowledged" -> {
            String partition = topics.get(words[1]) + "-" + words[3];
            outcome.add(at, Event.Kind.ACKNOWLEDGED, partition, "");
          }
          case "failed" -> outcome.add(at, Event.Kind.SEND_FAILED, words[1], words[3]);
          case "read" -> outcome.add(at, Event.Kind.READ, words[3], words[1]);
          default -> {}
        }
      }
    }
    outcome.sort();
  }
}

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The same incident in brokerlab: its recording, told in the words that both sides share. */
final class Simulated {
  private static final String SILENT = "no heartbeat from ";

  private final Incident incident;
  private final Path recording;
  private final Outcome outcome = new Outcome();

  private Simulated(Incident incident, Path recording) {
    this.incident = incident;
    this.recording = recording;
  }

  /**
   * Everything is done later by so much than the file says, as the phases of a real cluster are.
   */
  static Outcome run(Incident incident, Path scratch, String brokerlab, int variant)
      throws Exception {
    double later = variant * 0.73;
    Path file = scratch.resolve(incident.name + "-" + variant + ".json");
    Path recording = scratch.resolve(incident.name + "-" + variant + ".run");
    incident.write(file, later, variant + 1);
    output(
        scratch,
        List.of(brokerlab, "run", file.toString(), "--json", "--record", recording.toString()));
    Simulated simulated = new Simulated(incident, recording);
    simulated.outcome.begin = incident.firstAction() + later;
    simulated.readEvents();
    simulated.readFacts();
    simulated.readReport();
    simulated.outcome.sort();
    return simulated.outcome;
  }

  private static String output(Path folder, List<String> command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.to(folder.resolve("brokerlab.txt").toFile()))
            .start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes());
    int status = process.waitFor();
    // 1 and 2: a verdict.
    if (status > 2)
      throw new IOException(String.join(" ", command) + ": exit status " + status);
    return text;
  }

  private JsonNode query(String sql) throws Exception {
    String text =
        output(recording.getParent(), List.of("sqlite3", "-json", recording.toString(), sql));
    return Incident.json.readTree(text.isBlank() ? "[]" : text);
  }

  private void readEvents() throws Exception {
    JsonNode events = query(
        "SELECT e.t / 1e9 AS at, k.name AS kind, m.name AS machine, e.detail AS detail,"
        + " p.topic || '-' || p.number AS partition FROM event e JOIN event_kind k ON k.id = e.kind"
        + " LEFT JOIN machine m ON m.id = e.machine"
        + " LEFT JOIN partition p ON p.id = e.partition ORDER BY e.id");
    for (JsonNode event : events) {
      double at = event.get("at").asDouble();
      String machine = event.get("machine").asText();
      String partition = event.get("partition").asText();
      JsonNode detail = Incident.json.readTree(event.get("detail").asText("{}"));
      Function<String, String> of = name -> detail.get(name).asText();
      switch (event.get("kind").asText()) {
        case "zk.session_expired" ->
            outcome.add(at, Event.Kind.SESSION_EXPIRED, of.apply("owner"), "");
        case "broker.registered" -> outcome.add(at, Event.Kind.REGISTERED, machine, "");
        case "broker.start_failed" -> outcome.add(at, Event.Kind.EXITED, machine, "");
        case "log.recovered" ->
            outcome.add(at, Event.Kind.RECOVERED, machine, of.apply("partitions"));
        case "broker.zookeeper_lost" -> outcome.add(at, Event.Kind.ZOOKEEPER_LOST, machine, "");
        case "zk.leader_elected" -> outcome.add(at, Event.Kind.ENSEMBLE_LED, machine, "");
        case "controller.elected" ->
            outcome.add(at, Event.Kind.CONTROLLER, machine, of.apply("epoch"));
        case "replica.truncated" -> outcome.add(at, Event.Kind.TRUNCATED, partition, machine);
        case "client.disconnected", "producer.request_failed", "consumer.stalled" ->
            outcome.add(at, Event.Kind.CUT_OFF, machine, "");
        case "client.error", "client.exception" ->
            outcome.add(at, Event.Kind.ERROR, of.apply("client"), "");
        case "group.rebalancing" -> {
          String why = of.apply("why");
          outcome.add(at, Event.Kind.REBALANCE, of.apply("group"), why);
          if (why.startsWith(SILENT)) {
            outcome.add(at, Event.Kind.REMOVED, why.substring(SILENT.length()), "");
          }
        }
        case "group.stable" ->
            outcome.add(
                at,
                Event.Kind.STABLE,
                of.apply("group"),
                of.apply("generation") + "(" + of.apply("members") + ")");
        case "operation.done" -> outcome.add(at, Event.Kind.OPERATION, "", "accepted");
        case "operation.refused" -> outcome.add(at, Event.Kind.OPERATION, "", of.apply("why"));
        default -> {}
      }
    }
  }

  /** What ZooKeeper's nodes of partitions held, and by the ends of logs when records went in. */
  private void readFacts() throws Exception {
    JsonNode partitions = query("SELECT id, topic || '-' || number AS name FROM partition");
    Map<String, String> names = new HashMap<>();
    partitions.forEach(one -> names.put(one.get("id").asText(), one.get("name").asText()));
    JsonNode facts =
        query(
            "SELECT t / 1e9 AS at, subject, attribute, value FROM fact WHERE attribute IN"
                + " ('leader', 'epoch', 'isr', 'replicas', 'hw', 'leo') ORDER BY id");
    Map<String, Map<String, String>> now = new HashMap<>();
    Map<String, Double> changed = new HashMap<>();
    for (JsonNode fact : facts) {
            double at = fact.get("at").asDouble();
            String[] subject = fact.get("subject").asText().split("/");
            String partition = names.get(subject[1]);
            String value = fact.get("value").asText();
            String attribute = fact.get("attribute").asText();
            for (String waiting : List.copyOf(changed.keySet())) {
              if (changed.get(waiting) < at)
                tellState(changed.remove(waiting), waiting, now.get(waiting));
            }
            switch (attribute) {
        case "replicas" -> {
          // None: its topic is deleted.
          if (!value.isEmpty())
            outcome.add(at, Event.Kind.REPLICAS, partition, value);
        }
        case "hw", "leo" -> {
          // With acks=all records count once they are committed.
          boolean counts = attribute.equals("hw") == isAcksAll(partition);
          if (!counts) continue;
          String before = now.computeIfAbsent(partition, key -> new HashMap<>())
                              .put(fact.get("subject").asText(), value);
          if (before != null && Long.parseLong(value) > Long.parseLong(before)) {
            outcome.add(at, Event.Kind.ACKNOWLEDGED, partition, "");
          }
        }
        default -> {
          now.computeIfAbsent(partition, key -> new HashMap<>()).put(attribute, value);
          changed.put(partition, at);
        }
      }
    }
    changed.forEach((partition, at) -> tellState(at, partition, now.get(partition)));
            }

            private boolean isAcksAll(String partition) {
              for (JsonNode producer : incident.scenario.get("producers")) {
            if (partition.startsWith(producer.get("topic").asText() + "-")) {
              return producer.at("/config/acks").asText().equals("all");
            }
          }
          return true;
            }

            private void tellState(double at, String partition, Map<String, String> now) {
              List<Integer> isr = new ArrayList<>();
              for (String one : now.getOrDefault("isr", "").split(",")) {
                if (!one.isBlank())
                  isr.add(Integer.parseInt(one));
              }
              String leader = now.getOrDefault("leader", "");
              int number = leader.matches("\\d+") ? Integer.parseInt(leader) : -1;
              int epoch = Integer.parseInt(now.getOrDefault("epoch", "0"));
              // Nobody leads while its leader is dead; ZooKeeper hears of that with the next epoch
              // only.
              if (number < 0 && now.getOrDefault("told", "").contains("@" + epoch + "["))
                return;
              String text = Outcome.state(number, epoch, isr);
              if (!text.equals(now.put("told", text)))
                outcome.add(at, Event.Kind.STATE, partition, text);
            }

            private void readReport() throws Exception {
              JsonNode report =
                  Incident.json.readTree(query("SELECT value FROM meta WHERE key = 'summary_json'")
                                             .at("/0/value")
                                             .asText());
              for (JsonNode error : report.get("client_errors")) {
                // Who was not connected sent nothing that a node could have answered.
                if (error.get("how").asText().equals("not_connected"))
                  continue;
                String what = error.get("api").asText() + " " + error.get("name").asText();
                if (error.get("last_s").asDouble() >= outcome.begin) {
                  double at = Math.max(outcome.begin, error.get("first_s").asDouble());
                  outcome.add(at, Event.Kind.ERROR, "", what);
                }
              }
              for (JsonNode failed : report.at("/records/failed_by")) {
                outcome.add(
                    outcome.begin, Event.Kind.SEND_FAILED, "", failed.get("error").asText());
              }
              for (JsonNode producer : incident.scenario.get("producers")) {
                String topic = producer.get("topic").asText();
                for (String what : List.of("lost ", "duplicates ", "reordered "))
                  outcome.counts.put(what + topic, 0L);
              }
              for (JsonNode lost : report.get("lost")) {
                String partition = lost.get("partition").asText();
                outcome.counts.merge(
                    "lost " + topicOf(partition), lost.get("count").asLong(), Long::sum);
              }
              for (JsonNode partition : report.get("partitions")) {
                String topic = topicOf(partition.get("name").asText());
                if (!outcome.counts.containsKey("lost " + topic))
                  continue;
                for (String what : List.of("duplicates", "reordered")) {
                  outcome.counts.merge(what + " " + topic, partition.get(what).asLong(), Long::sum);
                }
              }
            }

            static String topicOf(String partition) {
              return partition.substring(0, partition.lastIndexOf('-'));
            }
          }

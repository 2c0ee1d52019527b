import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.storage.internals.log.ProducerStateEntry;
import org.apache.kafka.storage.internals.log.ProducerStateManager;

/** A real broker's partition directories as our engine opens, reads and recovers them. */
final class CheckTheirs {
  private final Map<String, TreeMap<Long, JsonNode>> manifests;
  private final Map<String, List<JsonNode>> lookUps = new TreeMap<>();
  private final Path scratch;
  private final Set<String> supported = new HashSet<>();

  CheckTheirs(Map<String, TreeMap<Long, JsonNode>> manifests, Path scratch) throws Exception {
    this.manifests = manifests;
    this.scratch = scratch;
    for (JsonNode name : Comparison.tool("codecs").get(0)) supported.add(name.asText());
  }

  /** With the broker running: its answers, for checkClean(). */
  void lookUp(Topics topics) throws Exception {
    for (String topic : manifests.keySet()) {
      List<Long> times = Topics.timesAround(manifests.get(topic).values());
      lookUps.put(topic, topics.lookUp(topic, times));
    }
  }

  /** A log directory of ours to try things on. */
  private Path copyOf(Path dir) throws Exception {
    Path copy = scratch.resolve("copy");
    Comparison.remove(copy);
    Comparison.copy(dir, copy);
    return copy;
  }

  static long checkpoint(Path logDir, String file, String topic) throws Exception {
    Path path = logDir.resolve(file);
    if (!Files.exists(path)) return 0;
    JsonNode offset = Comparison.tool("checkpoint", path.toString()).get(0).get(topic + "-0");
    return offset == null ? 0 : offset.asLong();
  }

  /** After a clean stop: everything is there, and recovery rebuilds the indexes Kafka had. */
  void checkClean(Path logDir) throws Exception {
    for (String topic : manifests.keySet()) {
      Comparison.attempt(topic, () -> checkClean(logDir, topic));
    }
  }

  private void checkClean(Path logDir, String topic) throws Exception {
    int before = Comparison.failures;
    Path dir = logDir.resolve(topic + "-0");
    long start = checkpoint(logDir, "log-start-offset-checkpoint", topic);
    JsonNode summary = compareReading(topic, dir, "clean", start, manifests.get(topic));
    long end = summary.get("log_end").asLong();
    for (String name : List.of("recovery-point", "replication")) {
      long stored = checkpoint(logDir, name + "-offset-checkpoint", topic);
      if (stored != end) Comparison.fail(topic, name + " offset " + stored + ", log end " + end);
    }
    Path copy = copyOf(dir);
    String codec = topic.substring(topic.lastIndexOf('_') + 1);
    int times = 0;
    if (!Workload.codecs.contains(codec) || supported.contains(codec)) {
      List<Long> asked = Topics.timesAround(manifests.get(topic).values());
      times = Comparison.lookUps(topic, copy, start, asked, lookUps.get(topic));
    }
    Comparison.tool("read", copy.toString(), "0", Long.toString(start));
    String indexes = compareIndexes(topic, dir, copy);
    if (Comparison.failures == before) {
      report(topic, "stopped cleanly", summary, times + " times looked up alike; " + indexes);
    }
  }

  private void report(String topic, String what, JsonNode summary, String indexes) {
    Comparison.note(
        topic,
        what + ", offsets " + summary.get("log_start") + " to " + summary.get("log_end") + " in "
            + summary.get("segments") + " segments, epochs " + summary.get("epochs") + "; "
            + indexes);
  }

  /** Our reading against Kafka's classes, and against the manifest. Returns our summary. */
  private JsonNode compareReading(
      String topic, Path dir, String recoveryPoint, long start, TreeMap<Long, JsonNode> manifest)
      throws Exception {
    Path copy = copyOf(dir);
    List<JsonNode> ours =
        Comparison.tool("read", copy.toString(), recoveryPoint, Long.toString(start));
    JsonNode summary = ours.remove(ours.size() - 1).get("summary");
    List<JsonNode> kafka = new ArrayList<>();
    List<JsonNode> expected = new ArrayList<>(manifest.values());
    boolean inRange = false;
    boolean known = true;
    int skipped = 0;
    for (JsonNode line : KafkaFiles.read(recoveryPoint.equals("clean") ? dir : copy)) {
      if (line.has("batch")) {
        JsonNode batch = line.get("batch");
        inRange = batch.get("last_offset").asLong() >= start;
        known = supported.contains(batch.get("codec").asText());
      } else if (!known) {
        expected.removeIf(record -> record.get("offset").equals(line.get("offset")));
        ++skipped;
        continue;
      }
      if (inRange) kafka.add(line);
    }
    Comparison.same(topic + ", as Kafka's record classes read it", kafka, ours);
    List<JsonNode> found =
        Comparison.records(ours).stream()
            .filter(line -> line.get("offset").asLong() >= start)
            .toList();
    Comparison.same(topic + ", as produced", expected, found);
    // Both drop epochs that begin at the log's end when they open it.
    ArrayNode epochs = Comparison.json.createArrayNode();
    for (JsonNode entry : KafkaFiles.epochs(dir)) {
      if (entry.get(1).asLong() < summary.get("log_end").asLong()) epochs.add(entry);
    }
    if (!summary.get("epochs").equals(epochs)) {
      Comparison.fail(topic, "epochs " + summary.get("epochs") + ", Kafka's " + epochs);
    }
    if (skipped > 0) {
      Comparison.note(topic, skipped + " records left out: our build has no such codec");
    }
    Comparison.files += Comparison.filesIn(dir, ".log").size() + 1;
    Comparison.batches += Comparison.batches(ours).size();
    Comparison.records += found.size();
    return summary;
  }

  /** Which of the index files are the same, byte by byte. */
  private String compareIndexes(String topic, Path kafka, Path ours) throws Exception {
    int same = 0;
    List<String> different = new ArrayList<>();
    for (String suffix : List.of(".index", ".timeindex", ".txnindex")) {
      for (Path file : Comparison.filesIn(kafka, suffix)) {
        byte[] theirs = Files.readAllBytes(file);
        Path own = ours.resolve(file.getFileName());
        // Kafka may leave an empty transaction index, we never do.
        byte[] found = theirs.length > 0 || Files.exists(own) ? Files.readAllBytes(own) : theirs;
        ++Comparison.files;
        ++Comparison.indexes;
        if (Arrays.equals(theirs, found)) {
          ++same;
        } else {
          different.add(
              file.getFileName() + " (" + theirs.length + " bytes, ours " + found.length + ")");
        }
      }
    }
    for (Path file : Comparison.filesIn(ours, ".txnindex")) {
      if (!Files.exists(kafka.resolve(file.getFileName()))) {
        different.add(file.getFileName() + " (not in Kafka's)");
      }
    }
    if (different.isEmpty()) return same + " indexes rebuilt to the same bytes";
    String text =
        same + " indexes rebuilt to the same bytes, others not: " + String.join(", ", different);
    Comparison.fail(topic, text);
    return text;
  }

  /**
   * Producer snapshots of the same offset, as Kafka's own class reads them. Whom nobody heard of for
   * producer.id.expiration.ms, a loader may have forgotten or not: the records of this workload
   * are years old, so only those are compared that both know.
   */
  private String compareProducers(String topic, Path kafka, Path ours) throws Exception {
    int same = 0;
    for (Path file : Comparison.filesIn(ours, ".snapshot")) {
      Path theirs = kafka.resolve(file.getFileName());
      if (!Files.exists(theirs)) continue;
      ++Comparison.files;
      Map<Long, String> found = producers(file);
      Map<Long, String> expected = producers(theirs);
      boolean empty = found.isEmpty() && expected.isEmpty();
      found.keySet().retainAll(expected.keySet());
      expected.keySet().retainAll(found.keySet());
      if (found.equals(expected) && (empty || !found.isEmpty())) {
        same += found.size();
      } else {
        Comparison.fail(
            topic, file.getFileName() + "\n  expected " + expected + "\n  found    " + found);
      }
    }
    return same == 0 ? "" : ", " + same + " producers in snapshots alike";
  }

  private static Map<Long, String> producers(Path snapshot) throws Exception {
    Map<Long, String> all = new TreeMap<>();
    for (ProducerStateEntry entry : ProducerStateManager.readSnapshot(snapshot.toFile())) {
      all.put(entry.producerId(), entry.toString());
    }
    return all;
  }

  /**
   * After a kill: our recovery of the directory as it was left against Kafka's own of the same,
   * file by file.
   */
  void checkKilled(Path killed, Path recovered) throws Exception {
    for (String topic : manifests.keySet()) {
      Comparison.attempt(topic, () -> checkKilled(killed, recovered, topic));
    }
  }

  private void checkKilled(Path killed, Path recovered, String topic) throws Exception {
    int before = Comparison.failures;
    Path dir = killed.resolve(topic + "-0");
    Path byKafka = recovered.resolve(topic + "-0");
    long start = checkpoint(killed, "log-start-offset-checkpoint", topic);
    long point = checkpoint(killed, "recovery-point-offset-checkpoint", topic);
    TreeMap<Long, JsonNode> manifest = new TreeMap<>(manifests.get(topic));
    List<JsonNode> kept = Comparison.batches(KafkaFiles.read(byKafka));
    long end = kept.get(kept.size() - 1).get("batch").get("last_offset").asLong() + 1;
    int lost = manifest.tailMap(end).size();
    manifest.tailMap(end).clear();
    if ((lost > 0) != topic.endsWith("_unclean")) Comparison.fail(topic, lost + " records lost");
    JsonNode summary = compareReading(topic, dir, Long.toString(point), start, manifest);
    Path ours = scratch.resolve("copy");
    for (Path file : Comparison.filesIn(byKafka, ".log")) {
      ++Comparison.files;
      Path found = ours.resolve(file.getFileName());
      if (!Files.exists(found) || Files.mismatch(file, found) >= 0) {
        Comparison.fail(topic, file.getFileName() + " is not as Kafka recovers it");
      }
    }
    String indexes = compareIndexes(topic, byKafka, ours) + compareProducers(topic, byKafka, ours);
    if (Comparison.failures == before) {
      report(topic, "killed, " + lost + " records torn, recovered from " + point, summary, indexes);
    }
  }

  /** Puts a small partition and its manifest aside, for tests/log/kafka_files. */
  void keep(Path logDir, String topic, Path target, boolean clean) throws Exception {
    Comparison.remove(target);
    Files.createDirectories(target.getParent());
    Comparison.copy(logDir.resolve(topic + "-0"), target);
    long point = checkpoint(logDir, "recovery-point-offset-checkpoint", topic);
    long start = checkpoint(logDir, "log-start-offset-checkpoint", topic);
    ObjectNode about = Comparison.json.createObjectNode();
    about.put("clean", clean);
    about.put("recovery_point", point);
    about.put("log_start", start);
    Path copy = copyOf(target);
    if (!clean) Comparison.tool("read", copy.toString(), "0");  // What recovery leaves.
    List<JsonNode> batches = Comparison.batches(KafkaFiles.read(copy));
    long end = batches.get(batches.size() - 1).get("batch").get("last_offset").asLong() + 1;
    about.put("log_end", end);
    about.set("epochs", KafkaFiles.epochs(target));
    try (PrintWriter out = new PrintWriter(target.resolve("manifest.json").toFile(), "UTF-8")) {
      String head = about.toString();
      out.print(head.substring(0, head.length() - 1) + ",\n\"batches\": [");
      print(out, batches.stream().map(line -> line.get("batch")).toList());
      out.print("],\n\"records\": [");
      print(out, List.copyOf(manifests.get(topic).headMap(end).values()));
      out.print("]}\n");
    }
  }

  /** The files of the log directory itself. */
  void keepLogDirectory(Path logDir, Path target) throws Exception {
    Comparison.remove(target);
    Files.createDirectories(target);
    for (String suffix : List.of("-checkpoint", ".properties", ".kafka_cleanshutdown")) {
      for (Path file : Comparison.filesIn(logDir, suffix)) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
  }

  private static void print(PrintWriter out, List<JsonNode> lines) {
    for (int i = 0; i < lines.size(); ++i) out.print((i == 0 ? "\n" : ",\n") + lines.get(i));
  }
}

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Our partition directories in a real broker's log directory: its recovery reads them, since there
 * is no mark of a clean shutdown, and a consumer gets what was written.
 */
final class OursInBroker {
  private OursInBroker() {}

  static List<String> topics(Path ours) throws Exception {
    List<String> names = new ArrayList<>();
    for (Path file : Comparison.filesIn(ours.resolve("manifests"), ".jsonl")) {
      names.add(file.getFileName().toString().replace(".jsonl", ""));
    }
    return names;
  }

  /** Before the broker starts. */
  static void place(Path ours, Broker broker) throws Exception {
    for (String topic : topics(ours)) {
      Comparison.copy(ours.resolve(topic + "-0"), broker.logDir.resolve(topic + "-0"));
    }
  }

  static void check(Path ours, Topics topics) throws Exception {
    for (String topic : topics(ours)) {
      Comparison.attempt(topic, () -> check(ours, topics, topic));
    }
  }

  private static void check(Path ours, Topics topics, String topic) throws Exception {
    int before = Comparison.failures;
    topics.create(topic);
    List<JsonNode> written =
        Comparison.readLines(ours.resolve("manifests").resolve(topic + ".jsonl"));
    List<JsonNode> data = written.stream().filter(line -> line.has("value")).toList();
    List<JsonNode> consumed = topics.consume(topic, "read_uncommitted");
    Comparison.same(topic + ", consumed", data, consumed);
    int committed = topics.consume(topic, "read_committed").size();
    int expected = committed(written);
    if (committed != expected) {
      Comparison.fail(topic, committed + " committed records, " + expected + " expected");
    }
    // After a truncation the count of bytes since the last entry begins anew, in Kafka too; a
    // rebuilding knows nothing of that.
    boolean regular = !topic.equals("ours_truncated");
    int indexes =
        regular ? checkIndexes(topic, ours.resolve(topic + "-0"), topics.dir(topic)) : 0;
    indexes += checkAborted(topic, ours.resolve(topic + "-0"), topics.dir(topic));
    List<Long> times = Topics.timesAround(data);
    int lookUps =
        Comparison.lookUps(
            topic, ours.resolve(topic + "-0"), 0, times, topics.lookUp(topic, times));
    Comparison.records += consumed.size();
    Comparison.indexes += indexes;
    if (Comparison.failures == before) {
      Comparison.note(
          topic,
          "a broker recovered it, a consumer got " + consumed.size() + " records, " + committed
              + " of them committed; " + lookUps + " times looked up alike; " + indexes
              + " indexes as Kafka rebuilt them");
    }
  }

  /** Records not aborted, in a log of one producer: a marker decides on all since the last one. */
  private static int committed(List<JsonNode> written) {
    int committed = 0;
    int open = 0;
    for (JsonNode line : written) {
      if (!line.has("marker")) {
        ++open;
        continue;
      }
      if (line.get("marker").asText().equals("commit")) committed += open;
      open = 0;
    }
    return committed + open;
  }

  /** What Kafka found to be aborted; an empty file is none. */
  private static int checkAborted(String topic, Path ours, Path kafka) throws Exception {
    int compared = 0;
    for (Path file : Comparison.filesIn(kafka, ".txnindex")) {
      Path own = ours.resolve(file.getFileName());
      byte[] found = Files.exists(own) ? Files.readAllBytes(own) : new byte[0];
      if (!Arrays.equals(Files.readAllBytes(file), found)) {
        Comparison.fail(topic, file.getFileName() + " is not as Kafka rebuilds it");
      }
      ++compared;
    }
    return compared;
  }

  /** Kafka rebuilt all indexes; those of the active segment are preallocated and left out. */
  private static int checkIndexes(String topic, Path ours, Path kafka) throws Exception {
    int compared = 0;
    for (String suffix : List.of(".index", ".timeindex")) {
      List<Path> files = Comparison.filesIn(ours, suffix);
      for (Path file : files.subList(0, files.size() - 1)) {
        byte[] found = Files.readAllBytes(kafka.resolve(file.getFileName()));
        if (!Arrays.equals(Files.readAllBytes(file), found)) {
          Comparison.fail(topic, file.getFileName() + " is not as Kafka rebuilds it");
        }
        ++compared;
      }
    }
    return compared;
  }
}

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Our files under the eyes of Kafka: its DumpLogSegments, its record classes, its checkpoints. */
final class CheckOurs {
  /** Scala's Console keeps the System.out it saw first: that must be one that can be switched. */
  private static final class Switch extends PrintStream {
    PrintStream target;

    Switch(PrintStream target) {
      super(target, true);
      this.target = target;
    }

    @Override
    public void write(byte[] bytes, int from, int size) {
      target.write(bytes, from, size);
    }

    @Override
    public void write(int one) {
      target.write(one);
    }

    @Override
    public void flush() {
      target.flush();
    }
  }

  private static final PrintStream screen = System.out;
  private static final Switch out = new Switch(screen);

  private static final Pattern batchForm =
      Pattern.compile(
          "baseOffset: (-?\\d+) lastOffset: (-?\\d+) count: (\\d+) baseSequence: (-?\\d+) .*"
              + "partitionLeaderEpoch: (-?\\d+) isTransactional: (true|false) "
              + "isControl: (true|false).* size: (\\d+) magic: 2 compresscodec: (\\w+) "
              + "crc: (\\d+) isvalid: (true|false)");
  private static final Pattern recordForm =
      Pattern.compile(
          "\\| offset: (\\d+) (?:CreateTime|LogAppendTime): (-?\\d+) keySize: (-?\\d+) "
              + "valueSize: (-?\\d+) sequence: (-?\\d+) headerKeys: \\[(.*?)\\]"
              + "(?: key: (.*?))?(?: payload: (.*))?");
  private static final Pattern markerForm =
      Pattern.compile("\\| offset: (\\d+) .* endTxnMarker: (\\w+) coordinatorEpoch: (\\d+)");
  private static final Pattern trouble =
      Pattern.compile(
          "(?i)mismatch|non-consecutive|invalid bytes|out of order|isvalid: false|exception|error");

  private CheckOurs() {}

  static void run(Path root) throws Exception {
    for (Path manifest : Comparison.filesIn(root.resolve("manifests"), ".jsonl")) {
      String topic = manifest.getFileName().toString().replace(".jsonl", "");
      Comparison.attempt(
          topic, () -> check(topic, root.resolve(topic + "-0"), Comparison.readLines(manifest)));
    }
  }

  private static void check(String topic, Path dir, List<JsonNode> written) throws Exception {
    int before = Comparison.failures;
    List<JsonNode> kafka = KafkaFiles.read(dir);
    Comparison.same(topic + ", Kafka's record classes", written, Comparison.records(kafka));
    List<JsonNode> lines = Comparison.tool("read", dir.toString(), "clean");
    JsonNode summary = lines.remove(lines.size() - 1).get("summary");
    Comparison.same(topic + ", our own reading", kafka, lines);
    if (!KafkaFiles.epochs(dir).equals(summary.get("epochs"))) {
      Comparison.fail(topic, "epochs " + KafkaFiles.epochs(dir) + " and " + summary.get("epochs"));
    }
    List<Path> logs = Comparison.filesIn(dir, ".log");
    int dumped = compareDump(topic, dump(logs, "--deep-iteration", "--print-data-log"), kafka);
    List<Path> indexes = new ArrayList<>(Comparison.filesIn(dir, ".index"));
    indexes.addAll(Comparison.filesIn(dir, ".timeindex"));
    String sanity = dump(indexes, "--index-sanity-check");
    int sane = sanity.split("passed sanity check|\\.index is empty", -1).length - 1;
    if (sane != indexes.size()) {
      Comparison.fail(topic, sane + " of " + indexes.size() + " indexes sane:\n" + sanity);
    }
    for (String text : List.of(sanity, dump(indexes, "--verify-index-only"))) complain(topic, text);
    Comparison.files += logs.size() + indexes.size() + 1;
    Comparison.indexes += indexes.size();
    if (Comparison.failures == before) {
      Comparison.note(
          topic,
          "DumpLogSegments read " + logs.size() + " segments, " + dumped + " batches, "
              + written.size() + " records as written; " + indexes.size() + " indexes sane");
    }
  }

  private static String dump(List<Path> files, String... options) {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.add("--files");
    arguments.add(files.stream().map(Path::toString).collect(Collectors.joining(",")));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream errors = System.err;
    out.target = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    System.setOut(out);
    System.setErr(out);
    try {
      kafka.tools.DumpLogSegments.main(arguments.toArray(new String[0]));
    } catch (Throwable thrown) {
      out.println("exception " + thrown);
    } finally {
      out.flush();
      out.target = screen;
      System.setOut(screen);
      System.setErr(errors);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static void complain(String topic, String text) {
    for (String line : text.split("\n")) {
      if (line.startsWith("| offset")) continue;  // A record, which may say anything.
      if (trouble.matcher(line).find()) Comparison.fail(topic, line);
    }
  }

  /** The dump's lines against what Kafka's classes read, which was compared with the manifest. */
  private static int compareDump(String topic, String text, List<JsonNode> expected) {
    complain(topic, text);
    int at = 0;
    int batches = 0;
    for (String line : text.split("\n")) {
      if (line.startsWith("Dumping ") || line.startsWith("Log starting offset")) continue;
      JsonNode wanted = at < expected.size() ? expected.get(at) : null;
      ++at;
      boolean good = wanted != null && (wanted.has("batch")
          ? sameBatch(line, wanted.get("batch"))
          : wanted.has("marker") ? sameMarker(line, wanted) : sameRecord(line, wanted));
      if (!good) {
        Comparison.fail(topic, "the dump says\n  " + line + "\n  instead of " + wanted);
        return batches;
      }
      if (wanted.has("batch")) {
        ++batches;
        ++Comparison.batches;
      } else {
        ++Comparison.records;
      }
    }
    if (at != expected.size()) Comparison.fail(topic, "the dump ends after " + at + " lines");
    return batches;
  }

  private static boolean sameBatch(String line, JsonNode batch) {
    Matcher match = batchForm.matcher(line);
    return match.matches()
        && match.group(1).equals(batch.get("base_offset").asText())
        && match.group(2).equals(batch.get("last_offset").asText())
        && match.group(3).equals(batch.get("records").asText())
        && match.group(4).equals(batch.get("base_sequence").asText())
        && match.group(5).equals(batch.get("leader_epoch").asText())
        && match.group(6).equals(batch.get("transactional").asText())
        && match.group(7).equals(batch.get("control").asText())
        && match.group(8).equals(batch.get("size").asText())
        && match.group(9).equals(batch.get("codec").asText())
        && match.group(10).equals(batch.get("crc").asText())
        && match.group(11).equals("true");
  }

  private static boolean sameMarker(String line, JsonNode marker) {
    Matcher match = markerForm.matcher(line);
    return match.matches()
        && match.group(1).equals(marker.get("offset").asText())
        && match.group(2).equalsIgnoreCase(marker.get("marker").asText());
  }

  private static boolean sameRecord(String line, JsonNode record) {
    Matcher match = recordForm.matcher(line);
    if (!match.matches()) return false;
    List<String> headers = new ArrayList<>();
    for (JsonNode header : record.get("headers")) headers.add(header.get(0).asText());
    return match.group(1).equals(record.get("offset").asText())
        && match.group(2).equals(record.get("timestamp").asText())
        && match.group(3).equals(size(record.get("key")))
        && match.group(4).equals(size(record.get("value")))
        && match.group(6).equals(String.join(",", headers))
        && sameText(match.group(7), record.get("key"))
        && sameText(match.group(8), record.get("value"));
  }

  private static String size(JsonNode text) {
    return text.isNull()
        ? "-1"
        : String.valueOf(text.asText().getBytes(StandardCharsets.UTF_8).length);
  }

  private static boolean sameText(String found, JsonNode expected) {
    return expected.isNull() ? found == null : expected.asText().equals(found);
  }
}

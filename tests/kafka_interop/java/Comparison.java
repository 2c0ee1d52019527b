import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** What was compared, what differed, and the small things that all comparisons need. */
final class Comparison {
  static final ObjectMapper json = new ObjectMapper();

  static int files;
  static int batches;
  static int records;
  static int indexes;
  static int lookUps;
  static int failures;

  interface Check {
    void run() throws Exception;
  }

  private Comparison() {}

  static void fail(String where, String what) {
    ++failures;
    System.out.println("FAILED  " + where + ": " + what);
  }

  static void note(String where, String what) {
    System.out.println("ok      " + where + ": " + what);
  }

  /** One topic's check; that it cannot be done is a failure too, and the next one goes on. */
  static void attempt(String where, Check check) {
    try {
      check.run();
    } catch (Exception thrown) {
      fail(where, thrown.toString());
    }
  }

  /** Two lists of JSON lines that should be the same; says where they part. */
  static boolean same(String where, List<JsonNode> expected, List<JsonNode> found) {
    int common = Math.min(expected.size(), found.size());
    for (int i = 0; i < common; ++i) {
      if (!expected.get(i).equals(found.get(i))) {
        fail(
            where,
            "line " + i + "\n  expected " + expected.get(i) + "\n  found    " + found.get(i));
        return false;
      }
    }
    if (expected.size() != found.size()) {
      fail(where, expected.size() + " lines expected, " + found.size() + " found");
      return false;
    }
    return true;
  }

  static List<JsonNode> records(List<JsonNode> lines) {
    return lines.stream().filter(line -> line.has("offset")).toList();
  }

  static List<JsonNode> batches(List<JsonNode> lines) {
    return lines.stream().filter(line -> line.has("batch")).toList();
  }

  static List<JsonNode> readLines(Path file) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(file)) lines.add(json.readTree(line));
    return lines;
  }

  /** Runs our tool; its lines, or an exception with what it had to say. */
  static List<JsonNode> tool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(System.getProperty("log_tool")));
    command.addAll(Arrays.asList(arguments));
    File errors = File.createTempFile("tool", ".err", new File(System.getProperty("scratch")));
    Process process = new ProcessBuilder(command).redirectError(errors).start();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : new String(process.getInputStream().readAllBytes(), "UTF-8").split("\n")) {
      if (!line.isEmpty()) lines.add(json.readTree(line));
    }
    if (process.waitFor() != 0) throw new IOException(Files.readString(errors.toPath()).strip());
    return lines;
  }

  /** Our time index against a broker's answers. Returns the number of lookups. */
  static int lookUps(String topic, Path dir, long start, List<Long> times, List<JsonNode> kafka)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("lookup", dir.toString(), "" + start));
    for (long time : times) arguments.add(Long.toString(time));
    same(topic + ", looked up by time", kafka, tool(arguments.toArray(new String[0])));
    lookUps += times.size();
    return times.size();
  }

  static List<Path> filesIn(Path dir, String suffix) throws IOException {
    try (Stream<Path> names = Files.list(dir)) {
      return names.filter(name -> name.toString().endsWith(suffix)).sorted().toList();
    }
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : (Iterable<Path>) all::iterator) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target);
        }
      }
    }
  }

  static void remove(Path dir) throws IOException {
    if (!Files.exists(dir)) return;
    try (Stream<Path> all = Files.walk(dir)) {
      for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(path);
      }
    }
  }

  static boolean report() {
    System.out.printf(
        "kafka_interop: %d files, %d batches, %d records, %d index files and %d look-ups by time "
            + "compared, %d failures%n",
        files, batches, records, indexes, lookUps, failures);
    return failures == 0;
  }
}

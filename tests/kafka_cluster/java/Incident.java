import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A scenario file, as far as both sides have to know it. */
final class Incident {
  static final ObjectMapper json = new ObjectMapper();

  final String name;
  final JsonNode scenario;

  Incident(Path file) throws IOException {
    scenario = json.readTree(file.toFile());
    name = scenario.get("name").asText();
  }

  String title() {
    return scenario.at("/title/en").asText();
  }

  double duration() {
    return seconds(scenario.get("duration").asText());
  }

  /** When records begin to come, and when they end. */
  double loadFrom() {
    return seconds(scenario.at("/sources/0/rate/0/from").asText());
  }

  double loadUntil() {
    return seconds(scenario.at("/sources/0/until").asText());
  }

  /** Faults and operations, in the order of their times. */
  List<JsonNode> actions() {
    List<JsonNode> all = new ArrayList<>();
    scenario.path("faults").forEach(all::add);
    scenario.path("operations").forEach(all::add);
    all.sort((a, b) -> Double.compare(at(a), at(b)));
    return all;
  }

  double firstAction() {
    return at(actions().get(0));
  }

  static double at(JsonNode action) {
    return seconds(action.get("at").asText());
  }

  int broker(String setting, int otherwise) {
    return scenario.at("/brokers/config").path(setting).asInt(otherwise);
  }

  int ensemble(String setting, int otherwise) {
    return scenario.at("/zookeeper/config").path(setting).asInt(otherwise);
  }

  /** A map of properties, every value a text, as Kafka takes them. */
  static Map<String, Object> properties(JsonNode config) {
    Map<String, Object> all = new LinkedHashMap<>();
    config.fields().forEachRemaining(field -> all.put(field.getKey(), field.getValue().asText()));
    return all;
  }

  /** The same with everything that is done later by so much, and another seed. */
  void write(Path file, double later, int seed) throws IOException {
    ObjectNode changed = scenario.deepCopy();
    changed.remove("$schema");
    changed.put("seed", seed);
    for (String list : List.of("faults", "operations")) {
      for (JsonNode action : changed.path(list)) {
        ((ObjectNode) action).put("at", Math.round((at(action) + later) * 1000) + "ms");
      }
    }
    Files.write(file, json.writeValueAsBytes(changed));
  }

  static double seconds(String text) {
    if (text.endsWith("ms"))
      return Double.parseDouble(text.substring(0, text.length() - 2)) / 1000;
    if (text.endsWith("min"))
      return Double.parseDouble(text.substring(0, text.length() - 3)) * 60;
    return Double.parseDouble(text.substring(0, text.length() - 1));
  }

  /** "100/s" */
  static double rate(String text) {
    return Double.parseDouble(text.substring(0, text.length() - 2));
  }
}

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.zookeeper.common.ClientX509Util;
import org.apache.zookeeper.common.QuorumX509Util;
import org.apache.zookeeper.common.X509Util;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;

/** Every setting of Kafka's and ZooKeeper's, as their own classes declare it (settings.sh). */
public final class KafkaSettings {
  private static final PrintStream out = System.out;

  public static void main(String[] args) throws Exception {
    out.println("// Every setting of Apache Kafka 3.9.1 and of the ZooKeeper in its jars: component, name, type,");
    out.println("// default; for a topic's also the broker's setting that stands in for it. \"-\": none (a setting");
    out.println("// that must be given, or one without a declaration to read it from). Made and checked by");
    out.println("// tests/kafka_interop/settings.sh; edit that.");
    print("broker", AbstractKafkaConfig.CONFIG_DEF, Map.of());
    print("topic", LogConfig.configDefCopy(), ServerTopicConfigSynonyms.TOPIC_CONFIG_SYNONYMS);
    print("producer", ProducerConfig.configDef(), Map.of());
    print("consumer", ConsumerConfig.configDef(), Map.of());
    print("admin", AdminClientConfig.configDef(), Map.of());
    print("streams", (ConfigDef) Class.forName("org.apache.kafka.streams.StreamsConfig")
        .getMethod("configDef").invoke(null), Map.of());
    for (String name : zookeeper()) line("zookeeper", name, "-", "-", "");
  }

  private static void print(String component, ConfigDef definition, Map<String, String> synonyms) {
    for (ConfigDef.ConfigKey key : new TreeMap<>(definition.configKeys()).values()) {
      line(component, key.name, key.type.name().toLowerCase(), text(key),
          synonyms.getOrDefault(key.name, ""));
    }
  }

  private static String text(ConfigDef.ConfigKey key) {
    Object value = key.defaultValue;
    if (value == ConfigDef.NO_DEFAULT_VALUE) return "-";
    if (value instanceof Class<?> type) return type.getName();
    if (value instanceof List<?> list) {
      return String.join(",", list.stream().map(one -> one instanceof Class<?> c ? c.getName()
          : String.valueOf(one)).toList());
    }
    // What the machine decides, not Kafka.
    if (key.name.endsWith("state.dir")) return "-";
    return String.valueOf(value);
  }

  private static void line(String component, String name, String type, String value, String broker) {
    out.printf("{Component::%s, \"%s\", \"%s\", \"%s\", \"%s\"},%n", component, name, type,
        value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"), broker);
  }

  /**
   * zoo.cfg has no declarations: what QuorumPeerConfig compares a key with, and every system property
   * "zookeeper.*" that a class of the jar names, for a key that it does not know becomes one.
   */
  private static TreeSet<String> zookeeper() throws Exception {
    TreeSet<String> names = new TreeSet<>();
    Matcher compared = Pattern.compile("ldc\\w*\\s+#\\d+\\s+// String (\\S+)\\s+\\d+: invokevirtual "
        + "#\\d+\\s+// Method java/lang/String.equals:").matcher(
        disassembled("org.apache.zookeeper.server.quorum.QuorumPeerConfig"));
    while (compared.find()) {
      if (!compared.group(1).matches("true|false|observer|participant|\\[.*|.*\\s.*|zookeeper")) {
        names.add(compared.group(1));
      }
    }
    String jar = QuorumPeerConfig.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    Pattern property = Pattern.compile("zookeeper\\.([a-zA-Z][a-zA-Z0-9_]*(?:\\.[a-zA-Z0-9_]+)*)");
    try (ZipFile classes = new ZipFile(jar)) {
      for (ZipEntry entry : (Iterable<ZipEntry>) classes.stream().map(e -> (ZipEntry) e)::iterator) {
        if (!entry.getName().matches("org/apache/zookeeper/(server|common)/.*\\.class")) continue;
        String bytes = new String(classes.getInputStream(entry).readAllBytes(), "ISO-8859-1");
        // A constant of a class file: its length in two bytes, then the text.
        Matcher found = Pattern.compile("\\x01\\x00(.)(zookeeper\\.)", Pattern.DOTALL).matcher(bytes);
        while (found.find()) {
          String constant = bytes.substring(found.start(2), Math.min(bytes.length(),
              found.start(2) + found.group(1).charAt(0)));
          Matcher whole = property.matcher(constant);
          if (whole.matches()) names.add(whole.group(1));
        }
      }
    }
    // TLS: a prefix and a name, put together when asked for.
    for (X509Util tls : List.of(new ClientX509Util(), new QuorumX509Util())) {
      for (Method method : X509Util.class.getMethods()) {
        if (!method.getName().matches("get\\w+Property") || method.getParameterCount() > 0) continue;
        Matcher whole = property.matcher((String) method.invoke(tls));
        if (whole.matches()) names.add(whole.group(1));
      }
    }
    return names;
  }

  private static String disassembled(String name) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    PrintWriter into = new PrintWriter(text, true);
    ToolProvider.findFirst("javap").orElseThrow().run(into, into, "-c", "-p", "-cp",
        System.getProperty("java.class.path"), name);
    into.flush();
    return text.toString();
  }

  private KafkaSettings() {}
}

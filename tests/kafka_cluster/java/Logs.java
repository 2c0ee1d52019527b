import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** What the processes of a real cluster log, as events. */
final class Logs {
  /** Of servers; the class that logs each is named where it is read. */
  static final List<String> LOGGERS = List.of(
      "kafka.coordinator.group.GroupCoordinator=info",
      "kafka.log.UnifiedLog=info",
      "kafka.log.LogManager=info",
      "kafka.server.KafkaServer=info",
      "kafka.controller=info",
      "state.change.logger=info",
      "org.apache.zookeeper.ClientCnxn=info",
      "org.apache.zookeeper.server.ZooKeeperServer=info",
      "org.apache.zookeeper.server.quorum.Leader=info");

  private static final Pattern LINE =
      Pattern.compile("(\\d{4}-\\d\\d-\\d\\dT[0-9:.]+) (\\w+) ([\\w.]+) - (.*)", Pattern.DOTALL);

  private final long zero;
  private final Outcome outcome;

  Logs(long zero, Outcome outcome) {
    this.zero = zero;
    this.outcome = outcome;
  }

  private interface Reader {
    void line(double at, String logger, String message);
  }

  private void read(Path file, Reader reader) throws IOException {
    if (!Files.exists(file))
      return;
    for (String line : Files.readString(file, StandardCharsets.UTF_8).split("\n")) {
      Matcher match = LINE.matcher(line);
      if (!match.matches())
        continue;
      long when = LocalDateTime.parse(match.group(1))
                      .atZone(ZoneId.systemDefault())
                      .toInstant()
                      .toEpochMilli();
      reader.line((when - zero) / 1000.0, match.group(3), match.group(4));
    }
  }

  private static final Pattern PREPARING = Pattern.compile(
      "Preparing to rebalance group (\\S+) in state \\S+ with old generation (\\d+)");
  private static final Pattern STABLE =
      Pattern.compile("Stabilized group (\\S+) generation (\\d+) \\(\\S+\\) with (\\d+) members");
  private static final Pattern FAILED =
      Pattern.compile("Member (\\S+)-[0-9a-f]{8}-\\S+ in group \\S+ has failed, removing it");
  private static final Pattern TRUNCATED =
      Pattern.compile("\\[UnifiedLog partition=(\\S+), .*Truncating to offset (\\d+)");
  private static final Pattern LOADED =
      Pattern.compile("Loaded (\\d+) logs in .*unclean log dirs = (.*)\\)");

  /** GroupCoordinator, UnifiedLog.truncateTo, LogManager.loadLogs, ZooKeeper's ClientCnxn. */
  void broker(String name, Path file) throws IOException {
    Map<String, Boolean> connected = new HashMap<>();
    read(file, (at, logger, message) -> {
      Matcher match = PREPARING.matcher(message);
      if (match.find())
        outcome.add(at, Event.Kind.REBALANCE, match.group(1), match.group(2));
      match = STABLE.matcher(message);
      if (match.find()) {
        outcome.add(
            at, Event.Kind.STABLE, match.group(1), match.group(2) + "(" + match.group(3) + ")");
      }
      match = FAILED.matcher(message);
      if (match.find())
        outcome.add(at, Event.Kind.REMOVED, match.group(1), "");
      match = TRUNCATED.matcher(message);
      if (match.find() && !message.contains("no effect")) {
        outcome.add(at, Event.Kind.TRUNCATED, match.group(1), name);
      }
      match = LOADED.matcher(message);
      if (match.find() && !match.group(2).equals("Set()")) {
        outcome.add(at, Event.Kind.RECOVERED, name, match.group(1));
      }
      if (logger.endsWith("ClientCnxn") && message.contains("Attempting reconnect")) {
        outcome.add(at, Event.Kind.ZOOKEEPER_LOST, name, "");
      }
    });
  }

  private static final Pattern EXPIRING =
      Pattern.compile("Expiring session (0x[0-9a-f]+), timeout");

  /**
   * ZooKeeperServer.expire, Leader.lead. Owners are brokers by the sessions that they registered
   * with.
   */
  void server(String name, Path file, Map<Long, String> owners) throws IOException {
    read(file, (at, logger, message) -> {
      Matcher match = EXPIRING.matcher(message);
      if (match.find()) {
        String owner = owners.get(Long.decode(match.group(1)));
        if (owner != null)
          outcome.add(at, Event.Kind.SESSION_EXPIRED, owner, "");
      }
      if (message.startsWith("LEADING - LEADER ELECTION TOOK")) {
        outcome.add(at, Event.Kind.ENSEMBLE_LED, name, "");
      }
    });
  }

  private static final Pattern CLIENT = Pattern.compile("clientId=([\\w-]+)");
  private static final Pattern RECEIVED =
      Pattern.compile("Received (\\w+) response from node (-?\\d+) for request with header");
  private static final Pattern ERROR = Pattern.compile("[eE]rrorCode=(-?\\d+)");
  private static final Pattern CANCELLED = Pattern.compile(
      "Cancelled in-flight (\\w+) request with correlation id \\d+ due to node (-?\\d+)");
  private static final Pattern AWAY = Pattern.compile(
      "Node -?\\d+ disconnected\\.|Disconnecting from node -?\\d+ due to"
      + "|Connection to node -?\\d+ .* could not be established");

  /** NetworkClient.handleCompletedReceives, cancelInFlightRequests, handleDisconnections. */
  void clients(Path file) throws IOException {
    read(file, (at, logger, message) -> {
      Matcher client = CLIENT.matcher(message);
      if (!client.find())
        return;
      String who = client.group(1);
      Matcher match = RECEIVED.matcher(message);
      if (match.find()) {
        String request = ApiKeys.valueOf(match.group(1)).name;
        TreeSet<String> errors = new TreeSet<>();
        Matcher error = ERROR.matcher(message);
        while (error.find()) {
          Errors code = Errors.forCode(Short.parseShort(error.group(1)));
          // A first JoinGroup is always answered so (KIP-394).
          if (code != Errors.NONE && code != Errors.MEMBER_ID_REQUIRED)
            errors.add(code.name());
        }
        for (String one : errors) outcome.add(at, Event.Kind.ERROR, who, request + " " + one);
        return;
      }
      match = CANCELLED.matcher(message);
      if (match.find() && !match.group(1).equals("API_VERSIONS")) {
        String request = ApiKeys.valueOf(match.group(1)).name;
        outcome.add(at, Event.Kind.ERROR, who, request + " DisconnectException");
      }
      match = AWAY.matcher(message);
      if (match.find())
        outcome.add(at, Event.Kind.CUT_OFF, who, "");
    });
  }
}

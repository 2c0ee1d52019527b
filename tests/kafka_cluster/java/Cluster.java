import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.ZooKeeper;

/**
 * The processes of one incident, each a JVM of its own on loopback addresses: zookeeper-1 to -3,
 * broker-1 to -3, clients. All are dead when it is closed; their ids stand in the file "pids" of
 * the scratch folder, for whoever has to end them in our place.
 */
final class Cluster implements AutoCloseable {
  private final Incident incident;
  private final Path folder;
  private final Path pids;
  private final Map<String, Process> running = new HashMap<>();
  private final List<Process> all = new ArrayList<>();
  private final Map<String, Integer> ports = new HashMap<>();
  private final Thread lastResort = new Thread(this::killAll);

  Cluster(Incident incident, Path scratch) throws IOException {
    this.incident = incident;
    folder = Files.createDirectories(scratch.resolve(incident.name));
    pids = scratch.resolve("pids");
    List<ServerSocket> held = new ArrayList<>();
    for (int i = 1; i <= 3; ++i) {
      for (String what : List.of("broker-", "zookeeper-", "peer-", "election-")) {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ports.put(what + i, socket.getLocalPort());
        held.add(socket);
      }
    }
    for (ServerSocket socket : held) socket.close();
    for (int i = 1; i <= 3; ++i) {
      Path data = Files.createDirectories(folder.resolve("zookeeper-" + i));
      Files.writeString(data.resolve("myid"), Integer.toString(i));
      Files.write(folder.resolve("zookeeper-" + i + ".properties"), ensemble(data, i));
      Files.write(folder.resolve("broker-" + i + ".properties"), settings(i));
    }
    Runtime.getRuntime().addShutdownHook(lastResort);
  }

  private List<String> ensemble(Path data, int id) {
    List<String> lines = new ArrayList<>(List.of("dataDir=" + data));
    Map<String, Object> config =
        new HashMap<>(Map.of("tickTime", 2000, "initLimit", 10, "syncLimit", 5));
    config.putAll(Incident.properties(incident.scenario.at("/zookeeper/config")));
    config.forEach((name, value) -> lines.add(name + "=" + value));
    lines.add("clientPortAddress=127.0.0.1");
    lines.add("clientPort=" + ports.get("zookeeper-" + id));
    lines.add("4lw.commands.whitelist=srvr");
    lines.add("admin.enableServer=false");
    for (int i = 1; i <= 3; ++i) {
      lines.add(
          "server." + i + "=127.0.0.1:" + ports.get("peer-" + i) + ":"
          + ports.get("election-" + i));
    }
    return lines;
  }

  private List<String> settings(int id) {
    List<String> lines = new ArrayList<>();
    Incident.properties(incident.scenario.at("/brokers/config"))
        .forEach((name, value) -> lines.add(name + "=" + value));
    lines.add("broker.id=" + id);
    lines.add("listeners=PLAINTEXT://127.0.0.1:" + ports.get("broker-" + id));
    lines.add("zookeeper.connect=" + zooKeepers());
    lines.add("log.dirs=" + folder.resolve("logs-" + id));
    // Memory that a small heap has not.
    lines.add("log.cleaner.dedupe.buffer.size=4000000");
    return lines;
  }

  String zooKeepers() {
    return address("zookeeper-1") + "," + address("zookeeper-2") + "," + address("zookeeper-3");
  }

  String brokers() {
    return address("broker-1") + "," + address("broker-2") + "," + address("broker-3");
  }

  private String address(String name) {
    return "127.0.0.1:" + ports.get(name);
  }

  /** What a process said, over all its lives. */
  Path log(String name) {
    return folder.resolve(name + ".log");
  }

  Path dataOf(String zooKeeper) {
    return folder.resolve(zooKeeper);
  }

  /** What clients told. */
  Path told(String name) {
    return folder.resolve(name + ".told");
  }

  /** Clients of one process have one name, that of the first. */
  void start(String name, String... clients) throws IOException {
    boolean isClient = clients.length > 0;
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx" + (name.startsWith("broker") ? 256 : 128) + "m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xshare:auto",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=" + (isClient ? "info" : "warn"),
        "-Dorg.slf4j.simpleLogger.showThreadName=false",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
        "-Djava.io.tmpdir=" + folder,
        "-Dzookeeper.jmx.log4j.disable=true"));
    List<String> told =
        isClient ? List.of("org.apache.kafka.clients.NetworkClient=debug") : Logs.LOGGERS;
    for (String logger : told) command.add("-Dorg.slf4j.simpleLogger.log." + logger);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    if (isClient) {
      command.addAll(List.of(
          "Clients",
          folder.resolve("scenario.json").toString(),
          brokers(),
          String.join(",", clients)));
    } else {
      String main = name.startsWith("broker") ? "kafka.Kafka"
                                              : "org.apache.zookeeper.server.quorum.QuorumPeerMain";
      command.addAll(List.of(main, folder.resolve(name + ".properties").toString()));
    }
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log(name).toFile()));
    File out = (isClient ? told(name) : folder.resolve(name + ".out")).toFile();
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(out));
    Process process = builder.start();
    synchronized (all) {
      all.add(process);
      running.put(name, process);
    }
    Files.writeString(
        pids, process.pid() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  Process process(String name) {
    synchronized (all) {
      return running.get(name);
    }
  }

  /** KILL, TERM, STOP or CONT; how a broker's end by itself is told from one that was wished. */
  void signal(String name, String signal) throws IOException, InterruptedException {
    Process process = process(name);
    if (process == null || !process.isAlive())
      throw new IOException(name + " does not run");
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
    if (signal.equals("KILL"))
      process.waitFor();
  }

  /** Says to clients when the scenario's clock was 0. */
  void begin(String name, long zero) throws IOException {
    process(name).getOutputStream().write((zero + "\n").getBytes(StandardCharsets.UTF_8));
    process(name).getOutputStream().flush();
  }

  /** ZooKeeper's "leader", "follower", or "" of who does not answer. */
  String role(String zooKeeper) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), ports.get(zooKeeper))) {
      socket.setSoTimeout(2000);
      socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      for (String line : answer.split("\n")) {
        if (line.startsWith("Mode: "))
          return line.substring(6).trim();
      }
    } catch (IOException notYet) {
      return "";
    }
    return "";
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  static void await(String what, int seconds, Condition condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!condition.holds()) {
      if (System.nanoTime() > deadline)
        throw new IOException("not after " + seconds + " s: " + what);
      Thread.sleep(50);
    }
  }

  /**
   * As the scenario's cluster begins: zookeeper-3 leads the ensemble, broker-1 is the controller.
   */
  void startAll() throws Exception {
    Files.write(
        folder.resolve("scenario.json"), Incident.json.writeValueAsBytes(incident.scenario));
    // Of two with nothing in their logs the larger number leads.
    start("zookeeper-3");
    start("zookeeper-2");
    await("zookeeper-3 leads", 60, () -> role("zookeeper-3").equals("leader"));
    start("zookeeper-1");
    start("broker-1");
    await("zookeeper-1 follows", 60, () -> role("zookeeper-1").equals("follower"));
    try (ZooKeeper looker = new ZooKeeper(zooKeepers(), 30_000, event -> {})) {
      await("broker-1 is the controller", 90, () -> looker.exists("/controller", false) != null);
      start("broker-2");
      start("broker-3");
      await(
          "all brokers are there",
          120,
          () -> looker.getChildren("/brokers/ids", false).size() == 3);
    }
  }

  private void killAll() {
    synchronized (all) {
      for (Process process : all) process.destroyForcibly();
    }
  }

  @Override
  public void close() throws Exception {
    killAll();
    for (Process process : all) process.waitFor();
    Runtime.getRuntime().removeShutdownHook(lastResort);
  }
}

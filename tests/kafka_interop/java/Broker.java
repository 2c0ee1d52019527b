import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/** A real broker in a JVM of its own, with its ZooKeeper in ours; loopback only. */
final class Broker implements AutoCloseable {
  final Path logDir;
  private final Path scratch;
  private final int port = freePort();
  private final NIOServerCnxnFactory zooKeeper = new NIOServerCnxnFactory();
  private final Thread lastResort = new Thread(this::kill);
  private Process process;

  Broker(Path scratch) throws Exception {
    this.scratch = scratch;
    logDir = Files.createDirectories(scratch.resolve("kafka-logs"));
    File data = scratch.resolve("zookeeper").toFile();
    zooKeeper.configure(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 20);
    zooKeeper.startup(new ZooKeeperServer(data, data, 1000));
    Files.write(scratch.resolve("server.properties"), settings());
    Runtime.getRuntime().addShutdownHook(lastResort);
  }

  private List<String> settings() {
    return List.of(
        "broker.id=1",
        "listeners=PLAINTEXT://127.0.0.1:" + port,
        "zookeeper.connect=127.0.0.1:" + zooKeeper.getLocalPort(),
        // How long a killed broker's registration stands in the way of the next.
        "zookeeper.session.timeout.ms=4000",
        "log.dirs=" + logDir,
        "auto.create.topics.enable=false",
        "num.network.threads=1",
        "num.io.threads=2",
        "background.threads=2",
        "offsets.topic.num.partitions=1",
        "offsets.topic.replication.factor=1",
        "transaction.state.log.num.partitions=1",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        // Small, so that there are many segments and index entries; as in log_tool.
        "log.segment.bytes=16384",
        "log.index.interval.bytes=200",
        "log.index.size.max.bytes=8192",
        // The records' times are of 2023.
        "log.retention.ms=-1",
        "log.retention.check.interval.ms=500",
        "log.initial.task.delay.ms=500",
        "log.segment.delete.delay.ms=500",
        "log.cleaner.threads=1",
        "log.cleaner.backoff.ms=500",
        "log.cleaner.dedupe.buffer.size=2000000",
        "log.cleaner.io.buffer.size=65536");
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException thrown) {
      throw new IllegalStateException(thrown);
    }
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", address()));
  }

  /** Returns once the broker answers. */
  void start() throws Exception {
    File output = scratch.resolve("broker.txt").toFile();
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Djava.io.tmpdir=" + scratch,
                "-cp",
                System.getProperty("java.class.path"),
                "kafka.Kafka",
                scratch.resolve("server.properties").toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output))
            .start();
    // For run.sh, should we not live to end it.
    Files.writeString(scratch.resolve("broker.pid"), Long.toString(process.pid()));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    try (Admin admin = admin()) {
      while (true) {
        if (!process.isAlive()) {
          throw new IOException("the broker ended:\n" + Files.readString(output.toPath()));
        }
        try {
          if (!admin.describeCluster().nodes().get(5, TimeUnit.SECONDS).isEmpty()) return;
        } catch (Exception notYet) {
          if (System.nanoTime() > deadline) throw notYet;
        }
        Thread.sleep(200);
      }
    }
  }

  /** SIGTERM: the broker closes its logs and leaves the mark of a clean shutdown. */
  void stop() throws Exception {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) throw new IOException("the broker does not stop");
    Files.deleteIfExists(scratch.resolve("broker.pid"));
  }

  /**
   * Makes the partition's leader epoch larger, as lost leaders would have; with the broker stopped.
   * A lone broker that comes back leads on in its old epoch.
   */
  void raiseEpoch(String topic, int by) throws Exception {
    String path = "/brokers/topics/" + topic + "/partitions/0/state";
    try (ZooKeeper client =
        new ZooKeeper("127.0.0.1:" + zooKeeper.getLocalPort(), 10_000, event -> {})) {
      ObjectNode state = (ObjectNode) Comparison.json.readTree(client.getData(path, false, null));
      state.put("leader_epoch", state.get("leader_epoch").asInt() + by);
      client.setData(path, Comparison.json.writeValueAsBytes(state), -1);
    }
  }

  /** SIGKILL. */
  void kill() {
    if (process == null || !process.isAlive()) return;
    try {
      process.destroyForcibly().waitFor();
      Files.deleteIfExists(scratch.resolve("broker.pid"));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (IOException leftBehind) {
      // Then the script finds nobody of that id.
    }
  }

  @Override
  public void close() {
    kill();
    zooKeeper.shutdown();
    Runtime.getRuntime().removeShutdownHook(lastResort);
  }
}

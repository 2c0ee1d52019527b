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
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/** A broker with Kafka's defaults in a JVM of its own, its ZooKeeper in ours; loopback only. */
final class Broker implements AutoCloseable {
  private final Path scratch;
  private final int port = freePort();
  private final NIOServerCnxnFactory zooKeeper = new NIOServerCnxnFactory();
  private final Thread lastResort = new Thread(this::close);
  private Process process;

  Broker(Path scratch) throws Exception {
    this.scratch = scratch;
    File data = scratch.resolve("zookeeper").toFile();
    zooKeeper.configure(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 20);
    zooKeeper.startup(new ZooKeeperServer(data, data, 2000));
    Files.write(
        scratch.resolve("server.properties"),
        List.of(
            "broker.id=1",
            "listeners=PLAINTEXT://127.0.0.1:" + port,
            "zookeeper.connect=127.0.0.1:" + zooKeeper.getLocalPort(),
            "log.dirs=" + scratch.resolve("kafka-logs"),
            "offsets.topic.num.partitions=1",
            "offsets.topic.replication.factor=1",
            "group.initial.rebalance.delay.ms=0"));
    Runtime.getRuntime().addShutdownHook(lastResort);
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
                "-Xmx512m",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Djava.io.tmpdir=" + scratch,
                "-cp",
                System.getProperty("java.class.path"),
                "kafka.Kafka",
                scratch.resolve("server.properties").toString())
            .redirectErrorStream(true)
            .redirectOutput(output)
            .start();
    Files.writeString(scratch.resolve("broker.pid"), Long.toString(process.pid()));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    try (Admin admin = admin()) {
      while (true) {
        if (!process.isAlive()) throw new IOException("the broker ended:\n" + Files.readString(output.toPath()));
        try {
          if (!admin.describeCluster().nodes().get(5, TimeUnit.SECONDS).isEmpty()) return;
        } catch (Exception notYet) {
          if (System.nanoTime() > deadline) throw notYet;
        }
        Thread.sleep(200);
      }
    }
  }

  @Override
  public void close() {
    if (process != null && process.isAlive()) process.destroyForcibly();
    zooKeeper.shutdown();
  }
}

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Main OURS SCRATCH [KEEP]: see run.sh. */
final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Path ours = Path.of(arguments[0]);
    Path scratch = Path.of(arguments[1]);
    int status = 1;
    try {
      System.out.println("-- the oracle of our property tests, and Kafka's classes, on any bytes");
      for (String seed : List.of("1", "100000", "200000")) CheckOracle.check(scratch, seed, 500);
      System.out.println("-- what our engine wrote, read by Kafka's tools and classes");
      CheckOurs.run(ours);
      withBroker(ours, scratch, arguments.length > 2 ? Path.of(arguments[2]) : null);
      status = Comparison.report() ? 0 : 1;
    } catch (Throwable thrown) {
      thrown.printStackTrace();
      Comparison.report();
    }
    System.exit(status);
  }

  private static void withBroker(Path ours, Path scratch, Path keep) throws Exception {
    Path clean = scratch.resolve("clean");
    Path killed = scratch.resolve("killed");
    Path recovered = scratch.resolve("recovered");
    List<String> unclean = List.of("small_unclean", "small_epochs");
    try (Broker broker = new Broker(scratch)) {
      OursInBroker.place(ours, broker);
      broker.start();
      Topics topics = new Topics(broker);
      System.out.println("-- what our engine wrote, recovered by a broker and consumed");
      OursInBroker.check(ours, topics);
      topics.manifests.keySet().removeIf(name -> name.startsWith("ours_"));
      Workload workload = new Workload(topics);
      workload.beforeCleanStop();
      CheckTheirs check = new CheckTheirs(topics.manifests, scratch);
      check.lookUp(topics);
      broker.stop();
      Comparison.copy(broker.logDir, clean);
      System.out.println("-- what a broker wrote before a clean stop, read by our engine");
      check.checkClean(clean);
      if (keep != null) {
        for (String topic : topics.manifests.keySet()) {
          if (!topic.startsWith("small_") || unclean.contains(topic)) continue;
          check.keep(clean, topic, keep.resolve(topic.substring("small_".length())), true);
        }
        check.keepLogDirectory(clean, keep.resolve("log_directory"));
      }
      Workload.raiseEpochs(broker, 2);
      broker.start();
      workload.inSecondEpoch();
      broker.stop();
      Workload.raiseEpochs(broker, 1);
      broker.start();
      workload.beforeKill();
      broker.kill();
      workload.afterKill();
      topics.close();
      Workload.tear(topics.dir("theirs_unclean"));
      Workload.tear(topics.dir("small_unclean"));
      Comparison.copy(broker.logDir, killed);
      if (keep != null) {
        for (String topic : unclean) {
          check.keep(killed, topic, keep.resolve(topic.substring("small_".length())), false);
        }
      }
      Thread.sleep(5000);  // Until ZooKeeper has forgotten the dead broker.
      broker.start();
      broker.stop();
      Comparison.copy(broker.logDir, recovered);
      System.out.println("-- what a broker left when killed, recovered by our engine and by Kafka");
      check.checkKilled(killed, recovered);
    }
  }
}

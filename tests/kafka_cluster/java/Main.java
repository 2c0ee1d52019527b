import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Incidents in a real cluster and in brokerlab: Main HERE SCRATCH BROKERLAB VARIANTS INCIDENT...
 * Exit status 1 when something differs that is not in known_differences.txt.
 */
public final class Main {
  public static void main(String[] args) throws Exception {
    Path here = Path.of(args[0]);
    Path scratch = Path.of(args[1]);
    int variants = Integer.parseInt(args[3]);
    Comparison comparison = new Comparison(here.resolve("known_differences.txt"));
    int failures = 0;
    for (String name : List.of(args).subList(4, args.length)) {
      Incident incident = new Incident(here.resolve("incidents").resolve(name + ".json"));
      List<Map<String, Observables.Observable>> simulated = new ArrayList<>();
      for (int i = 0; i < variants; ++i) {
        simulated.add(Observables.of(incident, Simulated.run(incident, scratch, args[2], i)));
      }
      try {
        comparison.table(
            incident, Observables.of(incident, Real.run(incident, scratch)), simulated);
      } catch (Exception failed) {
        ++failures;
        System.out.printf("%n## %s: the real cluster failed: %s%n", name, failed);
        failed.printStackTrace();
      }
    }
    if (failures + comparison.differences() == 0)
      System.exit(0);
    System.out.printf(
        "%n%d differences that are not known, %d incidents failed%n",
        comparison.differences(),
        failures);
    System.exit(1);
  }
}

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** One table an incident, real against simulated, and what in it is neither agreed nor known. */
final class Comparison {
  private record Known(String incident, String observable, String reason) {}

  private final List<Known> known = new ArrayList<>();
  private int differences;

  /** A line each: incidents or *, observable (with * for any text), reason, with | between. */
  Comparison(Path knownDifferences) throws IOException {
    for (String line : Files.readAllLines(knownDifferences)) {
      if (line.isBlank() || line.startsWith("#"))
        continue;
      String[] parts = line.split("\\|");
      if (parts.length != 3)
        throw new IOException("not incident | observable | reason: " + line);
      known.add(new Known(parts[0].trim(), parts[1].trim(), parts[2].trim()));
    }
  }

  int differences() {
    return differences;
  }

  private static boolean fits(String pattern, String text) {
    return text.matches("\\Q" + pattern.replace("*", "\\E.*\\Q") + "\\E");
  }

  void table(
      Incident incident,
      Map<String, Observables.Observable> real,
      List<Map<String, Observables.Observable>> simulated) {
    System.out.printf("%n## %s: %s%n%n", incident.name, incident.title());
    System.out.println("| observable | real | simulated | |");
    System.out.println("|---|---|---|---|");
    Set<String> names = new LinkedHashSet<>(real.keySet());
    simulated.forEach(one -> names.addAll(one.keySet()));
    for (String name : names) {
      List<Observables.Observable> others = simulated.stream().map(one -> one.get(name)).toList();
      Observables.Observable mine = real.get(name);
      System.out.printf(
          "| %s | %s | %s | %s |%n",
          name,
          mine == null ? "-" : mine.text(),
          text(others),
          mark(incident, name, mine, others));
    }
  }

  private String mark(
      Incident incident,
      String name,
      Observables.Observable mine,
      List<Observables.Observable> others) {
    Observables.Observable any = mine;
    for (Observables.Observable one : others) any = any == null ? one : any;
    if (any.rule() == Observables.Rule.SHOWN)
      return "not judged";
    if (agree(any.rule(), mine, others))
      return "";
    for (Known one : known) {
      boolean here = List.of(one.incident().split(" ")).contains(incident.name);
      if (!here && !one.incident().equals("*") || !fits(one.observable(), name))
        continue;
      return "known: " + one.reason();
    }
    ++differences;
    return "**differs**";
  }

  private static boolean agree(
      Observables.Rule rule, Observables.Observable mine, List<Observables.Observable> others) {
    // What some of the simulated runs do not show at all need not be there.
    if (mine == null)
      return others.contains(null);
    List<Observables.Observable> there = others.stream().filter(one -> one != null).toList();
    if (there.isEmpty())
      return false;
    if (rule == Observables.Rule.EXACT)
      return there.stream().anyMatch(one -> one.text().equals(mine.text()));
    double low = there.stream().mapToDouble(Observables.Observable::number).min().getAsDouble();
    double high = there.stream().mapToDouble(Observables.Observable::number).max().getAsDouble();
    boolean isShort = Math.max(mine.number(), low) < Observables.MACHINES_OWN;
    if (rule == Observables.Rule.TIME && isShort)
      return true;
    double margin = Math.max(mine.clock(), mine.number() / 10);
    return low - margin <= mine.number() && mine.number() <= high + margin;
  }

  /** Of times the range, of texts each once. */
  private static String text(List<Observables.Observable> runs) {
    List<Observables.Observable> there = runs.stream().filter(one -> one != null).toList();
    if (there.isEmpty())
      return "-";
    if (there.get(0).rule() == Observables.Rule.EXACT) {
      Set<String> texts = new TreeSet<>();
      runs.forEach(one -> texts.add(one == null ? "-" : one.text()));
      return String.join(" or ", texts);
    }
    Observables.Observable low = there.get(0);
    Observables.Observable high = there.get(0);
    for (Observables.Observable one : there) {
      if (one.number() < low.number())
        low = one;
      if (one.number() > high.number())
        high = one;
    }
    return low.text().equals(high.text()) ? low.text() : low.text() + " to " + high.text();
  }
}

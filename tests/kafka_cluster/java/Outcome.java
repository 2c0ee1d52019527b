import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What became of an incident on one side: events in their order, and what was counted at the end.
 */
final class Outcome {
  final List<Event> events = new ArrayList<>();
  /** "lost a", "duplicates b" and the like. */
  final Map<String, Long> counts = new TreeMap<>();

  /** When the first fault or operation really was. */
  double begin;

  void add(double at, Event.Kind kind, String who, String what) {
    events.add(new Event(at, kind, who, what));
  }

  void sort() {
    events.sort(Comparator.comparingDouble(Event::at));
  }

  /** As in ZooKeeper's node of a partition; in what order an ISR is listed says nothing. */
  static String state(int leader, int epoch, List<Integer> isr) {
    List<Integer> sorted = new ArrayList<>(isr);
    sorted.sort(null);
    return (leader < 0 ? "none" : leader) + "@" + epoch + sorted.toString().replace(" ", "");
  }

  Stream<Event> of(Event.Kind kind) {
    return events.stream().filter(event -> event.kind() == kind);
  }
}

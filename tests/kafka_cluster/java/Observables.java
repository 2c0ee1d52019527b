import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What is compared of an outcome: the same code looks at both sides. Times are since the first
 * fault.
 */
final class Observables {
  enum Rule {
    /** The text must be one of those of the other side. */
    EXACT,
    /** A time that a rule of Kafka's makes: within 10 % or one tick of its clock. */
    TIME,
    /** A number: as many, to a tenth or to those that are under way at one moment. */
    COUNT,
    /** What the machine makes of it: shown, not judged. */
    SHOWN
  }

  /** @param clock the tick of the rule's own clock, in seconds; of a number, what chance may add */
  record Observable(Rule rule, String text, double number, double clock) {}

  /** Below this a time is the machine's own: threads that wake up, disks, JVMs. */
  static final double MACHINES_OWN = 2;

  /** Records of a tenth of a second of the incidents' load, of two topics. */
  static final int UNDER_WAY = 20;

  private final Incident incident;
  private final Outcome outcome;
  private final Map<String, Observable> all = new LinkedHashMap<>();

  private Observables(Incident incident, Outcome outcome) {
    this.incident = incident;
    this.outcome = outcome;
  }

  static Map<String, Observable> of(Incident incident, Outcome outcome) {
    Observables observables = new Observables(incident, outcome);
    observables.outcome.events.removeIf(event -> event.at() > incident.duration());
    observables.noticed();
    observables.sessions();
    observables.partitions();
    observables.silence();
    observables.groups();
    observables.processes();
    observables.errors();
    observables.records();
    return observables.all;
  }

  private List<Event> since(Event.Kind kind) {
    return outcome.of(kind).filter(event -> event.at() >= outcome.begin).toList();
  }

  private void exact(String name, String text) {
    all.put(name, new Observable(Rule.EXACT, text, 0, 0));
  }

  private void time(String name, double at, double clock) {
    all.put(name, new Observable(Rule.TIME, seconds(at), at, clock));
  }

  private void shown(String name, double at) {
    all.put(name, new Observable(Rule.SHOWN, seconds(at), at, 0));
  }

  static String seconds(double value) {
    return String.format(Locale.ROOT, value < 2 ? "%.2f" : "%.1f", value);
  }

  private double tick() {
    return incident.ensemble("tickTime", 2000) / 1000.0;
  }

  /** Of what begins when a session ends: it is pinged at a third of it, and looked at at ticks. */
  private double expiryClock() {
    return Math.max(tick(), incident.broker("zookeeper.session.timeout.ms", 18_000) / 3000.0);
  }

  /**
   * The first two parties by the moment at which they could know; those within a second of each
   * other are one. What comes later follows from what clients do then, and is theirs.
   */
  private void noticed() {
    Map<String, Double> first = new TreeMap<>();
    Map<Event.Kind, String> parties = Map.of(
        Event.Kind.CUT_OFF,
        "clients",
        Event.Kind.ERROR,
        "clients",
        Event.Kind.ZOOKEEPER_LOST,
        "brokers (ZooKeeper)",
        Event.Kind.SESSION_EXPIRED,
        "ZooKeeper",
        Event.Kind.STATE,
        "controller",
        Event.Kind.REMOVED,
        "group coordinator");
    for (Event event : outcome.events) {
      String party = parties.get(event.kind());
      if (party != null && event.at() >= outcome.begin)
        first.merge(party, event.at(), Math::min);
    }
    List<String> order = new ArrayList<>(first.keySet());
    order.sort((a, b) -> Double.compare(first.get(a), first.get(b)));
    List<TreeSet<String>> groups = new ArrayList<>();
    double last = Double.NEGATIVE_INFINITY;
    for (String party : order) {
      if (first.get(party) - last > 1)
        groups.add(new TreeSet<>());
      groups.get(groups.size() - 1).add(party);
      last = first.get(party);
    }
    exact(
        "who noticed, in this order",
        groups.isEmpty() ? "nobody"
                         : groups.stream()
                               .limit(2)
                               .map(group -> String.join(" + ", group))
                               .collect(Collectors.joining(", then ")));
  }

  private void sessions() {
    List<Event> expired = since(Event.Kind.SESSION_EXPIRED);
    exact("sessions that expired", names(expired));
    for (Event event : expired) {
      if (!all.containsKey("session of " + event.who() + " expired after")) {
        double after = event.at() - outcome.begin;
        time("session of " + event.who() + " expired after", after, expiryClock());
      }
    }
    List<Event> led = since(Event.Kind.ENSEMBLE_LED);
    exact("leaders of the ensemble, then", names(led));
    if (!led.isEmpty())
      time("leader of the ensemble elected after", led.get(0).at() - outcome.begin, tick());
    List<Event> controllers = since(Event.Kind.CONTROLLER);
    List<String> epochs =
        controllers.stream().map(event -> event.who() + "@" + event.what()).toList();
    exact("controllers, then", epochs.isEmpty() ? "none" : String.join(" ", epochs));
    if (!controllers.isEmpty() && !expired.isEmpty()) {
      shown("controller elected, after the expiry", controllers.get(0).at() - expired.get(0).at());
    }
  }

  private static String names(List<Event> events) {
    return events.isEmpty() ? "none"
                            : events.stream().map(Event::who).collect(Collectors.joining(" "));
  }

  /** Each partition's leader@epoch[ISR] and replicas, as ZooKeeper had them one after the other. */
  private void partitions() {
    Map<String, String> states = sequences(Event.Kind.STATE);
    Map<String, String> replicas = sequences(Event.Kind.REPLICAS);
    states.forEach((partition, text) -> exact(partition, text));
    replicas.forEach((partition, text) -> {
      if (text.contains(" "))
        exact(partition + ", replicas", text);
    });
    List<Event> changes = since(Event.Kind.STATE);
    if (changes.isEmpty())
      return;
    List<Event> expired = since(Event.Kind.SESSION_EXPIRED);
    boolean byExpiry = !expired.isEmpty() && expired.get(0).at() <= changes.get(0).at();
    double lag = incident.broker("replica.lag.time.max.ms", 30_000) / 1000.0;
    time(
        "first change of a leader or an ISR after",
        changes.get(0).at() - outcome.begin,
        byExpiry ? expiryClock() : lag / 2);
    List<Event> back = since(Event.Kind.REGISTERED);
    double last = changes.get(changes.size() - 1).at();
    if (!back.isEmpty() && last > back.get(0).at()) {
      shown("last ISR change, after the registration", last - back.get(0).at());
    }
  }

  private Map<String, String> sequences(Event.Kind kind) {
    Map<String, List<String>> lists = new TreeMap<>();
    for (Event event : outcome.of(kind).toList()) {
      List<String> list = lists.computeIfAbsent(event.who(), key -> new ArrayList<>());
      if (event.at() < outcome.begin)
        list.clear();
      if (list.isEmpty() || !list.get(list.size() - 1).equals(event.what()))
        list.add(event.what());
    }
    Map<String, String> texts = new LinkedHashMap<>();
    lists.forEach((partition, list) -> texts.put(partition, String.join(" ", list)));
    return texts;
  }

  /** The longest time without an acknowledgment of each topic's partitions, under load. */
  private void silence() {
    for (JsonNode producer : incident.scenario.get("producers")) {
      String topic = producer.get("topic").asText();
      Map<String, Double> last = new TreeMap<>();
      Map<String, Double> longest = new TreeMap<>();
      for (Event event : outcome.of(Event.Kind.ACKNOWLEDGED).toList()) {
        if (!Simulated.topicOf(event.who()).equals(topic))
          continue;
        Double before = last.put(event.who(), event.at());
        if (before == null || event.at() < outcome.begin || before > incident.loadUntil() - 1)
          continue;
        longest.merge(event.who(), event.at() - before, Math::max);
      }
      TreeSet<String> silent = new TreeSet<>();
      double most = 0;
      for (Map.Entry<String, Double> one : longest.entrySet()) {
        if (one.getValue() > MACHINES_OWN)
          silent.add(one.getKey());
        most = Math.max(most, one.getValue());
      }
      String acks = producer.at("/config/acks").asText();
      exact(
          "partitions not written for over 2 s, acks=" + acks,
          silent.isEmpty() ? "none" : String.join(" ", silent));
      boolean byExpiry = !since(Event.Kind.SESSION_EXPIRED).isEmpty();
      double clock = byExpiry ? expiryClock() : tick();
      time("longest time without an acknowledgment, acks=" + acks, most, clock);
    }
  }

  private void groups() {
    List<Event> stable = since(Event.Kind.STABLE);
    exact(
        "generations (members), then",
        stable.isEmpty() ? "none"
                         : stable.stream().map(Event::what).collect(Collectors.joining(" ")));
    List<Event> removed = since(Event.Kind.REMOVED);
    exact("members removed", names(removed));
    double heartbeat =
        incident.scenario.at("/consumers/0/config/heartbeat.interval.ms").asInt(3000) / 1000.0;
    if (!removed.isEmpty())
      time("member removed after", removed.get(0).at() - outcome.begin, heartbeat);
    double began = -1;
    int number = 0;
    for (Event event : outcome.events) {
      if (event.at() < outcome.begin)
        continue;
      if (event.kind() == Event.Kind.REBALANCE && began < 0)
        began = event.at();
      if (event.kind() != Event.Kind.STABLE || began < 0)
        continue;
      time("rebalance " + ++number + " took", event.at() - began, heartbeat);
      began = -1;
    }
  }

  private void processes() {
    exact("brokers that ended by themselves", names(since(Event.Kind.EXITED)));
    List<String> recovered = since(Event.Kind.RECOVERED)
                                 .stream()
                                 .map(event -> event.who() + ": " + event.what())
                                 .sorted()
                                 .toList();
    exact("logs recovered", recovered.isEmpty() ? "none" : String.join(", ", recovered));
    TreeSet<String> cut = new TreeSet<>();
    for (Event event : since(Event.Kind.TRUNCATED)) cut.add(event.who() + " on " + event.what());
    exact("logs cut", cut.isEmpty() ? "none" : String.join(", ", cut));
    List<String> answers = since(Event.Kind.OPERATION).stream().map(Event::what).toList();
    if (!answers.isEmpty())
      exact("operations", String.join(" ", answers));
    double start = -1;
    for (JsonNode action : incident.actions()) {
      if (action.path("start_process").asText().startsWith("broker-") && start < 0) {
        start = Incident.at(action) - incident.firstAction() + outcome.begin;
      }
    }
    for (Event event : since(Event.Kind.REGISTERED)) {
      if (start >= 0 && event.at() >= start && !all.containsKey("registered, after the start")) {
        shown("registered, after the start", event.at() - start);
      }
    }
  }

  private void errors() {
    Map<String, Long> counts = new TreeMap<>();
    for (Event event : since(Event.Kind.ERROR)) {
      if (!event.what().isEmpty())
        counts.merge(event.what(), 1L, Long::sum);
    }
    counts.keySet().forEach(name -> exact("error: " + name, "seen"));
    for (Event event : since(Event.Kind.SEND_FAILED)) exact("send failed: " + event.what(), "seen");
  }

  private void records() {
    for (JsonNode producer : incident.scenario.get("producers")) {
      String topic = producer.get("topic").asText();
      String acks = "acks=" + producer.at("/config/acks").asText();
      boolean idempotent =
          acks.endsWith("all") && producer.at("/config/enable.idempotence").asBoolean(true);
      for (String what : List.of("lost", "duplicates", "reordered")) {
        long count = outcome.counts.getOrDefault(what + " " + topic, 0L);
        boolean judged = idempotent || what.equals("lost");
        all.put(
            "records " + what + ", " + acks,
            new Observable(
                judged ? Rule.COUNT : Rule.SHOWN,
                Long.toString(count),
                count,
                idempotent ? 0 : UNDER_WAY));
      }
    }
  }
}

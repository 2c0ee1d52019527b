import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.jute.BinaryInputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.TxnLog.TxnIterator;
import org.apache.zookeeper.txn.CreateTxn;
import org.apache.zookeeper.txn.MultiTxn;
import org.apache.zookeeper.txn.SetDataTxn;
import org.apache.zookeeper.txn.Txn;

/**
 * The cluster's metadata as it changed: every transaction that the ensemble's servers have in their
 * logs, with the leader's time of it. Nothing that was written can be missed, as a poll would.
 */
final class ZooKeeperHistory {
  private static final Pattern STATE =
      Pattern.compile("/brokers/topics/([^/]+)/partitions/(\\d+)/state");
  private static final Pattern TOPIC = Pattern.compile("/brokers/topics/([^/]+)");

  /** Brokers by the sessions that they registered with. */
  final Map<Long, String> owners = new HashMap<>();

  private final Map<String, String> last = new HashMap<>();
  private final long zero;
  private final Outcome outcome;

  ZooKeeperHistory(long zero, Outcome outcome) {
    this.zero = zero;
    this.outcome = outcome;
  }

  private record Change(double at, long session, String path, byte[] data) {}

  void read(List<Path> servers) throws IOException {
    TreeMap<Long, List<Change>> changes = new TreeMap<>();
    for (Path server : servers) {
      File folder = server.resolve("version-2").toFile();
      if (!folder.exists())
        continue;
      try (TxnIterator all = new FileTxnLog(folder).read(0)) {
        while (all.getHeader() != null) {
          List<Change> of = new ArrayList<>();
          double at = (all.getHeader().getTime() - zero) / 1000.0;
          collect(at, all.getHeader().getClientId(), all.getHeader().getType(), all.getTxn(), of);
          changes.putIfAbsent(all.getHeader().getZxid(), of);
          if (!all.next())
            break;
        }
      }
    }
    for (List<Change> of : changes.values()) {
      for (Change change : of) tell(change);
    }
  }

  private static void collect(double at, long session, int type, Record txn, List<Change> into)
      throws IOException {
    if (txn instanceof MultiTxn multi) {
      for (Txn one : multi.getTxns()) {
        Record record = one.getType() == OpCode.create ? new CreateTxn()
            : one.getType() == OpCode.setData          ? new SetDataTxn()
                                                       : null;
        if (record == null)
          continue;
        record.deserialize(
            BinaryInputArchive.getArchive(new ByteArrayInputStream(one.getData())), "txn");
        collect(at, session, one.getType(), record, into);
      }
    } else if (txn instanceof CreateTxn create) {
      into.add(new Change(at, session, create.getPath(), create.getData()));
    } else if (txn instanceof SetDataTxn set) {
      into.add(new Change(at, session, set.getPath(), set.getData()));
    }
  }

  private void tell(Change change) throws IOException {
    if (change.path().startsWith("/brokers/ids/")) {
      if (owners.containsKey(change.session()))
        return;
      String broker = "broker-" + change.path().substring("/brokers/ids/".length());
      owners.put(change.session(), broker);
      outcome.add(change.at(), Event.Kind.REGISTERED, broker, "");
    } else if (change.path().equals("/controller_epoch")) {
      // Written behind /controller in one transaction
      // (registerControllerAndIncrementControllerEpoch).
      String epoch = new String(change.data());
      String broker = last.get("controller");
      if (broker != null)
        outcome.add(change.at(), Event.Kind.CONTROLLER, broker, epoch);
    } else if (change.path().equals("/controller")) {
      last.put(
          "controller", "broker-" + Incident.json.readTree(change.data()).get("brokerid").asText());
    }
    Matcher state = STATE.matcher(change.path());
    if (state.matches()) {
      JsonNode now = Incident.json.readTree(change.data());
      List<Integer> isr = new ArrayList<>();
      now.get("isr").forEach(one -> isr.add(one.asInt()));
      String text = Outcome.state(now.get("leader").asInt(), now.get("leader_epoch").asInt(), isr);
      outcome.add(change.at(), Event.Kind.STATE, state.group(1) + "-" + state.group(2), text);
    }
    Matcher topic = TOPIC.matcher(change.path());
    if (topic.matches() && change.data() != null && change.data().length > 0) {
      JsonNode now = Incident.json.readTree(change.data());
      now.get("partitions").fields().forEachRemaining(field -> {
        String partition = topic.group(1) + "-" + field.getKey();
        List<String> replicas = new ArrayList<>();
        field.getValue().forEach(one -> replicas.add(one.asText()));
        String text = String.join(",", replicas);
        if (!text.equals(last.put(partition, text))) {
          outcome.add(change.at(), Event.Kind.REPLICAS, partition, text);
        }
      });
    }
  }
}

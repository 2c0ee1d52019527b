#include "recording/metric_names.h"

#include <fmt/format.h>

#include <algorithm>

// A table of texts: long lines are its nature.
// clang-format off
namespace brokerlab::recording {
namespace {

using enum MetricName::Kind;

constexpr MetricName names[] = {
    // --- Series: brokers ---
    {series, "MessagesInPerSec", "", "kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec", "OneMinuteRate", "1/s", "Records that producers' requests appended. A rate of the last second, where Kafka's fades over a minute.", "BrokerTopicMetrics"},
    {series, "BytesInPerSec", "", "kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec", "OneMinuteRate", "B/s", "Bytes of them; a rate of the last second.", "BrokerTopicMetrics"},
    {series, "BytesOutPerSec", "", "kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec", "OneMinuteRate", "B/s", "Bytes that consumers fetched; a rate of the last second.", "BrokerTopicMetrics"},
    {series, "ReplicationBytesInPerSec", "", "kafka.server:type=BrokerTopicMetrics,name=ReplicationBytesInPerSec", "OneMinuteRate", "B/s", "Bytes that this broker fetched as a follower; a rate of the last second.", "BrokerTopicMetrics"},
    {series, "ReplicationBytesOutPerSec", "", "kafka.server:type=BrokerTopicMetrics,name=ReplicationBytesOutPerSec", "OneMinuteRate", "B/s", "Bytes that followers fetched from it; a rate of the last second.", "BrokerTopicMetrics"},
    {series, "UnderReplicatedPartitions", "", "kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions", "Value", "count", "Partitions that it leads and whose ISR is smaller than the set of replicas.", "ReplicaManager"},
    {series, "UnderMinIsrPartitionCount", "", "kafka.server:type=ReplicaManager,name=UnderMinIsrPartitionCount", "Value", "count", "Partitions that it leads and whose ISR is below min.insync.replicas: acks=all is refused.", "ReplicaManager"},
    {series, "AtMinIsrPartitionCount", "", "kafka.server:type=ReplicaManager,name=AtMinIsrPartitionCount", "Value", "count", "Partitions that it leads and whose ISR is exactly min.insync.replicas: one more loss, and acks=all is refused.", "ReplicaManager"},
    {series, "LeaderCount", "", "kafka.server:type=ReplicaManager,name=LeaderCount", "Value", "count", "Partitions that it leads.", "ReplicaManager"},
    {series, "PartitionCount", "", "kafka.server:type=ReplicaManager,name=PartitionCount", "Value", "count", "Replicas that it has.", "ReplicaManager"},
    {series, "IsrShrinksPerSec", "", "kafka.server:type=ReplicaManager,name=IsrShrinksPerSec", "OneMinuteRate", "1/s", "ISRs that lost a member because this leader asked for it; a rate of the last second. An ISR that shrinks by an election is not counted, as in Kafka.", "ReplicaManager, Partition.submitAlterPartition"},
    {series, "IsrExpandsPerSec", "", "kafka.server:type=ReplicaManager,name=IsrExpandsPerSec", "OneMinuteRate", "1/s", "ISRs that a follower has joined; a rate of the last second.", "ReplicaManager, Partition.submitAlterPartition"},
    {series, "RequestQueueSize", "", "kafka.network:type=RequestChannel,name=RequestQueueSize", "Value", "count", "Requests that wait for one of num.io.threads.", "RequestChannel"},
    {series, "RequestHandlerAvgIdlePercent", "", "kafka.server:type=KafkaRequestHandlerPool,name=RequestHandlerAvgIdlePercent", "OneMinuteRate", "share", "How much of their time the I/O threads waited for requests, from 0 to 1; of the last second.", "KafkaRequestHandlerPool"},
    {series, "NetworkProcessorAvgIdlePercent", "", "kafka.network:type=SocketServer,name=NetworkProcessorAvgIdlePercent", "Value", "share", "The same of the network threads.", "SocketServer"},
    {series, "PurgatorySize", "delayedOperation", "kafka.server:type=DelayedOperationPurgatory,name=PurgatorySize,delayedOperation={delayedOperation}", "Value", "count", "Places of waiting requests in the lists of the partitions they wait for: Produce (acks=all), Fetch, DeleteRecords. One that has completed leaves all lists at once, in Kafka at the next purge.", "DelayedOperationPurgatory"},
    {series, "ActiveControllerCount", "", "kafka.controller:type=KafkaController,name=ActiveControllerCount", "Value", "count", "1: this broker is the controller.", "KafkaController"},
    {series, "LeaderElectionRateAndTimeMs", "", "kafka.controller:type=ControllerStats,name=LeaderElectionRateAndTimeMs", "OneMinuteRate", "1/s", "Changes of the set of brokers that the controller has worked off, each with its elections; a rate of the last second.", "ControllerState.BrokerChange, ControllerStats"},
    {series, "UncleanLeaderElectionsPerSec", "", "kafka.controller:type=ControllerStats,name=UncleanLeaderElectionsPerSec", "OneMinuteRate", "1/s", "Leaders elected from outside the ISR; a rate of the last second.", "PartitionStateMachine, ControllerStats"},
    {series, "EventQueueSize", "", "kafka.controller:type=ControllerEventManager,name=EventQueueSize", "Value", "count", "Events that wait for the controller's thread.", "ControllerEventManager"},
    {series, "OfflinePartitionsCount", "", "kafka.controller:type=KafkaController,name=OfflinePartitionsCount", "Value", "count", "Partitions without a leader that runs: as it is, where Kafka's is what the controller knows.", "KafkaController"},
    // --- Series: clients ---
    {series, "record-send-rate", "producer", "kafka.producer:type=producer-metrics,client-id={client-id}", "record-send-rate", "1/s", "Records that were acknowledged (acks=0: handed to the connection) in the last second; Kafka's counts them when they are sent, over 30 s.", "SenderMetricsRegistry"},
    {series, "buffer-available-bytes", "producer", "kafka.producer:type=producer-metrics,client-id={client-id}", "buffer-available-bytes", "B", "What is left of buffer.memory.", "RecordAccumulator"},
    {series, "records-consumed-rate", "consumer", "kafka.consumer:type=consumer-fetch-manager-metrics,client-id={client-id}", "records-consumed-rate", "1/s", "Records that were processed in the last second; Kafka's counts them when poll() returns them, over 30 s.", "FetchMetricsRegistry"},
    {series, "records-lag-max", "consumer", "kafka.consumer:type=consumer-fetch-manager-metrics,client-id={client-id}", "records-lag-max", "records", "Of its partitions the one furthest behind: the high watermark that the last fetch told, less the next record of poll(). At this moment, where Kafka's is the most of 30 s.", "FetchMetricsRegistry, SubscriptionState.partitionLag"},
    {series, "assigned-partitions", "consumer", "kafka.consumer:type=consumer-coordinator-metrics,client-id={client-id}", "assigned-partitions", "count", "Partitions that are assigned to it.", "ConsumerCoordinator"},
    {series, "records-lag", "group", "kafka.consumer:type=consumer-fetch-manager-metrics,partition={partition},topic={topic},client-id={client-id}", "records-lag", "records", "Records below the high watermark that the group has not processed, by partition; Kafka's is each consumer's own, of what poll() has not returned. Told when it has changed.", "FetchMetricsRegistry"},
    {series, "group-lag", "group", "", "kafka-consumer-groups.sh LAG", "records", "The same of all partitions of the group. What the tool tells counts from the committed offsets.", ""},
    {series, "group-unreadable", "group", "", "", "records", "Acknowledged records above the high watermarks: no lag by Kafka's measure, and nobody has them.", ""},
    {series, "produce-latency", "p50, p99, p99.9", "", "", "s", "From the moment a record was due to its acknowledgment; of the last second. Kafka's request-latency-avg is of requests.", ""},
    {series, "end-to-end-latency", "p50, p99, p99.9", "", "", "s", "From the moment a record was due until an application had processed it; of the last second.", ""},
    {series, "source-rate", "source", "", "", "1/s", "What the load is meant to be.", ""},
    // --- Series: the ensemble ---
    {series, "zk_znode_count", "", "org.apache.ZooKeeperService:name0=ReplicatedServer_id{myid},name1=replica.{myid},name2={role},name3=InMemoryDataTree", "NodeCount", "count", "Nodes of the server's tree; `mntr` has it by this name.", "DataTreeBean"},
    {series, "zk_global_sessions", "", "", "mntr zk_global_sessions", "count", "Sessions that the server knows of.", "ZooKeeperServer.dumpMonitorValues"},
    // --- Series: machines ---
    {series, "nic-sent-rate", "", "", "sar -n DEV txkB/s", "B/s", "What the network card sent.", ""},
    {series, "nic-received-rate", "", "", "sar -n DEV rxkB/s", "B/s", "What it received.", ""},
    {series, "nic-utilisation", "", "", "sar -n DEV %ifutil", "share", "Of what it can carry at that moment, the busier direction.", ""},
    {series, "nic-burst-credits", "out, in", "", "", "B", "Of a cloud's card: what it may still carry above its base rate.", ""},
    {series, "disk-utilisation", "", "", "iostat %util", "share", "Of the busiest disk: time with an operation in progress.", ""},
    {series, "per-disk-utilisation", "disk", "", "iostat %util", "share", "The same of each, where there are several.", ""},
    {series, "disk-burst-credits", "disk", "", "", "operations", "Of a cloud's volume: what it may still do above its base rate.", ""},

    // --- Facts ---
    {fact, "machine power", "", "", "", "", "on or off.", ""},
    {fact, "machine host", "", "", "", "", "Of several that share a computer: the first of them.", ""},
    {fact, "machine peers", "", "", "", "", "all, some or none of the brokers and ZooKeeper servers hear it and are heard.", ""},
    {fact, "machine clients", "", "", "", "", "The same of the clients.", ""},
    {fact, "machine lossy", "", "", "", "", "Packets to or from some of them are lost.", ""},
    {fact, "machine late", "", "", "", "", "They come late.", ""},
    {fact, "process state", "", "", "", "", "running or stopped.", ""},
    {fact, "broker controller", "", "kafka.controller:type=KafkaController,name=ActiveControllerCount", "Value", "", "It is the controller.", "KafkaController"},
    {fact, "broker registered", "", "kafka.controller:type=KafkaController,name=ActiveBrokerCount", "Value", "", "Its node stands in ZooKeeper; Kafka counts those.", "KafkaController"},
    {fact, "zookeeper role", "", "org.apache.ZooKeeperService:name0=ReplicatedServer_id{myid},name1=replica.{myid}", "State", "", "leader, follower, looking, down; `mntr` has it as zk_server_state.", "LocalPeerBean"},
    {fact, "partition leader", "", "", "kafka-topics.sh --describe", "", "Who leads it and runs; -1: nobody.", ""},
    {fact, "partition epoch", "", "", "", "", "The leader epoch.", ""},
    {fact, "partition isr", "", "", "kafka-topics.sh --describe", "", "The in-sync replicas.", ""},
    {fact, "partition replicas", "", "", "kafka-topics.sh --describe", "", "The replicas, the preferred leader first.", ""},
    {fact, "partition hw", "", "", "kafka-get-offsets.sh", "", "The high watermark, as the leader has it.", ""},
    {fact, "replica leo", "", "kafka.log:type=Log,name=LogEndOffset,topic={topic},partition={partition}", "Value", "", "Where the replica's log ends.", "UnifiedLog"},
    {fact, "group state", "", "", "kafka-consumer-groups.sh --describe --state", "", "Stable, Empty, PreparingRebalance ...", "GroupState"},
    {fact, "group generation", "", "", "", "", "Grows with each rebalance.", "GroupMetadata"},
    {fact, "group members", "", "", "kafka-consumer-groups.sh --describe --members", "", "By the names of the consumers.", ""},
    {fact, "group lag", "", "", "kafka-consumer-groups.sh LAG", "", "As the series group-lag.", ""},
    {fact, "assignment partitions", "", "kafka.consumer:type=consumer-coordinator-metrics,client-id={client-id}", "assigned-partitions", "", "Which partitions a consumer has; Kafka counts them.", "ConsumerCoordinator"},

    // --- Figures of the report ---
    {figure, "records.acknowledged", "", "kafka.producer:type=producer-metrics,client-id={client-id}", "record-send-total", "", "Of all producers together, when they were acknowledged.", "SenderMetricsRegistry"},
    {figure, "records.failed", "", "kafka.producer:type=producer-metrics,client-id={client-id}", "record-error-total", "", "Of all producers together.", "SenderMetricsRegistry"},
    {figure, "records.consumed", "", "kafka.consumer:type=consumer-fetch-manager-metrics,client-id={client-id}", "records-consumed-total", "", "Of all consumers together; Kafka counts a record again that is delivered again.", "FetchMetricsRegistry"},
    {figure, "work.acknowledged_per_s.mean", "", "kafka.producer:type=producer-metrics,client-id={client-id}", "record-send-rate", "", "Of all producers together, over the time that work went on.", "SenderMetricsRegistry"},
    {figure, "work.consumed_per_s.mean", "", "kafka.consumer:type=consumer-fetch-manager-metrics,client-id={client-id}", "records-consumed-rate", "", "Of all consumers together, over the same time.", "FetchMetricsRegistry"},
    {figure, "groups.{group}.lag", "", "", "kafka-consumer-groups.sh LAG", "", "At the end.", ""},
    {figure, "groups.{group}.rebalances", "", "kafka.server:type=group-coordinator-metrics", "group-completed-rebalance-count", "", "Of one group; Kafka counts those of a broker's groups together.", "GroupCoordinator"},
    {figure, "under_replicated.most", "", "kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions", "Value", "", "The most at any instant, of all brokers together.", "ReplicaManager"},
    {figure, "controller_elections", "", "", "", "", "How often a broker became the controller: each is an ActiveControllerCount that moves.", ""},
    {figure, "partitions.{partition}.isr_changes", "", "kafka.server:type=ReplicaManager,name=IsrShrinksPerSec", "Count", "", "Of one partition, shrinks and expansions, those by an election, too. Kafka counts them by leader.", "ReplicaManager"},
    {figure, "partitions.{partition}.elections", "", "", "", "", "New leaders of one partition.", ""},
    {figure, "partitions.{partition}.high_watermark", "", "", "kafka-get-offsets.sh", "", "At the end.", ""},
};
// clang-format on

/// In a cell of a Markdown table.
std::string code_or_dash(std::string_view text) {
  return text.empty() ? "-" : fmt::format("`{}`", text);
}

std::string docs_table(MetricName::Kind kind, std::string_view head) {
  const bool with_unit = kind == series;
  std::string text =
      fmt::format("| {} | MBean | attribute |{} meaning | source |\n|---|---|---|{}---|---|\n",
                  head, with_unit ? " unit |" : "", with_unit ? "---|" : "");
  for (const MetricName& one : names) {
    if (one.kind != kind) continue;
    const std::string label = one.label.empty() ? "" : fmt::format(" [{}]", one.label);
    text +=
        fmt::format("| `{}`{} | {} | {} |{} {} | {} |\n", one.name, label, code_or_dash(one.mbean),
                    code_or_dash(one.attribute), with_unit ? fmt::format(" {} |", one.unit) : "",
                    one.meaning, one.source.empty() ? "-" : one.source);
  }
  return text;
}

}  // namespace

std::span<const MetricName> metric_names() { return names; }

const MetricName* find_metric_name(MetricName::Kind kind, std::string_view name) {
  const auto found = std::find_if(std::begin(names), std::end(names), [&](const MetricName& one) {
    return one.kind == kind && one.name == name;
  });
  return found == std::end(names) ? nullptr : found;
}

std::string mbean_of(const MetricName& of, const std::map<std::string, std::string>& values) {
  std::string text(of.mbean);
  for (const auto& [key, value] : values) {
    const std::string blank = "{" + key + "}";
    const std::size_t at = text.find(blank);
    if (at != std::string::npos) text.replace(at, blank.size(), value);
  }
  return text;
}

std::string metric_docs() {
  return "# Metrics reference\n\n"
         "What brokerlab calls a number and where an operator of a real cluster reads it, made by\n"
         "`brokerlab scenarios metrics`. The MBeans are Kafka 3.9's and ZooKeeper 3.8's; a class "
         "that "
         "keeps one stands\nunder source. A dash: there is none, and the number is brokerlab's "
         "own.\n\n"
         "## Series of a recording\n\n"
         "A sample a second ([recordings](recordings.md)). In brackets what a series' label "
         "tells.\n\n" +
         docs_table(series, "series") +
         "\n## Facts of a recording\n\n"
         "Each change of a state variable: what it is about, and its attribute.\n\n" +
         docs_table(fact, "fact") +
         "\n## Figures of a report\n\n"
         "Those that have a counterpart; all of them: [the report](reference_report.md).\n\n" +
         docs_table(figure, "figure");
}

}  // namespace brokerlab::recording

// Metric names: what a recording and a report call a number, and what Kafka or ZooKeeper calls it:
// the MBean that an operator would look at, its attribute, and the class that keeps it.
//
// One table holds the series of a recording (recording.h: metrics), its facts, and those figures of
// the report (docs/reference_report.md) that have a counterpart. docs/reference_metrics.md is made
// of it. A series keeps the short name under which it is in every recording; where Kafka has it,
// that is the last part of Kafka's own name.
//
// Lifetime: all texts live as long as the program. Threads: none. Errors: what is not in the table
//           is nothing.
// Source:   KafkaMetricsGroup (names of brokers), SenderMetricsRegistry, FetchMetricsRegistry,
//           ConsumerCoordinator, RecordAccumulator (of clients); ZooKeeper 3.8: DataTreeBean,
//           LocalPeerBean, ZooKeeperServer.dumpMonitorValues ("mntr").
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace brokerlab::recording {

struct MetricName {
  enum class Kind {
    series,  ///< Sampled once a second.
    fact,    ///< "partition leader": of facts about partitions the attribute leader.
    figure,  ///< A place in the report: "groups.{group}.lag".
  };
  Kind kind = Kind::series;
  std::string_view name;
  std::string_view label;  ///< What tells series of one name apart; empty: nothing does.
  std::string_view mbean;  ///< {client-id}, {topic} ...: as the case may be. Empty: there is none.
  std::string_view attribute;  ///< Of the MBean, or what a tool calls it: "mntr zk_znode_count".
  std::string_view unit;       ///< Of a series as it is recorded.
  std::string_view meaning;    ///< A sentence; how it differs from Kafka's, where it does.
  std::string_view source;     ///< The class that keeps it; empty: brokerlab's own.
};

/// All of them: series, facts, figures, in the order of the reference.
std::span<const MetricName> metric_names();
/// nullptr: not in the table.
const MetricName* find_metric_name(MetricName::Kind kind, std::string_view name);
/// The MBean's name with these in its braces ({"client-id", "wifi-auth"}); others stay as they are.
std::string mbean_of(const MetricName& of, const std::map<std::string, std::string>& values);
/// docs/reference_metrics.md
std::string metric_docs();

}  // namespace brokerlab::recording

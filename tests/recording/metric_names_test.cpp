// The table of names: what an operator reads there must be there, once, and in the reference.
#include "recording/metric_names.h"

#include "tests/files.h"

#include <catch2/catch.hpp>

#include <set>

using namespace brokerlab;
using namespace brokerlab::recording;

TEST_CASE("the committed reference of metrics is the current one", "[unit]") {
  INFO("write it anew: brokerlab scenarios metrics > docs/reference_metrics.md");
  CHECK(tests::contents(std::string(BROKERLAB_SOURCE_DIR) + "/docs/reference_metrics.md") ==
        metric_docs());
}

TEST_CASE("a name of a metric stands once, with its meaning", "[unit]") {
  std::set<std::pair<MetricName::Kind, std::string_view>> seen;
  for (const MetricName& one : metric_names()) {
    INFO(one.name);
    CHECK(seen.emplace(one.kind, one.name).second);
    CHECK(one.meaning.ends_with("."));
    // A series has a unit; what has an MBean has an attribute, and a class that keeps it.
    CHECK(one.unit.empty() == (one.kind != MetricName::Kind::series));
    CHECK((one.mbean.empty() || (!one.attribute.empty() && !one.source.empty())));
    CHECK(find_metric_name(one.kind, one.name) == &one);
  }
  CHECK(seen.size() > 60);
  CHECK(find_metric_name(MetricName::Kind::series, "MessagesOutPerSec") == nullptr);
  // A fact of that name is no series.
  CHECK(find_metric_name(MetricName::Kind::series, "replica leo") == nullptr);
}

TEST_CASE("an MBean is named after what it is of", "[unit]") {
  const MetricName* lag = find_metric_name(MetricName::Kind::series, "records-lag");
  REQUIRE(lag != nullptr);
  CHECK(mbean_of(*lag, {{"topic", "wifi"}, {"partition", "3"}, {"client-id", "nifi-1"}}) ==
        "kafka.consumer:type=consumer-fetch-manager-metrics,partition=3,topic=wifi,"
        "client-id=nifi-1");
  CHECK(lag->attribute == "records-lag");
  const MetricName* in = find_metric_name(MetricName::Kind::series, "MessagesInPerSec");
  REQUIRE(in != nullptr);
  CHECK(mbean_of(*in, {{"topic", "wifi"}}) ==
        "kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec");
}

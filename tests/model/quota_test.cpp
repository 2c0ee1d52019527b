// Client quotas: rates as Kafka measures them, and who is slowed down for how long. Held against
// Kafka's Rate and SampledStat, kafka.server.ClientQuotaManager and ClientRequestQuotaManager
// (3.9).
#include "model/broker/client_quotas.h"
#include "model/broker/replication_quota.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

constexpr QuotaRate::Window defaults{11, 1000};

ClientQuota of_client(std::string id, double bytes) {
  ClientQuota quota;
  quota.client_id = std::move(id);
  quota.producer_byte_rate = bytes;
  return quota;
}

ProduceRequest produce_of(const std::string& client, std::size_t bytes) {
  ProduceRequest request;
  request.client_id = client;
  const log::ByteVector records(bytes);
  request.partitions.push_back({{"t", 0}, log::ByteSlice::copy_of(records)});
  return request;
}

/// Milliseconds that a produce request of so many bytes is throttled for.
std::int64_t throttled(ClientQuotas& quotas, const std::string& client, std::size_t bytes,
                       std::int64_t now) {
  const ProduceRequest request = produce_of(client, bytes);
  ProduceResponse response;
  const ClientQuotas::Verdict verdict = quotas.judge(request, response, now, 0ns);
  CHECK(response.throttle_time == verdict.throttle);
  return whole_millis(verdict.throttle);
}

}  // namespace

TEST_CASE("a burst after a silence is spread over all samples but one", "[unit]") {
  QuotaRate rate(defaults);
  rate.record(100, 50'000);
  CHECK(rate.per_second(50'000) == Approx(10));
  CHECK(rate.throttle_millis(10, 50'000) == 0);
  rate.record(100, 50'000);
  // 20 a second over 10 s, 10 are allowed: as long again.
  CHECK(rate.throttle_millis(10, 50'000) == 10'000);
  CHECK(rate.per_second(60'000) == Approx(20));
  CHECK(rate.per_second(60'500) == Approx(200 / 10.5));
}

TEST_CASE("what goes on for long counts over the samples that are kept", "[unit]") {
  QuotaRate rate(defaults);
  for (int second = 0; second < 60; ++second) rate.record(7, second * 1000);
  CHECK(rate.per_second(59'999) == Approx(12 * 7 / 11.999));
  CHECK(rate.per_second(80'000) == Approx(0));  // eleven samples without an event
}

TEST_CASE("a producer above its quota waits until its rate has fallen to it", "[unit]") {
  ClientQuotas quotas({of_client("app", 1000)}, defaults);
  CHECK(throttled(quotas, "app", 9000, 0) == 0);
  const std::int64_t wait = throttled(quotas, "app", 9000, 0);
  CHECK(wait > 7900);  // 18 KB and two headers, at 1 KB a second, over ten seconds
  CHECK(wait < 8300);
  CHECK(throttled(quotas, "other", 90'000, 0) == 0);
}

TEST_CASE("the most particular quota holds, and who is limited as a user shares it", "[unit]") {
  ClientQuota everybody;
  everybody.user = default_quota_entity;
  everybody.producer_byte_rate = 1000;
  SECTION("a client id's own before that of the rest") {
    ClientQuotas quotas({of_client(default_quota_entity, 100), of_client("app", 1'000'000)},
                        defaults);
    CHECK(throttled(quotas, "app", 5000, 0) == 0);
    CHECK(throttled(quotas, "one", 900, 0) == 0);
    CHECK(throttled(quotas, "other", 900, 0) == 0);  // each has a rate of its own
    CHECK(throttled(quotas, "other", 900, 0) > 0);
  }
  SECTION("a user's before a client id's, and for all its clients together") {
    ClientQuotas quotas({of_client("app", 1'000'000), everybody}, defaults);
    CHECK(throttled(quotas, "app", 6000, 0) == 0);
    CHECK(throttled(quotas, "other", 6000, 0) > 0);
  }
  SECTION("a client id's of a user before the user's") {
    ClientQuota both = everybody;
    both.user = anonymous_user;
    both.client_id = "app";
    both.producer_byte_rate = 1'000'000;
    ClientQuotas quotas({everybody, both}, defaults);
    CHECK(throttled(quotas, "app", 60'000, 0) == 0);
    CHECK(throttled(quotas, "other", 60'000, 0) > 0);
  }
}

TEST_CASE("a fetch that is too much brings nothing, and does not count", "[unit]") {
  ClientQuota quota;
  quota.client_id = "app";
  quota.consumer_byte_rate = 1000;
  ClientQuotas quotas({quota}, defaults);
  CHECK(quotas.most_of_fetch("app") == Bytes(10'000));
  CHECK(quotas.most_of_fetch("other") == Bytes(2'147'483'647));
  FetchRequest request;
  request.client_id = "app";
  const auto fetched = [&](std::size_t bytes, std::int64_t now) {
    FetchResponse response;
    response.session_id = 7;
    const log::ByteVector records(bytes);
    response.partitions.push_back(
        {.partition = {"t", 0}, .records = log::ByteSlice::copy_of(records)});
    const auto verdict = quotas.judge(request, response, now, 0ns);
    CHECK(response.partitions.empty() == (verdict.throttle > 0ns));
    CHECK(response.session_id == (verdict.throttle > 0ns ? no_fetch_session : 7));
    return verdict.throttle > 0ns;
  };
  CHECK_FALSE(fetched(9000, 0));
  CHECK(fetched(9000, 0));
  CHECK_FALSE(fetched(800, 0));  // the one before did not count
  request.replica = BrokerId(2);
  CHECK_FALSE(fetched(90'000, 0));  // followers have no quota
}

TEST_CASE("request_percentage is of one thread, and throttles for a sample at most", "[unit]") {
  ClientQuota quota;
  quota.client_id = default_quota_entity;
  quota.request_percentage = 10;
  ClientQuotas quotas({quota}, defaults);
  HeartbeatRequest heartbeat;
  heartbeat.client_id = "app";
  const auto throttle = [&](const Request& request, Duration time) {
    HeartbeatResponse response;
    return quotas.judge(request, response, 0, time).throttle;
  };
  CHECK(throttle(heartbeat, 900ms) == 0ns);  // of ten seconds: 9 %
  CHECK(throttle(heartbeat, 200ms) == 1s);   // 11 %, of which 10 % more; never above 1 s
  LeaderAndIsrRequest from_controller;
  from_controller.client_id = "app";
  CHECK(throttle(from_controller, 10s) == 0ns);
}

// TopicConfigHandler.parseThrottledPartitions.
TEST_CASE("a list of throttled replicas names partitions and brokers", "[unit]") {
  CHECK(lists_replica("*", 7, BrokerId(3)));
  CHECK(lists_replica("0:1,7:3", 7, BrokerId(3)));
  CHECK(lists_replica("7:3", 7, BrokerId(3)));
  CHECK_FALSE(lists_replica("7:1,3:7", 7, BrokerId(3)));
  CHECK_FALSE(lists_replica("17:3,7:31", 7, BrokerId(3)));
  CHECK_FALSE(lists_replica("", 7, BrokerId(3)));
}

// SimpleRate.windowSize: the time since the oldest sample began, a whole sample at least.
TEST_CASE("the rate of replication is that of the time since it began", "[unit]") {
  QuotaRate rate({.samples = 11, .sample_millis = 1000, .simple = true});
  CHECK(rate.per_second(0) == 0);
  rate.record(5000, 100);
  CHECK(rate.per_second(100) == 5000);
  CHECK(rate.per_second(900) == 5000);
  CHECK(rate.per_second(2100) == 2500);
  rate.record(3000, 2100);
  CHECK(rate.per_second(2100) == 4000);
  CHECK(rate.per_second(4100) == 2000);
}

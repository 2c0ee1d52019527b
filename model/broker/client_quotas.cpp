#include "model/broker/client_quotas.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::model {
namespace {

const std::optional<double>& value_of(const ClientQuota& quota, ClientQuotas::Kind kind) {
  switch (kind) {
    case ClientQuotas::Kind::produce:
      return quota.producer_byte_rate;
    case ClientQuotas::Kind::fetch:
      return quota.consumer_byte_rate;
    case ClientQuotas::Kind::request:
      return quota.request_percentage;
  }
  UNREACHABLE();
}

/// What the controller and followers ask is never throttled (CLUSTER_ACTION).
bool is_exempt(const Request& request) {
  switch (request.api) {
    case ApiKey::leader_and_isr:
    case ApiKey::stop_replica:
    case ApiKey::update_metadata:
    case ApiKey::alter_partition:
    case ApiKey::controlled_shutdown:
      return true;
    case ApiKey::fetch:
      return dynamic_cast<const FetchRequest&>(request).from_follower();
    default:
      return false;
  }
}

}  // namespace

std::string_view to_text(ClientQuotas::Kind kind) {
  switch (kind) {
    case ClientQuotas::Kind::produce:
      return "producer_byte_rate";
    case ClientQuotas::Kind::fetch:
      return "consumer_byte_rate";
    case ClientQuotas::Kind::request:
      return "request_percentage";
  }
  UNREACHABLE();
}

void ClientQuotas::set(const ClientQuota& quota) {
  std::erase_if(quotas_, [&](const ClientQuota& one) {
    return one.user == quota.user && one.client_id == quota.client_id;
  });
  if (quota.producer_byte_rate || quota.consumer_byte_rate || quota.request_percentage) {
    quotas_.push_back(quota);
  }
}

ClientQuota ClientQuotas::of(const std::optional<std::string>& user,
                             const std::optional<std::string>& client_id) const {
  for (const ClientQuota& one : quotas_) {
    if (one.user == user && one.client_id == client_id) return one;
  }
  return {.user = user, .client_id = client_id};
}

/// DefaultQuotaCallback.quotaMetricTags and quotaLimit: the first of these that has a value. Who is
/// limited as a user shares with all clients of that user.
std::optional<ClientQuotas::Limit> ClientQuotas::limit(Kind kind,
                                                       const std::string& client_id) const {
  using Name = std::optional<std::string>;
  const Name none;
  const Name rest(default_quota_entity);
  const Name user(anonymous_user);
  const Name client(client_id);
  struct Level {
    Name user, client;
    bool by_user, by_client;
  };
  const Level levels[] = {
      {user, client, true, true},  {user, rest, true, true},  {user, none, true, false},
      {rest, client, true, true},  {rest, rest, true, true},  {rest, none, true, false},
      {none, client, false, true}, {none, rest, false, true},
  };
  for (const Level& level : levels) {
    for (const ClientQuota& quota : quotas_) {
      if (quota.user != level.user || quota.client_id != level.client) continue;
      if (const auto& value = value_of(quota, kind)) {
        return Limit{(level.by_user ? *user : "") + ":" + (level.by_client ? client_id : ""),
                     *value};
      }
    }
  }
  return std::nullopt;
}

QuotaRate& ClientQuotas::rate_of(Kind kind, const Limit& limit) {
  return rates_.try_emplace({kind, limit.entity}, window_).first->second;
}

Bytes ClientQuotas::most_of_fetch(const std::string& client_id) const {
  const auto found = limit(Kind::fetch, client_id);
  if (!found) return Bytes(std::numeric_limits<std::int32_t>::max());
  const double in_window =
      found->bound * (window_.samples - 1) * static_cast<double>(window_.sample_millis) / 1000;
  return Bytes(static_cast<std::int64_t>(
      std::min(in_window, static_cast<double>(std::numeric_limits<std::int32_t>::max()))));
}

ClientQuotas::Verdict ClientQuotas::record(Kind kind, const std::string& client_id, double value,
                                           std::int64_t now) {
  const auto found = limit(kind, client_id);
  if (!found) return {.kind = kind};
  QuotaRate& rate = rate_of(kind, *found);
  rate.record(value, now);
  std::int64_t millis = rate.throttle_millis(found->bound, now);
  // ClientRequestQuotaManager: at most one sample's time.
  if (kind == Kind::request) millis = std::min(millis, window_.sample_millis);
  return {std::chrono::milliseconds(millis), kind, found->bound, rate.per_second(now)};
}

ClientQuotas::Verdict ClientQuotas::judge(const Request& request, Response& response,
                                          std::int64_t now, Duration thread_time) {
  if (!enabled() || is_exempt(request)) return {};
  const std::string& client = request.client_id;
  const bool counts_time = request.has_response();
  const double percent = to_seconds(thread_time) * 100;
  Verdict verdict;
  if (counts_time) verdict = record(Kind::request, client, percent, now);
  const auto bytes = [&](Kind kind, Bytes size) {
    const Verdict other = record(kind, client, static_cast<double>(size.count()), now);
    if (other.throttle > verdict.throttle) verdict = other;
  };
  if (request.api == ApiKey::produce) bytes(Kind::produce, request.size());
  if (auto* fetched = dynamic_cast<FetchResponse*>(&response)) {
    const Bytes size = fetched->size();
    bytes(Kind::fetch, size);
    if (verdict.throttle > 0ns) {
      // FetchContext.getThrottledResponse.
      if (const auto found = limit(Kind::fetch, client)) {
        rate_of(Kind::fetch, *found).record(-static_cast<double>(size.count()), now);
      }
      const bool is_full = dynamic_cast<const FetchRequest&>(request).session_epoch <= 0;
      fetched->partitions.clear();
      fetched->node_endpoints.clear();
      if (is_full) fetched->session_id = no_fetch_session;
    }
  }
  response.throttle_time = verdict.throttle;
  return verdict;
}

}  // namespace brokerlab::model

// ClientQuotas: how a broker slows down clients that are above their quotas. A response says for
// how long (throttle_time_ms), and the broker reads nothing more from that connection meanwhile;
// the client does not send either (KIP-219). A fetch that is too much brings no records and does
// not count.
//
// Each entity, by the most particular quota that fits (user and client id, user, client id), has a
// rate of its own for bytes produced, bytes fetched and time of threads (QuotaRate).
//
// Lifetime: owned by the Broker. Threads: none. The time of network threads is not counted.
// Source:   kafka.server.{ClientQuotaManager, ClientRequestQuotaManager}, KafkaApis
//           (handleProduceRequest, handleFetchRequest), RequestHandlerHelper.
#pragma once

#include "model/broker/quota_rate.h"
#include "model/client_quota.h"
#include "model/wire/protocol.h"

#include <map>
#include <string>
#include <vector>

namespace brokerlab::model {

class ClientQuotas {
 public:
  ClientQuotas(std::vector<ClientQuota> quotas, QuotaRate::Window window)
      : quotas_(std::move(quotas)), window_(window) {}

  bool enabled() const { return !quotas_.empty(); }
  /// In place of what that user and client id had; one without limits takes it away.
  void set(const ClientQuota& quota);
  /// What they have; without limits if nothing.
  ClientQuota of(const std::optional<std::string>& user,
                 const std::optional<std::string>& client_id) const;
  /// What one fetch may bring at most: all that its quota allows in a window.
  Bytes most_of_fetch(const std::string& client_id) const;

  enum class Kind { produce, fetch, request };
  struct Verdict {
    Duration throttle{0};
    Kind kind = Kind::request;  ///< Which quota it is for.
    double bound = 0;
    double rate = 0;
  };
  /// Counts an exchange that is about to end, and says how long its connection is to be silent. The
  /// response is changed accordingly. `now`: milliseconds of the machine's clock. `thread_time`:
  /// that it had an I/O thread.
  Verdict judge(const Request& request, Response& response, std::int64_t now, Duration thread_time);

 private:
  struct Limit {
    std::string entity;  ///< Who share a rate.
    double bound = 0;
  };
  std::optional<Limit> limit(Kind kind, const std::string& client_id) const;
  QuotaRate& rate_of(Kind kind, const Limit& limit);
  Verdict record(Kind kind, const std::string& client_id, double value, std::int64_t now);

  std::vector<ClientQuota> quotas_;
  const QuotaRate::Window window_;
  std::map<std::pair<Kind, std::string>, QuotaRate> rates_;
};

/// "producer_byte_rate".
std::string_view to_text(ClientQuotas::Kind kind);

}  // namespace brokerlab::model

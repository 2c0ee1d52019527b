#include "model/client_quota.h"

#include "base/settings.h"
#include "base/translation.h"

#include <limits>

namespace brokerlab::model {

const Settings<ClientQuota>& ClientQuota::settings() {
  using S = ClientQuota;
  constexpr double most = std::numeric_limits<double>::max();
  static const auto all =
      Settings<S>(
          "Quota",
          "What brokers allow clients of a name, each broker for itself; who is above it is "
          "made to wait. Of several that fit, the most particular holds.")
          .field("user", &S::user, setting::text(249),
                 "Without authentication all are \"ANONYMOUS\"; \"<default>\": of users without "
                 "one of their own.")
          .field("client.id", &S::client_id, setting::text(249),
                 "The name of a producer, or of a group's member (<group>-1); \"<default>\": of "
                 "each without one of its own.")
          .field("producer_byte_rate", &S::producer_byte_rate, setting::real(1, most),
                 "Bytes a second that it may produce.")
          .field("consumer_byte_rate", &S::consumer_byte_rate, setting::real(1, most),
                 "Bytes a second that it may fetch.")
          .field("request_percentage", &S::request_percentage, setting::real(0.001, most),
                 "Of a broker's threads that it may use: 100 is one of them all the time.")
          .check([](const S& quota, FieldReport& report) {
            if (!quota.user && !quota.client_id) {
              report.error("client.id", tr("needs a user or a client.id: whose quota it is"));
            }
            if (quota.user && *quota.user != anonymous_user &&
                *quota.user != default_quota_entity) {
              report.error("user", tr("names nobody: without authentication, which brokerlab does "
                                      "not model, every client is \"ANONYMOUS\""));
            }
            if (!quota.producer_byte_rate && !quota.consumer_byte_rate &&
                !quota.request_percentage) {
              report.error("producer_byte_rate",
                           tr("needs producer_byte_rate, consumer_byte_rate or "
                              "request_percentage: what it limits"));
            }
          });
  return all;
}

}  // namespace brokerlab::model

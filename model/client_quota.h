// ClientQuota: what an operator allows a client, as kafka-configs.sh would set it for users and
// client ids. Lifetime: a value. Threads: none. Source: kafka.server.ClientQuotaManager (entities
// of DefaultQuotaCallback), DynamicConfig.
#pragma once

#include "base/settings_fwd.h"

#include <optional>
#include <string>

namespace brokerlab::model {

/// Of all that is not named: the entity "<default>".
inline constexpr const char* default_quota_entity = "<default>";
/// Who has not authenticated is this one (KafkaPrincipal.ANONYMOUS).
inline constexpr const char* anonymous_user = "ANONYMOUS";

struct ClientQuota {
  std::optional<std::string> user;           ///< Unset: whoever it is.
  std::optional<std::string> client_id;      ///< Unset: whichever it is.
  std::optional<double> producer_byte_rate;  ///< Bytes a second to each broker.
  std::optional<double> consumer_byte_rate;
  /// Of one thread of a broker, in percent: 100 is all the time of one.
  std::optional<double> request_percentage;

  static const Settings<ClientQuota>& settings();
};

}  // namespace brokerlab::model

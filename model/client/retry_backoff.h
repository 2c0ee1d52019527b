// RetryBackoff: the pauses of one client between its tries, and its count of failures in a row.
//
// Lifetime: a value; borrows the config. Threads: none.
// Source:   org.apache.kafka.common.utils.ExponentialBackoff.
#pragma once

#include "model/client/metadata.h"
#include "model/config.h"

namespace brokerlab::model {

class RetryBackoff {
 public:
  RetryBackoff(const ClientConfig& config, RandomStream random)
      : config_(config), random_(random) {}

  /// retry.backoff.ms after so many attempts, up to retry.backoff.max.ms.
  Duration after(int attempts) {
    return exponential_backoff(config_.retry_backoff, config_.retry_backoff_max, attempts, random_);
  }
  /// After one more failure in a row.
  Duration next() { return after(failures_++); }
  void reset() { failures_ = 0; }

 private:
  const ClientConfig& config_;
  RandomStream random_;
  int failures_ = 0;
};

}  // namespace brokerlab::model

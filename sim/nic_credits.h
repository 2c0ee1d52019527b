// The burst credits of one direction of a network card, as cloud providers give them: looked at
// from time to time, with what has gone through so far.
//
// While there are credits the card carries its burst rate, without any its baseline. Credits that
// are used up are noticed within a millisecond. A card without credits is looked at ten times a
// second, and bursts again when it has saved enough for a second of it (or all it can have).
//
// Lifetime: a value without a clock. Threads: none. Errors: none; see sim/token_bucket.h.
// Source:   Amazon EC2 User Guide, "Amazon EC2 instance network bandwidth",
//           https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-network-bandwidth.html
//           (a network I/O credit mechanism; how fast credits are taken notice of is not told).
#pragma once

#include "sim/hardware.h"
#include "sim/token_bucket.h"

namespace brokerlab::sim {

class NicCredits {
 public:
  /// Of a card with a burst_rate.
  explicit NicCredits(const NicConfig& nic);

  BytesPerSecond rate() const { return exhausted_ ? baseline_ : burst_; }
  bool exhausted() const { return exhausted_; }
  /// What is left when so much has gone through since the start.
  Bytes credits(Time now, Bytes moved) const;

  /// `moved` is what went through since the start; it never shrinks. May change rate().
  void look(Time now, Bytes moved);
  /// When to look next, while anything goes through or rate() is the baseline.
  Time next_look(Time now) const;

 private:
  Bytes credits_for(Duration burst) const;

  BytesPerSecond baseline_;
  BytesPerSecond burst_;
  Bytes capacity_;
  TokenBucket<Bytes, BytesPerSecond> bucket_;
  Bytes charged_{0};
  bool exhausted_;
};

}  // namespace brokerlab::sim

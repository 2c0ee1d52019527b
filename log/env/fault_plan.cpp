#include "log/env/fault_plan.h"

namespace brokerlab::log {

void FaultPlan::plan(std::int64_t n, bool crash, bool stays, Fault fault) {
  ENSURE(n > 0 && fault.bytes_of_write >= 0, "call {}, {} bytes", n, fault.bytes_of_write);
  planned_ = Planned{calls_ + n, stays ? INT64_MAX : calls_ + n, crash, fault};
}

void FaultPlan::fail_call(std::int64_t n, IoErrorKind kind, std::int64_t bytes_of_write) {
  plan(n, false, false, {kind, "injected", bytes_of_write});
}

void FaultPlan::fail_calls_from(std::int64_t n, IoErrorKind kind, std::int64_t bytes_of_write) {
  plan(n, false, true, {kind, "injected", bytes_of_write});
}

void FaultPlan::crash_at_call(std::int64_t n, std::int64_t bytes_of_write) {
  plan(n, true, false, {IoErrorKind::io, "the power failed", bytes_of_write});
}

void FaultPlan::short_reads(std::int64_t bytes) {
  ENSURE(bytes >= 0);
  read_limit_ = bytes;
}

void FaultPlan::heal() {
  planned_.reset();
  read_limit_ = INT64_MAX;
}

std::optional<FaultPlan::Fault> FaultPlan::next_call() {
  ++calls_;
  if (crashed_) return Fault{IoErrorKind::io, "the power is off", 0};
  if (!planned_ || calls_ < planned_->first) return std::nullopt;
  const Planned planned = *planned_;
  if (calls_ >= planned.last) planned_.reset();
  crashed_ = planned.crash;
  return planned.fault;
}

}  // namespace brokerlab::log

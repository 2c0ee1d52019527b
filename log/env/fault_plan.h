// FaultPlan: what a MemoryEnv does wrong, and when. Calls of the Env and its files that could fail
// are counted; a plan names one of them by its number.
//
//   env.faults().fail_calls_from(3, IoErrorKind::no_space);  ...  env.faults().heal();
//   env.faults().crash_at_call(17, 12);                      ...  env.lose_unsynced(random);
//
// A crash test runs its workload once, asks calls() how many there were, then runs it again with a
// crash at each of them.
//
// Lifetime: a value inside its MemoryEnv. Threads: none.
#pragma once

#include "log/env/env.h"

#include <optional>

namespace brokerlab::log {

class FaultPlan {
 public:
  /// The n-th call from now (1 is the next) fails with `kind`, then all is well. If it is an
  /// append, the first `bytes_of_write` bytes of it (at most all) are written nevertheless.
  void fail_call(std::int64_t n, IoErrorKind kind, std::int64_t bytes_of_write = 0);
  /// The n-th call from now and all behind it fail with `kind`, until heal().
  void fail_calls_from(std::int64_t n, IoErrorKind kind, std::int64_t bytes_of_write = 0);
  /// The power fails in the n-th call from now: it does nothing, or writes `bytes_of_write` bytes
  /// if it is an append. It and every later call answer io, until the MemoryEnv is told what became
  /// of the bytes: lose_unsynced() or kill_process().
  void crash_at_call(std::int64_t n, std::int64_t bytes_of_write = 0);
  /// The device gives at most `bytes` at a time. File::read_at() then asks again until it has all,
  /// so that no caller sees a difference; of a device that gives 0 bytes it makes an io error.
  void short_reads(std::int64_t bytes);

  /// Forgets what is planned and not crashed yet. Does not bring the power back.
  void heal();

  /// Calls so far, failed ones included. All of Env but exists(), all of File but id() and size();
  /// calls on files that died with the power do not count.
  std::int64_t calls() const { return calls_; }
  bool crashed() const { return crashed_; }

  /// What MemoryEnv asks, once in each call; an answer means: fail with it.
  struct Fault {
    IoErrorKind kind = IoErrorKind::io;
    std::string_view message;
    std::int64_t bytes_of_write = 0;  ///< Of an append, write so many first.
  };
  std::optional<Fault> next_call();
  std::int64_t read_limit() const { return read_limit_; }
  void power_on() { crashed_ = false; }

 private:
  struct Planned {
    std::int64_t first = 0;  ///< By the number it will have in calls().
    std::int64_t last = 0;
    bool crash = false;
    Fault fault;
  };
  void plan(std::int64_t n, bool crash, bool stays, Fault fault);

  std::int64_t calls_ = 0;
  std::optional<Planned> planned_;
  std::int64_t read_limit_ = INT64_MAX;
  bool crashed_ = false;
};

}  // namespace brokerlab::log

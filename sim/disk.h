// One disk: operations in FIFO order, `parallelism` at once, each a fixed cost plus bytes over
// rate; and the room on it.
//
// On an HDD the fixed cost (positioning) is due when an operation does not continue where the last
// one of the same stream ended; on flash it is due always. The fixed costs of operations in
// progress overlap, their transfers do not: the device's rate is one, shared in order of start. An
// operation of a volume also waits for its turn at the volume's operations a second and on the
// machine's link (sim/volume.h). A sync empties the drive's cache, once the writes before it are
// in it. What is in the queue when the power goes is lost; completed writes are durable only after
// a sync.
//
// What can go wrong with it is set and taken back at any time (sim/disk_faults.h does so and
// records it): it gets slow, some or all operations fail, somebody else fills it, its syncs lie.
//
// An operation that was asked for is done even when the process that asked dies meanwhile.
//
// Lifetime: owned by a Machine, whose VolumeLink it borrows. Threads: none. Errors: returned
// DiskError.
#pragma once

#include "base/random.h"
#include "base/result.h"
#include "sim/channel.h"
#include "sim/hardware.h"
#include "sim/ids.h"
#include "sim/volume.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace brokerlab::sim {

enum class DiskError { full, failed };

/// Where an operation takes place: a file and an offset, so that the disk can tell sequential from
/// not. Streams of different files interfere on an HDD.
struct DiskPlace {
  std::int64_t file = 0;
  std::int64_t offset = 0;
};

/// How often a disk's troubles met work. Who wants to know whether a fault did bite compares two.
struct DiskHarm {
  std::int64_t slowed = 0;   ///< Operations that took longer.
  Duration slowed_for{0};    ///< By which all of them together took longer.
  std::int64_t failed = 0;   ///< Operations that failed.
  std::int64_t refused = 0;  ///< Times that there was no room.
  std::int64_t lies = 0;     ///< Syncs that made nothing durable.
};

class Disk {
 public:
  /// `name`: of its random stream for failures, "<name>/failures".
  Disk(World& world, const DiskConfig& config, std::string_view name = "disk",
       VolumeLink* link = nullptr);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  Task<Status<DiskError>> read(DiskPlace place, Bytes size);
  Task<Status<DiskError>> write(DiskPlace place, Bytes size);
  Task<Status<DiskError>> sync();
  /// Every operation in the queue is gone; their coroutines die with their process.
  void power_off();

  // --- Room. Whoever keeps files here says how they grow and shrink ---

  /// Room for that much more, or DiskError::full and nothing done.
  Status<DiskError> allocate(Bytes more);
  void release(Bytes less);
  /// Bytes that are there whether there is room or not: a removal undone by a power loss.
  void occupy(Bytes more) { used_ += more; }
  Bytes used() const { return used_; }
  Bytes free() const;

  // --- Trouble ---

  /// Times of positioning, transfer and sync are `factor` times as long from the next operation on;
  /// 1 is as it was.
  void set_slowness(double factor);
  double slowness() const { return slowness_; }
  /// Each operation that ends from now on fails with this probability; 0 is a good disk.
  void set_failure_probability(double probability);
  double failure_probability() const { return failure_probability_; }
  /// Somebody else takes all room but this much; none: gives it back.
  void set_room_left(std::optional<Bytes> left);
  bool filled() const { return room_left_.has_value(); }
  /// A sync costs its time and says it is done, but empties nothing.
  void set_lies(bool lies) { lies_ = lies; }
  bool lies() const { return lies_; }
  void count_lie() { ++harm_.lies; }
  bool in_trouble() const;
  const DiskHarm& harm() const { return harm_; }
  /// The event that an operation which fails is because of; none: whatever the code does then.
  void set_cause(EventId cause) { cause_ = cause; }
  EventId cause() const { return cause_; }

  const DiskConfig& config() const { return config_; }
  Bytes bytes_read() const { return bytes_read_; }
  Bytes bytes_written() const { return bytes_written_; }
  std::int64_t syncs() const { return syncs_; }
  Duration busy() const;  ///< Time with at least one operation in progress.
  int queue_length() const { return static_cast<int>(queue_.size()); }
  int in_progress() const { return running_; }
  Operations operations() const { return operations_; }  ///< As the provider counts them.
  Operations burst_credits() const;                      ///< 0 without a limit.
  /// Called when an operation is started that takes the last credits of a burst.
  void on_credits_gone(std::function<void(Metered)> callback) {
    credits_gone_ = std::move(callback);
  }

 private:
  enum class Kind { read, write, sync };
  struct Operation {
    Kind kind;
    DiskPlace place;
    Bytes size;
    Time asked;
    OneShot<Status<DiskError>> done;
  };
  using OperationPtr = std::shared_ptr<Operation>;

  Task<Status<DiskError>> perform(Kind kind, DiskPlace place, Bytes size);
  void start_what_fits();
  Time finish_time(const Operation& operation);
  Time finish_when(const Operation& operation);
  Time pass_limits(const Operation& operation, bool continues);
  void complete(Operation& operation);
  Duration slowed(Duration time) const;

  World& world_;
  const DiskConfig config_;
  VolumeLink* const link_;
  std::optional<OperationMeter> meter_;
  std::function<void(Metered)> credits_gone_;
  RandomStream failures_;
  std::deque<OperationPtr> queue_;
  int running_ = 0;
  int writes_running_ = 0;
  DiskPlace head_{-1, 0};        ///< Where the last operation that was started ends.
  Kind last_kind_ = Kind::sync;  ///< Of that operation,
  Time last_started_{};          ///< when that was,
  Bytes filled_{0};              ///< and how full the last one that was counted is.
  Time transfer_free_{};         ///< When the transfers of all started operations are over.
  Time busy_since_{};
  Duration busy_{0};
  std::uint32_t power_cycle_ = 0;
  Bytes used_{0};
  std::optional<Bytes> room_left_;  ///< Of another's making.
  Bytes used_at_fill_{0};
  double slowness_ = 1;
  double failure_probability_ = 0;
  bool lies_ = false;
  EventId cause_;
  DiskHarm harm_;
  Bytes bytes_read_;
  Bytes bytes_written_;
  std::int64_t syncs_ = 0;
  Operations operations_{0};
};

}  // namespace brokerlab::sim

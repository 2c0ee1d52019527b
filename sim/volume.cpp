#include "sim/volume.h"

#include <algorithm>

namespace brokerlab::sim {
namespace {

OperationBucket operations_bucket(PerSecond rate, std::optional<PerSecond> burst,
                                  std::int64_t credits) {
  return OperationBucket({rate, burst.value_or(rate), Operations(credits), Operations(credits)});
}

ByteBucket bytes_bucket(const VolumeLinkConfig& config) {
  return ByteBucket({config.rate, config.burst_rate.value_or(config.rate), config.burst_credits,
                     config.burst_credits});
}

}  // namespace

VolumeLink::VolumeLink(const VolumeLinkConfig& config) : bytes_(bytes_bucket(config)) {
  if (config.iops) {
    operations_ = operations_bucket(*config.iops, config.burst_iops, config.burst_operations);
  }
}

Time VolumeLink::serve(Time now, Operations operations, Bytes bytes) {
  const Time carried = bytes_.serve(now, bytes);
  return operations_ ? std::max(carried, operations_->serve(now, operations)) : carried;
}

OperationMeter::OperationMeter(const DiskConfig& config)
    : bucket_(operations_bucket(*config.iops, config.burst_iops, config.burst_operations)) {}

Operations count_operations(Bytes size, Bytes io_size, Bytes& filled) {
  const Bytes room = filled > Bytes(0) ? io_size - filled : Bytes(0);
  if (size <= room) {
    filled += size;
    return Operations(0);
  }
  const std::int64_t rest = (size - room).count();
  const std::int64_t begun =
      std::max<std::int64_t>(1, (rest + io_size.count() - 1) / io_size.count());
  filled = Bytes(rest - (begun - 1) * io_size.count());
  return Operations(begun);
}

}  // namespace brokerlab::sim

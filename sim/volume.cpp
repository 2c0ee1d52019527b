#include "sim/volume.h"

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

template <class Rate>
std::int64_t above(Rate rate, std::optional<Rate> burst) {
  return burst ? static_cast<std::int64_t>(burst->count() - rate.count()) : 0;
}

BurstWatch operations_watch(std::optional<PerSecond> rate, std::optional<PerSecond> burst,
                            std::int64_t credits) {
  return {rate ? above(*rate, burst) : 0, credits};
}

}  // namespace

VolumeLink::VolumeLink(const VolumeLinkConfig& config)
    : bytes_(bytes_bucket(config)),
      bytes_watch_(above(config.rate, config.burst_rate), config.burst_credits.count()),
      operations_watch_(operations_watch(config.iops, config.burst_iops, config.burst_operations)) {
  if (config.iops) {
    operations_ = operations_bucket(*config.iops, config.burst_iops, config.burst_operations);
  }
}

namespace {

/// Serves it; whether a burst has come to its end with it.
template <class Bucket, class Amount>
bool serve_watched(Bucket& bucket, BurstWatch& watch, Time now, Amount amount, Time& done) {
  watch.before(bucket.credits(now).count());
  done = std::max(done, bucket.serve(now, amount));
  return watch.after(bucket.credits(now).count());
}

}  // namespace

Time VolumeLink::serve(Time now, Operations operations, Bytes bytes, std::vector<Metered>& gone) {
  Time done = now;
  if (serve_watched(bytes_, bytes_watch_, now, bytes, done)) gone.push_back(Metered::link_bytes);
  if (operations_ && serve_watched(*operations_, operations_watch_, now, operations, done)) {
    gone.push_back(Metered::link_operations);
  }
  return done;
}

OperationMeter::OperationMeter(const DiskConfig& config)
    : bucket_(operations_bucket(*config.iops, config.burst_iops, config.burst_operations)),
      watch_(operations_watch(config.iops, config.burst_iops, config.burst_operations)) {}

Time OperationMeter::serve(Time now, Operations operations, std::vector<Metered>& gone) {
  Time done = now;
  if (serve_watched(bucket_, watch_, now, operations, done)) {
    gone.push_back(Metered::volume_operations);
  }
  return done;
}

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

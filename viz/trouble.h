// What can be wrong with a machine or its process. How each looks: viz/cluster/condition.h.
#pragma once

namespace brokerlab::viz {

/// The worst first.
enum class Condition {
  powered_off,
  stopped,
  not_started,
  paused,
  cut_off,     ///< Nobody of the cluster, or no client, reaches it.
  partly_cut,  ///< Some do not reach it.
  fenced,      ///< Runs, and is not registered.
  disk_failed,
  disk_full,
  card_slow,
  loss,
  delay,
  disk_slow,
  clock_wrong,
  disk_lies,
  count_,
};

}  // namespace brokerlab::viz

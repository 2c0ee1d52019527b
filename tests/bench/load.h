// A cluster under a steady load, as a scenario: every producer's records come equally spaced, one
// group reads all of them once. Leaders and replicas are spread evenly, nothing fails.
//
// The files that sources of real records read are written into a folder, which must outlive the
// runs. Phantom records have a size and no bytes; whether there are any is up to the loader.
#pragma once

#include "base/result.h"
#include "scenarios/description.h"
#include "tests/bench/folder.h"

#include <string>

namespace brokerlab::bench {

enum class Payload { real, phantom };

struct Load {
  int brokers = 3;
  int partitions = 0;        ///< Each with three replicas; 0: as many as brokers.
  int clients = 1;           ///< Producers, and members of the group.
  std::int64_t records = 0;  ///< Of each producer,
  PerSecond rate{1};         ///< so many a second.
  Bytes record{1'000};       ///< The size of a value.
  Payload payload = Payload::real;
  Duration linger{0};            ///< linger.ms
  Duration poll{0};              ///< Between looks for records; 0: as often as there is one.
  Bytes batch = 16_KiB;          ///< batch.size
  Duration begin = 10s;          ///< By then cluster and group are ready.
  BytesPerSecond nic = 10_Gbps;  ///< Of every machine.

  std::int64_t all_records() const { return clients * records; }
};

/// The error names what the loader of scenarios did not like.
Result<scenarios::Scenario, std::string> scenario_of(const Load& load, const Folder& folder);

}  // namespace brokerlab::bench

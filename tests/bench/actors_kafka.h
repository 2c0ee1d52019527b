// The same small Kafka as SimGrid's own examples would have it: every thread an actor, every socket
// a mailbox, every message a communication, every piece of work an execution. What the model's
// speed is held against.
//
// Of Kafka it has what a steady load with acks=all needs, and no more: producers with so many
// requests in flight to each broker, request handlers, leaders' logs, replica fetchers, high
// watermarks, both purgatories, a group whose members have their partitions from the start;
// machines with cores, a network card and a disk behind a page cache. It counts batches instead of
// keeping them. There is no controller, no ZooKeeper, no metadata, no coordinator, no failure, no
// trace.
//
// Machines, delays and settings are those of the scenario that the model runs.
//
// Lifetime: SimGrid's engine is one a process: call it once, in a child (apart.h). Threads: none.
#pragma once

#include "scenarios/description.h"
#include "tests/bench/load.h"

#include <cstdint>

namespace brokerlab::bench {

struct ActorsRun {
  std::int64_t acknowledged = 0;  ///< Produce requests.
  std::int64_t consumed = 0;      ///< Batches.
  double simulated = 0;           ///< Seconds, from when the load begins.
  double building = 0;            ///< CPU seconds until the simulation begins,
  double running = 0;             ///< and from then on.
};

/// `scenario` is that of the load. A record is a batch, a batch is a request.
ActorsRun run_kafka_on_actors(const scenarios::Scenario& scenario, const Load& load);

}  // namespace brokerlab::bench

#include "model/explain.h"

#include "model/events.h"
#include "sim/disk_faults.h"
#include "sim/machine.h"

#include <functional>
#include <initializer_list>

namespace brokerlab::model {
namespace {

constexpr std::size_t looked_back = 50'000;

bool is_one_of(const sim::Event& event, std::initializer_list<const sim::EventKind*> kinds) {
  return std::find(kinds.begin(), kinds.end(), event.kind) != kinds.end();
}

/// Whom the leader waited for has caught up, left the ISR, or has nobody to follow any more.
bool ends_a_stall(const sim::Event& event) {
  return is_one_of(event, {&events::replication_resumed, &events::partition_isr_shrunk,
                           &events::partition_leader_elected, &events::partition_created});
}

/// The newest event for which it holds, not before the one after `oldest`.
sim::EventId last(const sim::Trace& trace, sim::EventId oldest,
                  const std::function<bool(const sim::Event&)>& holds) {
  std::size_t left = looked_back;
  const std::vector<sim::Event>& all = trace.events();
  for (auto event = all.rbegin(); event != all.rend() && left-- > 0; ++event) {
    if (oldest.valid() && event->id <= oldest) break;
    if (holds(*event)) return event->id;
  }
  return {};
}

}  // namespace

sim::EventId why_not_written(const sim::Trace& trace, sim::PartitionId partition,
                             sim::MachineId client, Time since) {
  sim::EventId connection;
  bool replicated = false;
  const sim::EventId state = last(trace, {}, [&](const sim::Event& event) {
    const bool recent = event.time >= since;
    if (recent && !connection.valid() && event.machine == client &&
        is_one_of(event, {&events::connection_broken, &events::connection_failed})) {
      connection = event.id;
    }
    if (event.partition != partition) return false;
    // What began before still holds unless something ended it; then it is no reason.
    if (is_one_of(event, {&events::partition_under_min_isr, &events::partition_offline})) {
      return true;
    }
    if (event.kind == &events::replication_stalled) return !replicated;
    replicated = replicated || ends_a_stall(event);
    return !recent &&
           is_one_of(event, {&events::partition_min_isr_back, &events::partition_leader_elected,
                             &events::partition_created});
  });
  const bool explains =
      state.valid() &&
      is_one_of(trace.event(state), {&events::partition_under_min_isr, &events::partition_offline,
                                     &events::replication_stalled});
  return explains ? state : connection;
}

sim::EventId why_replicated_late(const sim::Trace& trace, sim::PartitionId partition, Time since) {
  bool over = false;
  return last(trace, {}, [&](const sim::Event& event) {
    if (event.partition != partition || over) return false;
    over = ends_a_stall(event) && event.time < since;
    return event.kind == &events::replication_stalled;
  });
}

sim::EventId why_again(const sim::Trace& trace, sim::PartitionId partition, sim::EventId after,
                       sim::EventId interruption) {
  const sim::EventId helped = last(trace, after, [&](const sim::Event& event) {
    return event.partition == partition &&
           is_one_of(event, {&events::partition_leader_elected, &events::partition_min_isr_back,
                             &events::partition_isr_shrunk, &events::replication_resumed});
  });
  return helped.valid() ? helped : interruption;
}

sim::EventId why_again_with(const sim::Trace& trace, sim::PartitionId partition,
                            sim::EventId helper) {
  const sim::EventId interruption = last(trace, {}, [&](const sim::Event& event) {
    return event.partition == partition &&
           is_one_of(event, {&events::partition_isr_shrunk, &events::partition_leader_elected,
                             &events::partition_created});
  });
  if (!interruption.valid() || interruption < helper) return helper;
  // The interruption may be told long after the trouble behind it, and after its end.
  const sim::EventId trouble = trace.event(interruption).cause;
  return last(trace, trouble.valid() ? trouble : interruption, [](const sim::Event& event) {
    return is_one_of(event, {&sim::events::network_healed, &sim::events::outage_mended,
                             &sim::events::nic_restored, &sim::events::disk_speed_restored});
  });
}

sim::EventId why_answered(const sim::Trace& trace, ErrorCode error, sim::PartitionId partition) {
  switch (error) {
    case ErrorCode::not_enough_replicas:
    case ErrorCode::not_enough_replicas_after_append:
      return last(trace, {}, [&](const sim::Event& event) {
        return event.partition == partition && event.kind == &events::partition_under_min_isr;
      });
    case ErrorCode::fenced_leader_epoch:
    case ErrorCode::unknown_leader_epoch:
      // The controller raises the epoch with an ISR that it shrinks (ReplicaStateMachine).
      return last(trace, {}, [&](const sim::Event& event) {
        return event.partition == partition &&
               is_one_of(event, {&events::partition_leader_elected, &events::partition_offline,
                                 &events::partition_isr_shrunk});
      });
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::leader_not_available:
    case ErrorCode::offset_not_available:
    case ErrorCode::not_coordinator:
    case ErrorCode::coordinator_not_available:
    case ErrorCode::coordinator_load_in_progress:
      return last(trace, {}, [&](const sim::Event& event) {
        return event.partition == partition &&
               is_one_of(event, {&events::partition_leader_elected, &events::partition_offline});
      });
    case ErrorCode::unknown_topic_or_partition: {
      // Of a broker that has started and that the controller has not told of anything yet.
      const sim::EventId newest = last(trace, {}, [](const sim::Event& event) {
        return is_one_of(event, {&events::broker_registered, &events::controller_broker_joined,
                                 &events::controller_elected});
      });
      const bool waits = newest.valid() && trace.event(newest).kind == &events::broker_registered;
      return waits ? newest : sim::EventId();
    }
    case ErrorCode::kafka_storage_error:
      return last(trace, {}, [&](const sim::Event& event) {
        return is_one_of(event, {&events::log_directory_offline, &events::log_directory_failed});
      });
    case ErrorCode::corrupt_message:
      return last(trace, {},
                  [&](const sim::Event& event) { return event.kind == &events::log_corrupted; });
    default:
      return {};
  }
}

sim::EventId last_error(const sim::Trace& trace, sim::MachineId client, ErrorCode error) {
  return last(trace, {}, [&](const sim::Event& event) {
    return event.machine == client && event.kind == &events::client_error &&
           event.detail("error") == to_text(error);
  });
}

}  // namespace brokerlab::model

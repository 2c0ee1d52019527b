#include "model/client/producer_outages.h"

#include "model/events.h"
#include "model/explain.h"

#include <utility>

namespace brokerlab::model {

Address ProducerOutages::address_of(BrokerId node) const {
  const auto found = view_.brokers().find(node);
  return found == view_.brokers().end() ? Address{} : found->second;
}

void ProducerOutages::note_unreachable(Address address, RpcFailure::Kind error,
                                       sim::EventId cause) {
  bool& told = unreachable_[address];
  if (std::exchange(told, true)) return;
  sim::Trace::About here{.machine = process_.machine().id()};
  if (cause.valid()) here.cause = cause;
  const sim::EventId before = last_event();
  const sim::EventId failed = world_.trace().record(events::producer_request_failed, here,
                                                    {{"to", machine_name(process_, address)},
                                                     sim::Detail::of("what", what_failed(error)),
                                                     sim::Detail::of("error", to_phrase(error))});
  for (const TopicPartition& partition : produced_to_) {
    if (address_of(view_.leader(partition).leader) == address) {
      interrupted_.try_emplace(partition, Interruption{before, failed});
    }
  }
}

void ProducerOutages::note_interrupted(const TopicPartition& partition, sim::EventId cause) {
  interrupted_.try_emplace(partition, Interruption{last_event(), cause});
}

void ProducerOutages::note_acknowledged(const TopicPartition& partition, BrokerId by) {
  const auto found = interrupted_.extract(partition);
  if (!found) return;
  sim::Trace::About again{.machine = process_.machine().id(),
                          .partition = context_.partitions.id_of(partition)};
  again.cause =
      why_again(world_.trace(), again.partition, found.mapped().after, found.mapped().cause);
  world_.trace().record(events::producer_resumed, again,
                        {{"to", machine_name(process_, address_of(by))}});
}

}  // namespace brokerlab::model

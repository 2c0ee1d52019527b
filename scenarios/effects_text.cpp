// What counts of effects say in a report.
#include "base/translation.h"
#include "scenarios/effects.h"
#include "scenarios/report.h"
#include "scenarios/spans.h"

namespace brokerlab::scenarios {

std::optional<Phrase> told_as(Effect effect, std::int64_t count, Duration longest) {
  const bool one = count == 1;
  const Phrase most = rounded(longest);
  const std::string number = with_commas(count);
  switch (effect) {
    case Effect::record_lost:
      return one ? phrase("1 acknowledged record lost")
                 : phrase("{} acknowledged records lost", number);
    case Effect::send_failed:
      return one ? phrase("the producer gave up on 1 record")
                 : phrase("the producer gave up on {} records", number);
    case Effect::leaderless:
      return one ? phrase("1 partition without a leader")
                 : phrase("{} partitions without a leader", number);
    case Effect::unavailable:
      return one ? phrase("1 partition unavailable for {}", most)
                 : phrase("{} partitions unavailable, for up to {}", number, most);
    case Effect::no_quorum:
      return phrase("ZooKeeper without a quorum for {}", most);
    case Effect::ensemble:
      return phrase("the ZooKeeper ensemble changed");
    case Effect::controller_elected:
      return one ? phrase("1 controller election") : phrase("{} controller elections", number);
    case Effect::leader_elected:
      return one ? phrase("1 election") : phrase("{} elections", number);
    case Effect::isr_shrunk:
      return one ? phrase("the ISR shrank once") : phrase("the ISR shrank {} times", number);
    case Effect::isr_refused:
      return one ? phrase("1 ISR change refused") : phrase("{} ISR changes refused", number);
    case Effect::below_min_isr:
      return one ? phrase("1 partition below min.insync.replicas")
                 : phrase("{} partitions below min.insync.replicas", number);
    case Effect::truncated:
      return one ? phrase("1 log cut back by its leader")
                 : phrase("{} logs cut back by their leaders", number);
    case Effect::recovered:
      return phrase("records cut off in recovery");
    case Effect::rebalanced:
      return one ? phrase("1 rebalance") : phrase("{} rebalances", number);
    case Effect::coordinator_moved:
      return phrase("a group's coordinator moved");
    case Effect::coordinator_lost:
      return one ? phrase("a member lost its group's coordinator")
                 : phrase("members lost their group's coordinator {} times", number);
    case Effect::request_broken:
      return one ? phrase("1 request broken") : phrase("{} requests broken", number);
    case Effect::unreachable:
      return one ? phrase("a client noticed once") : phrase("clients noticed {} times", number);
    case Effect::error_answered:
      return one ? phrase("1 kind of error that clients saw")
                 : phrase("{} kinds of errors that clients saw", number);
    case Effect::message_lost:
      return one ? phrase("1 message lost") : phrase("{} messages lost", number);
    case Effect::message_late:
      return one ? phrase("1 message late by {}", most)
                 : phrase("{} messages late, by up to {}", number, most);
    case Effect::rows_waited:
      return phrase("rows waited up to {} for their producer", most);
    case Effect::records_waited:
      return one ? phrase("1 record waited for its consumer")
                 : phrase("{} records waited for their consumer", number);
    case Effect::disk_slow:
      return one ? phrase("1 disk operation took longer")
                 : phrase("{} disk operations took longer", number);
    case Effect::disk_lied:
      return one ? phrase("1 sync made nothing durable")
                 : phrase("{} syncs made nothing durable", number);
    case Effect::disk_refused:
      return one ? phrase("1 write found no room") : phrase("{} writes found no room", number);
    case Effect::disk_failed:
      return one ? phrase("1 disk operation failed") : phrase("{} disk operations failed", number);
    case Effect::stamped:
      return one ? phrase("1 time stamp was wrong") : phrase("{} time stamps were wrong", number);
    case Effect::broker_down:
    case Effect::broker_gone:
    case Effect::zookeeper_lost:
    case Effect::session_expired:
    case Effect::left_group:
    case Effect::damage_met:
    case Effect::count_of_them:
      return std::nullopt;
  }
  UNREACHABLE();
}

}  // namespace brokerlab::scenarios

#include "scenarios/faults/kinds.h"

#include "base/translation.h"
#include "scenarios/faults/parts.h"
#include "scenarios/names.h"

namespace brokerlab::scenarios {

const Settings<Fault>& Fault::settings() {
  static const auto all = [] {
    Settings<Fault> kinds("Fault", "Something that goes wrong, or is put right.");
    kinds.field("at", &Fault::at, Duration{0}, longest_run, "Since the start of the run.")
        .required()
        .choice(sentence("a fault"));
    add_power_off(kinds);
    add_power_on(kinds);
    add_kill_process(kinds);
    add_stop_process(kinds);
    add_start_process(kinds);
    add_clock(kinds);
    add_pause(kinds);
    add_cut(kinds);
    add_loss(kinds);
    add_delay(kinds);
    add_slow_nic(kinds);
    add_switch_off(kinds);
    add_cut_off(kinds);
    add_rack_off(kinds);
    add_slow_disk(kinds);
    add_fail_disk(kinds);
    add_fill_disk(kinds);
    add_lying_disk(kinds);
    add_corrupt(kinds);
    add_heal(kinds);
    kinds.field("as", &Fault::as, machine_name(), "A name for what was hit, for later faults.")
        .named_by("as");
    return kinds;
  }();
  return all;
}

const Settings<LeaderOf>& LeaderOf::settings() {
  static const auto all =
      Settings<LeaderOf>("LeaderOf", "The leader of one partition at that moment.")
          .field("topic", &LeaderOf::topic, existing_topic_name(), "Topic.")
          .required()
          .field("partition", &LeaderOf::partition, 0, 9'999, "Partition, from 0.")
          .required();
  return all;
}

const Settings<Target>& Target::settings() {
  static const auto all =
      Settings<Target>("Target", "Whom a fault hits. A bare text is \"machine\".")
          .choice(sentence("a target"))
          .alternative(
              "machine", &Target::who, &Named::name, place_name(),
              "A machine (broker-1), a host, \"controller\", or a name bound with \"as\". What "
              "befalls hardware befalls the host that the machine stands on; what befalls "
              "a process needs its name.")
          .alternative("leader_of_most", &Target::who, &LeaderOfMost::topic, existing_topic_name(),
                       "The broker that leads most partitions of this topic then.")
          .alternative<LeaderOf>("leader_of", &Target::who,
                                 "The broker that leads this partition then.")
          .shorthand("machine");
  return all;
}

}  // namespace brokerlab::scenarios

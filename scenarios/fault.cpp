// The declarations of faults: names, ranges, meanings.
#include "scenarios/fault.h"

#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/names.h"

namespace brokerlab::scenarios {
namespace {

using setting::list;
using setting::record;
using setting::text;

/// Of a switch, rack, zone or data centre.
SettingType<std::string> place_name() {
  return text(80, "[A-Za-z0-9][A-Za-z0-9_.-]*", sentence("a name of letters, digits, ., - and _"));
}

/// Kafka's rule for a topic (Topic.validate).
SettingType<std::string> existing_topic_name() {
  return text(249, "[a-zA-Z0-9_-][a-zA-Z0-9._-]*|\\.[a-zA-Z0-9_-][a-zA-Z0-9._-]*",
              sentence("a name of letters, digits, ., - and _"));
}

constexpr const char* about_sides =
    " Sides may also name the sets brokers, zookeeper, clients and everyone_else, and racks, zones "
    "and data centres.";

template <class T>
Settings<T> of_sides(std::string name, std::string meaning) {
  using Targets = std::vector<Target> T::*;
  Settings<T> settings(std::move(name), std::move(meaning) + about_sides);
  settings
      .field("between", static_cast<Targets>(&T::between), list(record<Target>(), 1, 1000),
             "One side.")
      .required()
      .field("and", static_cast<Targets>(&T::against), list(record<Target>(), 1, 1000),
             "The other side.")
      .required()
      .field("one_way", static_cast<bool T::*>(&T::one_way),
             "Only from the first side to the second.");
  return settings;
}

template <class T>
Settings<T> of_disk(std::string name, std::string meaning) {
  Settings<T> settings(std::move(name), std::move(meaning));
  settings.field("machine", &T::machine, record<Target>(), "Whose disk.")
      .required()
      .field("disk", &T::disk, 1, 24, "Which of its disks, from 1.");
  return settings;
}

}  // namespace

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
          .alternative("machine", &Target::who, &Named::name, place_name(),
                       "A machine (broker-1), \"controller\", or a name bound with \"as\".")
          .alternative("leader_of_most", &Target::who, &LeaderOfMost::topic, existing_topic_name(),
                       "The broker that leads most partitions of this topic then.")
          .alternative<LeaderOf>("leader_of", &Target::who,
                                 "The broker that leads this partition then.")
          .shorthand("machine");
  return all;
}

const Settings<Clock>& Clock::settings() {
  static const auto all =
      Settings<Clock>("Clock", "A machine's clock is wrong: it jumps, drifts, or both.")
          .field("machine", &Clock::machine, record<Target>(), "Whose clock.")
          .required()
          .field("ahead", &Clock::ahead, Duration{0}, longest_run, "Of the true time, at first.")
          .field("behind", &Clock::behind, Duration{0}, longest_run, "The true time, at first.")
          .field("drift_ppm", &Clock::drift, -100'000.0, 100'000.0,
                 "Seconds that it gains in a million; below 0 it loses them. A bad quartz: 100.")
          .check([](const Clock& clock, FieldReport& report) {
            if (clock.ahead > Duration{0} && clock.behind > Duration{0}) {
              report.error("behind", tr("must not be given with ahead"));
            } else if (clock.ahead == clock.behind && clock.drift == 0) {
              report.error("ahead", tr("one of ahead, behind and drift_ppm must not be 0"));
            }
          });
  return all;
}

const Settings<Pause>& Pause::settings() {
  static const auto all =
      Settings<Pause>("Pause", "A process stands still: a long garbage collection.")
          .field("machine", &Pause::machine, record<Target>(), "Whose process.")
          .required()
          .field("for", &Pause::length, 1ms, 1h, "How long.")
          .required();
  return all;
}

const Settings<Cut>& Cut::settings() {
  static const auto all = of_sides<Cut>("Cut", "No message passes between two sides.");
  return all;
}

const Settings<Loss>& Loss::settings() {
  static const auto all =
      of_sides<Loss>("Loss", "Packets between two sides are lost at random.")
          .field("share", &Loss::share, 1e-6, 0.99, "Of all packets; 0.01 is one in a hundred.");
  return all;
}

const Settings<Delay>& Delay::settings() {
  static const auto all =
      of_sides<Delay>("Delay", "Packets between two sides take longer.")
          .field("by", &Delay::by, Duration{0}, 1min, "In each direction that is hit.")
          .required()
          .field("jitter", &Delay::jitter, Duration{0}, 1min, "And a uniform extra up to this.");
  return all;
}

const Settings<SlowNic>& SlowNic::settings() {
  static const auto all =
      Settings<SlowNic>("SlowNic", "A network card falls back to a lower rate.")
          .field("machine", &SlowNic::machine, record<Target>(), "Whose.")
          .required()
          .field("rate", &SlowNic::rate, 1_Mbps, 400_Gbps, "In each direction.");
  return all;
}

const Settings<SlowDisk>& SlowDisk::settings() {
  static const auto all =
      of_disk<SlowDisk>("SlowDisk", "A disk takes longer over everything.")
          .field("factor", &SlowDisk::factor, 1.0, 10'000.0, "So many times as long.");
  return all;
}

const Settings<FailDisk>& FailDisk::settings() {
  static const auto all = of_disk<FailDisk>("FailDisk", "Operations of a disk fail.")
                              .field("share", &FailDisk::share, 1e-6, 1.0, "Of all operations.");
  return all;
}

const Settings<FillDisk>& FillDisk::settings() {
  static const auto all =
      of_disk<FillDisk>("FillDisk", "Somebody else's files take the room of a disk.")
          .field("left", &FillDisk::left, Bytes(0), Bytes(4ll << 40), "What stays free.");
  return all;
}

const Settings<LyingDisk>& LyingDisk::settings() {
  static const auto all = of_disk<LyingDisk>(
      "LyingDisk", "A disk confirms syncs that it has not done; a power loss shows it.");
  return all;
}

const Settings<Corrupt>& Corrupt::settings() {
  static const auto all =
      Settings<Corrupt>("Corrupt", "One bit of a broker's log segments flips on its disk.")
          .field("machine", &Corrupt::machine, record<Target>(), "The broker.")
          .required()
          .field("directory", &Corrupt::directory, text(260),
                 "A partition's (\"orders-3\"); unset is any.");
  return all;
}

const Settings<Fault>& Fault::settings() {
  static const auto all =
      Settings<Fault>("Fault", "Something that goes wrong, or is put right.")
          .field("at", &Fault::at, Duration{0}, longest_run, "Since the start of the run.")
          .required()
          .choice(sentence("a fault"))
          .alternative("power_off", &Fault::action, &PowerOff::target, record<Target>(),
                       "The machine goes dark; what was not synced to disk is lost.")
          .alternative("power_on", &Fault::action, &PowerOn::target, record<Target>(),
                       "It boots, and starts what ran when its power failed.")
          .alternative("kill_process", &Fault::action, &KillProcess::target, record<Target>(),
                       "SIGKILL; the machine and its page cache live on.")
          .alternative("stop_process", &Fault::action, &StopProcess::target, record<Target>(),
                       "A process is asked to stop (SIGTERM) and tidies up first.")
          .alternative("start_process", &Fault::action, &StartProcess::target, record<Target>(),
                       "A killed process starts again.")
          .alternative<Clock>("clock", &Fault::action, "A machine's clock is wrong, until healed.")
          .alternative<Pause>("pause", &Fault::action, "A process stands still for a while.")
          .alternative<Cut>("cut", &Fault::action, "The network between two sides is cut.")
          .alternative<Loss>("loss", &Fault::action, "Packets between two sides are lost.")
          .alternative<Delay>("delay", &Fault::action, "Packets between two sides take longer.")
          .alternative<SlowNic>("slow_nic", &Fault::action, "A network card is slow.")
          .alternative("switch_off", &Fault::action, &SwitchOff::name, place_name(),
                       "A switch of the topology passes nothing on.")
          .alternative("cut_off", &Fault::action, &CutOff::area, place_name(),
                       "A rack, zone or data centre is cut off from the rest.")
          .alternative("rack_off", &Fault::action, &RackOff::area, place_name(),
                       "Everything in a rack (or zone) loses power, its switches too.")
          .alternative<SlowDisk>("slow_disk", &Fault::action, "A disk is slow.")
          .alternative<FailDisk>("fail_disk", &Fault::action, "A disk fails.")
          .alternative<FillDisk>("fill_disk", &Fault::action, "A disk is full.")
          .alternative<LyingDisk>("lying_disk", &Fault::action, "A disk lies about syncs.")
          .alternative<Corrupt>("corrupt", &Fault::action, "A bit flips on a broker's disk.")
          .alternative("heal", &Fault::action, &Heal::fault, machine_name(),
                       "The fault of this name (as) ends. An earlier one of its kind on the same "
                       "thing counts again.")
          .field("as", &Fault::as, machine_name(), "A name for what was hit, for later faults.")
          .named_by("as");
  return all;
}

}  // namespace brokerlab::scenarios

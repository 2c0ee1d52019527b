#include "sim/disk_faults.h"

#include "sim/troubles.h"

namespace brokerlab::sim {

namespace events {

const EventKind disk_slow{"disk.slow", Level::fault,
                          "disk {disk} of {machine} takes {factor} times as long now",
                          "{machine}의 디스크 {disk}이(가) 이제 {factor}배 느리다"};
const EventKind disk_speed_restored{"disk.speed_restored", Level::control,
                                    "disk {disk} of {machine} is as fast as before",
                                    "{machine}의 디스크 {disk} 속도가 돌아왔다"};
const EventKind disk_failing{"disk.failing", Level::fault,
                             "disk {disk} of {machine} fails {share} of its operations",
                             "{machine}의 디스크 {disk}에서 작업의 {share}이(가) 실패한다"};
const EventKind disk_repaired{"disk.repaired", Level::control,
                              "disk {disk} of {machine} works again",
                              "{machine}의 디스크 {disk}이(가) 다시 동작한다"};
const EventKind disk_full{"disk.full", Level::fault, "disk {disk} of {machine} has {left} left",
                          "{machine}의 디스크 {disk}에 {left} 남았다"};
const EventKind disk_room_back{"disk.room_back", Level::control,
                               "disk {disk} of {machine} has room again",
                               "{machine}의 디스크 {disk}에 공간이 다시 생겼다"};
const EventKind disk_lies{"disk.lies", Level::fault,
                          "disk {disk} of {machine} answers syncs without doing them",
                          "{machine}의 디스크 {disk}이(가) 동기화를 하지 않고 했다고 답한다"};
const EventKind disk_honest{"disk.honest", Level::control,
                            "disk {disk} of {machine} does its syncs again",
                            "{machine}의 디스크 {disk}이(가) 동기화를 다시 제대로 한다"};

}  // namespace events

namespace {

/// Disks are numbered from 0 in the code and from 1 for people.
EventId record(Machine& machine, int disk, const EventKind& kind,
               std::vector<Detail> details = {}) {
  details.insert(details.begin(), {"disk", std::to_string(disk + 1)});
  return machine.world().trace().record(kind, {machine.host().id()}, std::move(details));
}

bool has_work(Disk& disk) { return disk.in_progress() + disk.queue_length() > 0; }

/// What the disk's failures are because of, and its machine's silence.
void blame(Machine& machine, Disk& disk, EventId event) {
  disk.set_cause(event);
  machine.host().begin_trouble(TroubleKind::disk, event);
}

/// A disk that is well has nobody to blame.
void forget_cause(Machine& machine, Disk& disk) {
  if (disk.in_trouble()) return;
  machine.network().troubles().end(disk.cause(), machine.world().now());
  disk.set_cause(EventId());
}

}  // namespace

bool slow_disk(Machine& machine, int disk, double factor) {
  Disk& it = machine.disk(disk);
  blame(machine, it,
        record(machine, disk, events::disk_slow, {{"factor", fmt::format("{:g}", factor)}}));
  it.set_slowness(factor);
  return has_work(it);
}

bool restore_disk_speed(Machine& machine, int disk) {
  Disk& it = machine.disk(disk);
  const bool was = it.slowness() != 1;
  if (was) record(machine, disk, events::disk_speed_restored);
  it.set_slowness(1);
  forget_cause(machine, it);
  return was;
}

bool fail_disk(Machine& machine, int disk, double probability) {
  Disk& it = machine.disk(disk);
  blame(machine, it,
        record(machine, disk, events::disk_failing,
               {{"share", fmt::format("{:g} %", 100 * probability)}}));
  it.set_failure_probability(probability);
  return has_work(it);
}

bool repair_disk(Machine& machine, int disk) {
  Disk& it = machine.disk(disk);
  const bool was = it.failure_probability() > 0;
  if (was) record(machine, disk, events::disk_repaired);
  it.set_failure_probability(0);
  forget_cause(machine, it);
  return was;
}

bool fill_disk(Machine& machine, int disk, Bytes left) {
  Disk& it = machine.disk(disk);
  const bool had_room = it.free() > left;
  blame(machine, it,
        record(machine, disk, events::disk_full, {{"left", brokerlab::to_rounded_text(left)}}));
  it.set_room_left(left);
  return had_room;
}

bool empty_disk(Machine& machine, int disk) {
  Disk& it = machine.disk(disk);
  const bool was = it.filled();
  if (was) record(machine, disk, events::disk_room_back);
  it.set_room_left(std::nullopt);
  forget_cause(machine, it);
  return was;
}

bool make_disk_lie(Machine& machine, int disk) {
  Disk& it = machine.disk(disk);
  it.set_cause(record(machine, disk, events::disk_lies));
  it.set_lies(true);
  return has_work(it) || machine.page_cache(disk).not_durable() > Bytes(0);
}

bool make_disk_honest(Machine& machine, int disk) {
  Disk& it = machine.disk(disk);
  const bool was = it.lies();
  if (was) record(machine, disk, events::disk_honest);
  it.set_lies(false);
  forget_cause(machine, it);
  return was;
}

}  // namespace brokerlab::sim

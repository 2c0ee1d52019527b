#include "model/broker/log_dir.h"

#include "model/events.h"

namespace brokerlab::model {
namespace {

/// "broker-1/corruption" of the first disk, "broker-1/disk-2/corruption" of the next.
std::string stream_name(const sim::Machine& machine, int disk, const char* what) {
  if (disk == 0) return fmt::format("{}/{}", machine.name(), what);
  return fmt::format("{}/disk-{}/{}", machine.name(), disk + 1, what);
}

}  // namespace

LogDir::LogDir(sim::Machine& machine, int disk)
    : machine_(machine),
      disk_(disk),
      random_(machine.world().stream(stream_name(machine, disk, "power-loss"))),
      rot_(machine.world().stream(stream_name(machine, disk, "corruption"))) {
  env_.set_observer(this);
  cache().on_durable([this](sim::PageCache::FileKey file, std::int64_t end) {
    if (const auto number = machine_.number_of(file)) {
      env_.mark_durable(log::FileId(static_cast<std::int32_t>(*number)), 0, end);
    }
  });
  machine_.on_power_loss([this] {
    // Of ten files with a write on its way to the medium one has it there half.
    const auto was_writing = [this](log::FileId file) { return cache().was_writing(key(file)); };
    lost_last_ =
        Bytes(env_.lose_unsynced(random_, {.tear_probability = 0.1, .was_writing = was_writing}));
    noted_ = {};
    account_for_room();
  });
}

void LogDir::set_online(bool online) {
  online_ = online;
  noted_ = {};
  env_.names().enter_all();  // of a process that died in between
}

LogDir::Traffic LogDir::take() { return std::exchange(noted_, {}); }

std::optional<log::MemoryEnv::FlippedBit> LogDir::corrupt(std::string_view directory) {
  auto flipped = env_.flip_durable_bit(rot_, directory, ".log");
  if (flipped) {
    machine_.world().trace().record(events::log_corrupted, {.machine = machine_.id()},
                                    {{"file", flipped->path}});
  }
  return flipped;
}

sim::Task<Status<sim::DiskError>> LogDir::settle(Traffic traffic) {
  if (traffic.refused) co_return fail(sim::DiskError::full);
  if (traffic.wrote) co_await cache().wait_below_dirty_limit();
  for (const Traffic::Range& read : traffic.reads) {
    const auto done = co_await cache().read(key(read.file), read.position, Bytes(read.size));
    if (!done) co_return fail(done.error());
  }
  for (const auto& [directory, turn] : traffic.turns) co_await turn.come();
  Status<sim::DiskError> status;
  for (const Traffic::Step& step : traffic.steps) {
    if (step.change >= 0) {
      env_.names().enter(step.change);
    } else if (status.ok()) {
      status = co_await commit(step.file);
    }
  }
  co_return status;
}

/// An fsync: of the file, and of the names that have entered the journal by now.
sim::Task<Status<sim::DiskError>> LogDir::commit(log::FileId file) {
  const std::int64_t entered = env_.names().entered();
  Status<sim::DiskError> status;
  if (file.valid() && !cache().is_durable(key(file))) {
    status = co_await cache().sync(key(file));
  } else if (env_.names().has_entries()) {
    status = co_await cache().flush();
  }
  if (status.ok() && !disk().lies()) env_.names().commit(entered);
  co_return status;
}

bool LogDir::admits(std::int64_t more) {
  if (disk().allocate(Bytes(more)).ok()) {
    room_taken_ += Bytes(more);
    return true;
  }
  noted_.refused = true;
  return false;
}

/// Files were cut, removed or brought back.
void LogDir::account_for_room() {
  const Bytes now(env_.total_size());
  if (now < room_taken_) disk().release(room_taken_ - now);
  if (now > room_taken_) disk().occupy(now - room_taken_);
  room_taken_ = now;
}

void LogDir::on_write(log::FileId file, std::int64_t position, std::int64_t size) {
  cache().write_now(key(file), position, Bytes(size));
  noted_.wrote = true;
}

void LogDir::on_read(log::FileId file, std::int64_t position, std::int64_t size) {
  if (!reads_from_cache_) noted_.reads.push_back({file, position, size});
}

void LogDir::on_sync(log::FileId file) {
  noted_.steps.push_back({file});
  if (!file.valid()) return;
  const std::string path = env_.path_of(file);
  const std::string directory = path.substr(0, path.rfind('/'));
  if (noted_.turns.contains(directory)) return;
  auto mine = std::make_shared<Syncing>(machine_.world());
  noted_.turns.try_emplace(directory, mine, under_way_before(directory));
  syncing_[directory] = mine;
}

std::vector<std::shared_ptr<LogDir::Syncing>> LogDir::under_way_before(
    const std::string& directory) const {
  std::vector<std::shared_ptr<Syncing>> before;
  const auto add = [&before](const std::weak_ptr<Syncing>& last) {
    if (auto syncing = last.lock()) before.push_back(std::move(syncing));
  };
  if (directory != log_root) {
    const auto found = syncing_.find(directory);
    if (found != syncing_.end()) add(found->second);
    return before;
  }
  for (const auto& [name, last] : syncing_) {
    // What is noted with this one is done in its order anyway.
    if (!noted_.turns.contains(name)) add(last);
  }
  return before;
}

LogDir::Turn::~Turn() {
  if (!mine_) return;  // moved from
  mine_->over = true;
  mine_->changed.notify_all();
}

sim::Task<> LogDir::Turn::come() const {
  for (const auto& one : before_) {
    while (!one->over) co_await one->changed.wait();
  }
}

/// What the program does behind a sync it does when that is over.
void LogDir::on_names_changed(std::int64_t change) {
  if (noted_.steps.empty()) {
    env_.names().enter(change);
  } else {
    noted_.steps.push_back({{}, change});
  }
}

void LogDir::on_truncate(log::FileId file, std::int64_t size) {
  cache().truncate(key(file), size);
  account_for_room();
}

void LogDir::on_remove(log::FileId file) {
  cache().forget(key(file));
  account_for_room();
}

}  // namespace brokerlab::model

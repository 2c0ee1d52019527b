// The log engine on a simulated disk that misbehaves.
#include "model/broker/broker_storage.h"

#include "log/batch/record_batch.h"
#include "log/partition/log.h"
#include "sim/disk_faults.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// One machine with one log, t-0, and a program that uses it.
struct Story {
  explicit Story(std::uint64_t seed = 1) : world(seed), network(world, {}) {
    config.boot_time = 10s;
    machine = std::make_unique<sim::Machine>(world, network, sim::MachineId(0), "a", config);
    storage = std::make_unique<BrokerStorage>(*machine);
    process = &machine->add_process(sim::ProcessId(0), "a",
                                    [](sim::Process&) { return std::make_unique<sim::Program>(); });
    process->start();
    storage->start([this](int, sim::DiskError error) {
      failure = error == sim::DiskError::full ? "full" : "failed";
      process->exit({"storage", "storage"});
    });
    REQUIRE(storage->dir(0).env().make_dir("/logs").ok());
    open_log();
  }

  void open_log(bool clean = true) {
    log::Log::OpenOptions options;
    options.clean = clean;
    auto opened = log::Log::open(storage->dir(0).env(), "/logs/t-0", log::LogConfig{}, options);
    REQUIRE(opened.ok());
    log = std::move(*opened);
  }
  /// One batch of a single record; whether the engine took it.
  bool append(int size) {
    log::BatchBuilder builder;
    const std::string value(static_cast<std::size_t>(size), 'x');
    builder.append(0, std::nullopt, log::as_bytes(value));
    log::ByteVector batch = builder.build();
    return log->append_as_leader(batch, 0, 0).ok();
  }
  /// Waits for the hardware, in the process.
  void settle(bool sync = false) {
    if (sync) REQUIRE(log->flush().ok());
    const auto wait = [](Story& story) -> sim::Task<> {
      co_await story.storage->settle();
      story.settled = true;
    };
    settled = false;
    process->spawn(wait(*this));
    world.run(world.now() + 1s);
  }

  sim::World world;
  sim::Network network;
  sim::MachineConfig config;
  std::unique_ptr<sim::Machine> machine;
  std::unique_ptr<BrokerStorage> storage;
  sim::Process* process = nullptr;
  std::unique_ptr<log::Log> log;
  std::string failure;
  bool settled = false;
};

}  // namespace

TEST_CASE("a full disk is ENOSPC to the log engine, and ends who uses it", "[unit]") {
  Story it;
  CHECK(it.append(100'000));
  CHECK(it.machine->disk().used() > 100_KB);
  CHECK(sim::fill_disk(*it.machine, 0, 50_KB));
  CHECK(it.append(10'000));
  CHECK_FALSE(it.append(100'000));
  CHECK(it.machine->disk().harm().refused == 1);
  it.settle();
  CHECK(it.failure == "full");
  CHECK_FALSE(it.settled);
  CHECK_FALSE(it.process->running());
  // Because of the other tenant.
  const auto chain = it.world.trace().chain(it.process->down_cause());
  CHECK(chain.back()->kind->name == "disk.full");
}

TEST_CASE("deleting and cutting files makes room on the disk", "[unit]") {
  Story it;
  const Bytes before = it.machine->disk().used();
  CHECK(it.append(100'000));
  CHECK(it.append(100'000));
  CHECK(it.machine->disk().used() - before > 200_KB);
  REQUIRE(it.log->truncate_to(1).ok());
  CHECK(it.machine->disk().used() - before < 101_KB);
  REQUIRE(it.log->truncate_fully_and_start_at(0).ok());
  CHECK(it.machine->disk().used() - before < 1_KB);
}

TEST_CASE("a dead disk is noticed by the next sync, not by a write into memory", "[unit]") {
  Story it;
  CHECK(it.append(1'000));  // the first one of an epoch writes and syncs a checkpoint
  it.settle(true);
  sim::fail_disk(*it.machine, 0);
  CHECK(it.append(1'000));
  it.settle();
  CHECK(it.settled);
  it.settle(true);
  CHECK(it.failure == "failed");
  CHECK_FALSE(it.process->running());
}

TEST_CASE("rotten bytes are found by the checksum at the next recovery", "[unit]") {
  Story it;
  CHECK_FALSE(it.storage->corrupt("/logs/t-0").has_value());  // nothing there
  for (int i = 0; i < 10; ++i) CHECK(it.append(1'000));
  CHECK_FALSE(it.storage->corrupt("/logs/t-0").has_value());  // nothing durable
  it.settle(true);
  CHECK_FALSE(it.storage->corrupt("/logs/other").has_value());
  const auto hit = it.storage->corrupt("/logs/t-0");
  REQUIRE(hit.has_value());
  CHECK(hit->path == "/logs/t-0/00000000000000000000.log");
  it.log.reset();
  it.open_log(false);
  // A bit in a batch's offset or size is found by other means than the checksum, or cuts more.
  CHECK(it.log->recovery().bytes_cut > 0);
  CHECK(it.log->log_end_offset() < 10);
}

TEST_CASE("a sync that the power loss cuts short has made nothing durable", "[unit]") {
  Story it;
  CHECK(it.append(1'000));
  it.settle(true);
  CHECK(it.settled);
  sim::slow_disk(*it.machine, 0, 1e6);
  CHECK(it.append(1'000));
  it.settle(true);
  CHECK_FALSE(it.settled);  // it takes longer than that second
  it.log.reset();
  it.machine->power_off();
  CHECK(it.storage->lost_last() > 1_KB);
  it.machine->power_on();
  it.world.run(it.world.now() + 20s);
  it.open_log(false);
  CHECK(it.log->log_end_offset() == 1);
}

namespace {

void write_file(log::Env& env, const std::string& path, std::string_view text, bool sync) {
  auto file = env.exists(path) ? env.open(path) : env.create(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->append(log::as_bytes(text)).ok());
  if (sync) REQUIRE((*file)->sync().ok());
}

std::string text_of(std::size_t size) {
  std::string text;
  text.resize(size, 'x');
  return text;
}

/// tmp, sync, rename, sync of the directory.
void replace_file(log::Env& env, const std::string& path, std::string_view text) {
  write_file(env, path + ".tmp", text, true);
  REQUIRE(env.rename(path + ".tmp", path).ok());
  REQUIRE(env.sync_dir(path.substr(0, path.rfind('/'))).ok());
}

std::int64_t size_of(log::Env& env, const std::string& path) {
  const auto file = env.open(path);
  return file.ok() ? (*file)->size() : -1;
}

}  // namespace

TEST_CASE("what one task has synced is durable while another task's sync goes on", "[unit]") {
  Story it;
  log::MemoryEnv& env = it.storage->dir(0).env();
  for (const char* dir : {"/logs/a-0", "/logs/b-0"}) REQUIRE(env.make_dir(dir).ok());
  replace_file(env, "/logs/b-0/cp", "old");
  it.settle();
  write_file(env, "/logs/a-0/big", text_of(400'000'000), true);
  const auto wait = [](Story& story) -> sim::Task<> { co_await story.storage->settle(); };
  it.process->spawn(wait(it));  // some seconds
  it.world.run(it.world.now() + 1ms);
  replace_file(env, "/logs/b-0/cp", "newer");
  it.settle();
  CHECK(it.settled);
  it.log.reset();
  it.machine->power_off();
  CHECK(size_of(env, "/logs/b-0/cp") == 5);
  CHECK(size_of(env, "/logs/a-0/big") < 400'000'000);
  CHECK_FALSE(env.exists("/logs/b-0/cp.tmp"));
}

TEST_CASE("syncs of one partition are done one after the other", "[unit]") {
  Story it;
  log::MemoryEnv& env = it.storage->dir(0).env();
  for (const char* dir : {"/logs/a-0", "/logs/b-0"}) REQUIRE(env.make_dir(dir).ok());
  it.settle();
  sim::slow_disk(*it.machine, 0, 10);
  write_file(env, "/logs/a-0/0.log", text_of(100'000'000), true);
  it.settle();  // its sync goes on for some seconds
  CHECK_FALSE(it.settled);
  write_file(env, "/logs/b-0/0.log", "others are not held up", true);
  it.settle();
  CHECK(it.settled);
  write_file(env, "/logs/a-0/9.log", "what stands behind it waits", true);
  it.settle();
  CHECK_FALSE(it.settled);
  it.world.run(it.world.now() + 30s);
  CHECK(it.settled);
}

TEST_CASE("a file that vouches for a sync is not there before the sync is done", "[unit]") {
  Story it;
  log::MemoryEnv& env = it.storage->dir(0).env();
  it.settle();
  write_file(env, "/logs/log", text_of(400'000'000), true);
  write_file(env, "/logs/clean", "", false);
  REQUIRE(env.sync_dir("/logs").ok());
  it.settle();
  CHECK_FALSE(it.settled);
  it.log.reset();
  it.machine->power_off();
  CHECK(size_of(env, "/logs/log") < 400'000'000);
  CHECK_FALSE(env.exists("/logs/clean"));
}

TEST_CASE("names need the disk, too", "[unit]") {
  Story it;
  log::MemoryEnv& env = it.storage->dir(0).env();
  it.settle();
  const std::int64_t before = it.machine->disk().syncs();
  write_file(env, "/logs/clean", "", false);
  REQUIRE(env.sync_dir("/logs").ok());
  it.settle();
  CHECK(it.machine->disk().syncs() == before + 1);
  sim::fail_disk(*it.machine, 0);
  write_file(env, "/logs/cleaner", "", false);
  REQUIRE(env.sync_dir("/logs").ok());
  it.settle();
  CHECK_FALSE(it.settled);
  CHECK(it.failure == "failed");
  it.log.reset();
  it.machine->power_off();
  CHECK(env.exists("/logs/clean"));
  CHECK_FALSE(env.exists("/logs/cleaner"));
}

TEST_CASE("a disk that lies about syncs loses them with the power", "[unit]") {
  Story it;
  CHECK(it.append(1'000));
  it.settle(true);
  sim::make_disk_lie(*it.machine, 0);
  CHECK(it.append(1'000));
  CHECK(it.append(1'000));
  it.settle(true);
  CHECK(it.settled);
  CHECK(it.machine->disk().harm().lies > 0);
  it.log.reset();
  it.machine->power_off();
  CHECK(it.storage->lost_last() > 2_KB);
  it.machine->power_on();
  it.world.run(it.world.now() + 20s);
  it.open_log(false);
  CHECK(it.log->log_end_offset() == 1);
}

TEST_CASE("a disk that is honest again keeps what it syncs", "[unit]") {
  Story it;
  sim::make_disk_lie(*it.machine, 0);
  CHECK(it.append(1'000));
  it.settle(true);
  sim::make_disk_honest(*it.machine, 0);
  CHECK(it.append(1'000));
  it.settle(true);
  it.log.reset();
  it.machine->power_off();
  it.machine->power_on();
  it.world.run(it.world.now() + 20s);
  it.open_log(false);
  CHECK(it.log->log_end_offset() == 2);
}

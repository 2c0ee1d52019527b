// The log engine on a real file system, beside the bare system calls and the write-ahead logs of
// LevelDB and RocksDB: the same bytes, the same disk, one run. docs/performance.md has the ratios.
//
// Appends go to files that are cut back every 256 MiB, so that what is measured is the way into the
// page cache. LevelDB and RocksDB are asked to put values of the same size into a memtable that is
// never flushed: their log, and what else a put costs.
#include "log/batch/crc32c.h"
#include "log/env/posix_env.h"
#include "log/partition/log.h"
#include "tests/bench/apart.h"
#include "tests/bench/folder.h"

#include <benchmark/benchmark.h>
#include <leveldb/db.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

using namespace brokerlab::log;
using brokerlab::bench::Folder;

namespace {

constexpr std::int64_t cut_at = std::int64_t{256} << 20;
constexpr std::int64_t read_size = 1 << 20;

ByteVector batch_of_size(std::size_t size) {
  std::string value(size - batch_header_size - 20, 'x');
  for (std::size_t i = 0; i < value.size(); ++i)
    value[i] = static_cast<char>(i * 2654435761U >> 13);
  BatchBuilder builder;
  builder.append(1'700'000'000'000, std::nullopt, as_bytes(value));
  return builder.build();
}

std::unique_ptr<Log> open_log(Env& env, const std::string& dir) {
  LogConfig config;
  config.max_message_bytes = 4 << 20;
  auto log = Log::open(env, dir, config, {});
  if (!log.ok()) std::abort();
  return std::move(log).value();
}

void bare_write(benchmark::State& state) {
  const Folder folder;
  const ByteVector bytes = batch_of_size(static_cast<std::size_t>(state.range(0)));
  const int file = open((folder / "bare").c_str(), O_RDWR | O_CREAT, 0644);
  std::int64_t size = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(pwrite(file, bytes.data(), bytes.size(), size));
    size += static_cast<std::int64_t>(bytes.size());
    if (size < cut_at) continue;
    state.PauseTiming();
    if (ftruncate(file, 0) != 0) state.SkipWithError("ftruncate");
    size = 0;
    state.ResumeTiming();
  }
  close(file);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(bare_write)->Arg(16 << 10)->Arg(1 << 20)->UseRealTime();

void log_append(benchmark::State& state) {
  const Folder folder;
  PosixEnv env;
  const auto log = open_log(env, folder / "t-0");
  ByteVector batch = batch_of_size(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    if (!log->append_as_leader(batch, 0, 0).ok()) state.SkipWithError("append");
    if (log->size() < cut_at) continue;
    state.PauseTiming();
    if (!log->truncate_fully_and_start_at(0).ok()) state.SkipWithError("truncate");
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.size()));
}
BENCHMARK(log_append)->Arg(16 << 10)->Arg(1 << 20)->UseRealTime();

/// A file that is written to without a log.
class BareFile {
 public:
  explicit BareFile(std::string path) : path_(std::move(path)) { create(); }
  ~BareFile() { close(file_); }
  bool append(ByteView bytes) {
    const auto wanted = static_cast<ssize_t>(bytes.size());
    const bool whole = pwrite(file_, bytes.data(), bytes.size(), size_) == wanted;
    size_ += wanted;
    return whole;
  }
  /// With another file, not one that was cut: so does a log.
  void begin_anew() {
    unlink(path_.c_str());
    close(file_);
    create();
  }

 private:
  void create() {
    file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0644);
    size_ = 0;
  }

  std::string path_;
  int file_ = -1;
  off_t size_ = 0;
};

double median_of(std::vector<double> all) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

/// What the log's append costs beyond what no log can do without: the write, and a CRC-32C of each
/// byte, which are the same on any processor. All of them turn by turn, 32 MiB a turn, in CPU time;
/// the medians of the turns' ratios.
///   ratio      of write and CRC to the append
///   crc_share  of the CRC in write and CRC
void log_append_against_write_and_checksum(benchmark::State& state) {
  constexpr std::size_t bytes_a_turn = std::size_t{32} << 20;
  const Folder folder;
  PosixEnv env;
  const auto log = open_log(env, folder / "t-0");
  bool good = log->assign_epoch_start(0, 0).ok();
  BareFile file(folder / "bare");
  ByteVector batch = batch_of_size(static_cast<std::size_t>(state.range(0)));
  const auto seconds_of = [&](const auto& step) {
    const double began = brokerlab::bench::cpu_seconds();
    for (std::size_t done = 0; done < bytes_a_turn; done += batch.size()) step();
    return brokerlab::bench::cpu_seconds() - began;
  };
  const auto write = [&] { good = file.append(batch) && good; };
  const auto checksum = [&] {
    benchmark::DoNotOptimize(crc32c(ByteView(batch).subspan(batch_overhead)));
  };
  const auto append = [&] { good = log->append_as_leader(batch, 0, 0).ok() && good; };
  const auto write_and_checksum = [&] {
    checksum();
    write();
  };
  std::vector<double> ratios;
  std::vector<double> shares;
  int turn = 0;
  for (auto _ : state) {
    double only_write = 0;
    double bare = 0;
    double logged = 0;
    // Each comes first, second and last as often as the others.
    for (int i = 0; i < 3; ++i) {
      switch ((turn + i) % 3) {
        case 0:
          only_write = seconds_of(write);
          break;
        case 1:
          bare = seconds_of(write_and_checksum);
          break;
        default:
          logged = seconds_of(append);
      }
      file.begin_anew();
      good = log->truncate_fully_and_start_at(0).ok() && good;
      // Written and synced once a reign, not once a turn.
      good = log->assign_epoch_start(0, 0).ok() && good;
    }
    ++turn;
    ratios.push_back(bare / logged);
    shares.push_back(1 - only_write / bare);
    state.SetIterationTime(logged);
  }
  if (!good) state.SkipWithError("append");
  state.counters["ratio"] = median_of(ratios);
  state.counters["crc_share"] = median_of(shares);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes_a_turn));
}
BENCHMARK(log_append_against_write_and_checksum)
    ->Arg(16 << 10)
    ->Arg(1 << 20)
    ->UseManualTime()
    ->Iterations(60)
    ->Unit(benchmark::kMillisecond);

/// Both databases have the same interface.
template <class Database, class Options, class WriteOptions>
void put(benchmark::State& state, const char* name) {
  const std::string value(static_cast<std::size_t>(state.range(0)), 'x');
  std::unique_ptr<Folder> folder;
  std::unique_ptr<Database> database;
  std::int64_t size = cut_at;
  std::int64_t key = 0;
  for (auto _ : state) {
    if (size >= cut_at) {
      state.PauseTiming();
      database.reset();
      folder = std::make_unique<Folder>();
      Options options;
      options.create_if_missing = true;
      options.write_buffer_size = std::size_t{2} << 30;
      Database* opened = nullptr;
      if (!Database::Open(options, *folder / name, &opened).ok()) state.SkipWithError("open");
      database.reset(opened);
      size = 0;
      state.ResumeTiming();
    }
    const std::string next = std::to_string(key++);
    if (!database->Put(WriteOptions(), next, value).ok()) state.SkipWithError("put");
    size += static_cast<std::int64_t>(value.size());
  }
  database.reset();
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
void leveldb_put(benchmark::State& state) {
  put<leveldb::DB, leveldb::Options, leveldb::WriteOptions>(state, "leveldb");
}
void rocksdb_put(benchmark::State& state) {
  put<rocksdb::DB, rocksdb::Options, rocksdb::WriteOptions>(state, "rocksdb");
}
BENCHMARK(leveldb_put)->Arg(16 << 10)->Arg(1 << 20)->UseRealTime();
BENCHMARK(rocksdb_put)->Arg(16 << 10)->Arg(1 << 20)->UseRealTime();

/// A log of 256 MiB in 16 KiB batches, in the page cache.
struct FilledLog {
  Folder folder;
  PosixEnv env;
  std::string dir = folder / "t-0";
  std::unique_ptr<Log> log = open_log(env, dir);
  FilledLog() {
    ByteVector batch = batch_of_size(16 << 10);
    while (log->size() < cut_at) {
      if (!log->append_as_leader(batch, 0, 0).ok()) std::abort();
    }
  }
  std::string file() const { return dir + "/00000000000000000000.log"; }
};

void bare_read_and_checksum(benchmark::State& state) {
  const FilledLog filled;
  const int file = open(filled.file().c_str(), O_RDONLY);
  ByteVector buffer(read_size);
  std::int64_t position = 0;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const ssize_t got = pread(file, buffer.data(), buffer.size(), position);
    benchmark::DoNotOptimize(crc32c(ByteView(buffer).first(static_cast<std::size_t>(got))));
    bytes += got;
    position = got < read_size ? 0 : position + got;
  }
  close(file);
  state.SetBytesProcessed(bytes);
}
BENCHMARK(bare_read_and_checksum)->UseRealTime();

void log_read_and_checksum(benchmark::State& state) {
  const FilledLog filled;
  const Log& log = *filled.log;
  Offset offset = 0;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const auto got = log.read(offset, read_size, log.log_end_offset(), true);
    if (!got.ok()) state.SkipWithError("read");
    for (const BatchView& batch : Batches(got->bytes)) {
      if (!batch.checksum_ok()) state.SkipWithError("checksum");
      offset = batch.next_offset();
      bytes += static_cast<std::int64_t>(batch.size());
    }
    if (offset >= log.log_end_offset()) offset = 0;
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(log_read_and_checksum)->UseRealTime();

void recover(benchmark::State& state) {
  FilledLog filled;
  const std::int64_t size = filled.log->size();
  for (auto _ : state) {
    state.PauseTiming();
    filled.log.reset();
    state.ResumeTiming();
    filled.log = open_log(filled.env, filled.dir);
  }
  state.SetBytesProcessed(state.iterations() * size);
}
BENCHMARK(recover)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Where is an offset? A million batches, indexes and page cache warm. Arg: bytes of a batch.
void look_up_offset(benchmark::State& state) {
  const Folder folder;
  PosixEnv env;
  const auto log = open_log(env, folder / "t-0");
  ByteVector batch = batch_of_size(static_cast<std::size_t>(state.range(0)));
  constexpr Offset batches = 1'000'000;
  for (Offset i = 0; i < batches; ++i) {
    if (!log->append_as_leader(batch, 0, 0).ok()) std::abort();
  }
  const LogSegment& segment = *log->segments().front();
  if (log->segment_count() != 1) std::abort();
  std::uint64_t random = 88172645463325252ULL;
  for (auto _ : state) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    benchmark::DoNotOptimize(segment.find(static_cast<Offset>(random % batches)));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(look_up_offset)->Arg(200)->Arg(1000);

}  // namespace

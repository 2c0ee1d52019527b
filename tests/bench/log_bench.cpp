// Appends, reads and decodes of the log engine, in memory.
#include "log/env/memory_env.h"
#include "log/partition/log.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

using namespace brokerlab::log;

namespace {

ByteVector one_record_batch(Codec codec) {
  BatchBuilder::Options options;
  options.codec = codec;
  BatchBuilder builder(options);
  const std::string value(
      R"({"id": 20190503, "username": "student", "pass": "", "reply": "Access-Accept"})");
  builder.append(1'556'841'600'000, std::nullopt, as_bytes(value));
  return builder.build();
}

void append_small_batches(benchmark::State& state) {
  const ByteVector batch = one_record_batch(Codec::gzip);
  MemoryEnv env;
  auto log = Log::open(env, "/logs/t-0", LogConfig{}, {});
  ByteVector copy = batch;
  for (auto _ : state) {
    copy = batch;
    benchmark::DoNotOptimize((*log)->append_as_leader(copy, 0, 0));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(append_small_batches);

void build_gzip_batch(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(one_record_batch(Codec::gzip));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(build_gzip_batch);

void decode_gzip_batch(benchmark::State& state) {
  const ByteVector batch = one_record_batch(Codec::gzip);
  for (auto _ : state) benchmark::DoNotOptimize(decode_all(batch));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_gzip_batch);

void read_at_the_tail(benchmark::State& state) {
  MemoryEnv env;
  auto log = Log::open(env, "/logs/t-0", LogConfig{}, {});
  ByteVector copy;
  for (int i = 0; i < 10'000; ++i) {
    copy = one_record_batch(Codec::none);
    benchmark::DoNotOptimize((*log)->append_as_leader(copy, 0, 0));
  }
  const Offset end = (*log)->log_end_offset();
  for (auto _ : state) {
    benchmark::DoNotOptimize((*log)->read(end - 1, 1 << 20, end, true));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_at_the_tail);

/// A broker's load without its bytes: 16 KiB a batch, the oldest segments deleted as time goes on.
void append_phantom_batches(benchmark::State& state) {
  MemoryEnv env;
  auto log = std::move(Log::open(env, "/logs/t-0", LogConfig{}, {})).value();
  PhantomBatch batch;
  batch.record_count = 16;
  batch.payload_size = 16 << 10;
  Timestamp now = 1'556'841'600'000;
  for (auto _ : state) {
    batch.base_timestamp = batch.max_timestamp = ++now;
    ++batch.seed;
    const auto appended = log->append_phantom_as_leader(batch, 0, now);
    if (!appended.ok()) {
      state.SkipWithError(appended.error().message.c_str());
      break;
    }
    if (appended.value().rolled && log->segment_count() > 4) {
      const auto start = log->advance_log_start_offset(log->segments()[1]->base_offset());
      if (!start.ok() || !log->delete_old_segments().ok()) state.SkipWithError("retention");
    }
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * batch.size());
}
BENCHMARK(append_phantom_batches);

/// Of ten producers, read again far behind the end, one after the other.
void read_old_phantom_batches(benchmark::State& state) {
  MemoryEnv env;
  auto file = env.create("/f").value();
  PhantomBatch batch;
  batch.record_count = 16;
  batch.payload_size = 16 << 10;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    batch.base_offset += 16;
    batch.seed = i * 7919 % 10 << 32 | 60 * i;
    benchmark::DoNotOptimize(file->append_phantom(batch));
  }
  std::vector<PhantomBatch> found;
  for (std::int64_t at = 0; auto _ : state) {
    found.clear();
    benchmark::DoNotOptimize(file->read_phantoms(at, batch.size(), found));
    at = (at + batch.size()) % (batch.size() * 90'000);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_old_phantom_batches);

/// What reading one costs: the bytes are made anew each time.
void read_phantom_batches(benchmark::State& state) {
  PhantomBatch batch;
  batch.record_count = 16;
  batch.payload_size = 16 << 10;
  ByteVector bytes(static_cast<std::size_t>(batch.size()));
  const auto part = state.range(0) == 0 ? bytes.size() : static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    ++batch.seed;
    read_phantom(batch, 0, MutableByteView(bytes).first(part));
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_phantom_batches)->Arg(0)->Arg(batch_header_size);

}  // namespace

// Appends, reads and decodes of the log engine, in memory.
#include "log/log.h"
#include "log/memory_env.h"

#include <benchmark/benchmark.h>

#include <string>

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

}  // namespace

// Rows as a log of phantom batches has them, packed and unpacked 64 at a time. Items are rows.
#include "base/packed_rows.h"

#include <benchmark/benchmark.h>

#include <vector>

using namespace brokerlab;

namespace {

constexpr std::size_t rows = 64;
constexpr std::size_t columns = 12;

std::vector<std::uint64_t> some_rows() {
  std::vector<std::uint64_t> words;
  for (std::uint64_t i = 0; i < rows; ++i) {
    const std::uint64_t chance = i * 7'919 % 31;
    words.insert(words.end(), {0, 8 + chance % 8, 1'556'841'600'000 + 14 * i + chance, chance % 6,
                               ~std::uint64_t{0}, chance % 10, 60 * i + 31 * chance, 5,
                               ~std::uint64_t{0}, 1200, chance % 8, 0x1000});
  }
  return words;
}

void pack_rows(benchmark::State& state) {
  const std::vector<std::uint64_t> words = some_rows();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const PackedRows packed(words, columns);
    bytes = packed.footprint();
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
  state.counters["bytes_a_row"] = static_cast<double>(bytes) / rows;
}
BENCHMARK(pack_rows);

void unpack_rows(benchmark::State& state) {
  std::vector<std::uint64_t> words = some_rows();
  const PackedRows packed(words, columns);
  for (auto _ : state) {
    packed.unpack(words);
    benchmark::DoNotOptimize(words.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}
BENCHMARK(unpack_rows);

}  // namespace

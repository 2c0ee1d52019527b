#include "base/packed_rows.h"

#include <catch2/catch.hpp>

#include <limits>
#include <rapidcheck.h>
#include <vector>

using namespace brokerlab;

namespace {

std::vector<std::uint64_t> back(const PackedRows& rows) {
  std::vector<std::uint64_t> words(rows.words());
  rows.unpack(words);
  return words;
}

/// What makes a column: large numbers, small ones, steps, the ends of what there is.
std::uint64_t word_of(int kind, std::uint64_t before) {
  switch (kind) {
    case 0:
      return before;
    case 1:
      return before + *rc::gen::inRange<std::uint64_t>(0, 100);
    case 2:
      return before - *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000);
    case 3:
      return *rc::gen::element<std::uint64_t>(0, 1, ~std::uint64_t{0}, std::uint64_t{1} << 63,
                                              (std::uint64_t{1} << 63) - 1);
    default:
      return *rc::gen::arbitrary<std::uint64_t>();
  }
}

}  // namespace

TEST_CASE("rows come back as they were packed", "[unit]") {
  const std::vector<std::uint64_t> words{1, 100, 7, 2, 90, 7, 3, 250, 7};
  const PackedRows rows(words, 3);
  CHECK(rows.rows() == 3);
  CHECK(rows.columns() == 3);
  CHECK(back(rows) == words);
  CHECK(PackedRows().empty());
  CHECK(PackedRows().words() == 0);
}

TEST_CASE("copies share what they have, and equal ones are known by their hash", "[unit]") {
  const std::vector<std::uint64_t> words{1, 100, 7, 2, 90, 7, 3, 250, 7};
  PackedRows copy;
  {
    const PackedRows rows(words, 3);
    copy = rows;
    CHECK(copy == rows);
    CHECK(rows == PackedRows(words, 3));
    CHECK(rows.hash() == PackedRows(words, 3).hash());
    CHECK_FALSE(rows == PackedRows(words, 1));
  }
  CHECK(back(copy) == words);
  std::vector<std::uint64_t> others = words;
  ++others.back();
  CHECK_FALSE(copy == PackedRows(others, 3));
  CHECK(copy.hash() != PackedRows(others, 3).hash());
  copy = PackedRows(others, 3);
  CHECK(back(copy) == others);
}

TEST_CASE("what does not change, or always by the same, takes next to nothing", "[unit]") {
  std::vector<std::uint64_t> words;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    words.push_back(1'556'841'600'000);   // the same
    words.push_back(7'000'000 + 10 * i);  // always by 10 more
  }
  const PackedRows rows(words, 2);
  CHECK(back(rows) == words);
  CHECK(rows.footprint() < 64);
}

TEST_CASE("numbers take the bits that tell them apart", "[unit]") {
  std::vector<std::uint64_t> words;
  for (std::uint64_t i = 0; i < 800; ++i) words.push_back(1'000'000'000'000 + i * 7'919 % 1024);
  const PackedRows rows(words, 1);
  CHECK(back(rows) == words);
  CHECK(rows.footprint() <= 1000 + 40);
}

TEST_CASE("numbers of every width come back", "[unit]") {
  for (int width = 1; width <= 64; ++width) {
    std::vector<std::uint64_t> words;
    for (std::uint64_t i = 1; i <= 70; ++i) {
      words.push_back(i * 0x9E3779B97F4A7C15ULL >> (64 - width));
    }
    INFO("width " << width);
    CHECK(back(PackedRows(words, 1)) == words);
  }
}

TEST_CASE("any rows come back as they were packed", "[property]") {
  rc::check("any words in any columns", [] {
    const auto columns = *rc::gen::inRange<std::size_t>(1, 8);
    const auto rows = *rc::gen::inRange<std::size_t>(1, 80);
    std::vector<int> kinds;
    for (std::size_t i = 0; i < columns; ++i) kinds.push_back(*rc::gen::inRange(0, 6));
    std::vector<std::uint64_t> words;
    for (std::size_t i = 0; i < rows * columns; ++i) {
      const std::uint64_t before = i < columns ? 0 : words[i - columns];
      const int kind = kinds[i % columns];
      // One column in six is a mixture.
      words.push_back(word_of(kind == 5 ? *rc::gen::inRange(0, 5) : kind, before));
    }
    const PackedRows packed(words, columns);
    RC_ASSERT(packed.rows() == rows);
    RC_ASSERT(back(packed) == words);
  });
}

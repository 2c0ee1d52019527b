#include "base/fifo.h"

#include <catch2/catch.hpp>

#include <deque>
#include <memory>
#include <rapidcheck.h>
#include <vector>

using brokerlab::Fifo;

TEST_CASE("a fifo holds what a deque holds, whatever comes and goes", "[property]") {
  const bool held = rc::check("", [] {
    Fifo<int> fifo;
    std::deque<int> deque;
    const auto steps = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
    int next = 0;
    for (const std::uint8_t step : steps) {
      if (step % 16 == 15) {
        const auto odd = [](int n) { return n % 2 == 1; };
        fifo.erase_if(odd);
        std::erase_if(deque, odd);
      } else if (step % 16 == 14) {
        fifo.clear();
        deque.clear();
      } else if (step % 2 == 0 || deque.empty()) {
        for (int i = 0; i < step / 8; ++i, ++next) {
          fifo.push_back(next);
          deque.push_back(next);
        }
      } else {
        for (int i = 0; i < step / 8 && !deque.empty(); ++i) {
          RC_ASSERT(fifo.front() == deque.front());
          fifo.pop_front();
          deque.pop_front();
        }
      }
      RC_ASSERT(fifo.size() == deque.size());
      RC_ASSERT(std::equal(fifo.begin(), fifo.end(), deque.begin(), deque.end()));
    }
  });
  CHECK(held);
}

TEST_CASE("what is taken from a fifo is let go at once", "[unit]") {
  Fifo<std::shared_ptr<int>> fifo;
  const auto first = std::make_shared<int>(1);
  for (int i = 0; i < 3; ++i) fifo.push_back(first);
  fifo.pop_front();
  CHECK(first.use_count() == 3);
  fifo.pop_front();
  fifo.pop_front();
  CHECK(first.use_count() == 1);
  CHECK(fifo.empty());
}

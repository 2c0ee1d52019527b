// Search: the cheapest cluster that holds, of columns of clusters that are alike but for their
// size, asked of an oracle. Order by cost; what costs the same in the order of columns, then of
// sizes.
//
// What it relies on: who holds, holds with more brokers; and with more of something else, where a
// column says so (`more`). Then its answer is that of asking everything, and it asks little: it
// takes the column of the cheapest cluster that is still open; while nothing there has held it
// strides, once some cluster holds it asks the dearest that would still be an answer, and it
// halves what lies between one that fails and one that holds.
//
// The answer is confirmed thoroughly, and so is what stands beside it: one size less, one less of
// what `more` means, and the dearest cluster that is cheaper. Should one of them hold, against what
// is relied on, it becomes the answer.
//
// Lifetime: a Search borrows its oracle. Threads: none. Pure: no clock, no chance, no simulator.
#pragma once

#include "base/phrase.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::plan {

struct Column {
  std::vector<double> costs;        ///< Of each size, from the smallest; a size each broker step.
  std::size_t first = 0;            ///< Smaller ones fail: a closed form says so.
  std::optional<std::size_t> more;  ///< The column with one disk more; at the same size it holds
                                    ///< whenever this one does.
  std::size_t kind = 0;             ///< Who comes second is of another kind.
};

struct Choice {
  std::size_t column = 0;
  std::size_t size = 0;
  auto operator<=>(const Choice&) const = default;
};

enum class Depth {
  screening,  ///< What is cheap to know: enough to be refused by.
  thorough    ///< All that is asked of an answer.
};

class Oracle {
 public:
  virtual ~Oracle() = default;
  /// Whether each of them holds, in their order; an error ends the search. The same question has
  /// the same answer.
  virtual std::optional<std::vector<bool>> ask(const std::vector<Choice>& choices, Depth depth) = 0;
};

struct Asked {
  Choice choice;
  Depth depth = Depth::screening;
  bool holds = false;
};

struct SearchAnswer {
  std::optional<Choice> best;       ///< Nothing: none of them holds.
  std::vector<Asked> asked;         ///< In the order of asking.
  std::vector<Choice> beside;       ///< Cheaper neighbours; each was asked, and failed.
  std::optional<Choice> runner_up;  ///< The next in order, of another kind, that holds.
  bool ended = true;                ///< False: the oracle gave up.
};

struct SearchOptions {
  /// Asked side by side, of different columns. It does not change the answer.
  std::size_t width = 2;
  /// Questions spent on finding who comes second.
  std::size_t for_runner_up = 4;
};

SearchAnswer search(const std::vector<Column>& columns, Oracle& oracle,
                    const SearchOptions& options = {});

}  // namespace brokerlab::plan

#include "plan/search/search.h"

#include "base/check.h"

#include <algorithm>
#include <limits>
#include <map>

namespace brokerlab::plan {
namespace {

enum class Known { open, fails, holds };

class Searching {
 public:
  Searching(const std::vector<Column>& columns, Oracle& oracle, const SearchOptions& options)
      : columns_(columns), oracle_(oracle), options_(options) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const Column& column = columns[c];
      known_.emplace_back(column.costs.size(), Known::open);
      std::fill_n(known_[c].begin(), std::min(column.first, column.costs.size()), Known::fails);
      ENSURE(!column.more || *column.more < columns.size(), "a column that is not there");
      if (column.more) less_[*column.more].push_back(c);
    }
    strides_.assign(columns.size(), 1);
  }

  SearchAnswer go() {
    while (narrow() && !confirmed()) {
    }
    answer_.best = answer_.ended ? cheapest(Known::holds) : std::nullopt;
    if (answer_.best) {
      for (const Choice& one : neighbours(*answer_.best)) {
        if (was_asked(one, Depth::screening)) answer_.beside.push_back(one);
      }
      find_runner_up();
    }
    return std::move(answer_);
  }

 private:
  double cost(Choice choice) const { return columns_[choice.column].costs[choice.size]; }
  Known& known(Choice choice) { return known_[choice.column][choice.size]; }

  bool before(Choice a, Choice b) const { return cost(a) != cost(b) ? cost(a) < cost(b) : a < b; }

  template <class Wanted>
  std::optional<Choice> first_of(Wanted wanted) const {
    std::optional<Choice> best;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      for (std::size_t s = 0; s < known_[c].size(); ++s) {
        const Choice choice{c, s};
        if (wanted(choice) && (!best || before(choice, *best))) best = choice;
      }
    }
    return best;
  }

  std::optional<Choice> cheapest(Known state) {
    return first_of([&](Choice choice) { return known(choice) == state; });
  }

  /// What would be an answer, if it held.
  bool matters(Choice choice, const std::optional<Choice>& best) {
    return known(choice) == Known::open && (!best || before(choice, *best));
  }

  /// The question of that column that tells most.
  Choice question_of(std::size_t column, const std::optional<Choice>& best) {
    std::vector<std::size_t> open;
    for (std::size_t s = 0; s < known_[column].size(); ++s) {
      if (matters({column, s}, best)) open.push_back(s);
    }
    const auto holds = std::find(known_[column].begin(), known_[column].end(), Known::holds);
    if (holds != known_[column].end()) return {column, open[(open.size() - 1) / 2]};
    if (best) return {column, open.back()};
    const std::size_t stride = std::min(strides_[column], open.size());
    strides_[column] *= 2;
    return {column, open[stride - 1]};
  }

  /// Until nothing open is cheaper than what holds. False: the oracle gave up.
  bool narrow() {
    while (true) {
      const auto best = cheapest(Known::holds);
      std::vector<Choice> round;
      while (round.size() < options_.width) {
        const auto next = first_of([&](Choice choice) {
          return matters(choice, best) &&
                 std::none_of(round.begin(), round.end(), [&](Choice asked) {
                   return same_chain(asked.column, choice.column);
                 });
        });
        if (!next) break;
        round.push_back(question_of(next->column, best));
      }
      if (round.empty()) return true;
      if (!ask(round, Depth::screening)) return false;
    }
  }

  /// Answers of one tell of the other.
  bool same_chain(std::size_t a, std::size_t b) const { return chain_of(a) == chain_of(b); }
  std::size_t chain_of(std::size_t column) const {
    while (columns_[column].more) column = *columns_[column].more;
    return column;
  }

  /// The cheapest that holds does so thoroughly, and those beside it do not. False: something was
  /// learnt.
  bool confirmed() {
    const auto best = cheapest(Known::holds);
    if (!best) return true;
    if (!was_asked(*best, Depth::thorough)) {
      if (!ask({*best}, Depth::thorough)) return true;
      return false;
    }
    std::vector<Choice> unasked;
    for (const Choice& one : neighbours(*best)) {
      if (!was_asked(one, Depth::screening)) unasked.push_back(one);
    }
    if (unasked.empty()) return true;
    (void)ask(unasked, Depth::screening);
    return !answer_.ended;
  }

  /// Cheaper ones that only the oracle can refuse.
  std::vector<Choice> neighbours(Choice best) {
    std::vector<Choice> all;
    const auto add = [&](Choice choice) {
      if (choice.size < columns_[choice.column].first || !before(choice, best)) return;
      if (std::find(all.begin(), all.end(), choice) == all.end()) all.push_back(choice);
    };
    if (best.size > 0) add({best.column, best.size - 1});
    for (const std::size_t column : less_[best.column]) {
      if (best.size < columns_[column].costs.size()) add({column, best.size});
    }
    std::optional<Choice> dearest;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c == best.column) continue;
      for (std::size_t s = columns_[c].first; s < columns_[c].costs.size(); ++s) {
        const Choice choice{c, s};
        if (before(choice, best) && (!dearest || before(*dearest, choice))) dearest = choice;
      }
    }
    if (dearest) add(*dearest);
    return all;
  }

  bool was_asked(Choice choice, Depth depth) const {
    return std::any_of(answer_.asked.begin(), answer_.asked.end(), [&](const Asked& one) {
      return one.choice == choice && (one.depth == depth || one.depth == Depth::thorough);
    });
  }

  bool ask(const std::vector<Choice>& choices, Depth depth) {
    const auto replies = oracle_.ask(choices, depth);
    if (!replies) {
      answer_.ended = false;
      return false;
    }
    ENSURE(replies->size() == choices.size(), "an answer for each question");
    for (std::size_t i = 0; i < choices.size(); ++i) {
      answer_.asked.push_back({choices[i], depth, (*replies)[i]});
      tell(choices[i], (*replies)[i]);
    }
    return true;
  }

  void tell(Choice choice, bool holds) {
    known(choice) = holds ? Known::holds : Known::fails;
    // Whatever has more holds, too; whatever has less fails. What was asked itself stays.
    const auto spread = [&](Choice other, Known state) {
      if (known(other) == Known::open) known(other) = state;
    };
    std::vector<std::size_t> along{choice.column};
    for (std::size_t i = 0; i < along.size(); ++i) {
      const std::size_t column = along[i];
      if (holds) {
        for (std::size_t s = choice.size; s < known_[column].size(); ++s) {
          spread({column, s}, Known::holds);
        }
        if (columns_[column].more) along.push_back(*columns_[column].more);
      } else {
        for (std::size_t s = 0; s < std::min(choice.size + 1, known_[column].size()); ++s) {
          spread({column, s}, Known::fails);
        }
        for (const std::size_t less : less_[column]) along.push_back(less);
      }
    }
    if (!holds) forget_above(choice);
  }

  /// A refusal that comes after a milder answer: what was only concluded from it is open again.
  void forget_above(Choice choice) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!same_chain(c, choice.column)) continue;
      for (std::size_t s = 0; s < known_[c].size(); ++s) {
        const Choice other{c, s};
        if (known(other) != Known::holds || was_asked(other, Depth::screening)) continue;
        const bool follows =
            std::any_of(answer_.asked.begin(), answer_.asked.end(), [&](const Asked& one) {
              return one.holds && known(one.choice) == Known::holds && implies(one.choice, other);
            });
        if (!follows) known(other) = Known::open;
      }
    }
  }

  bool implies(Choice holds, Choice other) const {
    if (other.size < holds.size) return false;
    std::optional<std::size_t> column = holds.column;
    while (column) {
      if (*column == other.column) return true;
      column = columns_[*column].more;
    }
    return false;
  }

  void find_runner_up() {
    const Choice best = *answer_.best;
    for (std::size_t spent = 0; spent <= options_.for_runner_up; ++spent) {
      const auto next = first_of([&](Choice choice) {
        return before(best, choice) && columns_[choice.column].kind != columns_[best.column].kind &&
               known(choice) != Known::fails;
      });
      if (!next) return;
      if (was_asked(*next, Depth::screening)) {
        answer_.runner_up = next;
        return;
      }
      if (spent == options_.for_runner_up || !ask({*next}, Depth::screening)) return;
    }
  }

  const std::vector<Column>& columns_;
  Oracle& oracle_;
  SearchOptions options_;
  std::vector<std::vector<Known>> known_;
  std::map<std::size_t, std::vector<std::size_t>> less_;
  std::vector<std::size_t> strides_;
  SearchAnswer answer_;
};

}  // namespace

SearchAnswer search(const std::vector<Column>& columns, Oracle& oracle,
                    const SearchOptions& options) {
  return Searching(columns, oracle, options).go();
}

}  // namespace brokerlab::plan

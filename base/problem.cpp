#include "base/problem.h"

#include <algorithm>
#include <numeric>

namespace brokerlab {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string Problem::text() const {
  std::string line;
  for (const std::string* part : {&file, &path, &value, &message}) {
    if (part->empty()) continue;
    if (!line.empty()) line += ": ";
    line += *part;
  }
  return line;
}

std::string to_text(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.text() + "\n";
  return text;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  std::string best;
  const std::size_t letters = name.size() - std::min(name.find_first_not_of('-'), name.size());
  // Of a short name one letter may be wrong, or half of it.
  const std::size_t most = std::max<std::size_t>(1, letters / 2);
  std::size_t best_distance = std::min(std::max<std::size_t>(2, name.size() / 3), most) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& known,
                                       std::size_t most) {
  struct Ranked {
    int shared;  ///< Words in common: more alike than as many letters are.
    std::size_t distance;
    const std::string* name;
  };
  std::vector<Ranked> ranked;
  for (const std::string& candidate : known) {
    int shared = 0;
    for (std::string_view rest = name; !rest.empty();) {
      const std::string_view word = rest.substr(0, rest.find('.'));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      if (!word.empty() && candidate.find(word) != std::string::npos) ++shared;
    }
    ranked.push_back({shared, edit_distance(name, candidate), &candidate});
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return a.shared != b.shared ? a.shared > b.shared : a.distance < b.distance;
  });
  std::vector<std::string> names;
  for (const Ranked& one : ranked) {
    if (names.size() < most) names.push_back(*one.name);
  }
  return names;
}

}  // namespace brokerlab

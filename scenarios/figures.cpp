#include "scenarios/figures.h"

#include "base/check.h"
#include "base/integer_text.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>

#include <vector>

namespace brokerlab::scenarios {
namespace {

/// An element of a list by the name that it has, or by its place. Names may hold dots: the longest
/// that fits counts, and `path` is cut behind it.
const nlohmann::json* element(const nlohmann::json& list, std::string_view& path) {
  const nlohmann::json* best = nullptr;
  std::size_t longest = 0;
  for (const nlohmann::json& one : list) {
    for (const char* key : {"name", "kind"}) {
      if (!one.is_object() || !one.contains(key)) continue;
      const auto& name = one[key].get_ref<const std::string&>();
      const bool fits =
          path.starts_with(name) && (path.size() == name.size() || path[name.size()] == '.');
      if (!fits || name.size() < longest) continue;
      best = &one;
      longest = name.size();
    }
  }
  if (best == nullptr) {
    longest = std::min(path.find('.'), path.size());
    const auto place = parse_integer<std::size_t>(path.substr(0, longest));
    if (place && *place < list.size()) best = &list[*place];
  }
  path.remove_prefix(std::min(longest + 1, path.size()));
  return best;
}

}  // namespace

struct Figures::Document {
  nlohmann::json report;
};

Figures::Figures(const RunReport& report) : Figures(std::string_view(report.json())) {}

Figures::Figures(std::string_view report)
    : document_(std::make_unique<Document>(Document{nlohmann::json::parse(report)})) {}

Figures::~Figures() = default;

Result<double, Phrase> Figures::of(std::string_view path) const {
  const Phrase none = phrase("the report has no number {}", path);
  const nlohmann::json* at = &document_->report;
  std::string_view rest = path;
  while (!rest.empty()) {
    if (at->is_array()) {
      const bool of_harm = at == &document_->report["harm"];
      at = element(*at, rest);
      if (at == nullptr && of_harm && rest == "count") return 0.0;
      if (at == nullptr) return fail(none);
      continue;
    }
    const std::string key(rest.substr(0, rest.find('.')));
    if (!at->is_object() || !at->contains(key)) return fail(none);
    at = &(*at)[key];
    rest.remove_prefix(std::min(key.size() + 1, rest.size()));
  }
  if (at->is_boolean()) return at->get<bool>() ? 1.0 : 0.0;
  if (!at->is_number()) return fail(none);
  return at->get<double>();
}

}  // namespace brokerlab::scenarios

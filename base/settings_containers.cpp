// Lists, maps and optionals of settings.
#include "base/integer_text.h"
#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>

namespace brokerlab::detail {
namespace {

class ListType : public ValueType {
 public:
  ListType(TypeRef element, ContainerOps ops, std::size_t least, std::size_t most)
      : element_(element), ops_(ops), least_(least), most_(most) {}

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    if (!value.is_array()) {
      report.error(path, brief_text(value), tr("must be {}", allowed()));
      return;
    }
    if (value.size() < least_ || value.size() > most_) {
      report.error(path, brief_text(value),
                   tr("has {} elements; must have from {} to {}", value.size(), least_, most_));
      return;
    }
    ops_.clear(target);
    for (std::size_t i = 0; i < value.size() && !report.full(); ++i) {
      element_->read(value[i], json_pointer(path, i), ops_.add(target, {}), report);
    }
  }
  Json write(const void* value) const override {
    Json array = Json::array();
    ops_.each(value,
              [&](const std::string&, const void* one) { array.push_back(element_->write(one)); });
    return array;
  }
  Json schema(Json& definitions) const override {
    Json result{{"type", "array"}, {"items", element_->schema(definitions)}};
    if (least_ > 0) result["minItems"] = least_;
    result["maxItems"] = most_;
    return result;
  }
  std::string allowed() const override {
    return tr("a list, each element {}", element_->allowed());
  }
  void visit_records(const std::function<void(const ValueType&)>& visit) const override {
    element_->visit_records(visit);
  }

  Status<std::string> set(Json& node, std::string_view rest, std::string_view text) const override {
    if (rest.empty()) {
      node = value_from_text(text, false);
      return {};
    }
    if (!node.is_array() || node.empty()) return fail(tr("the list is empty"));
    const auto found = find(node, rest);
    if (!found) return fail(found.error());
    rest.remove_prefix(std::min(rest.size(), found->length + 1));
    return element_->set(node[found->index], rest, text);
  }

 protected:
  TypeRef element() const { return element_; }
  const ContainerOps& ops() const { return ops_; }

 private:
  struct Found {
    std::size_t index;
    std::size_t length;  ///< Of what names it in the path.
  };

  std::string name_of(const Json& element) const {
    const std::string field = element_->named_by();
    if (field.empty() || !element.is_object() || !element.contains(field)) return {};
    const Json& name = element[field];
    return name.is_string() ? name.get<std::string>() : std::string();
  }

  /// The element that the path begins with: its place, or its name, which may contain dots.
  Result<Found, std::string> find(const Json& list, std::string_view path) const {
    const std::string_view token = path.substr(0, path.find('.'));
    std::vector<Found> fitting;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string name = name_of(list[i]);
      if (name.empty()) continue;
      names.push_back(name);
      const bool fits =
          path.starts_with(name) && (path.size() == name.size() || path[name.size()] == '.');
      if (!fits || (!fitting.empty() && fitting.front().length > name.size())) continue;
      if (!fitting.empty() && fitting.front().length < name.size()) fitting.clear();
      fitting.push_back({i, name.size()});
    }
    const auto index = parse_integer<std::size_t>(token);
    if (index && *index < list.size()) {
      const bool other = fitting.size() == 1 && fitting.front().index != *index;
      if (!other && fitting.size() < 2) return Found{*index, token.size()};
      fitting.push_back({*index, token.size()});
    }
    if (fitting.size() == 1) return fitting.front();
    if (!fitting.empty()) {
      return fail(tr("\"{}\" may mean the elements {} and {}; say which by its place",
                     path.substr(0, fitting.front().length), fitting[0].index, fitting[1].index));
    }
    return fail(no_such(list.size(), token, path, names));
  }

  static std::string no_such(std::size_t size, std::string_view token, std::string_view path,
                             const std::vector<std::string>& names) {
    const std::string places = size == 1 ? std::string("0") : tr("from 0 to {}", size - 1);
    if (names.empty()) {
      return tr("\"{}\" must be a place in the list, {}", token, places);
    }
    std::string near = nearest_name(path, names);
    if (near.empty()) near = nearest_name(token, names);
    return near.empty()
               ? tr("there is no \"{}\" here; possible: {}, or a place, {}", token,
                    fmt::format("{}", fmt::join(names, ", ")), places)
               : tr("there is no \"{}\" here; did you mean \"{}\"? possible: {}, or a place, "
                    "{}",
                    token, near, fmt::format("{}", fmt::join(names, ", ")), places);
  }

  TypeRef element_;
  ContainerOps ops_;
  std::size_t least_;
  std::size_t most_;
};

/// An object stands for a list of it alone.
class OneOrListType : public ListType {
 public:
  OneOrListType(TypeRef element, ContainerOps ops, std::size_t most)
      : ListType(element, ops, 1, most) {}

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    if (value.is_array()) {
      ListType::read(value, path, target, report);
      return;
    }
    ops().clear(target);
    element()->read(value, path, ops().add(target, {}), report);
  }
  Json write(const void* value) const override {
    Json array = ListType::write(value);
    return array.size() == 1 ? std::move(array.front()) : array;
  }
  Json schema(Json& definitions) const override {
    const Json one = element()->schema(definitions);
    return {{"anyOf", Json::array({one, ListType::schema(definitions)})}};
  }
  std::string allowed() const override { return tr("{}, or a list of such", element()->allowed()); }
  std::string record_name() const override { return element()->record_name(); }

  Status<std::string> set(Json& node, std::string_view rest, std::string_view text) const override {
    return node.is_array() ? ListType::set(node, rest, text) : element()->set(node, rest, text);
  }
};

class MapType : public ValueType {
 public:
  MapType(TypeRef element, ContainerOps ops) : element_(element), ops_(ops) {}

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    if (!value.is_object()) {
      report.error(path, brief_text(value), tr("must be {}", allowed()));
      return;
    }
    ops_.clear(target);
    for (const auto& [key, one] : value.items()) {
      if (report.full()) return;
      element_->read(one, json_pointer(path, key), ops_.add(target, key), report);
    }
  }
  Json write(const void* value) const override {
    Json object = Json::object();
    ops_.each(value,
              [&](const std::string& key, const void* one) { object[key] = element_->write(one); });
    return object;
  }
  Json schema(Json& definitions) const override {
    return {{"type", "object"}, {"additionalProperties", element_->schema(definitions)}};
  }
  std::string allowed() const override {
    return tr("an object of names, each {}", element_->allowed());
  }
  void visit_records(const std::function<void(const ValueType&)>& visit) const override {
    element_->visit_records(visit);
  }

  Status<std::string> set(Json& node, std::string_view rest, std::string_view text) const override {
    if (rest.empty()) {
      node = value_from_text(text, false);
      return {};
    }
    if (node.is_null()) node = Json::object();
    if (!node.is_object()) return fail(tr("what stands above it is not an object"));
    std::string best;
    std::vector<std::string> known;
    for (const auto& [key, ignored] : node.items()) {
      known.push_back(key);
      const bool fits =
          rest.starts_with(key) && (rest.size() == key.size() || rest[key.size()] == '.');
      if (fits && key.size() > best.size()) best = key;
    }
    if (best.empty()) {
      const std::string_view token = rest.substr(0, rest.find('.'));
      const std::string near = nearest_name(token, known);
      return fail(near.empty() ? tr("there is no \"{}\" here; possible: {}", token,
                                    fmt::format("{}", fmt::join(known, ", ")))
                               : tr("there is no \"{}\" here; did you mean \"{}\"? possible: {}",
                                    token, near, fmt::format("{}", fmt::join(known, ", "))));
    }
    rest.remove_prefix(std::min(rest.size(), best.size() + 1));
    return element_->set(node[best], rest, text);
  }

 private:
  TypeRef element_;
  ContainerOps ops_;
};

class OptionalType : public ValueType {
 public:
  OptionalType(TypeRef inner, ContainerOps ops) : inner_(inner), ops_(ops) {}

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    ops_.clear(target);
    if (value.is_null()) return;
    const std::size_t before = report.errors.size();
    inner_->read(value, path, ops_.add(target, {}), report);
    if (report.errors.size() != before) ops_.clear(target);
  }
  Json write(const void* value) const override {
    Json result;
    ops_.each(value, [&](const std::string&, const void* one) { result = inner_->write(one); });
    return result;
  }
  bool written(const void* value) const override {
    bool there = false;
    ops_.each(value, [&](const std::string&, const void*) { there = true; });
    return there;
  }
  Json schema(Json& definitions) const override {
    return {{"anyOf", Json::array({inner_->schema(definitions), {{"type", "null"}}})}};
  }
  std::string allowed() const override { return tr("{}, or null", inner_->allowed()); }
  std::string record_name() const override { return inner_->record_name(); }
  void visit_records(const std::function<void(const ValueType&)>& visit) const override {
    inner_->visit_records(visit);
  }
  Status<std::string> set(Json& node, std::string_view rest, std::string_view text) const override {
    if (rest.empty() && text == "null") {
      node = nullptr;
      return {};
    }
    return inner_->set(node, rest, text);
  }

 private:
  TypeRef inner_;
  ContainerOps ops_;
};

}  // namespace

TypeRef list_type(TypeRef element, ContainerOps ops, std::size_t least, std::size_t most) {
  return keep<ListType>(element, ops, least, most);
}
TypeRef one_or_list_type(TypeRef element, ContainerOps ops, std::size_t most) {
  return keep<OneOrListType>(element, ops, most);
}
TypeRef map_type(TypeRef element, ContainerOps ops) { return keep<MapType>(element, ops); }
TypeRef optional_type(TypeRef inner, ContainerOps ops) { return keep<OptionalType>(inner, ops); }

}  // namespace brokerlab::detail

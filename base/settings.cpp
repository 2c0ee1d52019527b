// Structs of settings: reading, writing, schema, overrides, docs.
#include "base/settings.h"

#include "base/integer_text.h"
#include "base/json_text.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <mutex>
#include <set>

namespace brokerlab {

FieldReport::FieldReport(SettingsReport& report, std::string path, const Json& value)
    : report_(report), path_(std::move(path)), value_(value) {}

bool FieldReport::given(std::string_view field) const {
  return value_.is_object() && value_.contains(std::string(field));
}

std::string FieldReport::text_of(std::string_view field) const {
  return given(field) ? brief_text(value_.at(std::string(field))) : "";
}

void FieldReport::error(std::string_view field, std::string message) {
  report_.error(json_pointer(path_, field), text_of(field), std::move(message));
}

void FieldReport::warning(std::string_view field, std::string message) {
  report_.warning(json_pointer(path_, field), text_of(field), std::move(message));
}

namespace detail {
namespace {

std::string list_of(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

class RecordType : public ValueType {
 public:
  explicit RecordType(std::shared_ptr<const RecordSpec> spec) : spec_(std::move(spec)) {}

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    if (const FieldSpec* field = meant_by(value)) {
      field->type->read(value, path, field->in(target), report);
      return;
    }
    if (!spec_->word.empty() && value == spec_->word) return;
    if (!value.is_object()) {
      report.error(path, brief_text(value),
                   names().size() > few ? tr("must be {}", allowed())
                                        : tr("must be {}; its keys: {}", allowed(),
                                             fmt::format("{}", fmt::join(names(), ", "))));
      return;
    }
    const std::size_t before = report.errors.size();
    for (const FieldSpec& field : spec_->fields) read_field(field, value, path, target, report);
    read_choices(value, path, report);
    const bool fields_read = report.errors.size() == before;
    report_unknown(value, path, report);
    if (!fields_read) return;
    FieldReport field_report(report, path, value);
    for (const FieldSpec& field : spec_->fields) {
      if (field.when && field_report.given(field.name) && !field.when(target)) {
        field_report.error(field.name, translated(field.otherwise));
      }
    }
    for (const auto& check : spec_->checks) check(target, field_report);
  }

  Json write(const void* value) const override {
    Json object = Json::object();
    for (const FieldSpec& field : spec_->fields) {
      const void* held = field.held_by(value);
      const bool meant = !field.when || field.when(value);
      if (meant && held != nullptr && field.type->written(held)) {
        object[field.name] = field.type->write(held);
      }
    }
    if (object.empty() && !spec_->word.empty()) return spec_->word;
    if (!spec_->list_shorthand.empty() && object.size() == 1) {
      const std::string& key = object.begin().key();
      if (key == spec_->shorthand || key == spec_->list_shorthand) return object.begin().value();
    }
    return object;
  }

  Json schema(Json& definitions) const override {
    Json reference{{"$ref", "#/$defs/" + spec_->name}};
    if (definitions.contains(spec_->name)) return reference;
    definitions[spec_->name] = nullptr;  // Keeps its place in the order of first use.
    Json object{{"type", "object"}, {"description", spec_->meaning}};
    object["properties"] = properties(definitions);
    Json required = Json::array();
    for (const FieldSpec& field : spec_->fields) {
      if (field.required) required.push_back(field.name);
    }
    if (!required.empty()) object["required"] = required;
    add_choices(object);
    object["additionalProperties"] = false;
    Json forms = Json::array();
    if (!spec_->word.empty()) forms.push_back({{"enum", Json::array({spec_->word})}});
    for (const std::string* field : {&spec_->shorthand, &spec_->list_shorthand}) {
      if (!field->empty()) forms.push_back(find(*field)->type->schema(definitions));
    }
    if (!forms.empty()) {
      forms.push_back(object);
      object = {{"description", spec_->meaning}, {"anyOf", forms}};
    }
    definitions[spec_->name] = object;
    return reference;
  }

  std::string allowed() const override {
    const std::string object = tr("an object ({})", spec_->name);
    if (!spec_->word.empty()) return tr("\"{}\" or {}", spec_->word, object);
    if (!spec_->list_shorthand.empty()) {
      return tr("a text ({}), a list ({}) or {}", spec_->shorthand, spec_->list_shorthand, object);
    }
    return spec_->shorthand.empty() ? object : tr("a text ({}) or {}", spec_->shorthand, object);
  }
  std::string record_name() const override { return spec_->name; }
  std::string named_by() const override { return spec_->named_by; }

  void visit_records(const std::function<void(const ValueType&)>& visit) const override {
    visit(*this);
    for (const FieldSpec& field : spec_->fields) field.type->visit_records(visit);
  }

  std::string docs() const override {
    std::string text = fmt::format("### {}\n\n{}\n\n", spec_->name, spec_->meaning);
    for (const auto& [what, json] : spec_->examples) {
      text += fmt::format("{}\n\n```json\n{}\n```\n\n", what, json);
    }
    text += "| Name | Allowed | Default | Meaning |\n|---|---|---|---|\n";
    const std::shared_ptr<void> defaults = spec_->make_default();
    for (const FieldSpec& field : spec_->fields) {
      text += fmt::format("| `{}` | {} | {} | {} |\n", field.name, docs_allowed(field),
                          docs_default(field, defaults.get()), field.meaning);
    }
    return text;
  }

  Status<std::string> set(Json& node, std::string_view rest, std::string_view text) const override {
    if (rest.empty()) {
      node = value_from_text(text, false);
      return {};
    }
    if (node.is_null()) node = Json::object();
    if (node.is_string() && !spec_->shorthand.empty()) {
      node = Json{{spec_->shorthand, Json(node)}};
    }
    if (node.is_string() && node == spec_->word) node = Json::object();
    if (node.is_array() && !spec_->list_shorthand.empty()) {
      if (rest.front() >= '0' && rest.front() <= '9') {
        return find(spec_->list_shorthand)->type->set(node, rest, text);
      }
      node = Json{{spec_->list_shorthand, Json(node)}};
    }
    if (!node.is_object()) return fail(tr("what stands above it is not an object"));
    const FieldSpec* best = nullptr;  // Names contain dots: the longest one wins.
    for (const FieldSpec& field : spec_->fields) {
      const bool fits = rest.starts_with(field.name) &&
                        (rest.size() == field.name.size() || rest[field.name.size()] == '.');
      if (fits && (best == nullptr || field.name.size() > best->name.size())) best = &field;
    }
    if (best == nullptr) return fail(no_such(rest));
    for (const FieldSpec& field : spec_->fields) {
      const bool rival = field.choice >= 0 && field.choice == best->choice && &field != best;
      if (rival) node.erase(field.name);
    }
    rest.remove_prefix(std::min(rest.size(), best->name.size() + 1));
    return best->type->set(node[best->name], rest, text);
  }

 private:
  const FieldSpec* find(std::string_view name) const {
    for (const FieldSpec& field : spec_->fields) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }

  /// The field that a value means which is no object: a text, a list, or a number whose unit is
  /// missing, of which that field knows what to say.
  const FieldSpec* meant_by(const Json& value) const {
    if (value.is_array() && !spec_->list_shorthand.empty()) return find(spec_->list_shorthand);
    if (spec_->shorthand.empty()) return nullptr;
    const FieldSpec* field = find(spec_->shorthand);
    const bool meant = value.is_string() || (value.is_number() && field->type->wants_unit());
    return meant ? field : nullptr;
  }

  std::vector<std::string> names(int choice = -1) const {
    std::vector<std::string> result;
    for (const FieldSpec& field : spec_->fields) {
      if (choice < 0 || field.choice == choice) result.push_back(field.name);
    }
    return result;
  }

  static constexpr std::size_t few = 12;
  static constexpr std::size_t longest_key = 128;  ///< That is compared with known ones.

  /// All names where they are few, else those most like `name`.
  static std::string possible(std::string_view name, const std::vector<std::string>& known) {
    constexpr std::size_t listed = 5;
    if (known.size() <= few) return list_of(known);
    return tr("{}, and {} others", list_of(nearest_names(name, known, listed)),
              known.size() - listed);
  }

  /// The name that the beginning of a mistyped path most likely meant: names contain dots, as paths
  /// do, so each is held against as many words of the path as it has.
  static std::string nearest_of_path(std::string_view path, const std::vector<std::string>& known) {
    if (std::string near = nearest_name(path, known); !near.empty()) return near;
    for (std::string_view begin = path; !begin.empty();) {
      const auto words = std::count(begin.begin(), begin.end(), '.');
      std::vector<std::string> as_long;
      std::copy_if(known.begin(), known.end(), std::back_inserter(as_long),
                   [words](const std::string& one) {
                     return std::count(one.begin(), one.end(), '.') == words;
                   });
      if (std::string near = nearest_name(begin, as_long); !near.empty()) return near;
      const auto dot = begin.rfind('.');
      begin = dot == std::string_view::npos ? "" : begin.substr(0, dot);
    }
    return {};
  }

  std::string said_elsewhere(std::string_view key) const {
    return spec_->elsewhere.about && key.size() < longest_key ? spec_->elsewhere.about(key) : "";
  }

  std::vector<std::string> all_names() const {
    std::vector<std::string> all = names();
    const auto& others = spec_->elsewhere.names;
    all.insert(all.end(), others.begin(), others.end());
    return all;
  }

  /// "did you mean ...?", and what there is to say of that name.
  std::string suggestion(const std::string& near) const {
    const bool declared = find(near) != nullptr;
    const std::string said = declared ? "" : said_elsewhere(near);
    return said.empty() ? tr("did you mean \"{}\"?", near)
                        : tr("did you mean \"{}\"? It {}", near, said);
  }

  std::string no_such(std::string_view path) const {
    if (const std::string said = said_elsewhere(path); !said.empty()) {
      return fmt::format("\"{}\" {}", path, said);
    }
    const std::vector<std::string> known = names();
    const std::string_view name = path.substr(0, 60);
    const std::string near = nearest_of_path(name, all_names());
    const std::string list = possible(name, known);
    if (near.empty()) {
      return tr("there is no \"{}\" in {}; possible: {}", name, spec_->name, list);
    }
    return known.size() <= few
               ? tr("there is no \"{}\" in {}; {} Possible: {}", name, spec_->name,
                    suggestion(near), list)
               : tr("there is no \"{}\" in {}; {}", name, spec_->name, suggestion(near));
  }

  void read_field(const FieldSpec& field, const Json& value, const std::string& path, void* target,
                  SettingsReport& report) const {
    const auto found = value.find(field.name);
    if (found == value.end()) {
      if (field.required) {
        report.error(json_pointer(path, field.name), {},
                     tr("is missing; must be {}", field.type->allowed()));
      }
      return;
    }
    const std::size_t before = report.errors.size();
    field.type->read(*found, json_pointer(path, field.name), field.in(target), report);
    if (field.then && report.errors.size() == before) field.then(target);
  }

  void read_choices(const Json& value, const std::string& path, SettingsReport& report) const {
    for (int choice = 0; choice < static_cast<int>(spec_->choices.size()); ++choice) {
      std::vector<std::string> given;
      for (const std::string& name : names(choice)) {
        if (value.contains(name)) given.push_back(name);
      }
      if (given.size() == 1) continue;
      const std::string what = translated(spec_->choices[static_cast<std::size_t>(choice)]);
      report.error(path, given.empty() ? brief_text(value) : list_of(given),
                   tr("{} is exactly one of {}", what, list_of(names(choice))));
    }
  }

  void report_unknown(const Json& value, const std::string& path, SettingsReport& report) const {
    for (const auto& [key, ignored] : value.items()) {
      if (report.full()) return;
      if (find(key) != nullptr) continue;
      if (const std::string said = said_elsewhere(key); !said.empty()) {
        report.error(json_pointer(path, key), {}, said);
        continue;
      }
      const std::string near = key.size() < longest_key ? nearest_name(key, all_names()) : "";
      report.error(json_pointer(path, key), {},
                   near.empty()
                       ? tr("unknown key; known are {}", possible(key.substr(0, 60), names()))
                       : tr("unknown key; {}", suggestion(near)));
    }
  }

  Json properties(Json& definitions) const {
    const std::shared_ptr<void> defaults = spec_->make_default();
    Json result = Json::object();
    for (const FieldSpec& field : spec_->fields) {
      Json schema = field.type->schema(definitions);
      schema["description"] = field.meaning;
      const void* held = field.held_by(defaults.get());
      const bool plain = field.type->record_name().empty() && !field.required && field.choice < 0;
      if (held != nullptr && plain && field.type->written(held)) {
        schema["default"] = field.type->write(held);
      }
      result[field.name] = schema;
    }
    return result;
  }

  void add_choices(Json& object) const {
    Json all = Json::array();
    for (int choice = 0; choice < static_cast<int>(spec_->choices.size()); ++choice) {
      Json one = Json::array();
      for (const std::string& name : names(choice))
        one.push_back({{"required", Json::array({name})}});
      all.push_back({{"oneOf", one}});
    }
    if (!all.empty()) object["allOf"] = all;
  }

  static std::string docs_allowed(const FieldSpec& field) {
    std::string text = field.type->allowed();
    const std::string record = field.type->record_name();
    if (record.empty()) return text;
    std::string anchor = record;
    std::transform(anchor.begin(), anchor.end(), anchor.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const std::size_t at = text.rfind(record);
    return at == std::string::npos
               ? text
               : text.replace(at, record.size(), fmt::format("[{}](#{})", record, anchor));
  }

  static std::string docs_default(const FieldSpec& field, const void* defaults) {
    if (field.required) return "required";
    if (field.choice >= 0) return "a choice";
    const void* held = field.held_by(defaults);
    if (held == nullptr || !field.type->written(held)) return "unset";
    const Json value = field.type->write(held);
    if (!field.type->record_name().empty() && !value.is_string()) return "its defaults";
    return fmt::format("`{}`", brief_text(value));
  }

  std::shared_ptr<const RecordSpec> spec_;
};

}  // namespace

Json value_from_text(std::string_view text, bool takes_text) {
  Json value;
  SettingsReport ignored;
  if (!parse_json(text, value, ignored) || (takes_text && !value.is_string())) {
    return std::string(text);
  }
  return value;
}

Status<std::string> ValueType::set(Json& node, std::string_view rest, std::string_view text) const {
  if (!rest.empty()) {
    return fail(tr("there is nothing under a single value ({}), so no \"{}\"", allowed(),
                   rest.substr(0, 60)));
  }
  node = value_from_text(text, takes_text());
  return {};
}

TypeRef kept(std::unique_ptr<const ValueType> type) {
  static std::mutex mutex;
  static std::deque<std::unique_ptr<const ValueType>> all;
  const std::lock_guard lock(mutex);
  return all.emplace_back(std::move(type)).get();
}

void* FieldSpec::in(void* record) const {
  return make ? make(record) : static_cast<std::byte*>(record) + offset;
}
const void* FieldSpec::held_by(const void* record) const {
  return look ? look(record) : static_cast<const std::byte*>(record) + offset;
}

void add_field(RecordSpec& spec, std::string_view name, TypeRef type, std::string_view meaning,
               std::size_t offset) {
  spec.fields.push_back(
      {.name = std::string(name), .meaning = std::string(meaning), .type = type, .offset = offset});
}

TypeRef record_type(std::shared_ptr<const RecordSpec> spec) {
  return keep<RecordType>(std::move(spec));
}

void write_json(const ValueType& type, const void* value, Json& out) { out = type.write(value); }

std::string pretty_text(const ValueType& type, const void* value) {
  return json_text(type.write(value), 2) + "\n";
}

std::string schema_text(const ValueType& type, std::string_view title) {
  const Speaking english(Language::english);
  Json definitions = Json::object();
  const Json root = type.schema(definitions);
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  for (const auto& [key, value] : root.items()) schema[key] = value;
  schema["$defs"] = definitions;
  return json_text(schema, 2) + "\n";
}

std::string docs_text(const ValueType& type) {
  const Speaking english(Language::english);
  std::string text;
  std::set<std::string> seen;
  type.visit_records([&](const ValueType& record) {
    if (!seen.insert(record.record_name()).second) return;
    if (!text.empty()) text += "\n";
    text += record.docs();
  });
  return text;
}

}  // namespace detail
}  // namespace brokerlab

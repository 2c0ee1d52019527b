// Settings declared once: reading, range check, defaults, JSON text, JSON Schema, overrides by path
// and the documentation table are all derived from one declaration beside a plain struct.
//
//   // disk.h
//   struct DiskConfig {
//     BytesPerSecond rate = 100_MBps;
//     static const Settings<DiskConfig>& settings();
//   };
//   // disk.cpp
//   const Settings<DiskConfig>& DiskConfig::settings() {
//     static const auto all =
//         Settings<DiskConfig>("Disk", "One disk.")
//             .field("rate", &DiskConfig::rate, 1_MBps, 9_GBps, "Sequential rate.");
//     return all;
//   }
//
// Quantities are text with a unit ("10ms", "1GiB"). Kafka's own settings are bare integers; those
// are declared by setting::millis(), setting::byte_count() and the like. Defaults are the members'
// initialisers.
//
// Lifetime: a Settings is a function-local static of its struct and never changes once built.
// Threads:  reading a finished Settings from several threads is safe.
// Errors:   what the input got wrong goes into a SettingsReport, all of it at once, each with file,
//           JSON pointer, value and what is allowed. Nothing is thrown. A mistaken declaration is
//           our bug and stops the program.
#pragma once

#include "base/problem.h"
#include "base/settings_fwd.h"
#include "base/units.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace brokerlab {

/// JSON that keeps the order of keys. Complete only where <nlohmann/json.hpp> is included.
using Json = nlohmann::ordered_json;

/// What reading found. Errors make the result unusable; warnings do not.
struct SettingsReport {
  std::string file;  ///< As the user named it; stands in front of every problem.
  Problems errors;
  Problems warnings;

  bool ok() const { return errors.empty(); }
  /// Nobody reads thousands of mistakes; readers stop looking for more once this is true.
  bool full() const { return errors.size() >= 200; }
  /// No error at `path` (a JSON pointer), under it, or in anything that contains it: what was read
  /// there may be trusted, and checked against other values.
  bool clean(std::string_view path) const;
  void error(std::string path, std::string value, std::string message);
  void warning(std::string path, std::string value, std::string message);
};

/// JSON text to a document; false and an error ("line 7, column 3") when it is not JSON, not UTF-8,
/// repeats a key, is nested deeper than 64 levels or longer than 8 MiB.
bool parse_json(std::string_view text, Json& document, SettingsReport& report);

/// JSON text of a value for a message, shortened to a few dozen characters.
std::string brief_text(const Json& value);
/// `path` and one more reference token, escaped (RFC 6901).
std::string json_pointer(std::string_view path, std::string_view key);
std::string json_pointer(std::string_view path, std::size_t index);

/// Where a check of a whole struct says what it found, by the name of the field.
class FieldReport {
 public:
  FieldReport(SettingsReport& report, std::string path, const Json& value);
  void error(std::string_view field, std::string message);
  void warning(std::string_view field, std::string message);
  bool given(std::string_view field) const;  ///< The input named it.

 private:
  std::string text_of(std::string_view field) const;
  SettingsReport& report_;
  std::string path_;
  const Json& value_;
};

namespace detail {

/// What a JSON value may be and how it is kept in memory; `void*` is the C++ value.
class ValueType {
 public:
  virtual ~ValueType() = default;

  /// Leaves `target` alone where the input is wrong.
  virtual void read(const Json& value, const std::string& path, void* target,
                    SettingsReport& report) const = 0;
  virtual Json write(const void* value) const = 0;
  /// JSON Schema; structs are put into `definitions` and referred to.
  virtual Json schema(Json& definitions) const = 0;
  /// For a person: "a duration from 1ms to 1h".
  virtual std::string allowed() const = 0;
  /// Structs inside, for the documentation.
  virtual void visit_records(const std::function<void(const ValueType&)>& /*visit*/) const {}
  virtual std::string docs() const { return {}; }
  virtual std::string record_name() const { return {}; }
  /// The field whose text names one of several such values; empty: none does.
  virtual std::string named_by() const { return {}; }
  /// Replaces what stands at the dotted path `rest` under `node`; the error says what is possible.
  virtual Status<std::string> set(Json& node, std::string_view rest, std::string_view text) const;
  /// An absent optional is not written at all.
  virtual bool written(const void* /*value*/) const { return true; }
  /// Its text is a number and a unit: of a bare number it knows best what is missing.
  virtual bool wants_unit() const { return false; }

 protected:
  virtual bool takes_text() const { return false; }  ///< `--set name=12` means "12".
};
/// What the text behind `--set name=` says: JSON, or the text itself where it is none, or where a
/// text is wanted and it is something else.
Json value_from_text(std::string_view text, bool takes_text);

/// Types are shared by the settings that are declared with them, and live as long as the program:
/// a declaration is compiled to little more than a call.
using TypeRef = const ValueType*;
TypeRef kept(std::unique_ptr<const ValueType> type);
template <class Type, class... Args>
TypeRef keep(Args&&... args) {
  return kept(std::make_unique<Type>(std::forward<Args>(args)...));
}

struct FieldSpec {
  std::string name;
  std::string meaning;
  TypeRef type;
  std::size_t offset = 0;  ///< Of the field in its struct; without meaning where these are set:
  /// Of an alternative of a variant: makes the variant hold it, to be read into, ...
  std::function<void*(void*)> make = {};
  /// ... and the one it holds; null: it holds another.
  std::function<const void*(const void*)> look = {};
  std::function<void(void*)> then = {};        ///< Run on the struct after the field was given.
  std::function<bool(const void*)> when = {};  ///< It means something in this struct; null: always.
  std::string otherwise = {};  ///< What is said of it where it means nothing, to be translated.
  bool required = false;
  int choice = -1;  ///< Exactly one field of a choice is given.

  void* in(void* record) const;
  const void* held_by(const void* record) const;
};

/// Names that are no fields and deserve a better answer than "unknown key".
struct KnownElsewhere {
  std::function<std::string(std::string_view)> about;  ///< Empty: not such a name.
  std::vector<std::string> names;                      ///< To suggest for a misspelt one.
};

struct RecordSpec {
  std::string name;
  std::string meaning;
  std::vector<FieldSpec> fields;
  std::vector<std::string> choices;  ///< What each choice is called in a message.
  std::string shorthand;             ///< The field that a bare text means, ...
  std::string list_shorthand;        ///< ... and a bare list.
  std::string word;                  ///< The text that stands for the struct's defaults.
  std::string named_by;              ///< The field by which a list's element is found.
  KnownElsewhere elsewhere;
  std::vector<std::pair<std::string, std::string>> examples;  ///< What it shows, and JSON.
  std::vector<std::function<void(void*, FieldReport&)>> checks;
  std::shared_ptr<void> (*make_default)() = nullptr;
};

struct EnumNames {
  std::vector<std::pair<std::string, std::int64_t>> names;
  std::vector<std::string> not_modelled;  ///< Kafka knows them, brokerlab does not yet.
  void (*store)(void*, std::int64_t) = nullptr;
  std::int64_t (*load)(const void*) = nullptr;
};

struct ContainerOps {
  using Visit = std::function<void(const std::string&, const void*)>;
  void (*clear)(void*) = nullptr;
  void* (*add)(void*, const std::string& key) = nullptr;  ///< A list ignores the key.
  void (*each)(const void*, const Visit&) = nullptr;
};

TypeRef record_type(std::shared_ptr<const RecordSpec> spec);
void add_field(RecordSpec& spec, std::string_view name, TypeRef type, std::string_view meaning,
               std::size_t offset);
TypeRef enum_type(EnumNames names);
TypeRef list_type(TypeRef element, ContainerOps ops, std::size_t least, std::size_t most);
TypeRef one_or_list_type(TypeRef element, ContainerOps ops, std::size_t most);
TypeRef map_type(TypeRef element, ContainerOps ops);
/// `add` makes and returns the value, `clear` removes it, `each` shows it when it is there.
TypeRef optional_type(TypeRef inner, ContainerOps ops);

void write_json(const ValueType& type, const void* value, Json& out);
std::string pretty_text(const ValueType& type, const void* value);
std::string schema_text(const ValueType& type, std::string_view title);
std::string docs_text(const ValueType& type);

}  // namespace detail

/// A ValueType known to keep its values as T.
template <class T>
struct SettingType {
  detail::TypeRef erased = nullptr;
};

namespace setting {

inline constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t long_max = std::numeric_limits<std::int64_t>::max();

SettingType<bool> boolean();
SettingType<int> integer(std::int64_t least, std::int64_t most = int_max);
SettingType<std::int64_t> integer64(std::int64_t least, std::int64_t most = long_max);
SettingType<double> real(double least, double most);
/// Text of at most `longest` bytes that matches the regular expression, in words `what`.
SettingType<std::string> text(std::size_t longest, std::string pattern = {}, std::string what = {});

// Text with a unit.
SettingType<Duration> duration(Duration least, Duration most);
SettingType<Bytes> bytes(Bytes least, Bytes most);
SettingType<BytesPerSecond> rate(BytesPerSecond least, BytesPerSecond most);
SettingType<PerSecond> per_second(PerSecond least, PerSecond most);
/// "08:55:00" since midnight.
SettingType<Duration> time_of_day();

// Kafka's bare integers. Values beyond a Duration's reach (292 years) are kept as max_duration.
SettingType<Duration> millis(std::int64_t least, std::int64_t most = int_max);
SettingType<Duration> whole_seconds(std::int64_t least, std::int64_t most = int_max);
SettingType<Duration> whole_minutes(std::int64_t least, std::int64_t most = int_max);
SettingType<Bytes> byte_count(std::int64_t least, std::int64_t most = int_max);

/// Names of an enum's values; integers and null are taken as their text. `not_modelled` are names
/// that deserve a better answer than "unknown".
template <class E>
SettingType<E> names(std::initializer_list<std::pair<std::string_view, E>> of,
                     std::initializer_list<std::string_view> not_modelled = {}) {
  detail::EnumNames erased;
  for (const auto& [name, value] : of) {
    erased.names.emplace_back(name, static_cast<std::int64_t>(value));
  }
  erased.not_modelled.assign(not_modelled.begin(), not_modelled.end());
  erased.store = [](void* to, std::int64_t v) { *static_cast<E*>(to) = static_cast<E>(v); };
  erased.load = [](const void* from) {
    return static_cast<std::int64_t>(*static_cast<const E*>(from));
  };
  return {detail::enum_type(std::move(erased))};
}

/// A struct with settings of its own.
template <class T>
SettingType<T> record() {
  return T::settings().type();
}

template <class T>
detail::ContainerOps list_ops() {
  using List = std::vector<T>;
  detail::ContainerOps ops;
  ops.clear = [](void* to) { static_cast<List*>(to)->clear(); };
  ops.add = [](void* to, const std::string&) -> void* {
    return &static_cast<List*>(to)->emplace_back();
  };
  ops.each = [](const void* from, const detail::ContainerOps::Visit& visit) {
    for (const T& one : *static_cast<const List*>(from)) visit("", &one);
  };
  return ops;
}
template <class T>
SettingType<std::vector<T>> list(SettingType<T> element, std::size_t least = 0,
                                 std::size_t most = 100'000) {
  return {detail::list_type(element.erased, list_ops<T>(), least, most)};
}
/// A list of one or more, or the one by itself; that is how a list of one is written.
template <class T>
SettingType<std::vector<T>> one_or_list(SettingType<T> element, std::size_t most) {
  return {detail::one_or_list_type(element.erased, list_ops<T>(), most)};
}

template <class T>
SettingType<std::map<std::string, T>> map(SettingType<T> element) {
  using Map = std::map<std::string, T>;
  detail::ContainerOps ops;
  ops.clear = [](void* to) { static_cast<Map*>(to)->clear(); };
  ops.add = [](void* to, const std::string& key) -> void* {
    return &(*static_cast<Map*>(to))[key];
  };
  ops.each = [](const void* from, const detail::ContainerOps::Visit& visit) {
    for (const auto& [key, one] : *static_cast<const Map*>(from)) visit(key, &one);
  };
  return {detail::map_type(element.erased, ops)};
}

/// Absent or null means unset.
template <class T>
SettingType<std::optional<T>> optional(SettingType<T> inner) {
  using Optional = std::optional<T>;
  detail::ContainerOps ops;
  ops.clear = [](void* to) { static_cast<Optional*>(to)->reset(); };
  ops.add = [](void* to, const std::string&) -> void* {
    return &static_cast<Optional*>(to)->emplace();
  };
  ops.each = [](const void* from, const detail::ContainerOps::Visit& visit) {
    if (const auto& value = *static_cast<const Optional*>(from)) visit("", &*value);
  };
  return {detail::optional_type(inner.erased, ops)};
}

}  // namespace setting

/// The settings of struct T, built by chained calls in the order in which they are read.
template <class T>
class Settings {
 public:
  /// `name` names it in the schema and the documentation.
  Settings(std::string_view name, std::string_view meaning)
      : spec_(std::make_shared<detail::RecordSpec>()) {
    spec_->name = name;
    spec_->meaning = meaning;
    spec_->make_default = []() -> std::shared_ptr<void> { return std::make_shared<T>(); };
    type_ = detail::record_type(spec_);
  }

  template <class V>
  Settings& field(std::string_view name, V T::*member, SettingType<V> type,
                  std::string_view meaning) {
    detail::add_field(*spec_, name, type.erased, meaning, offset_of(member));
    return *this;
  }
  /// A member that T has from a base.
  template <class V, class Base>
  requires(!std::is_same_v<T, Base> && std::is_base_of_v<Base, T>) Settings& field(
      std::string_view name, V Base::*member, SettingType<V> type, std::string_view meaning) {
    return field(name, static_cast<V T::*>(member), type, meaning);
  }
  /// A member of a member.
  template <class Part, class V>
  Settings& field(std::string_view name, Part T::*part, V Part::*member, SettingType<V> type,
                  std::string_view meaning) {
    const std::size_t offset = offset_of(part) + Settings<Part>::offset_of(member);
    detail::add_field(*spec_, name, type.erased, meaning, offset);
    return *this;
  }
  /// What the struct as a whole makes of it: `type` reads into T itself.
  Settings& field_of_all(std::string_view name, detail::TypeRef type, std::string_view meaning) {
    detail::add_field(*spec_, name, type, meaning, 0);
    return *this;
  }
  /// An optional member takes the type of what it may hold.
  template <class V>
  Settings& field(std::string_view name, std::optional<V> T::*member, SettingType<V> type,
                  std::string_view meaning) {
    return field(name, member, setting::optional(type), meaning);
  }
  // The usual types need no more than a range.
  Settings& field(std::string_view name, bool T::*member, std::string_view meaning) {
    return field(name, member, setting::boolean(), meaning);
  }
  Settings& field(std::string_view name, int T::*member, int least, int most,
                  std::string_view meaning) {
    return field(name, member, setting::integer(least, most), meaning);
  }
  Settings& field(std::string_view name, double T::*member, double least, double most,
                  std::string_view meaning) {
    return field(name, member, setting::real(least, most), meaning);
  }
  Settings& field(std::string_view name, Duration T::*member, Duration least, Duration most,
                  std::string_view meaning) {
    return field(name, member, setting::duration(least, most), meaning);
  }
  Settings& field(std::string_view name, Bytes T::*member, Bytes least, Bytes most,
                  std::string_view meaning) {
    return field(name, member, setting::bytes(least, most), meaning);
  }
  Settings& field(std::string_view name, BytesPerSecond T::*member, BytesPerSecond least,
                  BytesPerSecond most, std::string_view meaning) {
    return field(name, member, setting::rate(least, most), meaning);
  }
  Settings& field(std::string_view name, PerSecond T::*member, PerSecond least, PerSecond most,
                  std::string_view meaning) {
    return field(name, member, setting::per_second(least, most), meaning);
  }

  /// The field declared last must be given.
  Settings& required() {
    spec_->fields.back().required = true;
    return *this;
  }
  /// Once the field declared last was given: adjusts members that later fields may override.
  Settings& then(std::function<void(T&)> adjust) {
    spec_->fields.back().then = [adjust](void* in) { adjust(*static_cast<T*>(in)); };
    return *this;
  }
  /// The field declared last means something only then. Elsewhere it is refused with the sentence
  /// `otherwise`, and not written.
  Settings& only_when(std::function<bool(const T&)> holds, std::string otherwise) {
    spec_->fields.back().when = [holds](const void* in) {
      return holds(*static_cast<const T*>(in));
    };
    spec_->fields.back().otherwise = std::move(otherwise);
    return *this;
  }
  /// A bare text in place of the struct means this field.
  Settings& shorthand(std::string field) {
    spec_->shorthand = std::move(field);
    return *this;
  }
  /// A bare list means this field; and what holds only the field of a shorthand is written so.
  Settings& list_shorthand(std::string field) {
    spec_->list_shorthand = std::move(field);
    return *this;
  }
  /// This bare text means that none of the choice's alternatives is given.
  Settings& word(std::string text) {
    spec_->word = std::move(text);
    return *this;
  }
  /// For the documentation: `what` it shows ("A burst every ten minutes."), and its JSON.
  Settings& example(std::string what, std::string json) {
    spec_->examples.emplace_back(std::move(what), std::move(json));
    return *this;
  }

  /// In a list of these, set() finds an element by the text of this field, too.
  Settings& named_by(std::string field) {
    spec_->named_by = std::move(field);
    return *this;
  }
  /// What is said of a key that is no field but is known to somebody: `about` gives a sentence
  /// without its subject, or "" when it does not know the key either; `names` are suggested for
  /// misspelt ones.
  Settings& elsewhere(std::function<std::string(std::string_view)> about,
                      std::vector<std::string> names) {
    spec_->elsewhere = {std::move(about), std::move(names)};
    return *this;
  }

  /// Begins a choice: exactly one of the alternatives that follow is given. `what` is its name in
  /// messages ("a fault needs exactly one of ...").
  Settings& choice(std::string what) {
    spec_->choices.push_back(std::move(what));
    return *this;
  }
  /// The alternative A of the variant `member`, whose value is its member `part`.
  template <class Variant, class A, class V>
  Settings& alternative(std::string_view name, Variant T::*member, V A::*part, SettingType<V> type,
                        std::string_view meaning) {
    add(
        name, type.erased, meaning,
        [member, part](void* in) -> void* {
          return &((static_cast<T*>(in)->*member).template emplace<A>().*part);
        },
        [member, part](const void* in) -> const void* {
          const A* held = std::get_if<A>(&(static_cast<const T*>(in)->*member));
          return held == nullptr ? nullptr : &(held->*part);
        });
    return in_choice();
  }
  /// The alternative A of the variant `member`, a struct with settings of its own.
  template <class A, class Variant>
  Settings& alternative(std::string_view name, Variant T::*member, std::string_view meaning) {
    add(
        name, A::settings().type().erased, meaning,
        [member](void* in) -> void* {
          return &(static_cast<T*>(in)->*member).template emplace<A>();
        },
        [member](const void* in) -> const void* {
          return std::get_if<A>(&(static_cast<const T*>(in)->*member));
        });
    return in_choice();
  }

  /// The alternative A, a struct with settings of its own, of a pointer to one of its bases.
  template <class A, class Base>
  Settings& alternative(std::string_view name, std::shared_ptr<const Base> T::*member,
                        std::string_view meaning) {
    return add_pointee<A>(name, member, A::settings().type().erased, meaning, 0);
  }
  /// The same, whose value is its member `part`.
  template <class Base, class A, class V>
  Settings& alternative(std::string_view name, std::shared_ptr<const Base> T::*member, V A::*part,
                        SettingType<V> type, std::string_view meaning) {
    return add_pointee<A>(name, member, type.erased, meaning, Settings<A>::offset_of(part));
  }

  /// A rule over several fields; runs when every field could be read. It may adjust the struct.
  Settings& check(std::function<void(T&, FieldReport&)> rule) {
    spec_->checks.push_back(
        [rule](void* value, FieldReport& report) { rule(*static_cast<T*>(value), report); });
    return *this;
  }

  SettingType<T> type() const { return {type_}; }

  /// The struct, with defaults wherever the input is silent or wrong.
  T read(const Json& value, SettingsReport& report, const std::string& path = {}) const {
    T result;
    type_->read(value, path, &result, report);
    return result;
  }
  /// Every setting in force.
  void to_json(const T& value, Json& out) const { detail::write_json(*type_, &value, out); }
  std::string to_text(const T& value) const { return detail::pretty_text(*type_, &value); }
  /// JSON Schema, draft 2020-12.
  std::string schema(std::string_view title) const { return detail::schema_text(*type_, title); }
  /// Markdown: a table of each struct: name, type, default, allowed, meaning.
  std::string docs() const { return detail::docs_text(*type_); }
  /// Replaces one value in a document by its dotted path ("brokers.config.num.io.threads", "16").
  /// Names may contain dots: the longest declared name wins. An element of a list is meant by its
  /// place ("producers.0.topic") or by its name ("producers.app.topic"). The error says what is
  /// possible.
  Status<std::string> set(Json& document, std::string_view path, std::string_view text) const {
    return type_->set(document, path, text);
  }

 private:
  template <class A, class Base>
  Settings& add_pointee(std::string_view name, std::shared_ptr<const Base> T::*member,
                        detail::TypeRef type, std::string_view meaning, std::size_t part) {
    add(
        name, type, meaning,
        [member, part](void* in) -> void* {
          auto made = std::make_shared<A>();
          void* const at = reinterpret_cast<std::byte*>(made.get()) + part;
          static_cast<T*>(in)->*member = std::move(made);
          return at;
        },
        [member, part](const void* in) -> const void* {
          const auto* held = dynamic_cast<const A*>((static_cast<const T*>(in)->*member).get());
          return held == nullptr ? nullptr : reinterpret_cast<const std::byte*>(held) + part;
        });
    return in_choice();
  }
  template <class>
  friend class Settings;
  /// Where a member is, asked of room for a T in which none is made.
  template <class V>
  static std::size_t offset_of(V T::*member) {
    alignas(T) static std::byte room[sizeof(T)];
    const void* at = &(reinterpret_cast<const T*>(room)->*member);
    return static_cast<std::size_t>(static_cast<const std::byte*>(at) - room);
  }
  void add(std::string_view name, detail::TypeRef type, std::string_view meaning,
           std::function<void*(void*)> make, std::function<const void*(const void*)> look) {
    detail::add_field(*spec_, name, type, meaning, 0);
    spec_->fields.back().make = std::move(make);
    spec_->fields.back().look = std::move(look);
  }
  Settings& in_choice() {
    ENSURE(!spec_->choices.empty(), "alternative() before choice()");
    spec_->fields.back().choice = static_cast<int>(spec_->choices.size()) - 1;
    return *this;
  }

  std::shared_ptr<detail::RecordSpec> spec_;
  detail::TypeRef type_ = nullptr;
};

}  // namespace brokerlab

// The scalar types of settings: how each is read, written, described and ranged.
#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <regex>

namespace brokerlab {
namespace detail {
namespace {

std::string range_text(std::string_view noun, std::string_view least, std::string_view most) {
  return tr("{} from {} to {}", translated(noun), least, most);
}

/// A bare whole number with a range; Store keeps it as what the member is.
class IntegerType : public ValueType {
 public:
  using Store = std::function<void(void*, std::int64_t)>;
  using Load = std::function<std::int64_t(const void*)>;
  IntegerType(std::string noun, std::int64_t least, std::int64_t most, Store store, Load load)
      : noun_(std::move(noun)),
        least_(least),
        most_(most),
        store_(std::move(store)),
        load_(std::move(load)) {
    ENSURE(least <= most, "range {} to {}", least, most);
  }

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    const bool beyond = value.is_number_unsigned() &&
                        value.get<std::uint64_t>() > static_cast<std::uint64_t>(setting::long_max);
    if (!value.is_number_integer() || beyond) {
      report.error(path, brief_text(value), tr("must be {}", allowed()));
      return;
    }
    const auto number = value.get<std::int64_t>();
    if (number < least_ || number > most_) {
      report.error(path, brief_text(value), tr("must be {}", allowed()));
      return;
    }
    store_(target, number);
  }
  Json write(const void* value) const override { return load_(value); }
  Json schema(Json& /*definitions*/) const override {
    return {{"type", "integer"}, {"minimum", least_}, {"maximum", most_}};
  }
  std::string allowed() const override {
    if (most_ == setting::int_max || most_ == setting::long_max) {
      return tr("{} of at least {}", translated(noun_), least_);
    }
    return range_text(noun_, std::to_string(least_), std::to_string(most_));
  }

 private:
  std::string noun_;
  std::int64_t least_;
  std::int64_t most_;
  Store store_;
  Load load_;
};

class RealType : public ValueType {
 public:
  RealType(double least, double most) : least_(least), most_(most) {}

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    const double number = value.is_number() ? value.get<double>() : std::nan("");
    if (!(number >= least_ && number <= most_)) {
      report.error(path, brief_text(value), tr("must be {}", allowed()));
      return;
    }
    *static_cast<double*>(target) = number;
  }
  Json write(const void* value) const override { return *static_cast<const double*>(value); }
  Json schema(Json& /*definitions*/) const override {
    return {{"type", "number"}, {"minimum", least_}, {"maximum", most_}};
  }
  std::string allowed() const override {
    if (most_ == std::numeric_limits<double>::max()) {
      return tr("{} of at least {}", tr("a number"), fmt::format("{}", least_));
    }
    return range_text(sentence("a number"), fmt::format("{}", least_), fmt::format("{}", most_));
  }

 private:
  double least_;
  double most_;
};

class BooleanType : public ValueType {
 public:
  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    if (!value.is_boolean()) {
      report.error(path, brief_text(value), tr("must be true or false (without quotes)"));
      return;
    }
    *static_cast<bool*>(target) = value.get<bool>();
  }
  Json write(const void* value) const override { return *static_cast<const bool*>(value); }
  Json schema(Json& /*definitions*/) const override { return {{"type", "boolean"}}; }
  std::string allowed() const override { return tr("true or false"); }
};

class TextType : public ValueType {
 public:
  TextType(std::size_t longest, std::string pattern, std::string what)
      : longest_(longest), pattern_(std::move(pattern)), what_(std::move(what)) {
    if (!pattern_.empty()) expression_ = std::regex(pattern_);
  }

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    // The length comes first: std::regex recurses once a character.
    const bool fits = value.is_string() && value.get_ref<const std::string&>().size() <= longest_;
    if (!fits || (!pattern_.empty() &&
                  !std::regex_match(value.get_ref<const std::string&>(), expression_))) {
      report.error(path, brief_text(value), tr("must be {}", allowed()));
      return;
    }
    *static_cast<std::string*>(target) = value.get<std::string>();
  }
  Json write(const void* value) const override { return *static_cast<const std::string*>(value); }
  /// An empty text where the pattern wants one means that nothing was given.
  bool written(const void* value) const override {
    return pattern_.empty() || !static_cast<const std::string*>(value)->empty();
  }
  Json schema(Json& /*definitions*/) const override {
    Json result{{"type", "string"}, {"maxLength", longest_}};
    if (!pattern_.empty()) result["pattern"] = "^(" + pattern_ + ")$";
    return result;
  }
  std::string allowed() const override {
    return tr("{} of at most {} characters", translated(what_.empty() ? sentence("a text") : what_),
              longest_);
  }

 protected:
  bool takes_text() const override { return true; }

 private:
  std::size_t longest_;
  std::string pattern_;
  std::string what_;
  std::regex expression_;
};

/// Text with a unit.
template <class Q>
class QuantityType : public ValueType {
 public:
  using Parse = Result<Q, std::string> (*)(std::string_view);
  QuantityType(std::string noun, std::string example, std::string units, Parse parse, Q least,
               Q most)
      : noun_(std::move(noun)),
        example_(std::move(example)),
        units_(std::move(units)),
        parse_(parse),
        least_(least),
        most_(most) {
    ENSURE(least <= most, "range of {}", noun_);
  }

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    if (value.is_number()) {
      report.error(path, brief_text(value),
                   tr("needs a unit and quotes, such as \"{}\"; must be {}", example_, allowed()));
      return;
    }
    if (!value.is_string()) {
      report.error(path, brief_text(value), tr("must be {}, such as \"{}\"", allowed(), example_));
      return;
    }
    const auto& text = value.get_ref<const std::string&>();
    const auto quantity =
        text.size() > 64 ? Result<Q, std::string>(fail(tr("is too long"))) : parse_(text);
    if (!quantity) {
      report.error(path, brief_text(value), tr("{}; must be {}", quantity.error(), allowed()));
      return;
    }
    if (*quantity < least_ || *quantity > most_) {
      report.error(path, brief_text(value), tr("must be {}", allowed()));
      return;
    }
    *static_cast<Q*>(target) = *quantity;
  }
  Json write(const void* value) const override { return to_text(*static_cast<const Q*>(value)); }
  Json schema(Json& /*definitions*/) const override {
    return {{"type", "string"},
            {"pattern", fmt::format("^[0-9]+(\\.[0-9]+)? ?({})$", units_)},
            {"description", allowed()}};
  }
  std::string allowed() const override {
    return range_text(noun_, to_text(least_), to_text(most_));
  }

  bool wants_unit() const override { return true; }

 protected:
  bool takes_text() const override { return true; }

 private:
  std::string noun_;
  std::string example_;
  std::string units_;
  Parse parse_;
  Q least_;
  Q most_;
};

class TimeOfDayType : public ValueType {
 public:
  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    static const std::regex form("([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])");
    std::smatch part;
    const std::string text = value.is_string() ? value.get<std::string>() : "";
    if (text.size() != 8 || !std::regex_match(text, part, form)) {
      report.error(path, brief_text(value), tr("must be {}", allowed()));
      return;
    }
    *static_cast<Duration*>(target) = std::chrono::hours(std::stoi(part[1])) +
                                      std::chrono::minutes(std::stoi(part[2])) +
                                      std::chrono::seconds(std::stoi(part[3]));
  }
  Json write(const void* value) const override {
    const auto seconds = static_cast<const Duration*>(value)->count() / 1'000'000'000;
    return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
  Json schema(Json& /*definitions*/) const override {
    return {{"type", "string"}, {"pattern", "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"}};
  }
  std::string allowed() const override {
    return tr("a time of day from \"00:00:00\" to \"23:59:59\"");
  }

 protected:
  bool takes_text() const override { return true; }
};

class EnumType : public ValueType {
 public:
  explicit EnumType(EnumNames names) : names_(std::move(names)) {
    ENSURE(!names_.names.empty(), "an enum without names");
  }

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    std::string text;
    if (value.is_string()) text = value.get<std::string>();
    if (value.is_number_integer() || value.is_null()) text = json_text(value);
    const bool may_be_a_name = value.is_string() || !text.empty();
    for (const auto& [name, number] : names_.names) {
      if (may_be_a_name && name == text) return names_.store(target, number);
    }
    for (const std::string& name : names_.not_modelled) {
      if (name != text) continue;
      report.error(path, brief_text(value),
                   tr("is Kafka's, but not modelled by brokerlab yet; must be {}", allowed()));
      return;
    }
    std::vector<std::string> known;
    for (const auto& [name, number] : names_.names) known.push_back(name);
    const bool word = text.size() > 2 && text.size() < 64;
    const std::string near = word ? nearest_name(text, known) : "";
    report.error(path, brief_text(value),
                 near.empty() ? tr("must be {}", allowed())
                              : tr("must be {}; did you mean \"{}\"?", allowed(), near));
  }
  Json write(const void* value) const override {
    const std::int64_t number = names_.load(value);
    for (const auto& [name, known] : names_.names) {
      if (known == number) return name;
    }
    UNREACHABLE("enum value {} has no name", number);
  }
  Json schema(Json& /*definitions*/) const override {
    Json values = Json::array();
    for (const auto& [name, number] : names_.names) {
      values.push_back(name);
      const Json plain = Json::parse(name, nullptr, false);
      if (plain.is_number_integer() || plain.is_null()) values.push_back(plain);
    }
    return {{"enum", values}};
  }
  std::string allowed() const override {
    std::string list;
    for (std::size_t i = 0; i < names_.names.size(); ++i) {
      list += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names_.names[i].first);
    }
    return names_.names.size() == 1 ? list : tr("one of {}", list);
  }

 protected:
  bool takes_text() const override { return true; }

 private:
  EnumNames names_;
};

template <class T>
SettingType<T> whole(std::string noun, std::int64_t least, std::int64_t most) {
  return {keep<IntegerType>(
      std::move(noun), least, most,
      [](void* to, std::int64_t v) { *static_cast<T*>(to) = static_cast<T>(v); },
      [](const void* from) { return static_cast<std::int64_t>(*static_cast<const T*>(from)); })};
}

/// A Duration written as a bare count of `unit`; counts it cannot hold are "for ever" on both ways.
SettingType<Duration> counted(std::string noun, Duration unit, std::int64_t least,
                              std::int64_t most) {
  const std::int64_t reach = max_duration.count() / unit.count();
  return {keep<IntegerType>(
      std::move(noun), least, most,
      [unit, reach](void* to, std::int64_t v) {
        *static_cast<Duration*>(to) = v > reach ? max_duration : v * unit;
      },
      [unit, most](const void* from) {
        const Duration value = *static_cast<const Duration*>(from);
        return value == max_duration ? most : value.count() / unit.count();
      })};
}

constexpr const char* duration_pattern = "ns|us|ms|s|min|h|d";
constexpr const char* bytes_pattern = "B|KB|KiB|MB|MiB|GB|GiB|TB|TiB";
constexpr const char* rate_pattern = "B/s|KB/s|KiB/s|MB/s|MiB/s|GB/s|GiB/s|Kbps|Mbps|Gbps";
constexpr const char* per_second_pattern = "/s|k/s|M/s";

}  // namespace

TypeRef enum_type(EnumNames names) { return keep<EnumType>(std::move(names)); }

}  // namespace detail

namespace setting {

SettingType<bool> boolean() { return {detail::keep<detail::BooleanType>()}; }

SettingType<int> integer(std::int64_t least, std::int64_t most) {
  ENSURE(most <= int_max && least >= std::numeric_limits<int>::min(), "an int's range");
  return detail::whole<int>(sentence("a whole number"), least, most);
}

SettingType<std::int64_t> integer64(std::int64_t least, std::int64_t most) {
  return detail::whole<std::int64_t>(sentence("a whole number"), least, most);
}

SettingType<double> real(double least, double most) {
  return {detail::keep<detail::RealType>(least, most)};
}

SettingType<std::string> text(std::size_t longest, std::string pattern, std::string what) {
  return {detail::keep<detail::TextType>(longest, std::move(pattern), std::move(what))};
}

SettingType<Duration> duration(Duration least, Duration most) {
  return {detail::keep<detail::QuantityType<Duration>>(
      sentence("a duration"), "10s", detail::duration_pattern, parse_duration, least, most)};
}

SettingType<Bytes> bytes(Bytes least, Bytes most) {
  return {detail::keep<detail::QuantityType<Bytes>>(
      sentence("a size"), "16MiB", detail::bytes_pattern, parse_bytes, least, most)};
}

SettingType<BytesPerSecond> rate(BytesPerSecond least, BytesPerSecond most) {
  return {detail::keep<detail::QuantityType<BytesPerSecond>>(
      sentence("a rate"), "1Gbps", detail::rate_pattern, parse_rate, least, most)};
}

SettingType<PerSecond> per_second(PerSecond least, PerSecond most) {
  return {detail::keep<detail::QuantityType<PerSecond>>(
      sentence("a rate"), "20/s", detail::per_second_pattern, parse_per_second, least, most)};
}

SettingType<Duration> time_of_day() { return {detail::keep<detail::TimeOfDayType>()}; }

SettingType<Duration> millis(std::int64_t least, std::int64_t most) {
  return detail::counted(sentence("a whole number of milliseconds"), 1ms, least, most);
}

SettingType<Duration> whole_seconds(std::int64_t least, std::int64_t most) {
  return detail::counted(sentence("a whole number of seconds"), 1s, least, most);
}

SettingType<Duration> whole_minutes(std::int64_t least, std::int64_t most) {
  return detail::counted(sentence("a whole number of minutes"), 1min, least, most);
}

SettingType<Bytes> byte_count(std::int64_t least, std::int64_t most) {
  return {detail::keep<detail::IntegerType>(
      sentence("a whole number of bytes"), least, most,
      [](void* to, std::int64_t v) { *static_cast<Bytes*>(to) = Bytes(v); },
      [](const void* from) { return static_cast<const Bytes*>(from)->count(); })};
}

}  // namespace setting
}  // namespace brokerlab

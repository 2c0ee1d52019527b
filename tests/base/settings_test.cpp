#include "base/json_text.h"
#include "base/settings_given.h"
#include "base/translation.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace brokerlab;

namespace {

enum class Colour { red, blue };

struct Wheel {
  Duration turn = 10ms;
  Bytes size = 1_KiB;
  static const Settings<Wheel>& settings() {
    static const auto all =
        Settings<Wheel>("Wheel", "Turns.")
            .field("turn", &Wheel::turn, 1ms, 1s, "One turn.")
            .field("size.bytes", &Wheel::size, setting::byte_count(1, 4096), "Its size.")
            .field("size", &Wheel::size, 1_B, 4_KiB, "Its size, with a unit.");
    return all;
  }
};

struct Fly {
  int height = 1;
};
struct Dive {
  Wheel wheel;
  static const Settings<Dive>& settings() {
    static const auto all = Settings<Dive>("Dive", "Down.")
                                .field("wheel", &Dive::wheel, setting::record<Wheel>(), "Which.");
    return all;
  }
};

struct Car {
  std::string name = "car";
  bool open = false;
  std::int64_t serial = 7;
  double weight = 1.5;
  Colour colour = Colour::red;
  std::optional<Duration> wait;
  BytesPerSecond rate = 1_MBps;
  PerSecond often = 2_per_s;
  Duration start = std::chrono::hours(8);
  std::vector<Wheel> wheels;
  std::map<std::string, Wheel> spares;
  std::variant<Fly, Dive> action;

  static const Settings<Car>& settings() {
    static const auto all =
        Settings<Car>("Car", "Drives.")
            .field("name", &Car::name, setting::text(8, "[a-z]+", "lower-case letters"), "Name.")
            .required()
            .field("open", &Car::open, "Open?")
            .field("serial", &Car::serial, setting::integer64(0, 100), "Number.")
            .field("weight", &Car::weight, 0.5, 9.0, "Weight.")
            .field("colour", &Car::colour,
                   setting::names<Colour>({{"red", Colour::red}, {"blue", Colour::blue}}, {"pink"}),
                   "Colour.")
            .field("wait.ms", &Car::wait, setting::millis(0, setting::long_max), "Wait.")
            .field("rate", &Car::rate, 1_Bps, 1_GBps, "Rate.")
            .field("often", &Car::often, PerSecond(0), PerSecond(1e6), "How often.")
            .field("start", &Car::start, setting::time_of_day(), "When.")
            .field("wheels", &Car::wheels, setting::list(setting::record<Wheel>(), 0, 4), "Wheels.")
            .field("spares", &Car::spares, setting::map(setting::record<Wheel>()), "Spares.")
            .choice("what it does")
            .alternative("fly", &Car::action, &Fly::height, setting::integer(0, 9), "Up.")
            .alternative<Dive>("dive", &Car::action, "Down.")
            .check([](const Car& car, FieldReport& report) {
              if (car.open && car.wheels.empty()) report.error("open", "needs wheels");
            });
    return all;
  }
};

struct Reading {
  Car car;
  SettingsReport report;
};

Reading read(std::string_view text) {
  Reading reading;
  reading.report.file = "car.json";
  Json document;
  if (parse_json(text, document, reading.report)) {
    reading.car = Car::settings().read(document, reading.report);
  }
  return reading;
}

std::string mistakes_in(std::string_view text) { return to_text(read(text).report.errors); }

constexpr const char* whole_car = R"({
  "name": "beetle", "open": true, "serial": 12, "weight": 2, "colour": "blue", "wait.ms": 1500,
  "rate": "1Gbps", "often": "2k/s", "start": "08:55:00",
  "wheels": [{"turn": "5ms"}, {"size.bytes": 100}], "spares": {"a.b": {"size": "2KiB"}},
  "dive": {"wheel": {"turn": "1s"}}})";

}  // namespace

TEST_CASE("settings: every kind of value is read", "[unit]") {
  const auto [car, report] = read(whole_car);
  REQUIRE(to_text(report.errors) == "");
  CHECK(car.name == "beetle");
  CHECK(car.open);
  CHECK(car.serial == 12);
  CHECK(car.weight == 2.0);
  CHECK(car.colour == Colour::blue);
  CHECK(car.wait == 1500ms);
  CHECK(car.rate == 125_MBps);
  CHECK(car.often == PerSecond(2000));
  CHECK(car.start == 8h + 55min);
  REQUIRE(car.wheels.size() == 2);
  CHECK(car.wheels[0].turn == 5ms);
  CHECK(car.wheels[1].size == 100_B);
  CHECK(car.spares.at("a.b").size == 2_KiB);
  REQUIRE(std::holds_alternative<Dive>(car.action));
  CHECK(std::get<Dive>(car.action).wheel.turn == 1s);
}

TEST_CASE("settings: what is written reads back the same", "[unit]") {
  const Car car = read(whole_car).car;
  const std::string text = Car::settings().to_text(car);
  const auto again = read(text);
  CHECK(to_text(again.report.errors) == "");
  CHECK(Car::settings().to_text(again.car) == text);
}

TEST_CASE("settings: silence means the default", "[unit]") {
  const auto [car, report] = read(R"({"name": "a", "fly": 3, "wait.ms": null})");
  REQUIRE(report.ok());
  CHECK(car.serial == 7);
  CHECK_FALSE(car.wait.has_value());
  CHECK(std::get<Fly>(car.action).height == 3);
}

TEST_CASE("settings: all mistakes are listed at once, with path, value and range", "[unit]") {
  CHECK(mistakes_in(R"({"open": 1, "serial": 101, "weight": "heavy", "colour": "bleu",
                        "rate": 5, "wheels": [{"turn": "2s"}, 7], "spares": [], "dive": {}, "wieght": 1})") ==
        "car.json: /name: is missing; must be lower-case letters of at most 8 characters\n"
        "car.json: /open: 1: must be true or false (without quotes)\n"
        "car.json: /serial: 101: must be a whole number from 0 to 100\n"
        "car.json: /weight: \"heavy\": must be a number from 0.5 to 9\n"
        "car.json: /colour: \"bleu\": must be one of \"red\", \"blue\"; did you mean \"blue\"?\n"
        "car.json: /rate: 5: needs a unit and quotes, such as \"1Gbps\"; must be a rate from 1B/s "
        "to 8Gbps\n"
        "car.json: /wheels/0/turn: \"2s\": must be a duration from 1ms to 1s\n"
        "car.json: /wheels/1: 7: must be an object (Wheel); its keys: turn, size.bytes, size\n"
        "car.json: /spares: []: must be an object of names, each an object (Wheel)\n"
        "car.json: /wieght: unknown key; did you mean \"weight\"?\n");
}

TEST_CASE("settings: a choice wants exactly one", "[unit]") {
  CHECK(mistakes_in(R"({"name": "a"})") ==
        "car.json: {\"name\":\"a\"}: what it does is exactly one of fly, dive\n");
  CHECK(mistakes_in(R"({"name": "a", "fly": 1, "dive": {}})") ==
        "car.json: fly, dive: what it does is exactly one of fly, dive\n");
}

TEST_CASE("settings: what Kafka knows and brokerlab does not gets its own answer", "[unit]") {
  CHECK(mistakes_in(R"({"name": "a", "fly": 1, "colour": "pink"})") ==
        "car.json: /colour: \"pink\": is Kafka's, but not modelled by brokerlab yet; must be one "
        "of \"red\", \"blue\"\n");
}

TEST_CASE("settings: a rule over several fields", "[unit]") {
  CHECK(mistakes_in(R"({"name": "a", "fly": 1, "open": true})") ==
        "car.json: /open: true: needs wheels\n");
}

TEST_CASE("settings: integers beyond 64 bits are out of range, not wrapped", "[unit]") {
  CHECK(mistakes_in(R"({"name": "a", "fly": 1, "serial": 18446744073709551615})") ==
        "car.json: /serial: 18446744073709551615: must be a whole number from 0 to 100\n");
  CHECK(read(R"({"name": "a", "fly": 1, "wait.ms": 9223372036854775807})").car.wait ==
        max_duration);
}

TEST_CASE("settings: broken JSON says where", "[unit]") {
  CHECK(mistakes_in("") == "car.json: is empty; a JSON object is needed\n");
  CHECK(mistakes_in("{\n  \"name\": ,}").starts_with("car.json: line 2, column 11: broken JSON"));
  CHECK(mistakes_in("{\"a\": 1e999}").starts_with("car.json: line 1, column "));
  CHECK(mistakes_in("{\"a\xff\": 1}") ==
        "car.json: line 1, column 4: is not UTF-8 text; save the file as UTF-8\n");
  CHECK(mistakes_in(R"({"name": "a", "fly": 1, "fly": 2})") ==
        "car.json: /fly: stands here twice; remove one\n");
}

TEST_CASE("settings: of broken JSON the likely cause is told", "[unit]") {
  const std::pair<const char*, const char*> stories[] = {
      {"{\"a\": 1 \"b\": 2}", "line 1, column 9: broken JSON: a comma is missing before this"},
      {"{\"a\": 1,}", "column 9: broken JSON: the comma before } is one too many"},
      {"{\"a\": [1,]}", "the comma before ] is one too many"},
      {"{\"a\": 1,, \"b\": 2}", "this comma is one too many"},
      {"{\"a\" 1}", "a colon is missing"},
      {"{a: 1}", "a key needs double quotes"},
      {"{'a': 1}", "a key needs double quotes"},
      {"{\"a\": }", "a value is missing here"},
      {"{\"a\": tru}", "this is no value"},
      {"{\"a\": \"x}", "the closing quote of a text is missing"},
      {"{\"a\": \"x\ny\"}", "the closing quote of a text is missing"},
      {"{\"a\": 1", "although a closing } is missing"},
      {"[1, 2", "although a closing ] is missing"},
      {"[1 2]", "a comma is missing before this, or a closing ]"},
      {"{\"a\": \"\\q\"}", "needs another one before it"},
      {"{\"a\": -}", "the number is not whole"},
      {"{\"a\": 1} x", "something stands behind the end"},
      {"// c\n{}", "JSON has no comments"}};
  for (const auto& [text, cause] : stories) {
    INFO(text);
    CHECK_THAT(mistakes_in(text), Catch::Contains(cause));
    const Speaking korean(Language::korean);
    const std::string told = mistakes_in(text);
    CHECK_THAT(told, Catch::Contains("JSON 문법이 틀렸습니다: "));
    CHECK(told.find("parsing") == std::string::npos);
  }
}

TEST_CASE("settings: depth and length are bounded", "[unit]") {
  CHECK_THAT(mistakes_in(std::string(10'000, '[')),
             Catch::Contains("is nested deeper than 64 levels"));
  CHECK_THAT(mistakes_in(std::string((8u << 20) + 1, ' ')),
             Catch::Contains("at most 8MiB are read"));
  std::string many = "{";
  for (int i = 0; i < 100'000; ++i) many += fmt::format("\"k{}\":1,", i);
  const auto reading = read(many + "\"z\":1}");
  CHECK(reading.report.errors.size() < 300);
  CHECK_FALSE(reading.report.ok());
}

TEST_CASE("settings: overrides find the longest declared name", "[unit]") {
  Json document;
  SettingsReport report;
  REQUIRE(parse_json(whole_car, document, report));
  const auto& settings = Car::settings();
  REQUIRE(settings.set(document, "wheels.1.size.bytes", "77").ok());
  REQUIRE(settings.set(document, "spares.a.b.turn", "9ms").ok());
  REQUIRE(settings.set(document, "wait.ms", "12").ok());
  REQUIRE(settings.set(document, "name", "abc").ok());
  REQUIRE(settings.set(document, "fly", "4").ok());  // Takes the place of "dive".
  const Car car = settings.read(document, report);
  REQUIRE(to_text(report.errors) == "");
  CHECK(car.wheels[1].size == 77_B);
  CHECK(car.spares.at("a.b").turn == 9ms);
  CHECK(car.wait == 12ms);
  CHECK(std::get<Fly>(car.action).height == 4);
}

TEST_CASE("settings: a wrong override path says what is possible", "[unit]") {
  Json document;
  SettingsReport report;
  REQUIRE(parse_json(whole_car, document, report));
  const auto why = [&](std::string_view path) {
    const auto status = Car::settings().set(document, path, "1");
    return status.ok() ? std::string("ok") : status.error();
  };
  CHECK(why("wheels.0.trun") ==
        "there is no \"trun\" in Wheel; did you mean \"turn\"? Possible: turn, size.bytes, size");
  CHECK(why("wheels.2.turn") == "\"2\" must be a place in the list, from 0 to 1");
  CHECK(why("wheels.x") == "\"x\" must be a place in the list, from 0 to 1");
  CHECK(why("spares.c") == "there is no \"c\" here; possible: a.b");
  CHECK_THAT(why("serial.deeper"), Catch::Contains("nothing under a single value"));
}

TEST_CASE("settings: of many names the nearest are listed", "[unit]") {
  const std::vector<std::string> known{"request.timeout.ms", "log.flush.ms", "log.segment.bytes",
                                       "fetch.max.bytes", "log.retention.ms"};
  CHECK(nearest_names("log.retain.ms", known, 2) ==
        std::vector<std::string>{"log.retention.ms", "log.flush.ms"});
  CHECK(nearest_names("segment", known, 1) == std::vector<std::string>{"log.segment.bytes"});
  CHECK(nearest_names("x", {}, 3).empty());
  CHECK(nearest_name("--at", {"--set", "--seed"}).empty());  // Two letters, and both are wrong.
  CHECK(nearest_name("--sed", {"--set", "--seed"}) == "--set");
  CHECK(nearest_name("u", {"t"}) == "t");
}

TEST_CASE("settings: schema and documentation come from the same declaration", "[unit]") {
  const Json schema = Json::parse(Car::settings().schema("Car"));
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  const Json& car = schema["$defs"]["Car"];
  CHECK(car["required"] == Json::array({"name"}));
  CHECK(car["additionalProperties"] == false);
  CHECK(car["properties"]["serial"]["maximum"] == 100);
  CHECK(car["properties"]["serial"]["default"] == 7);
  CHECK(car["properties"]["wheels"]["items"]["$ref"] == "#/$defs/Wheel");
  CHECK(schema["$defs"].contains("Dive"));
  const std::string docs = Car::settings().docs();
  CHECK_THAT(docs, Catch::Contains("| `serial` | a whole number from 0 to 100 | `7` | Number. |"));
  CHECK_THAT(docs, Catch::Contains("### Wheel"));
}

namespace {

struct Steady {
  PerSecond rate;
};
struct Varying {
  std::vector<Wheel> wheels;
};
struct Pace {
  std::variant<std::monostate, Steady, Varying> what;
  static const Settings<Pace>& settings() {
    static const auto all =
        Settings<Pace>("Pace", "How often.")
            .choice("a pace")
            .alternative("steady", &Pace::what, &Steady::rate,
                         setting::per_second(PerSecond(0), PerSecond(10)), "Always so.")
            .alternative("varying", &Pace::what, &Varying::wheels,
                         setting::list(setting::record<Wheel>(), 1, 3), "Wheels.")
            .shorthand("steady")
            .list_shorthand("varying")
            .example("Twice a second:", R"("2/s")");
    return all;
  }
};
struct Trick {
  std::variant<std::monostate, Fly> what;
  static const Settings<Trick>& settings() {
    static const auto all =
        Settings<Trick>("Trick", "What is shown.")
            .choice("a trick")
            .alternative("fly", &Trick::what, &Fly::height, setting::integer(0, 9), "Up.")
            .word("none");
    return all;
  }
};

template <class T>
std::string read_and_written(const char* text) {
  SettingsReport report;
  const T value = T::settings().read(Json::parse(text), report);
  if (!report.ok()) return to_text(report.errors);
  Json json;
  T::settings().to_json(value, json);
  return json.dump();
}

}  // namespace

TEST_CASE("settings: a text, a list or a number without its unit may stand for a struct",
          "[unit]") {
  CHECK(read_and_written<Pace>(R"("2/s")") == R"("2/s")");
  CHECK(read_and_written<Pace>(R"({"steady": "2/s"})") == R"("2/s")");
  CHECK(read_and_written<Pace>(R"([{"turn": "5ms"}])") ==
        R"([{"turn":"5ms","size.bytes":1024,"size":"1KiB"}])");
  CHECK(read_and_written<Pace>("[]") == "[]: has 0 elements; must have from 1 to 3\n");
  CHECK(read_and_written<Pace>("2") ==
        "2: needs a unit and quotes, such as \"20/s\"; must be a rate from 0/s to 10/s\n");
  CHECK(read_and_written<Pace>("true") ==
        "true: must be a text (steady), a list (varying) or an object (Pace); its keys: steady, "
        "varying\n");
  const std::string docs = Pace::settings().docs();
  CHECK_THAT(docs, Catch::Contains("Twice a second:\n\n```json\n\"2/s\"\n```\n\n| Name"));
  const Json schema = Json::parse(Pace::settings().schema("Pace"));
  CHECK(schema["$defs"]["Pace"]["anyOf"].size() == 3);
}

TEST_CASE("settings: a path leads into a list that stands for a struct", "[unit]") {
  Json document = Json::parse(R"([{"turn": "5ms"}])");
  CHECK(Pace::settings().set(document, "0.turn", "7ms").ok());
  CHECK(document.dump() == R"([{"turn":"7ms"}])");
  CHECK(Pace::settings().set(document, "varying.0.turn", "9ms").ok());
  CHECK(document.dump() == R"({"varying":[{"turn":"9ms"}]})");
  CHECK(Pace::settings().set(document, "steady", "3/s").ok());
  CHECK(document.dump() == R"({"steady":"3/s"})");
}

TEST_CASE("settings: a word may stand for none of the alternatives", "[unit]") {
  CHECK(read_and_written<Trick>(R"("none")") == R"("none")");
  CHECK(read_and_written<Trick>(R"({"fly": 3})") == R"({"fly":3})");
  CHECK(read_and_written<Trick>(R"("some")") ==
        "\"some\": must be \"none\" or an object (Trick); its keys: fly\n");
  CHECK(read_and_written<Trick>("{}") == "{}: a trick is exactly one of fly\n");
  Json document = "none";
  CHECK(Trick::settings().set(document, "fly", "3").ok());
  CHECK(document.dump() == R"({"fly":3})");
}

TEST_CASE("settings: mistakes mark what depends on them as not to be trusted", "[unit]") {
  SettingsReport report;
  report.error("/brokers/count", "-1", "must be positive");
  CHECK_FALSE(report.clean("/brokers/count"));
  CHECK_FALSE(report.clean("/brokers"));
  CHECK_FALSE(report.clean("/brokers/count/deeper"));
  CHECK(report.clean("/brokers/counter"));
  CHECK(report.clean("/topics"));
}

namespace {

struct Paint {
  int layers = 1;
  Colour colour = Colour::red;
  static const Settings<Paint>& settings() {
    static const auto all =
        Settings<Paint>("Paint", "Covers.")
            .field("layers", &Paint::layers, setting::integer(1, 9), "How many.")
            .field("colour", &Paint::colour,
                   setting::names<Colour>({{"red", Colour::red}, {"blue", Colour::blue}}, {}),
                   "Colour.");
    return all;
  }
};
struct Repaint {
  std::map<std::string, std::string> changes;
  static const Settings<Repaint>& settings() {
    static const auto all =
        Settings<Repaint>("Repaint", "Of a car.")
            .field("changes", &Repaint::changes, setting::given<Paint>(), "What is not as before.");
    return all;
  }
};

}  // namespace

TEST_CASE("of settings that are given only those are kept, the defaults among them", "[unit]") {
  SettingsReport report;
  const Json input = json_from(R"({"changes": {"layers": 1, "colour": "blue"}})");
  const Repaint repaint = Repaint::settings().read(input, report);
  CHECK(report.ok());
  CHECK(repaint.changes ==
        std::map<std::string, std::string>{{"layers", "1"}, {"colour", "\"blue\""}});
  Json written;
  Repaint::settings().to_json(repaint, written);
  CHECK(written == json_from(R"({"changes": {"colour": "blue", "layers": 1}})"));
  // Refused as the struct itself would be.
  const Json wrong = json_from(R"({"changes": {"layers": 10, "color": "blue"}})");
  CHECK(Repaint::settings().read(wrong, report).changes.empty());
  REQUIRE(report.errors.size() == 2);
  CHECK(report.errors[0].path == "/changes/layers");
  CHECK(report.errors[1].path == "/changes/color");
  CHECK_THAT(Repaint::settings().docs(), Catch::Contains("### Paint"));
}

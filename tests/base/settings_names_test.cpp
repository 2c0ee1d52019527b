// Elements of lists by their names, and keys that somebody else knows.
#include "base/settings.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace brokerlab;

namespace {

struct Boat {
  std::string name;
  int masts = 1;
  static const Settings<Boat>& settings() {
    static const auto all =
        Settings<Boat>("Boat", "Sails.")
            .field("name", &Boat::name, setting::text(20), "Name.")
            .field("masts", &Boat::masts, 1, 9, "Masts.")
            .named_by("name")
            .elsewhere(
                [](std::string_view key) {
                  return key == "engine.power" ? std::string("is a ship's") : std::string();
                },
                {"engine.power"});
    return all;
  }
};

struct Harbour {
  std::vector<Boat> boats;
  std::map<std::string, Boat> docks;
  static const Settings<Harbour>& settings() {
    static const auto all =
        Settings<Harbour>("Harbour", "Boats.")
            .field("boats", &Harbour::boats, setting::list(setting::record<Boat>()), "Boats.")
            .field("docks", &Harbour::docks, setting::map(setting::record<Boat>()), "Docks.");
    return all;
  }
};

const Json harbour = Json::parse(R"({
  "boats": [{"name": "anna"}, {"name": "anna.maria"}, {"name": "twin"}, {"name": "twin"},
            {"name": "2"}, {"masts": 3}],
  "docks": {"north": {"masts": 1}}})");

/// The changed elements, or what was said.
std::string after(std::string_view path, std::string_view text = "5") {
  Json document = harbour;
  const auto status = Harbour::settings().set(document, path, text);
  return status.ok() ? Json::diff(harbour, document).dump() : status.error();
}

std::string changed(int boat) {
  return fmt::format(R"([{{"op":"add","path":"/boats/{}/masts","value":5}}])", boat);
}

}  // namespace

TEST_CASE("settings: an element of a list is meant by its place or by its name", "[unit]") {
  CHECK(after("boats.0.masts") == changed(0));
  CHECK(after("boats.anna.masts") == changed(0));
  CHECK(after("boats.anna.maria.masts") == changed(1));  // the longest name that fits
  CHECK(after("boats.3.masts") == changed(3));
}

TEST_CASE("settings: a name that means two elements, or none, is refused with advice", "[unit]") {
  CHECK(after("boats.twin.masts") ==
        "\"twin\" may mean the elements 2 and 3; say which by its place");
  CHECK(after("boats.2.masts") == "\"2\" may mean the elements 4 and 2; say which by its place");
  CHECK(after("boats.ana.masts") ==
        "there is no \"ana\" here; did you mean \"anna\"? possible: anna, anna.maria, twin, twin, "
        "2, or a place, from 0 to 5");
  CHECK(after("boats.9.masts").find("from 0 to 5") != std::string::npos);
  CHECK(after("docks.nort.masts") ==
        "there is no \"nort\" here; did you mean \"north\"? possible: north");
  CHECK(after("bots.anna.masts") ==
        "there is no \"bots.anna.masts\" in Harbour; did you mean \"boats\"? Possible: boats, "
        "docks");
}

TEST_CASE("settings: a key that somebody else knows is no unknown key", "[unit]") {
  const auto said_of = [](const char* key) {
    SettingsReport report;
    Boat::settings().read(Json{{key, 1}}, report);
    return report.errors.front().message;
  };
  CHECK(said_of("engine.power") == "is a ship's");
  CHECK(said_of("engine.powr") == "unknown key; did you mean \"engine.power\"? It is a ship's");
  CHECK(said_of("mast") == "unknown key; did you mean \"masts\"?");
  CHECK(after("boats.anna.engine.power") == "\"engine.power\" is a ship's");
}

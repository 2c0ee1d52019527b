#include "plan/workload/catalogue.h"

#include "base/installation.h"
#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/text_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

namespace brokerlab::plan {
namespace {

using setting::list;
using setting::record;

constexpr double dearest = 1e9;

SettingType<std::string> offer_name() {
  return setting::text(60, "[A-Za-z0-9_.-]+", sentence("letters, digits, ., _ and -"));
}

SettingType<std::map<std::string, scenarios::ProfileSource>> sources_type() {
  return setting::map(record<scenarios::ProfileSource>());
}

/// Puts profiles in the place of their names; problems get the places of this file.
void use_machine_profiles(Json& document, const std::string& directory, SettingsReport& report) {
  if (!document.is_object() || !document.contains("machines")) return;
  Json& machines = document["machines"];
  if (!machines.is_array()) return;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    if (!machines[i].is_object() || !machines[i].contains("machine")) continue;
    Json scenario{{"hardware", {{"machine", machines[i]["machine"]}}}};
    SettingsReport own;
    own.file = report.file;
    scenarios::use_profiles(scenario, directory, own);
    const std::string wrong_place = "/hardware/machine";
    for (Problem problem : own.errors) {
      if (problem.path.starts_with(wrong_place)) {
        problem.path =
            json_pointer("/machines", i) + "/machine" + problem.path.substr(wrong_place.size());
      }
      report.errors.push_back(std::move(problem));
    }
    machines[i]["machine"] = scenario["hardware"]["machine"];
  }
}

template <class List>
std::vector<std::string> names_of(const List& all, const std::string& path,
                                  SettingsReport& report) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (std::find(names.begin(), names.end(), all[i].name) != names.end()) {
      report.error(json_pointer(path, i) + "/name", "\"" + all[i].name + "\"",
                   tr("is the name of another one already"));
    }
    names.push_back(all[i].name);
  }
  return names;
}

void check_catalogue(const Catalogue& catalogue, SettingsReport& report) {
  if (!report.clean("/machines") || !report.clean("/disks")) return;
  const std::vector<std::string> disks = names_of(catalogue.disks, "/disks", report);
  (void)names_of(catalogue.machines, "/machines", report);
  for (std::size_t i = 0; i < catalogue.disks.size(); ++i) {
    const DiskOffer& disk = catalogue.disks[i];
    const std::string path = json_pointer("/disks", i);
    if (!disk.gb_month && !disk.gib_month && !disk.month) {
      report.error(path, "\"" + disk.name + "\"",
                   tr("has no price: give \"gb_month\", \"gib_month\" or \"month\" (0: it costs "
                      "nothing)"));
    } else if (disk.gb_month && disk.gib_month) {
      report.error(path + "/gib_month", fmt::format("{}", *disk.gib_month),
                   tr("is one price too many: \"gb_month\" is given, too"));
    }
    if (disk.most < disk.least) {
      report.error(path + "/most", fmt::format("{}", disk.most),
                   tr("must be at least \"least\", {}", disk.least));
    }
    if (disk.sizes && disk.sizes->most < disk.sizes->least) {
      report.error(path + "/sizes/most", brokerlab::to_text(disk.sizes->most),
                   tr("must be at least \"least\", {}", brokerlab::to_text(disk.sizes->least)));
    }
  }
  for (std::size_t i = 0; i < catalogue.machines.size(); ++i) {
    const MachineOffer& machine = catalogue.machines[i];
    if (!machine.hour && !machine.month) {
      report.error(json_pointer("/machines", i), "\"" + machine.name + "\"",
                   tr("has no price: give \"hour\" or \"month\" (0: it costs nothing)"));
    } else if (machine.hour && machine.month) {
      report.error(json_pointer("/machines", i) + "/month", fmt::format("{}", *machine.month),
                   tr("is one price too many: \"hour\" is given, too"));
    }
    for (std::size_t j = 0; j < machine.disks.size(); ++j) {
      if (std::find(disks.begin(), disks.end(), machine.disks[j]) != disks.end()) continue;
      const std::string near = nearest_name(machine.disks[j], disks);
      report.error(json_pointer(json_pointer("/machines", i) + "/disks", j),
                   "\"" + machine.disks[j] + "\"",
                   near.empty() ? tr("is no name under /disks")
                                : tr("is no name under /disks; did you mean \"{}\"?", near));
    }
  }
}

void visit_numbers(const Json& value, const std::string& pointer, std::set<std::string>& found) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (key != "sources" && key != "name" && key != "title" && key != "profile") {
        visit_numbers(member, json_pointer(pointer, key), found);
      }
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      visit_numbers(value[i], json_pointer(pointer, i), found);
    }
  } else if (value.is_number()) {
    found.insert(pointer);
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!text.empty() && text[0] >= '0' && text[0] <= '9') found.insert(pointer);
  }
}

void compare_sources(const Json& offer, const std::string& place, std::vector<std::string>& wrong) {
  std::set<std::string> numbers;
  visit_numbers(offer, "", numbers);
  const Json sources = offer.contains("sources") ? offer["sources"] : Json::object();
  for (const std::string& number : numbers) {
    const bool covered =
        std::any_of(sources.items().begin(), sources.items().end(), [&](const auto& source) {
          return number == source.key() || number.starts_with(source.key() + "/");
        });
    if (!covered) wrong.push_back(place + number + " has no source");
  }
  for (const auto& [name, source] : sources.items()) {
    const bool used = std::any_of(numbers.begin(), numbers.end(), [&](const std::string& number) {
      return number == name || number.starts_with(name + "/");
    });
    if (!used) wrong.push_back(place + name + " is the source of nothing");
  }
}

}  // namespace

double MachineOffer::price() const { return month.value_or(0) + hour.value_or(0) * hours_a_month; }

const Settings<DiskSizes>& DiskSizes::settings() {
  using S = DiskSizes;
  constexpr Bytes largest = Bytes(1'000'000'000'000'000);
  static const auto all = Settings<S>("DiskSizes", "Sizes that a disk can be bought in.")
                              .field("least", &S::least, 1_GiB, largest, "The smallest.")
                              .field("most", &S::most, 1_GiB, largest, "The largest.")
                              .field("step", &S::step, 1_GiB, largest, "From one to the next.");
  return all;
}

const Settings<DiskOffer>& DiskOffer::settings() {
  using S = DiskOffer;
  static const auto all =
      Settings<S>("DiskOffer", "A disk, or a volume of a cloud.")
          .field("name", &S::name, offer_name(), "Its name.")
          .required()
          .field("disk", &S::disk, record<sim::DiskConfig>(), "As a machine's under \"disks\".")
          .required()
          .field("sizes", &S::sizes, record<DiskSizes>(), "Unset: it has the size of \"disk\".")
          .field("least", &S::least, 1, 24, "So many has each broker at least,")
          .field("most", &S::most, 1, 24, "and at most.")
          .field("gb_month", &S::gb_month, setting::real(0, dearest),
                 "Price of 10^9 bytes a month.")
          .field("gib_month", &S::gib_month, setting::real(0, dearest),
                 "Price of 2^30 bytes a month, in place of \"gb_month\": what clouds mean by a GB "
                 "of a volume.")
          .field("month", &S::month, setting::real(0, dearest),
                 "Price of each a month, beside its size; one of them is needed.")
          .field("sources", &S::sources, sources_type(), "Where the numbers come from.")
          .named_by("name");
  return all;
}

const Settings<MachineOffer>& MachineOffer::settings() {
  using S = MachineOffer;
  static const auto all =
      Settings<S>("MachineOffer", "A machine that can be had.")
          .field("name", &S::name, offer_name(), "Its name.")
          .required()
          .field("title", &S::title, record<scenarios::LocalText>(), "For people.")
          .field("machine", &S::machine, record<sim::MachineConfig>(),
                 "As under \"hardware\" of a scenario.")
          .required()
          .field("hour", &S::hour, setting::real(0, dearest), "Price of an hour; a month has 730.")
          .field("month", &S::month, setting::real(0, dearest),
                 "Price of a month, in place of \"hour\"; 0: it costs nothing.")
          .field("disks", &S::disks, list(setting::text(100), 0, 50),
                 "Names under /disks, of which each broker has one kind; none: its own.")
          .field("most_partitions", &S::most_partitions, 1, 1'000'000,
                 "Replicas that a broker of it should have at most.")
          .field("fitted", &S::fitted,
                 "Its constants were fitted to measurements of such a machine.")
          .field("sources", &S::sources, sources_type(), "Where the numbers come from.")
          .named_by("name");
  return all;
}

const Settings<Catalogue>& Catalogue::settings() {
  using S = Catalogue;
  static const auto all =
      Settings<S>("Catalogue", "Machines that can be had, and prices.")
          .field("$schema", &S::editor_schema, setting::text(1000),
                 "Where the schema is, for editors.")
          .field("currency", &S::currency, setting::text(20), "Of all prices.")
          .field("cross_zone_gb", &S::cross_zone_gb, 0, dearest,
                 "Price of 10^9 bytes that go from zone to zone, both ends together.")
          .field("disks", &S::disks, list(record<DiskOffer>(), 0, 200), "Disks and volumes.")
          .field("machines", &S::machines, list(record<MachineOffer>(), 1, 200), "Machines.")
          .required()
          .field("sources", &S::sources, sources_type(), "Where the numbers come from.");
  return all;
}

double DiskOffer::price(Bytes size) const {
  const auto bytes = static_cast<double>(size.count());
  return month.value_or(0) + gb_month.value_or(0) * bytes / 1e9 +
         gib_month.value_or(0) * bytes / static_cast<double>((1_GiB).count());
}

const MachineOffer* Catalogue::machine(std::string_view name) const {
  const auto at = std::find_if(machines.begin(), machines.end(),
                               [&](const MachineOffer& one) { return one.name == name; });
  return at == machines.end() ? nullptr : &*at;
}

const DiskOffer* Catalogue::disk(std::string_view name) const {
  const auto at = std::find_if(disks.begin(), disks.end(),
                               [&](const DiskOffer& one) { return one.name == name; });
  return at == disks.end() ? nullptr : &*at;
}

std::string our_catalogue() {
  return std::string(installation_directory()) + "/plan/catalogue.json";
}

LoadedCatalogue parse_catalogue_text(std::string_view text, const std::string& file,
                                     const std::string& directory) {
  SettingsReport report;
  report.file = file;
  Json document;
  LoadedCatalogue loaded;
  Catalogue catalogue;
  if (parse_json(text, document, report)) {
    use_machine_profiles(document, directory, report);
    catalogue = Catalogue::settings().read(document, report);
    check_catalogue(catalogue, report);
  }
  loaded.errors = std::move(report.errors);
  if (loaded.errors.empty()) {
    for (MachineOffer& one : catalogue.machines) {
      one.as_json = sim::MachineConfig::settings().to_text(one.machine);
    }
    loaded.catalogue = std::move(catalogue);
  }
  return loaded;
}

LoadedCatalogue load_catalogue(const std::string& path) {
  const auto text = scenarios::read_text_file(path);
  if (!text) return {std::nullopt, {{path, {}, {}, text.error()}}};
  return parse_catalogue_text(*text, path, std::filesystem::path(path).parent_path().string());
}

std::vector<std::string> without_source(std::string_view text) {
  const Json document = json_from(text);
  std::vector<std::string> wrong;
  Json rest = document;
  rest.erase("machines");
  rest.erase("disks");
  compare_sources(rest, "", wrong);
  for (const char* part : {"disks", "machines"}) {
    for (const Json& offer : document[part]) {
      compare_sources(offer, offer["name"].get<std::string>(), wrong);
    }
  }
  return wrong;
}

std::string catalogue_schema() { return Catalogue::settings().schema("A brokerlab catalogue"); }

}  // namespace brokerlab::plan

#include "sim/topology_config.h"

#include "base/integer_text.h"
#include "base/settings.h"
#include "base/translation.h"

#include <map>
#include <set>

namespace brokerlab::sim {
namespace {

using setting::list;
using setting::record;
using setting::text;

constexpr BytesPerSecond slowest = 1_Mbps;
constexpr BytesPerSecond fastest = 10'000_Gbps;
constexpr std::size_t most_machines = 10'000;  // in one pattern

SettingType<std::string> area_name() {
  return text(63, "[A-Za-z0-9][A-Za-z0-9_.-]*", "a name of letters, digits, ., - and _");
}

}  // namespace

const Settings<PortConfig>& PortConfig::settings() {
  static const auto all =
      Settings<PortConfig>("Port", "Between a machine and each switch of its rack.")
          .field("rate", &PortConfig::rate, setting::rate(slowest, fastest),
                 "In each direction; unset is the rate of the machine's card.")
          .field("delay", &PortConfig::delay, Duration{0}, 10s,
                 "One way: the machine's network stack, card and cable.");
  return all;
}

const Settings<RackUplinkConfig>& RackUplinkConfig::settings() {
  using U = RackUplinkConfig;
  static const auto all =
      Settings<U>("RackUplink", "Each cable from a switch of a rack to a spine.")
          .field("rate", &U::rate, setting::rate(slowest, fastest),
                 "In each direction; unset: from oversubscription.")
          .field("oversubscription", &U::oversubscription, setting::real(0.01, 1000),
                 "Rates of all ports over rates of all uplinks; unset is 1, or from rate.")
          .field("delay", &U::delay, Duration{0}, 10s, "One way.")
          .check([](U& uplink, FieldReport& report) {
            if (uplink.rate && uplink.oversubscription) {
              report.error("oversubscription", tr("follows from rate; give one of the two"));
            }
          });
  return all;
}

const Settings<RackConfig>& RackConfig::settings() {
  static const auto all =
      Settings<RackConfig>("Rack", "Machines below the same top-of-rack switches.")
          .field("name", &RackConfig::name, area_name(), "Its name.")
          .required()
          .field("machines", &RackConfig::machines, list(text(200), 0, 10'000),
                 "Their names; \"broker-[1-20]\" names twenty.")
          .field("switches", &RackConfig::switches, 1, 4,
                 "Top-of-rack switches; every machine has a port to each.")
          .field("port", &RackConfig::port, record<PortConfig>(), "Between machine and switch.")
          .field("uplink", &RackConfig::uplink, record<RackUplinkConfig>(),
                 "Between each switch and each spine.")
          .named_by("name");
  return all;
}

const Settings<ZoneUplinkConfig>& ZoneUplinkConfig::settings() {
  using U = ZoneUplinkConfig;
  static const auto all =
      Settings<U>("ZoneUplink", "Each cable from a spine to a core of the data centre.")
          .field("rate", &U::rate, slowest, fastest, "In each direction.")
          .field("delay", &U::delay, Duration{0}, 10s, "One way.");
  return all;
}

const Settings<ZoneConfig>& ZoneConfig::settings() {
  static const auto all =
      Settings<ZoneConfig>("Zone", "An availability zone: racks below the same spines.")
          .field("name", &ZoneConfig::name, area_name(), "Its name.")
          .required()
          .field("spines", &ZoneConfig::spines, 1, 64, "Spine switches.")
          .field("racks", &ZoneConfig::racks, list(record<RackConfig>(), 1, 10'000), "Racks.")
          .required()
          .field("uplink", &ZoneConfig::uplink, record<ZoneUplinkConfig>(),
                 "Between each spine and each core.")
          .named_by("name");
  return all;
}

const Settings<DataCenterConfig>& DataCenterConfig::settings() {
  using D = DataCenterConfig;
  static const auto all =
      Settings<D>("DataCenter", "Zones below the same core switches.")
          .field("name", &D::name, area_name(), "Its name.")
          .required()
          .field("cores", &D::cores, 1, 64, "Core switches.")
          .field("zones", &D::zones, list(record<ZoneConfig>(), 1, 100), "Zones.")
          .required()
          .named_by("name");
  return all;
}

const Settings<LineConfig>& LineConfig::settings() {
  static const auto all =
      Settings<LineConfig>("Line", "A line between two data centres.")
          .field("between", &LineConfig::between, list(area_name(), 2, 2), "Two data centres.")
          .required()
          .field("rate", &LineConfig::rate, slowest, fastest, "In each direction.")
          .field("delay", &LineConfig::delay, Duration{0}, 10s, "One way.");
  return all;
}

const Settings<TopologyConfig>& TopologyConfig::settings() {
  using T = TopologyConfig;
  static const auto all =
      Settings<T>("Topology", "Which machine stands where, and what joins them.")
          .field("data_centers", &T::data_centers, list(record<DataCenterConfig>(), 0, 100),
                 "Data centres; or, for one, its zones alone.")
          .field("zones", &T::zones, list(record<ZoneConfig>(), 0, 100),
                 "Zones of a single data centre; or, for one, its racks alone.")
          .field("racks", &T::racks, list(record<RackConfig>(), 0, 10'000),
                 "Racks of a single zone.")
          .field("links", &T::links, list(record<LineConfig>(), 0, 1000),
                 "Lines between data centres.");
  return all;
}

std::vector<DataCenterConfig> TopologyConfig::with_all_levels() const {
  if (!data_centers.empty()) return data_centers;
  DataCenterConfig only{"dc", zones.empty() ? 1 : DataCenterConfig{}.cores, zones};
  if (zones.empty()) only.zones.push_back({"zone", ZoneConfig{}.spines, racks, {}});
  return {only};
}

Result<std::vector<std::string>, std::string> expand_names(std::string_view pattern) {
  const std::size_t open = pattern.find('[');
  if (open == std::string_view::npos && pattern.find(']') == std::string_view::npos) {
    return std::vector<std::string>{std::string(pattern)};
  }
  const std::size_t close = pattern.find(']');
  const std::size_t dash = pattern.find('-', open == std::string_view::npos ? 0 : open);
  const auto wrong = [] {
    return fail(tr("must be a name, or one range as in \"broker-[1-20]\""));
  };
  if (open == std::string_view::npos || close == std::string_view::npos || dash > close ||
      pattern.find_first_of("[]", close + 1) != std::string_view::npos ||
      pattern.find('[', open + 1) != std::string_view::npos) {
    return wrong();
  }
  const std::string_view first = pattern.substr(open + 1, dash - open - 1);
  const std::string_view last = pattern.substr(dash + 1, close - dash - 1);
  const auto from = parse_integer<std::size_t>(first);
  const auto to = parse_integer<std::size_t>(last);
  if (!from || !to) return wrong();
  if (*to < *from) return fail(tr("has a range that ends before it begins"));
  if (*to - *from >= most_machines) {
    return fail(tr("names more than {} machines", most_machines));
  }
  std::vector<std::string> names;
  for (std::size_t i = *from; i <= *to; ++i) {
    names.push_back(fmt::format("{}{:0{}}{}", pattern.substr(0, open), i,
                                first.starts_with('0') ? first.size() : 1,
                                pattern.substr(close + 1)));
  }
  return names;
}

// --- What only shows between values ---

namespace {

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", text); }

class TopologyValidator {
 public:
  TopologyValidator(const TopologyConfig& config, const std::vector<std::string>* machines,
                    std::string path, SettingsReport& report)
      : config_(config), expected_(machines), path_(std::move(path)), report_(report) {}

  void run() {
    if (!check_levels()) return;
    if (!config_.racks.empty()) {
      check_racks(config_.racks, path_ + "/racks", false);
    } else if (!config_.zones.empty()) {
      check_zones(config_.zones, path_ + "/zones", config_.zones.size() > 1);
    } else {
      for (std::size_t i = 0; i < config_.data_centers.size(); ++i) {
        const DataCenterConfig& center = config_.data_centers[i];
        const std::string at = fmt::format("{}/data_centers/{}", path_, i);
        take_name(center.name, at + "/name");
        check_zones(center.zones, at + "/zones",
                    center.zones.size() > 1 || config_.data_centers.size() > 1);
      }
    }
    check_links();
    check_all_placed();
  }

 private:
  bool check_levels() {
    const int given = (config_.data_centers.empty() ? 0 : 1) + (config_.zones.empty() ? 0 : 1) +
                      (config_.racks.empty() ? 0 : 1);
    if (given == 1) return true;
    if (report_.clean(path_)) {
      report_.error(path_, {},
                    given == 0
                        ? tr("needs data_centers, or zones, or racks")
                        : tr("must have only one of data_centers, zones and racks; the others "
                             "stand inside it"));
    }
    return false;
  }

  void check_zones(const std::vector<ZoneConfig>& zones, const std::string& path, bool has_uplink) {
    for (std::size_t i = 0; i < zones.size(); ++i) {
      const std::string at = fmt::format("{}/{}", path, i);
      take_name(zones[i].name, at + "/name");
      check_racks(zones[i].racks, at + "/racks", has_uplink);
    }
  }

  void check_racks(const std::vector<RackConfig>& racks, const std::string& path, bool zone_leads) {
    for (std::size_t i = 0; i < racks.size(); ++i) {
      const RackConfig& rack = racks[i];
      const std::string at = fmt::format("{}/{}", path, i);
      take_name(rack.name, at + "/name");
      if (rack.machines.empty() && report_.clean(at + "/machines")) {
        report_.warning(at + "/machines", "[]", tr("has no machine"));
      }
      for (std::size_t m = 0; m < rack.machines.size(); ++m) {
        check_machines(rack.machines[m], fmt::format("{}/machines/{}", at, m));
      }
      if (rack.port.rate && rack.uplink.rate && *rack.uplink.rate < *rack.port.rate &&
          (racks.size() > 1 || zone_leads)) {
        report_.warning(at + "/uplink/rate", in_quotes(to_text(*rack.uplink.rate)),
                        tr("is less than the rate of a single port, {}", to_text(*rack.port.rate)));
      }
    }
  }

  void check_machines(const std::string& pattern, const std::string& at) {
    if (!report_.clean(at)) return;
    const auto names = expand_names(pattern);
    if (!names) {
      report_.error(at, in_quotes(pattern), names.error());
      return;
    }
    for (const std::string& name : *names) {
      if (report_.full()) return;
      if (expected_ != nullptr && !is_expected(name)) {
        const std::string near = nearest_name(name, *expected_);
        report_.error(at, in_quotes(pattern),
                      near.empty() ? tr("{} is no machine of the scenario", name)
                                   : tr("{} is no machine of the scenario; did you mean "
                                        "\"{}\"?",
                                        name, near));
      } else {
        take_name(name, at);
        placed_.insert(name);
      }
    }
  }

  bool is_expected(const std::string& name) {
    if (known_.empty()) known_.insert(expected_->begin(), expected_->end());
    return known_.contains(name);
  }

  void take_name(const std::string& name, const std::string& at) {
    if (name.empty()) return;  // could not be read
    const auto [taken, fresh] = names_.emplace(name, at);
    if (!fresh) {
      report_.error(at, in_quotes(name),
                    tr("is already the name at {}; racks, zones, data centres and "
                       "machines have names of their own",
                       taken->second));
    }
  }

  void check_links() {
    std::vector<std::string> centers;
    for (const DataCenterConfig& center : config_.data_centers) centers.push_back(center.name);
    std::map<std::string, std::string> group;  // union-find, by name
    for (const std::string& name : centers) group[name] = name;
    const auto find = [&](std::string name) {
      while (group[name] != name) name = group[name];
      return name;
    };
    for (std::size_t i = 0; i < config_.links.size(); ++i) {
      const std::string at = fmt::format("{}/links/{}/between", path_, i);
      const std::vector<std::string>& ends = config_.links[i].between;
      if (!report_.clean(at) || ends.size() != 2) continue;
      for (std::size_t end = 0; end < 2; ++end) {
        if (group.contains(ends[end])) continue;
        const std::string near = nearest_name(ends[end], centers);
        report_.error(fmt::format("{}/{}", at, end), in_quotes(ends[end]),
                      near.empty() ? tr("names no data centre")
                                   : tr("names no data centre; did you mean \"{}\"?", near));
      }
      if (!report_.clean(at)) continue;
      if (ends[0] == ends[1]) {
        report_.error(at, in_quotes(ends[0]), tr("must join two different data centres"));
      } else {
        group[find(ends[0])] = find(ends[1]);
      }
    }
    if (!report_.clean(path_ + "/links")) return;
    for (std::size_t i = 1; i < centers.size(); ++i) {
      if (find(centers[i]) == find(centers[0])) continue;
      report_.error(fmt::format("{}/data_centers/{}", path_, i), in_quotes(centers[i]),
                    tr("no line leads from {} to it; add one to links", centers[0]));
    }
  }

  void check_all_placed() {
    if (expected_ == nullptr || !report_.clean(path_)) return;
    std::string missing;
    std::size_t count = 0;
    for (const std::string& name : *expected_) {
      if (placed_.contains(name)) continue;
      if (++count <= 8) missing += (missing.empty() ? "" : ", ") + name;
    }
    if (count == 0) return;
    if (count > 8) missing += fmt::format(" and {} more", count - 8);
    report_.error(path_, {}, tr("has no rack for {}", missing));
  }

  const TopologyConfig& config_;
  const std::vector<std::string>* const expected_;
  const std::string path_;
  SettingsReport& report_;
  std::set<std::string> known_;
  std::set<std::string> placed_;
  std::map<std::string, std::string> names_;  ///< With where they stand.
};

}  // namespace

void validate_topology(const TopologyConfig& config, const std::vector<std::string>* machines,
                       const std::string& path, SettingsReport& report) {
  TopologyValidator(config, machines, path, report).run();
}

}  // namespace brokerlab::sim

// Cruise Control's capacities: what machines brokers have.
//
// Source: linkedin/cruise-control, BrokerCapacityConfigFileResolver: disks in MB, networks in KB a
// second, cores or shares; brokerId -1 is of all that have no entry.
#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "plan/files/draft.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokerlab::plan {

std::optional<double> number_in(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const Json number = json_from(value.get_ref<const std::string&>());
  return number.is_number() ? std::optional(number.get<double>()) : std::nullopt;
}

namespace {

/// What Cruise Control's file says of one broker.
class CapacityReader {
 public:
  CapacityReader(Draft& draft, const NamedText& file, std::string path, std::int64_t id)
      : draft_(draft),
        file_(file),
        path_(std::move(path)),
        who_(fmt::format("brokerId {}: ", id)) {}

  Json machine(const Json& capacity) {
    Json machine = Json::object();
    if (const auto at = capacity.find("DISK"); at != capacity.end()) {
      Json disks = disks_of(*at);
      if (!disks.empty()) machine["disks"] = std::move(disks);
    }
    if (const auto at = capacity.find("CPU"); at != capacity.end()) {
      if (at->is_object()) {
        const Json cores = at->contains("num.cores") ? (*at)["num.cores"] : Json(nullptr);
        if (const auto number = scaled("/CPU/num.cores", cores, 1, 1, 256)) {
          machine["cpu"]["cores"] = *number;
        }
      } else if (scaled("/CPU", *at, 1, 0, 1e18)) {
        remark("CPU", phrase("a share says nothing of cores: the default stands"));
      }
    }
    std::optional<std::int64_t> in = rate_of(capacity, "NW_IN");
    std::optional<std::int64_t> out = rate_of(capacity, "NW_OUT");
    if (in && out && *in != *out) {
      remark("NW_IN, NW_OUT", phrase("differ; a card has one rate both ways: the smaller stands"));
    }
    if (in || out) {
      const std::int64_t rate = in && out ? std::min(*in, *out) : in.value_or(out.value_or(0));
      machine["nic"]["rate"] = fmt::format("{}B/s", rate);
    }
    return machine;
  }

 private:
  void remark(const std::string& what, Phrase reason) {
    draft_.remark(file_, 0, who_ + what, std::move(reason));
  }

  /// Within what a scenario can say, and told where it was not; nothing: no number above 0.
  std::optional<std::int64_t> scaled(const std::string& key, const Json& value, double unit,
                                     double least, double most) {
    const auto number = number_in(value);
    if (!number || !(*number > 0)) {
      draft_.error(file_, path_ + key, brief_text(value), tr("must be a number above 0"));
      return std::nullopt;
    }
    const double asked = *number * unit;
    const double taken = std::clamp(asked, least, most);
    if (taken != asked) {
      remark(key.substr(1) + ": " + brief_text(value),
             phrase("is beyond what a scenario takes: {} stands here",
                    fmt::format("{:.0f}", taken / unit)));
    }
    return static_cast<std::int64_t>(taken);
  }

  std::optional<std::int64_t> rate_of(const Json& capacity, const std::string& side) {
    const auto at = capacity.find(side);
    if (at == capacity.end()) return std::nullopt;
    return scaled("/" + side, *at, 1e3, 125'000, 5e10);
  }

  Json disks_of(const Json& told) {
    Json disks = Json::array();
    const auto add = [&](const std::string& key, const Json& megabytes) {
      const auto size = scaled(key, megabytes, 1e6, 1'048'576, 1e15);
      if (!size) return;
      if (disks.size() < 24) {
        disks.push_back(Json{{"kind", "hdd"}, {"size", fmt::format("{}B", *size)}});
      } else {
        remark(key.substr(1), phrase("is one disk more than the 24 that a scenario takes"));
      }
    };
    if (!told.is_object()) {
      add("/DISK", told);
      return disks;
    }
    for (const auto& [name, size] : told.items()) add(json_pointer("/DISK", name), size);
    return disks;
  }

  Draft& draft_;
  const NamedText& file_;
  const std::string path_;
  const std::string who_;
};

}  // namespace

void add_capacity(Draft& draft, const NamedText& file) {
  const Json document = json_from(file.text);
  if (!document.is_object() || !document.contains("brokerCapacities") ||
      !document["brokerCapacities"].is_array()) {
    draft.remark(file, 0, "", phrase("has no list of capacities"));
    return;
  }
  std::size_t index = 0;
  for (const Json& one : document["brokerCapacities"]) {
    const std::string place = fmt::format("/brokerCapacities/{}", index++);
    const auto id =
        one.is_object() && one.contains("brokerId") ? number_in(one["brokerId"]) : std::nullopt;
    if (!id || !(*id >= -1 && *id < 1e9) || !one.contains("capacity") ||
        !one["capacity"].is_object()) {
      draft.error(file, place, brief_text(one), tr("needs a brokerId and a capacity"));
      continue;
    }
    CapacityReader reader(draft, file, place + "/capacity", static_cast<std::int64_t>(*id));
    std::string machine = json_text(reader.machine(one["capacity"]));
    if (*id < 0) {
      draft.any_machine = std::move(machine);
    } else if (draft.brokers.size() < 1000) {
      draft.brokers[static_cast<int>(*id)].machine = std::move(machine);
    }
  }
  draft.remark(file, 0, "DISK", phrase("says how large disks are, not how fast: they become hdd"));
}

}  // namespace brokerlab::plan

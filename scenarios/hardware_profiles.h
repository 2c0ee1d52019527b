// Hardware profiles: known machines, each a JSON file with a source for every number in it.
//
//   {"name": "linkedin_2014", "title": {"en": "...", "ko": "..."},
//    "machine": {...as under "hardware" of a scenario...},
//    "sources": {"/cpu/cores": {"title": "...", "url": "...", "quote": "..."},
//                "/disks/*/read_rate": {...}}}
//
// A source is named by the JSON pointer of the number below "machine"; "*" stands for every place
// of a list. The quote is what the source says, or how the number follows from it. An estimate, and
// what we measured ("Measured: ..."), have no url.
//
// A scenario uses a profile in two ways:
//   "brokers": {"machine": "linkedin_2014"}      when its own "hardware" has no such entry
//   "hardware": {"x": {"profile": "linkedin_2014", "nic": {"rate": "10Gbps"}}}
// In the second the other keys replace those of the profile, one by one (RFC 7396); a list, such as
// "disks", is replaced whole. A profile that is a path is looked for beside the scenario's file.
//
// Lifetime: values. Threads: none. Errors: every mistake is a Problem with its file and path.
#pragma once

#include "base/settings.h"
#include "scenarios/description.h"
#include "scenarios/loader.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

struct ProfileSource {
  std::string title;
  std::string url;  ///< Empty: an estimate.
  LocalText quote;  ///< In the source's language; of an estimate, our reason in both.
  static const Settings<ProfileSource>& settings();
};

struct HardwareProfile {
  std::string name;
  LocalText title;
  sim::MachineConfig machine;
  std::map<std::string, ProfileSource> sources;
  static const Settings<HardwareProfile>& settings();
};

struct LoadedProfile {
  std::optional<HardwareProfile> profile;
  Problems errors;
};

/// Reads a profile's file and checks that every number has a source, and every source a number.
LoadedProfile load_profile(const std::string& path);

/// Where they are.
std::string profile_directory();
/// The profiles that come with brokerlab, in the order of their names.
std::vector<LibraryEntry> profile_library();
/// A path as it is (below `directory` when it is relative), or the path of the library's profile of
/// that name; else a Problem that suggests the nearest name.
Result<std::string, Problem> find_profile(const std::string& path_or_name,
                                          const std::string& directory = {});

/// Puts profiles in the place of their names, in a scenario's document before it is read.
/// `directory`: of the scenario's file.
void use_profiles(Json& document, const std::string& directory, SettingsReport& report);

/// The profile as JSON, with every setting of the machine in force.
std::string effective_text(const HardwareProfile& profile);

}  // namespace brokerlab::scenarios

// What was built, and from where: the library of scenarios, hardware and labs is read there.
#pragma once

#include <string_view>

namespace brokerlab {

/// Part of what a run is a function of.
std::string_view version();

/// The checkout: the folder that has scenarios/library in it. No '/' at its end.
std::string_view installation_directory();

}  // namespace brokerlab

// Forward declaration of Settings, for headers of config structs (see base/settings.h).
#pragma once

namespace brokerlab {

template <class T>
class Settings;

}  // namespace brokerlab

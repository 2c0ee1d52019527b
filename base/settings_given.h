// Of a struct with settings only those that somebody gave: what is to be changed of another one.
//
// Lifetime: as base/settings.h. Threads: none.
#pragma once

#include "base/settings.h"

#include <map>
#include <string>

namespace brokerlab {

namespace detail {
using Probe = void (*)(const ValueType& type, const Json& value, const std::string& path,
                       SettingsReport& report);
TypeRef given_type(TypeRef of, Probe probe);
}  // namespace detail

namespace setting {

/// Of a struct with settings only those that are given: by name, each as JSON text. They are read
/// as the struct would be, beside its defaults, and refused as there.
template <class T>
SettingType<std::map<std::string, std::string>> given() {
  return {detail::given_type(T::settings().type().erased,
                             [](const detail::ValueType& type, const Json& value,
                                const std::string& path, SettingsReport& report) {
                               T probe;
                               type.read(value, path, &probe, report);
                             })};
}

}  // namespace setting
}  // namespace brokerlab

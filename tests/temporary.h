// A path in the temporary folder that no other test program uses at the same time.
#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>

namespace brokerlab::tests {

inline std::string temporary_path(const std::string& name) {
  const std::string file = "brokerlab_" + std::to_string(getpid()) + "_" + name;
  return (std::filesystem::temp_directory_path() / file).string();
}

}  // namespace brokerlab::tests

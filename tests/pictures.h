// How unlike two pictures are, and whether one still looks as it did when somebody last looked.
#pragma once

#include "viz/offscreen.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace brokerlab::tests {

struct Difference {
  double mean = 0;    // Of a channel, 0..255.
  double pixels = 0;  // Share of pixels that differ visibly.
};

/// The other picture having another size is the largest difference.
inline Difference difference(const viz::Picture& a, const viz::Picture& b) {
  if (a.width != b.width || a.height != b.height) return {255, 1};
  double sum = 0;
  double visible = 0;
  for (std::size_t i = 0; i < a.rgb.size(); i += 3) {
    int worst = 0;
    for (std::size_t k = i; k < i + 3; ++k) {
      const int step = std::abs(int{a.rgb[k]} - int{b.rgb[k]});
      worst = std::max(worst, step);
      sum += step;
    }
    if (worst > 48) visible += 1;
  }
  const auto pixels = static_cast<double>(a.width) * a.height;
  return {sum / (pixels * 3), visible / pixels};
}

/// `path` under the root of the repository. BROKERLAB_UPDATE_GOLDENS=1 writes it anew: then look at it.
inline void looks_as_before(const viz::Picture& picture, const std::string& path) {
  const std::string golden_file = std::string(BROKERLAB_SOURCE_DIR) + "/" + path;
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) {
    REQUIRE(viz::write_png(picture, golden_file).ok());
    return;
  }
  const auto golden = viz::read_png(golden_file);
  if (!golden.ok()) FAIL(golden.error() << "; BROKERLAB_UPDATE_GOLDENS=1 makes it");
  const auto [mean, pixels] = difference(picture, *golden);
  // Another version of Mesa or FreeType moves edges by a shade; a changed panel moves far more.
  INFO(path << ": mean difference " << mean << ", share of pixels " << pixels);
  const bool same = mean < 0.5 && pixels < 0.004;
  CHECK(same);
  if (same) return;
  const std::filesystem::path seen = std::filesystem::temp_directory_path() /
                                     ("seen_" + std::filesystem::path(path).filename().string());
  CHECK(viz::write_png(picture, seen.string()).ok());
  WARN("unlike the golden; see " << seen.string());
}

}  // namespace brokerlab::tests

// How unlike two pictures are, and whether one still looks as it did when somebody last looked.
#pragma once

#include "viz/offscreen.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace brokerlab::tests {

struct Difference {
  double pixels = 0;      ///< Share of pixels that differ visibly.
  double worst_tile = 0;  ///< The same for the tile that differs most: a word, a number, a mark.
};

/// The other picture having another size is the largest difference.
inline Difference difference(const viz::Picture& a, const viz::Picture& b) {
  constexpr int tile = 40;
  if (a.width != b.width || a.height != b.height) return {1, 1};
  const int across = (a.width + tile - 1) / tile;
  std::vector<int> visible(static_cast<std::size_t>(across * ((a.height + tile - 1) / tile)));
  int all = 0;
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) {
      const auto at = static_cast<std::size_t>(3 * (y * a.width + x));
      int worst = 0;
      for (std::size_t k = at; k < at + 3; ++k) {
        worst = std::max(worst, std::abs(int{a.rgb[k]} - int{b.rgb[k]}));
      }
      if (worst <= 48) continue;
      ++all;
      ++visible[static_cast<std::size_t>(y / tile * across + x / tile)];
    }
  }
  return {static_cast<double>(all) / (static_cast<double>(a.width) * a.height),
          static_cast<double>(*std::max_element(visible.begin(), visible.end())) / (tile * tile)};
}

/// `path` under the root of the repository. BROKERLAB_UPDATE_GOLDENS=1 writes it anew: then look at
/// it.
inline void looks_as_before(const viz::Picture& picture, const std::string& path) {
  const std::string golden_file = std::string(BROKERLAB_SOURCE_DIR) + "/" + path;
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) {
    REQUIRE(viz::write_png(picture, golden_file).ok());
    return;
  }
  const auto golden = viz::read_png(golden_file);
  if (!golden.ok()) FAIL(golden.error() << "; BROKERLAB_UPDATE_GOLDENS=1 makes it");
  const auto [pixels, worst_tile] = difference(picture, *golden);
  // Another version of Mesa or FreeType moves edges by a shade; a changed word fills a tile.
  INFO(path << ": share of pixels " << pixels << ", of the worst tile " << worst_tile);
  const bool same = pixels < 0.002 && worst_tile < 0.04;
  CHECK(same);
  if (same) return;
  const std::filesystem::path seen = std::filesystem::temp_directory_path() /
                                     ("seen_" + std::filesystem::path(path).filename().string());
  CHECK(viz::write_png(picture, seen.string()).ok());
  WARN("unlike the golden; see " << seen.string());
}

}  // namespace brokerlab::tests

// Every input that was worth keeping, through the target it was kept for.
#include "tests/fuzz/targets.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace brokerlab::log::fuzz {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus_of(const Target& target) {
  std::vector<fs::path> files;
  const fs::path folder = fs::path(BROKERLAB_SOURCE_DIR) / "tests/fuzz/corpus" / target.name;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("what was fuzzed once stays mended", "[unit]") {
  for (const Target& target : targets()) {
    const auto files = corpus_of(target);
    INFO(target.name);
    REQUIRE(files.size() >= 3);
    for (const fs::path& file : files) {
      INFO(file);
      std::ifstream in(file, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      REQUIRE(bytes.size() < 4096);
      target.run(as_bytes(bytes));
    }
  }
}

TEST_CASE("a target takes no bytes, and any few", "[unit]") {
  for (const Target& target : targets()) {
    target.run({});
    for (int byte = 0; byte < 256; ++byte) {
      const ByteVector bytes(20, static_cast<std::byte>(byte));
      for (std::size_t size = 0; size <= bytes.size(); ++size) {
        target.run(ByteView(bytes).first(size));
      }
    }
  }
}

}  // namespace brokerlab::log::fuzz

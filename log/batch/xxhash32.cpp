#include "log/batch/xxhash32.h"

#include "log/batch/little_endian.h"

#include <array>
#include <bit>

namespace brokerlab::log {
namespace {

constexpr std::uint32_t prime1 = 0x9E3779B1;
constexpr std::uint32_t prime2 = 0x85EBCA77;
constexpr std::uint32_t prime3 = 0xC2B2AE3D;
constexpr std::uint32_t prime4 = 0x27D4EB2F;
constexpr std::uint32_t prime5 = 0x165667B1;

constexpr std::size_t lane_size = 4;
constexpr std::size_t stripe_size = 4 * lane_size;

}  // namespace

std::uint32_t xxhash32(ByteView bytes) {
  const auto total = static_cast<std::uint32_t>(bytes.size());
  std::uint32_t hash = prime5;
  if (bytes.size() >= stripe_size) {
    // Four lanes run over the stripes side by side.
    std::array<std::uint32_t, 4> lanes = {prime1 + prime2, prime2, 0, 0U - prime1};
    for (; bytes.size() >= stripe_size; bytes = bytes.subspan(stripe_size)) {
      for (std::size_t i = 0; i < lanes.size(); ++i) {
        lanes[i] += load_little_endian_32(bytes.data() + i * lane_size) * prime2;
        lanes[i] = std::rotl(lanes[i], 13) * prime1;
      }
    }
    hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
           std::rotl(lanes[3], 18);
  }
  hash += total;
  for (; bytes.size() >= lane_size; bytes = bytes.subspan(lane_size)) {
    hash = std::rotl(hash + load_little_endian_32(bytes.data()) * prime3, 17) * prime4;
  }
  for (const std::byte byte : bytes) {
    hash = std::rotl(hash + std::to_integer<std::uint32_t>(byte) * prime5, 11) * prime1;
  }
  hash = (hash ^ (hash >> 15)) * prime2;
  hash = (hash ^ (hash >> 13)) * prime3;
  return hash ^ (hash >> 16);
}

}  // namespace brokerlab::log

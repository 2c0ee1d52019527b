// The codecs: what they write byte for byte, what they read, and what damage does.
#include "log/batch/compression.h"

#include "base/random.h"
#include "log/batch/xxhash32.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <rapidcheck.h>

namespace brokerlab::log {
namespace {

const std::vector<Codec> packing_codecs = {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

/// Two hex digits a byte; spaces are skipped.
ByteVector hex(std::string_view text) {
  ByteVector bytes;
  std::string digits;
  for (const char c : text) {
    if (c != ' ') digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

ByteVector text(std::string_view characters) {
  const ByteView bytes = as_bytes(characters);
  return {bytes.begin(), bytes.end()};
}

ByteVector operator+(ByteVector a, const ByteVector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

ByteVector packed(Codec codec, ByteView in, std::optional<int> level = std::nullopt) {
  ByteVector out = {std::byte{7}};  // compress() appends.
  REQUIRE(compress(codec, in, out, level).ok());
  REQUIRE(out[0] == std::byte{7});
  out.erase(out.begin());
  return out;
}

ByteVector unpacked(Codec codec, ByteView in, std::size_t max_output = std::size_t{1} << 26) {
  ByteVector out(3, std::byte{9});  // decompress() replaces.
  const auto done = decompress(codec, in, max_output, out);
  if (!done.ok()) FAIL(to_text(codec) << ": " << to_text(done.error()));
  return out;
}

/// Decompresses an exact copy of `in`, so that the sanitizer sees any over-read, into fresh memory,
/// so that its size tells what was set aside.
std::optional<CompressionError> error_of(Codec codec, ByteView in, std::size_t max_output) {
  const ByteVector exact(in.begin(), in.end());
  ByteVector out;
  const auto done = decompress(codec, exact, max_output, out);
  CHECK(out.capacity() <= max_output + 1);
  if (done.ok()) {
    CHECK(out.size() <= max_output);
    return std::nullopt;
  }
  return done.error();
}

ByteVector random_bytes(std::size_t size) {
  RandomStream random(11, "codecs");
  ByteVector bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  return bytes;
}

/// Random and repeating bytes by turns.
ByteVector mixed_bytes(std::size_t size) {
  ByteVector bytes = random_bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (i / 100 % 3 != 0) bytes[i] = static_cast<std::byte>('a' + i % 7);
  }
  return bytes;
}

const ByteVector snappy_header = hex("82 53 4e 41 50 50 59 00  00 00 00 01  00 00 00 01");
const ByteVector lz4_header = hex("04 22 4d 18 60 40 82");
const ByteVector zstd_header = hex("28 b5 2f fd 00 58");

}  // namespace

TEST_CASE("codecs have Kafka's names and numbers, and unknown ones say so", "[unit]") {
  CHECK(codec_from("gzip") == Codec::gzip);
  CHECK(to_text(Codec::lz4) == "lz4");
  CHECK_FALSE(codec_from("brotli").has_value());
  ByteVector out;
  for (const int number : {5, 6, 7}) {
    const auto codec = static_cast<Codec>(number);
    CHECK_FALSE(is_supported(codec));
    CHECK(compress(codec, {}, out).error() == CompressionError::unsupported);
    CHECK(decompress(codec, {}, 10, out).error() == CompressionError::unsupported);
  }
  for (const int number : {0, 1, 2, 3, 4}) CHECK(is_supported(static_cast<Codec>(number)));
}

TEST_CASE("what goes in comes out", "[unit]") {
  const Codec codec = GENERATE(Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd);
  const std::size_t size = GENERATE(0, 1, 100, 5000, 32767, 32768, 32769, 65535, 65536, 65537,
                                    131072, 131073, 300'000, 1 << 20);
  INFO(to_text(codec) << ", " << size << " bytes");
  for (const ByteVector& original : {ByteVector(size), mixed_bytes(size), random_bytes(size)}) {
    const ByteVector small = packed(codec, original);
    CHECK(small.size() <= size + size / 500 + 50);  // Incompressible bytes hardly grow.
    CHECK((unpacked(codec, small, size) == original));
    CHECK((unpacked(codec, small) == original));
    if (size > 0) CHECK(error_of(codec, small, size - 1) == CompressionError::too_large);
    if (size > 0) CHECK(error_of(codec, small, 0) == CompressionError::too_large);
    if (size > 65536) CHECK(error_of(codec, small, 65536) == CompressionError::too_large);
  }
}

TEST_CASE("any bytes come back from every codec", "[property]") {
  const bool held = rc::check("any bytes come back", [] {
    const Codec codec = *rc::gen::elementOf(packing_codecs);
    const auto pieces = *rc::gen::container<std::vector<std::pair<std::string, std::uint8_t>>>(
        rc::gen::arbitrary<std::pair<std::string, std::uint8_t>>());
    ByteVector original;
    for (const auto& [piece, times] : pieces) {
      for (int i = 0; i < times; ++i) original = std::move(original) + text(piece);
    }
    ByteVector small;
    ByteVector large;
    RC_ASSERT(compress(codec, original, small).ok());
    RC_ASSERT(decompress(codec, small, original.size(), large).ok());
    RC_ASSERT(large == original);
  });
  CHECK(held);
}

TEST_CASE("every level gives the bytes back", "[unit]") {
  const ByteVector original = mixed_bytes(100'000);
  for (int level = 1; level <= 9; ++level) {
    CHECK((unpacked(Codec::gzip, packed(Codec::gzip, original, level)) == original));
  }
  for (int level = 1; level <= 17; ++level) {
    CHECK((unpacked(Codec::lz4, packed(Codec::lz4, original, level)) == original));
  }
  for (const int level : {-131072, -5, -1, 0, 1, 3, 9, 17}) {
    CHECK((unpacked(Codec::zstd, packed(Codec::zstd, original, level)) == original));
  }
}

// CompressionType of Kafka 3.9.
TEST_CASE("levels have Kafka's ranges and defaults", "[unit]") {
  CHECK_FALSE(compression_levels(Codec::none).has_value());
  CHECK_FALSE(compression_levels(Codec::snappy).has_value());
  const auto gzip = compression_levels(Codec::gzip).value();
  CHECK((gzip.allow(-1) && !gzip.allow(0) && gzip.allow(1) && gzip.allow(9) && !gzip.allow(10)));
  const auto lz4 = compression_levels(Codec::lz4).value();
  CHECK((!lz4.allow(0) && lz4.allow(1) && lz4.allow(17) && !lz4.allow(18)));
  const auto zstd = compression_levels(Codec::zstd).value();
  CHECK((!zstd.allow(-131073) && zstd.allow(-131072) && zstd.allow(22) && !zstd.allow(23)));
  const ByteVector original = mixed_bytes(30'000);
  for (const Codec codec : {Codec::gzip, Codec::lz4, Codec::zstd}) {
    const int standard = compression_levels(codec)->standard;
    CHECK((packed(codec, original) == packed(codec, original, standard)));
  }
  // Kafka's lz4 default, 9, is the fast compressor; every other level is a high one.
  CHECK(packed(Codec::lz4, original, 8).size() < packed(Codec::lz4, original, 9).size());
  CHECK(packed(Codec::lz4, original, 1).size() < packed(Codec::lz4, original, 9).size());
}

TEST_CASE("XXH32 has the values of its specification", "[unit]") {
  CHECK(xxhash32({}) == 0x02CC5D05);
  CHECK(xxhash32(as_bytes("a")) == 0x550D7456);
  CHECK(xxhash32(as_bytes("abc")) == 0x32D153FF);
  CHECK(xxhash32(as_bytes("Nobody inspects the spammish repetition")) == 0xE2293B2F);
  CHECK((xxhash32(hex("60 40")) >> 8 & 0xFF) == 0x82);
}

// Member header 1f 8b, method 8, no flags, no time, no extra flags, system 3. "hi" in the fixed
// Huffman code: bits 1 (last), 01 (fixed), 'h' 10011000, 'i' 10011001, end 0000000; the block's
// bits fill bytes from the lowest up, Huffman codes first bit first: cb c8 04 00. CRC-32 d8932aac
// and length, little-endian.
TEST_CASE("gzip writes these bytes", "[unit]") {
  const ByteVector hi = hex("1f 8b 08 00 00 00 00 00 00 03  cb c8 04 00  ac 2a 93 d8 02 00 00 00");
  CHECK(packed(Codec::gzip, text("hi")) == hi);
  CHECK(unpacked(Codec::gzip, hi) == text("hi"));
  // java.util.zip leaves the system 0 (before JDK 16) or 255.
  CHECK(unpacked(Codec::gzip, hex("1f 8b 08 00 00 00 00 00 00 00  cb c8 04 00  ac 2a 93 d8 02 00 "
                                  "00 00")) == text("hi"));
  CHECK(unpacked(Codec::gzip, hi + hi) == text("hihi"));
}

// What stands behind a member, as JDK 17's GZIPInputStream takes it (tried with Kafka 3.9.1's
// GzipCompression): another member when a whole header is there and more than 18 bytes, else
// nothing.
TEST_CASE("gzip reads on behind a member as Java does", "[unit]") {
  const ByteVector hi = hex("1f 8b 08 00 00 00 00 00 00 03  cb c8 04 00  ac 2a 93 d8 02 00 00 00");
  const ByteVector nothing = hex("1f 8b 08 00 00 00 00 00 00 03  03 00  00 00 00 00 00 00 00 00");
  const auto front_of = [&](std::size_t size) {
    return ByteVector(hi.begin(), hi.begin() + static_cast<std::ptrdiff_t>(size));
  };
  const auto reads = [](const ByteVector& bytes) {
    return std::string(as_text(unpacked(Codec::gzip, bytes)));
  };
  CHECK(reads(hi + ByteVector(1)) == "hi");
  CHECK(reads(hi + ByteVector(4000)) == "hi");
  CHECK(reads(hi + ByteVector(40, std::byte{0xab})) == "hi");
  CHECK(reads(hi + random_bytes(9000)) == "hi");
  CHECK(reads(hi + hi) == "hihi");
  CHECK(reads(hi + nothing) == "hi");
  CHECK(reads(hi + hi + text("junk")) == "hihi");
  CHECK(reads(hi + front_of(9)) == "hi");   // half a header
  CHECK(reads(hi + front_of(10)) == "hi");  // a header
  CHECK(reads(hi + front_of(18)) == "hi");  // and more, but too little for Java to try
  for (const std::size_t size : {19, 20, 21}) {
    CHECK(error_of(Codec::gzip, hi + front_of(size), 100) == CompressionError::malformed);
  }
  // Where the member ends just at the end of the reader's buffer, what follows is not in it: tried
  // all the same, because the source has more.
  const ByteVector large = packed(Codec::gzip, random_bytes(8192 - 5));
  CHECK(unpacked(Codec::gzip, large + hi).size() == 8192 - 5 + 2);
  ByteVector bad = hi;
  bad[14] ^= std::byte{1};  // Its checksum.
  CHECK(error_of(Codec::gzip, bad, 100) == CompressionError::malformed);
  CHECK(error_of(Codec::gzip, hi + bad, 100) == CompressionError::malformed);
}

TEST_CASE("gzip reads the fields of a header that nobody writes", "[unit]") {
  const ByteVector rest = hex("cb c8 04 00  ac 2a 93 d8 02 00 00 00");
  const ByteVector extra = hex("02 00 61 62");
  const ByteVector name = hex("6e 00");
  const ByteVector comment = hex("63 00");
  const ByteVector all = hex("1f 8b 08 1c 00 00 00 00 00 03") + extra + name + comment;
  CHECK(unpacked(Codec::gzip, all + rest) == text("hi"));
  for (std::size_t cut = 0; cut < all.size(); ++cut) {
    const ByteVector front(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(cut));
    CHECK(error_of(Codec::gzip, front, 100) == CompressionError::malformed);
  }
  // Flag 2: two bytes of the header's CRC-32.
  const ByteVector checked = hex("1f 8b 08 02 00 00 00 00 00 03");
  CHECK(unpacked(Codec::gzip, checked + hex("a7 77") + rest) == text("hi"));
  CHECK(error_of(Codec::gzip, checked + hex("a8 77") + rest, 100) == CompressionError::malformed);
}

// A block is its length as a varint, then literals (tag: length - 1, two bits 00) and copies (tag:
// length - 1, two bits 10; distance in two bytes, little-endian). Blocks stand behind their size,
// big-endian. "foobar\n" is what snappy-java 1.0 wrote for it.
TEST_CASE("snappy writes these bytes, and reads more", "[unit]") {
  CHECK(packed(Codec::snappy, {}) == snappy_header);
  const ByteVector foobar = snappy_header + hex("00 00 00 09  07  18 66 6f 6f 62 61 72 0a");
  CHECK(packed(Codec::snappy, text("foobar\n")) == foobar);
  CHECK(unpacked(Codec::snappy, foobar) == text("foobar\n"));
  CHECK(packed(Codec::snappy, text("hi")) == snappy_header + hex("00 00 00 04  02  04 68 69"));

  const ByteVector block = hex("40  00 61  fa 01 00");  // 64 bytes: 'a', then 63 from 1 back.
  const ByteVector sixty_four = text(std::string(64, 'a'));
  CHECK(unpacked(Codec::snappy, snappy_header + hex("00 00 00 06") + block) == sixty_four);
  CHECK(unpacked(Codec::snappy, block) == sixty_four);  // Without framing.
  CHECK(unpacked(Codec::snappy, foobar + foobar) == text("foobar\nfoobar\n"));
  CHECK(unpacked(Codec::snappy, snappy_header).empty());
  // Too few for a size (SnappyInputStream.hasNextChunk).
  CHECK(unpacked(Codec::snappy, foobar + hex("00")) == text("foobar\n"));
  CHECK(unpacked(Codec::snappy, foobar + hex("82 53 4e")) == text("foobar\n"));

  // 32 KiB a block: of 32769 bytes the last stands alone.
  const ByteVector two = packed(Codec::snappy, random_bytes(32769));
  const ByteVector last(two.end() - 7, two.end());
  CHECK(ByteVector(last.begin(), last.begin() + 6) == hex("00 00 00 03  01  00"));
}

TEST_CASE("snappy refuses what snappy-java refuses", "[unit]") {
  const auto malformed = CompressionError::malformed;
  const ByteVector foobar = snappy_header + hex("00 00 00 09  07  18 66 6f 6f 62 61 72 0a");
  CHECK(error_of(Codec::snappy, {}, 100) == malformed);
  CHECK(error_of(Codec::snappy, snappy_header + hex("00 00 00 00"), 100) == malformed);
  CHECK(error_of(Codec::snappy, snappy_header + hex("ff ff ff ff"), 100) == malformed);
  CHECK(error_of(Codec::snappy, snappy_header + hex("7f ff ff ff"), 100) == malformed);
  CHECK(error_of(Codec::snappy, foobar + hex("82 53 4e 41 50"), 100) == malformed);
  ByteVector of_version_0 = foobar;
  of_version_0[11] = std::byte{0};
  CHECK(unpacked(Codec::snappy, of_version_0) == text("foobar\n"));  // Only the next is asked.
  CHECK(error_of(Codec::snappy, foobar + of_version_0, 100) == malformed);
  // A block that claims more than any block of its size can hold: 2 MiB, in 4 bytes.
  CHECK(error_of(Codec::snappy, hex("80 80 80 01"), 100) == malformed);
  CHECK(error_of(Codec::snappy, hex("ff ff ff ff 0f"), 100) == malformed);
}

// Magic 184d2204, version 1 with independent blocks, 64 KiB, header checksum; numbers are
// little-endian. A block of two bytes cannot shrink and is stored: top bit of its size. 32 times
// 'a' is a token of 1 literal and a long match (1f), 'a', distance 1, 7 more than 15 + 4, then a
// token of 5 literals, which must end every block. The end is a size of 0.
TEST_CASE("lz4 writes these bytes", "[unit]") {
  CHECK(packed(Codec::lz4, {}) == lz4_header + hex("00 00 00 00"));
  const ByteVector hi = lz4_header + hex("02 00 00 80  68 69  00 00 00 00");
  CHECK(packed(Codec::lz4, text("hi")) == hi);
  CHECK(unpacked(Codec::lz4, hi) == text("hi"));
  const ByteVector run =
      lz4_header + hex("0b 00 00 00  1f 61 01 00 07  50 61 61 61 61 61  00 00 00 00");
  CHECK(packed(Codec::lz4, text(std::string(32, 'a'))) == run);
  CHECK(unpacked(Codec::lz4, run) == text(std::string(32, 'a')));

  const ByteVector two = packed(Codec::lz4, random_bytes(65537));
  CHECK(two.size() == 7 + 4 + 65536 + 4 + 1 + 4);
  CHECK(ByteVector(two.begin() + 7, two.begin() + 11) == hex("00 00 01 80"));
}

// Flags 7c: block checksums, content size and content checksum. The checksums are XXH32: of the
// flags, the maximum and the size (its second byte), of the block, and of "hi".
// As Lz4BlockInputStream it does not look at content size and content checksum.
TEST_CASE("lz4 reads the fields that Kafka does not write, and checks what Kafka checks",
          "[unit]") {
  const ByteVector covered = hex("7c 70  02 00 00 00 00 00 00 00");
  const ByteVector checksum = {static_cast<std::byte>(xxhash32(covered) >> 8)};
  ByteVector of_hi(4);
  for (std::size_t i = 0; i < 4; ++i) {
    of_hi[i] = static_cast<std::byte>(xxhash32(as_bytes("hi")) >> (8 * i));
  }
  const ByteVector frame = hex("04 22 4d 18") + covered + checksum + hex("02 00 00 80  68 69") +
                           of_hi + hex("00 00 00 00") + of_hi;
  CHECK(unpacked(Codec::lz4, frame) == text("hi"));
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    ByteVector flipped = frame;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    INFO("bit " << bit);
    const bool looked_at = bit < (frame.size() - of_hi.size()) * 8;
    CHECK(error_of(Codec::lz4, flipped, 100) ==
          (looked_at ? std::optional(CompressionError::malformed) : std::nullopt));
  }
  ByteVector cut = frame;
  cut.pop_back();
  CHECK(error_of(Codec::lz4, cut, 100) == CompressionError::malformed);
}

TEST_CASE("lz4 refuses what Kafka refuses", "[unit]") {
  const auto malformed = CompressionError::malformed;
  const ByteVector hi = hex("02 00 00 80  68 69  00 00 00 00");
  const auto with_header = [&](std::string_view flags) {
    const ByteVector covered = hex(flags);
    return hex("04 22 4d 18") + covered +
           ByteVector{static_cast<std::byte>(xxhash32(covered) >> 8)} + hi;
  };
  CHECK(unpacked(Codec::lz4, with_header("60 70")) == text("hi"));
  CHECK(error_of(Codec::lz4, with_header("40 40"), 100) == malformed);  // Dependent blocks,
  CHECK(error_of(Codec::lz4, with_header("a0 40"), 100) == malformed);  // version 2,
  CHECK(error_of(Codec::lz4, with_header("61 40"), 100) == malformed);  // a dictionary,
  CHECK(error_of(Codec::lz4, with_header("62 40"), 100) == malformed);  // a reserved bit,
  CHECK(error_of(Codec::lz4, with_header("60 30"), 100) == malformed);  // 16 KiB,
  CHECK(error_of(Codec::lz4, with_header("60 c0"), 100) == malformed);  // and more of those.
  // Behind the end it does not look.
  CHECK(unpacked(Codec::lz4, lz4_header + hi + hex("00")) == text("hi"));
  CHECK(unpacked(Codec::lz4, lz4_header + hi + lz4_header + hi) == text("hi"));
  CHECK(error_of(Codec::lz4, hex("50 2a 4d 18 00 00 00 00") + lz4_header + hi, 100) == malformed);
  // The checksum that Kafka computed wrongly for message format 0 (KAFKA-3160).
  CHECK(error_of(Codec::lz4, hex("04 22 4d 18 60 40 1a") + hi, 100) == malformed);
}

// Magic fd2fb528; no flags, so no content size and a window, of 2 MiB at level 3 ((21 - 10) << 3).
// Block headers are 3 bytes, little-endian: size << 3, kind << 1, last. 11: 2 raw bytes, the last.
TEST_CASE("zstd writes these bytes, and reads more", "[unit]") {
  // Of nothing zstd knows the size: content size 0, in one segment (20 00).
  CHECK(packed(Codec::zstd, {}) == hex("28 b5 2f fd 20 00  01 00 00"));
  const ByteVector hi = zstd_header + hex("11 00 00 68 69");
  CHECK(packed(Codec::zstd, text("hi")) == hi);
  CHECK(unpacked(Codec::zstd, hi) == text("hi"));
  // With content size, in one segment (20 02); 64 times 'a' as one byte repeated (kind 1).
  CHECK(unpacked(Codec::zstd, hex("28 b5 2f fd 20 02  11 00 00 68 69")) == text("hi"));
  const ByteVector run = hex("28 b5 2f fd 20 40  03 02 00 61");
  CHECK(unpacked(Codec::zstd, run) == text(std::string(64, 'a')));
  CHECK(unpacked(Codec::zstd, hi + hi) == text("hihi"));
  CHECK(unpacked(Codec::zstd, hex("50 2a 4d 18  01 00 00 00  ff") + hi) == text("hi"));
  CHECK(error_of(Codec::zstd, {}, 100) == CompressionError::malformed);
  CHECK(error_of(Codec::zstd, hi + text("x"), 100) == CompressionError::malformed);
}

TEST_CASE("every cut is an error, every limit is kept", "[unit]") {
  for (const Codec codec : packing_codecs) {
    for (const std::size_t size : {5, 700}) {
      const ByteVector original = mixed_bytes(size);
      const ByteVector small = packed(codec, original);
      for (std::size_t cut = 0; cut < small.size(); ++cut) {
        INFO(to_text(codec) << " cut to " << cut << " of " << small.size());
        const auto error = error_of(codec, ByteView(small).first(cut), size);
        // snappy's framing has no end: behind a whole block it may stop.
        const bool whole =
            codec == Codec::snappy && cut >= snappy_header.size() && cut < snappy_header.size() + 4;
        REQUIRE(error == (whole ? std::nullopt : std::optional(CompressionError::malformed)));
      }
      for (std::size_t limit = 0; limit < size; ++limit) {
        INFO(to_text(codec) << " limited to " << limit << " of " << size);
        REQUIRE(error_of(codec, small, limit) == CompressionError::too_large);
      }
      REQUIRE(error_of(codec, small, size) == std::nullopt);
    }
  }
}

TEST_CASE("flipped bits never crash and never pass the limit", "[unit]") {
  for (const Codec codec : packing_codecs) {
    const ByteVector small = packed(codec, mixed_bytes(700));
    std::size_t refused = 0;
    for (std::size_t bit = 0; bit < small.size() * 8; ++bit) {
      ByteVector flipped = small;
      flipped[bit / 8] ^= std::byte{1} << (bit % 8);
      if (error_of(codec, flipped, 5000)) ++refused;
    }
    INFO(to_text(codec) << " refused " << refused);
    CHECK(refused > 100);
  }
}

TEST_CASE("a bomb stops at the limit", "[unit]") {
  for (const Codec codec : packing_codecs) {
    const ByteVector bomb = packed(codec, ByteVector(50'000'000));
    INFO(to_text(codec) << ", " << bomb.size() << " bytes");
    CHECK(bomb.size() < 2'500'000);
    CHECK(error_of(codec, bomb, 1'000'000) == CompressionError::too_large);
  }
}

TEST_CASE("a header that claims much gets little", "[unit]") {
  const auto set_aside = [](Codec codec, const ByteVector& in) {
    ByteVector out;
    CHECK_FALSE(decompress(codec, in, std::size_t{128} << 20, out).ok());
    return out.capacity();
  };
  CHECK(set_aside(Codec::gzip, hex("1f 8b 08 00 00 00 00 00 00 03 cb")) < 100'000);
  CHECK(set_aside(Codec::snappy, hex("80 80 80 20  00 61")) < 100'000);  // 64 MiB.
  const ByteVector covered = hex("60 70");                               // Blocks of 4 MiB.
  const ByteVector checksum = {static_cast<std::byte>(xxhash32(covered) >> 8)};
  CHECK(set_aside(Codec::lz4, hex("04 22 4d 18") + covered + checksum +
                                  hex("04 00 00 00 1f 61 09 00  00 00 00 00")) < 100'000);
  // A window of 128 MiB; a content of 64 MiB.
  CHECK(set_aside(Codec::zstd, hex("28 b5 2f fd 00 88 11 00 00 68")) < 200'000);
  CHECK(set_aside(Codec::zstd, hex("28 b5 2f fd a0 00 00 00 04 11 00 00 68")) < 1'000'000);
}

}  // namespace brokerlab::log

#include <tailgrad/core/byte_hash.h>

#include <gtest/gtest.h>

#include <string>

namespace tailgrad {
namespace {

std::uint64_t hash_of(std::string_view text) {
  ByteHash hash;
  hash.update(text);
  return hash.value();
}

// Values that xxhsum 0.8.1 prints for the same bytes.
TEST(ByteHash, BytesGiveXxh64) {
  EXPECT_EQ(hash_of(""), 0xef46db3751d8e999u);
  EXPECT_EQ(hash_of("a"), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(hash_of("abc"), 0x44bc2cf5ad770999u);
  std::string ramp;
  for (int i = 0; i < 101; ++i) ramp.push_back(static_cast<char>(i * 7));
  EXPECT_EQ(hash_of(ramp), 0x42312f4d55d9bd17u);
}

TEST(ByteHash, CutsDoNotMatter) {
  std::string text;
  for (int i = 0; i < 200; ++i) text.push_back(static_cast<char>(i * 31));
  const std::uint64_t whole = hash_of(text);
  for (std::size_t first = 0; first <= text.size(); first += 7)
    for (std::size_t second = first; second <= text.size(); second += 11) {
      ByteHash hash;
      hash.update(std::string_view(text).substr(0, first));
      hash.update(std::string_view(text).substr(first, second - first));
      hash.update(std::string_view(text).substr(second));
      ASSERT_EQ(hash.value(), whole) << first << " " << second;
    }
}

TEST(ByteHash, OneFlippedBitChangesIt) {
  std::string text(100, 'x');
  const std::uint64_t before = hash_of(text);
  for (char& c : text)
    for (int bit = 0; bit < 8; ++bit) {
      c = static_cast<char>(c ^ (1 << bit));
      ASSERT_NE(hash_of(text), before);
      c = static_cast<char>(c ^ (1 << bit));
    }
}

TEST(ByteHash, HexHasSixteenDigits) {
  EXPECT_EQ(hex64(0), "0000000000000000");
  EXPECT_EQ(hex64(0xcbf29ce484222325u), "cbf29ce484222325");
}

}  // namespace
}  // namespace tailgrad

#include <tailgrad/core/npy.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <support/temporary_folder.h>

#include <cmath>
#include <limits>

#include <support/messages.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using tailgrad::test::message_of;
using tailgrad::test::slurp;
using tailgrad::test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string golden(const std::string& name) {
  return std::string(TAILGRAD_SOURCE_DIR) + "/tests/golden/files/" + name + ".npy";
}

NpyArray parsed(const std::string& text) {
  return parse_npy(std::as_bytes(std::span<const char>(text)), "x.npy");
}

// A version 1.0 file with the given dictionary and data.
std::string npy_file(const std::string& dictionary, const std::string& data = "") {
  std::string text("\x93NUMPY\x01\0", 8);
  text += static_cast<char>(dictionary.size() & 255);
  text += static_cast<char>(dictionary.size() >> 8);
  return text + dictionary + data;
}

std::string error_of(const std::string& text) {
  return message_of<Error>([&] { parsed(text); });
}

TEST(Npy, ReadsFloatsThatNumpyWrote) {
  for (const std::string name : {"float32", "float64"}) {
    const NpyArray array = read_npy(golden(name));
    EXPECT_EQ(array.dtype, name == "float32" ? "<f4" : "<f8");
    EXPECT_THAT(array.shape, ElementsAre(2u, 3u));
    const std::vector<double> values = array.as_doubles();
    ASSERT_EQ(values.size(), 6u);
    EXPECT_EQ(values[0], name == "float32" ? static_cast<double>(0.1f) : 0.1);
    EXPECT_EQ(values[1], -2.5);
    EXPECT_EQ(values[2], name == "float32" ? static_cast<double>(3e30f) : 3e30);
    EXPECT_TRUE(values[3] == 0 && std::signbit(values[3]));
    EXPECT_EQ(values[4], std::numeric_limits<double>::infinity());
    EXPECT_TRUE(std::isnan(values[5]));
    EXPECT_EQ(array.as_floats()[2], 3e30f);
  }
}

template <class T>
void expect_limits(const std::string& name) {
  using Limits = std::numeric_limits<T>;
  const NpyArray array = read_npy(golden(name));
  EXPECT_TRUE(array.is_integer());
  if (Limits::is_signed) {
    EXPECT_THAT(array.as_integers(), ElementsAre(Limits::min(), -1, 0, Limits::max())) << name;
  } else {
    EXPECT_THAT(array.as_integers(), ElementsAre(0, Limits::max())) << name;
  }
}

TEST(Npy, ReadsIntegersOfEveryWidth) {
  expect_limits<std::int8_t>("int8");
  expect_limits<std::int16_t>("int16");
  expect_limits<std::int32_t>("int32");
  expect_limits<std::int64_t>("int64");
  expect_limits<std::uint8_t>("uint8");
  expect_limits<std::uint16_t>("uint16");
  expect_limits<std::uint32_t>("uint32");
  EXPECT_THAT(read_npy(golden("uint64")).as_integers(),
              ElementsAre(0, std::numeric_limits<std::int64_t>::max()));
  EXPECT_THAT(read_npy(golden("bool")).as_indices(), ElementsAre(1, 0));
  EXPECT_THAT(read_npy(golden("bool")).shape, ElementsAre(1u, 1u, 2u));
}

TEST(Npy, ReadsScalarsEmptyArraysAndLaterVersions) {
  EXPECT_THAT(read_npy(golden("scalar")).as_doubles(), ElementsAre(1.5));
  EXPECT_TRUE(read_npy(golden("scalar")).shape.empty());
  EXPECT_EQ(read_npy(golden("empty")).size(), 0u);
  EXPECT_THAT(read_npy(golden("empty")).shape, ElementsAre(3u, 0u, 2u));
  EXPECT_THAT(read_npy(golden("version2")).as_doubles(), ElementsAre(0, 1, 2));
  EXPECT_THAT(read_npy(golden("version3")).as_doubles(), ElementsAre(0, 1, 2));
}

TEST(Npy, RefusesWhatItCannotRead) {
  const auto refusal = [](const std::string& name) {
    return message_of<Error>([&] { read_npy(golden(name)); });
  };
  EXPECT_THAT(refusal("bad_uint64"), HasSubstr("holds 9223372036854775808 at element 1, beyond"));
  EXPECT_THAT(refusal("bad_fortran"), HasSubstr("is in Fortran order; save it as"));
  EXPECT_THAT(refusal("bad_big_endian"), HasSubstr("is big-endian (dtype '>f4')"));
  EXPECT_THAT(refusal("bad_complex"), HasSubstr("has dtype '<c8'; can be read: float32"));
  EXPECT_THAT(refusal("bad_float16"), HasSubstr("has dtype '<f2'"));
  EXPECT_THAT(refusal("bad_text"), HasSubstr("has dtype '<U2'"));
  EXPECT_THAT(refusal("bad_records"), HasSubstr("holds records (a structured dtype)"));
  EXPECT_THAT(refusal("bad_objects"), HasSubstr("has dtype '|O'"));
  EXPECT_THAT(refusal("missing"), HasSubstr("missing.npy: there is no such file"));
}

TEST(Npy, RefusesMalformedFiles) {
  const std::string shape2 = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  EXPECT_EQ(parsed(npy_file(shape2, std::string(8, '\0'))).size(), 2u);
  const struct {
    std::string file;
    std::string message;
  } cases[] = {
      {"", "x.npy: is empty"},
      {"PK\x03\x04 is a zip", "is not a .npy file"},
      {"\x93NUMPY\x01", "is not a .npy file"},
      {std::string("\x93NUMPY\x04\0\x02\0{}", 12), "format version 4"},
      {std::string("\x93NUMPY\x02\0\x02\0\0", 11), "ends inside the npy header"},
      {std::string("\x93NUMPY\x02\0\xff\xff\xff\xff{}", 14), "4294967295 bytes announced, 2 left"},
      {npy_file(""), "needs '{' at byte 0"},
      {npy_file("{}"), "lacks 'descr'"},
      {npy_file("{'descr': '<f4', 'fortran_order': False}"), "lacks"},
      {npy_file("{'descr': '<f4', 'descr': '<f4'}"), "the key 'descr' twice"},
      {npy_file("{'surprise': 1}"), "the key 'surprise' twice or unknown"},
      {npy_file("{'descr"), "a string without an end"},
      {npy_file("{'descr' '<f4'}"), "needs ':'"},
      {npy_file("{'descr': 4}"), "needs a string"},
      {npy_file("{'fortran_order': Maybe}"), "neither True nor False"},
      {npy_file("{'shape': (-1,)}"), "not a tuple of sizes"},
      {npy_file("{'shape': (1.5,)}"), "needs ')'"},
      {npy_file("{'shape': (99999999999999999999,)}"), "not a tuple of sizes"},
      {npy_file("{'shape': (1,"), "not a tuple of sizes"},
      {npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x"), "goes on after"},
      {npy_file(shape2, std::string(7, '\0')), "8 bytes, but holds 7"},
      {npy_file(shape2, std::string(9, '\0')), "8 bytes, but holds 9"},
      {npy_file("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 8)}"),
       "more than any file can hold"},
      {npy_file("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,)}"),
       "more than any file can hold"},
      {npy_file("{'descr': '|b1', 'fortran_order': False, 'shape': ()}", "\x02"),
       "a bool that is neither 0 nor 1 at element 0"},
      {npy_file("{'descr': '<', 'fortran_order': False, 'shape': ()}"), "has dtype '<'"},
      {npy_file("{'descr': '', 'fortran_order': False, 'shape': ()}"), "has dtype ''"},
  };
  for (const auto& [file, message] : cases) EXPECT_THAT(error_of(file), HasSubstr(message));

  std::string axes;
  for (int i = 0; i < 40; ++i) axes += "1,";
  EXPECT_THAT(error_of(npy_file("{'shape': (" + axes + ")}")), HasSubstr("more than 32 axes"));
}

// A huge announced shape must fail by its size, before anything is allocated for it.
TEST(Npy, AllocatesNothingForAnAnnouncement) {
  EXPECT_THAT(error_of(npy_file(
                  "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}", "abcd")),
              HasSubstr("4000000000000 bytes, but holds 4"));
}

TEST(Npy, EveryCutAndFlipOfAFileIsReadOrRefused) {
  const std::string whole = slurp(golden("float32"));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(parsed(whole.substr(0, size)), Error) << size;
  for (std::size_t at = 0; at < 128; ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      try {
        parsed(flipped);
      } catch (const Error&) {
      }
    }
}

TEST(Npy, ChecksConversions) {
  NpyArray array{.source = "x.npy", .dtype = "<f8", .shape = {2}, .values = std::vector{1.0, 2.5}};
  EXPECT_EQ(message_of<Error>([&] { array.as_indices(); }),
            "x.npy: holds 2.5 at element 1, where a whole number is needed");
  array.values = std::vector{3.0, std::nan("")};
  EXPECT_THAT(message_of<Error>([&] { array.as_integers(); }), HasSubstr("nan at element 1"));
  array.values = std::vector{3.0, 1e300};
  EXPECT_THAT(message_of<Error>([&] { array.as_integers(); }), HasSubstr("1e+300 at element 1"));
  EXPECT_THAT(message_of<Error>([&] { array.as_floats(); }), HasSubstr("beyond the range"));
  array.values = std::vector{3.0, -4.0};
  EXPECT_THAT(array.as_indices(), ElementsAre(3, -4));
  array.values = std::vector<std::int64_t>{0, std::int64_t{1} << 31};
  EXPECT_THAT(message_of<Error>([&] { array.as_indices(); }),
              HasSubstr("holds 2147483648 at element 1, beyond the range of a 32-bit index"));
  EXPECT_THAT(message_of<Error>([&] { array.as_floats(); }), HasSubstr("which a float cannot"));
  EXPECT_EQ(array.as_doubles()[1], 2147483648.0);
  array.values = std::vector<std::int64_t>{0, std::numeric_limits<std::int64_t>::min()};
  EXPECT_THAT(message_of<Error>([&] { array.as_doubles(); }), HasSubstr("which a double cannot"));
  EXPECT_EQ(message_of<Error>([&] { array.require_rank(2, "--logits"); }),
            "x.npy: --logits needs an array with 2 axes; got shape [2]");
}

TEST(Npy, WritesTheBytesThatNumpyWrites) {
  const TemporaryFolder folder;
  const auto rewritten = [&](const std::string& name) {
    const NpyArray array = read_npy(golden(name));
    std::visit(
        [&](const auto& values) { write_npy(folder.at("x.npy"), std::span(values), array.shape); },
        array.values);
    return slurp(folder.at("x.npy"));
  };
  for (const std::string name : {"float32", "float64", "int64", "scalar", "empty"})
    EXPECT_EQ(rewritten(name), slurp(golden(name))) << name;
  const std::vector<double> values(3);
  const std::size_t shape[] = {2, 2};
  EXPECT_EQ(message_of<Error>([&] { write_npy("x.npy", std::span(values), shape); }),
            "x.npy: cannot write 3 values as an array of shape [2, 2]");
}

}  // namespace
}  // namespace tailgrad

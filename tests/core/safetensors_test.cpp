#include <tailgrad/core/safetensors.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <support/temporary_folder.h>

#include <cmath>
#include <cstring>
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
using ::testing::IsEmpty;

const std::string kMixed =
    std::string(TAILGRAD_SOURCE_DIR) + "/tests/golden/files/mixed.safetensors";

Safetensors parse_safetensors(const std::string& text) {
  const auto bytes = std::as_bytes(std::span<const char>(text));
  return Safetensors::parse({bytes.begin(), bytes.end()}, "x.safetensors");
}

std::string safetensors_file(const std::string& header, std::size_t data = 0) {
  const std::uint64_t length = header.size();
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  return text + header + std::string(data, '\0');
}

TEST(Safetensors, ReadsAFileOfTheReferenceLibrary) {
  const Safetensors file = Safetensors::read(kMixed);
  EXPECT_EQ(file.tensors().size(), 9u);
  EXPECT_THAT(file.metadata(), ElementsAre(std::pair("format", "pt")));
  EXPECT_THAT(file.at("a.weight").as_floats(), ElementsAre(1.5f, -2.5f));
  EXPECT_THAT(file.at("z.weight").shape, ElementsAre(2u, 3u));
  EXPECT_THAT(file.at("z.weight").as_doubles(), ElementsAre(0, 0.25, 0.5, 0.75, 1, 1.25));
  EXPECT_THAT(file.at("wide").as_doubles(), ElementsAre(0.1));
  EXPECT_THAT(file.at("wide").as_floats(), ElementsAre(0.1f));
  EXPECT_THAT(file.at("half").as_floats(), ElementsAre(1.0f, -0.5f, 65504.0f, std::ldexp(1.0f, -24),
                                                       std::numeric_limits<float>::infinity()));
  EXPECT_THAT(file.at("count").shape, IsEmpty());
  EXPECT_THAT(file.at("count").as_integers(), ElementsAre(-7));
  EXPECT_THAT(file.at("flags").as_integers(), ElementsAre(1, 0, 1));
  EXPECT_THAT(file.at("nothing").as_floats(), IsEmpty());
  EXPECT_THAT(file.at("nothing").shape, ElementsAre(0u, 4u));
  EXPECT_THAT(file.at("small").as_integers(), ElementsAre(-128, 127));
  EXPECT_THAT(file.at("naïve \"name\"").as_integers(), ElementsAre(4000000000));
}

TEST(Safetensors, WritesTheBytesOfTheReferenceLibrary) {
  const TemporaryFolder folder;
  const Safetensors file = Safetensors::read(kMixed);
  std::vector<StoredTensor> shuffled(file.tensors().rbegin(), file.tensors().rend());
  write_safetensors(folder.at("x"), shuffled, file.metadata());
  EXPECT_EQ(slurp(folder.at("x")), slurp(kMixed));
}

TEST(Safetensors, WritesWhatItReads) {
  const TemporaryFolder folder;
  const std::vector<float> weights{1, 2, 3, 4, 5, 6};
  const std::vector<double> scale{0.1};
  const std::vector<std::int64_t> steps{std::numeric_limits<std::int64_t>::min(), 3};
  const StoredTensor tensors[] = {stored("rnn.weight", {3, 2}, weights), stored("scale", {}, scale),
                                  stored("steps", {2}, steps)};
  write_safetensors(folder.at("x"), tensors, {{"b", "2\n"}, {"a", "\"1\""}});
  const Safetensors file = Safetensors::read(folder.at("x"));
  EXPECT_EQ(file.at("rnn.weight").as_floats(), weights);
  EXPECT_EQ(file.at("scale").as_doubles(), scale);
  EXPECT_EQ(file.at("steps").as_integers(), steps);
  EXPECT_EQ(file.metadata().at("a"), "\"1\"");
  EXPECT_EQ(file.metadata().at("b"), "2\n");
  write_safetensors(folder.at("none"), {});
  EXPECT_EQ(slurp(folder.at("none")), safetensors_file("{}      "));
  EXPECT_TRUE(Safetensors::read(folder.at("none")).tensors().empty());
}

TEST(Safetensors, RefusesMalformedFiles) {
  const auto array = [](const std::string& name, const std::string& type, const std::string& shape,
                        const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}";
  };
  const std::string a = array("a", "F32", "[1]", "[0,4]");
  // Legal, if unusual.
  EXPECT_EQ(parse_safetensors(safetensors_file("{" + a + "}   ", 4)).tensors().size(), 1u);
  EXPECT_EQ(parse_safetensors(safetensors_file("{" + array("a", "U8", "[1]", "[0,1]") + "," +
                                                   array("b", "F64", "[1]", "[1,9]") + "}",
                                               9))
                .at("b")
                .as_doubles()[0],
            0.0)
      << "misaligned";

  std::string long_header = safetensors_file("{}");
  const std::uint64_t huge = 100'000'001;
  std::memcpy(long_header.data(), &huge, 8);
  const std::string deep = "{\"a\":" + std::string(100'000, '[');
  const struct {
    std::string file;
    std::string message;
  } cases[] = {
      {"", "not a safetensors file (0 bytes"},
      {"1234567", "7 bytes, fewer than 8"},
      {long_header, "announces a header of 100000001 bytes"},
      {std::string(8, '\xff'), "18446744073709551615 bytes"},
      {safetensors_file("{}").substr(0, 9), "ends inside its header (2 bytes announced, 1 left)"},
      {safetensors_file(""), "does not begin with '{'"},
      {safetensors_file(" {}"), "does not begin with '{'"},
      {safetensors_file("[]"), "does not begin with '{'"},
      {safetensors_file("\xef\xbb\xbf{}"), "does not begin with '{'"},
      {safetensors_file("{} x"), "does not end with '}'"},
      {safetensors_file("{}\n"), "does not end with '}'"},
      {safetensors_file("{}{}"), "not valid JSON at byte"},
      {safetensors_file("{" + a), "not valid JSON"},
      {safetensors_file("{\"a\xff\":1}"), "not valid JSON"},
      {safetensors_file("{\"a\":1}"), "header has a number where"},
      {safetensors_file("{\"a\":null}"), "header has null where"},
      {safetensors_file("{\"a\":[]}"), "header has a list where"},
      {safetensors_file(deep + "}"), "header has a list where"},
      {safetensors_file("{\"a\":{}}"), "array \"a\" lacks dtype, shape or data_offsets"},
      {safetensors_file("{\"a\":{\"dtype\":{}}}"),
       "header has an object where the format allows none"},
      {safetensors_file("{" + a + "," + a + "}", 4), "the key \"a\" twice"},
      {safetensors_file("{" + a + ",\"\\u0061\":{}}", 4), "the key \"a\" twice"},
      {safetensors_file("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"),
       "the key \"dtype\" twice"},
      {safetensors_file("{\"a\":{\"kind\":\"F32\"}}"), "the key \"kind\" twice or unknown"},
      {safetensors_file("{\"__metadata__\":{\"k\":1}}"), "header has a number where"},
      {safetensors_file("{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}"),
       "metadata has the key \"k\" twice"},
      {safetensors_file("{\"__metadata__\":{},\"__metadata__\":{}}"), "\"__metadata__\" twice"},
      {safetensors_file("{" + array("a", "F31", "[1]", "[0,4]") + "}", 4),
       "unknown dtype \"F31\"; known:"},
      {safetensors_file("{" + array("a", "f32", "[1]", "[0,4]") + "}", 4), "unknown dtype \"f32\""},
      {safetensors_file("{" + array("a", "F32", "[-1]", "[0,4]") + "}", 4),
       "a negative number where"},
      {safetensors_file("{" + array("a", "F32", "[1.0]", "[0,4]") + "}", 4),
       "the number 1.0 where"},
      {safetensors_file("{" + array("a", "F32", "[1e0]", "[0,4]") + "}", 4),
       "the number 1e0 where"},
      {safetensors_file("{" + array("a", "F32", "[\"1\"]", "[0,4]") + "}", 4), "text where"},
      {safetensors_file("{" + array("a", "F32", "1", "[0,4]") + "}", 4), "a number where"},
      {safetensors_file("{" + array("a", "F32", "[1]", "[0]") + "}", 4), "needs two data_offsets"},
      {safetensors_file("{" + array("a", "F32", "[1]", "[0,4,4]") + "}", 4), "a number where"},
      {safetensors_file("{" + array("a", "F32", "[1]", "[4,0]") + "}", 4),
       "end is before its begin"},
      {safetensors_file("{" + array("a", "F32", "[1]", "[0,8]") + "}", 4),
       "beyond the 4 bytes of data"},
      {safetensors_file("{" + array("a", "F32", "[2]", "[0,4]") + "}", 4), "does not fill its"},
      {safetensors_file("{" + array("a", "F32", "[]", "[0,8]") + "}", 8), "does not fill its"},
      {safetensors_file("{" + array("a", "F32", "[0]", "[0,4]") + "}", 4), "does not fill its"},
      {safetensors_file("{" + array("a", "F64", "[4611686018427387904,8]", "[0,0]") + "}"),
       "does not fill its"},
      {safetensors_file("{" + array("a", "F64", "[99999999999999999999]", "[0,0]") + "}"),
       "the number 99999999999999999999 where"},
      {safetensors_file("{" + array("a", "F32", "[1]", "[4,8]") + "}", 8), "(a gap)"},
      {safetensors_file("{" + a + "," + array("b", "F32", "[1]", "[2,6]") + "}", 6),
       "(an overlap)"},
      {safetensors_file("{" + a + "," + array("b", "F32", "[1]", "[0,4]") + "}", 4),
       "(an overlap)"},
      {safetensors_file("{" + a + "," + array("b", "F32", "[1]", "[5,9]") + "}", 9), "(a gap)"},
      {safetensors_file("{" + a + "}", 5), "holds 1 bytes that belong to no array"},
      {safetensors_file("{}", 1), "holds 1 bytes that belong to no array"},
  };
  for (const auto& [file, message] : cases)
    EXPECT_THAT(message_of<Error>([&] { parse_safetensors(file); }), HasSubstr(message))
        << file.substr(0, 120);
}

TEST(Safetensors, EveryCutIsRefusedAndEveryFlipReadOrRefused) {
  const std::string whole = slurp(kMixed);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(parse_safetensors(whole.substr(0, size)), Error) << size;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      try {
        parse_safetensors(flipped);
      } catch (const Error&) {
      }
    }
}

TEST(Safetensors, NamesWhatIsMissingOrOfTheWrongType) {
  const Safetensors file = Safetensors::read(kMixed);
  EXPECT_EQ(file.find("b.weight"), nullptr);
  EXPECT_THAT(message_of<Error>([&] { file.at("b.weight"); }),
              HasSubstr("mixed.safetensors: has no array \"b.weight\"; it has: "));
  EXPECT_EQ(message_of<Error>([&] { file.at("count").as_floats(); }),
            "count: holds I64 where floating-point numbers are needed");
  EXPECT_EQ(message_of<Error>([&] { file.at("half").as_integers(); }),
            "half: holds F16 where integers are needed");
}

TEST(Safetensors, RefusesToWriteWhatNobodyCouldRead) {
  const TemporaryFolder folder;
  const std::vector<float> two(2);
  const auto error_of = [&](std::vector<StoredTensor> tensors) {
    return message_of<Error>([&] { write_safetensors(folder.at("x"), tensors); });
  };
  EXPECT_THAT(error_of({stored("a", {2}, two), stored("a", {2}, two)}), HasSubstr("is taken"));
  EXPECT_THAT(error_of({stored("__metadata__", {2}, two)}), HasSubstr("is taken"));
  EXPECT_THAT(error_of({stored("a", {3}, two)}), HasSubstr("8 bytes do not make F32 of shape [3]"));
  EXPECT_THAT(error_of({stored("\xff", {2}, two)}), HasSubstr("not UTF-8"));
  EXPECT_EQ(folder.entries(), 0u);
}

}  // namespace
}  // namespace tailgrad

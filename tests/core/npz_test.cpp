#include <tailgrad/core/npz.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include <support/messages.h>
#include <support/temporary_folder.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using tailgrad::test::message_of;
using tailgrad::test::slurp;
using tailgrad::test::spill;
using tailgrad::test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string golden_npz(const std::string& name) {
  return std::string(TAILGRAD_SOURCE_DIR) + "/tests/golden/files/" + name + ".npz";
}

Npz npz_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span<const char>(text));
  return Npz::parse({bytes.begin(), bytes.end()}, "x.npz");
}

// All arrays of a file.
void read_all_arrays(const std::string& text) {
  const Npz file = npz_of(text);
  for (const std::string& name : file.names()) file.at(name);
}

TEST(Npz, ReadsWhatNumpyWroteStoredAndDeflated) {
  for (const std::string name : {"stored", "deflated"}) {
    SCOPED_TRACE(name);
    const Npz file = Npz::read(golden_npz(name));
    EXPECT_THAT(file.names(), ElementsAre("logits", "labels", "naïve name", "none"));
    const NpyArray logits = file.at("logits");
    EXPECT_THAT(logits.shape, ElementsAre(40u, 3u));
    EXPECT_EQ(logits.dtype, "<f4");
    for (std::size_t i = 0; i < 120; ++i)
      EXPECT_EQ(logits.as_doubles()[i], static_cast<double>(i % 7) / 4);
    EXPECT_THAT(file.at("labels").as_integers(), ElementsAre(2, 0, -100));
    EXPECT_THAT(file.at("naïve name").as_doubles(), ElementsAre(0.1));
    EXPECT_THAT(file.at("naïve name").shape, IsEmpty());
    EXPECT_THAT(file.at("none").shape, ElementsAre(0u, 4u));
  }
}

TEST(Npz, NamesWhatIsMissing) {
  const Npz file = Npz::read(golden_npz("stored"));
  EXPECT_THAT(message_of([&] { file.at("logit"); }),
              HasSubstr("stored.npz: has no array \"logit\"; it has: logits, labels, "));
}

TEST(Npz, OneArrayByPath) {
  EXPECT_THAT(read_array(golden_npz("deflated") + ":labels").as_integers(),
              ElementsAre(2, 0, -100));
  EXPECT_THAT(message_of([&] { read_array(golden_npz("deflated") + ":label"); }),
              HasSubstr("has no array \"label\""));
  const std::string npy = std::string(TAILGRAD_SOURCE_DIR) + "/tests/golden/files/scalar.npy";
  EXPECT_THAT(read_array(npy).as_doubles(), ElementsAre(1.5));
}

TEST(Npz, WritesWhatItReads) {
  const TemporaryFolder folder;
  const std::vector<float> weights{1, 2, 3, 4, 5, 6};
  const std::vector<double> scale{0.1};
  const std::vector<std::int64_t> zeros(100'000);
  const std::vector<std::uint8_t> pixels{0, 255};
  const StoredTensor arrays[] = {stored("b", {3, 2}, weights), stored("a", {}, scale),
                                 stored("zeros", {100, 1000}, zeros), stored("p", {2}, pixels)};
  write_npz(folder.at("x.npz"), arrays);
  const Npz file = Npz::read(folder.at("x.npz"));
  EXPECT_THAT(file.names(), ElementsAre("b", "a", "zeros", "p"));
  EXPECT_EQ(file.at("b").as_floats(), weights);
  EXPECT_EQ(file.at("a").as_doubles(), scale);
  EXPECT_EQ(file.at("zeros").as_integers(), zeros);
  EXPECT_EQ(file.at("p").dtype, "|u1");
  EXPECT_THAT(file.at("p").as_integers(), ElementsAre(0, 255));
  EXPECT_LT(slurp(folder.at("x.npz")).size(), 3000u) << "deflated";
  const std::string first = slurp(folder.at("x.npz"));
  write_npz(folder.at("x.npz"), arrays);
  EXPECT_EQ(slurp(folder.at("x.npz")), first);
  write_npz(folder.at("none.npz"), {});
  EXPECT_THAT(Npz::read(folder.at("none.npz")).names(), IsEmpty());
}

// The bytes of a golden file with `value` at an offset from the n-th place of `mark`.
std::string patched_npz(const std::string& name, std::string_view mark, int n, std::size_t offset,
                        std::string_view value) {
  std::string text = slurp(golden_npz(name));
  std::size_t at = text.find(mark);
  for (; n > 0; --n) at = text.find(mark, at + 1);
  return text.replace(at + offset, value.size(), value);
}

constexpr std::string_view kLocal("PK\3\4", 4), kCentral("PK\1\2", 4);

TEST(Npz, RefusesMalformedFiles) {
  const std::string stored_text = slurp(golden_npz("stored"));
  const struct {
    std::string file;
    std::string message;
  } cases[] = {
      {"", "is not a .npz file (a zip archive) or ends too early"},
      {"\x93NUMPY", "is not a .npz file"},
      {stored_text.substr(0, stored_text.size() - 30), "is not a .npz file"},
      {patched_npz("stored", kCentral, 0, 8, "\1"), "x.npz:logits: is encrypted"},
      {patched_npz("stored", kCentral, 1, 10, "\x0c"), "x.npz:labels: is compressed by method 12"},
      {patched_npz("deflated", kCentral, 0, 24, std::string_view("\0\0\0\x40", 4)),
       "x.npz:logits: announces 1073741824 bytes from"},
      {patched_npz("deflated", kCentral, 0, 24, std::string_view("\x10\2\0\0", 4)),
       "x.npz:logits: is damaged"},
      {patched_npz("stored", "\x93NUMPY", 1, 140, "\7"),
       "x.npz:labels: is damaged: size or checksum"},
      {patched_npz("deflated", kLocal, 0, 70, "\xff\xff\xff\xff"), "x.npz:logits: is damaged"},
      {patched_npz("stored", kLocal, 0, 0, "PK\7\7"), "x.npz:logits: is damaged at its beginning"},
      {patched_npz("stored", kCentral, 2, 0, "PK\7\7"), "has a damaged list of members"},
      {patched_npz("stored", "labels.npy", 1, 9, "z"),
       "member \"labels.npz\" that is not named NAME.npy"},
      {patched_npz("stored", "labels.npy", 1, 0, "logits"), "has two arrays named \"logits\""},
  };
  for (const auto& [file, message] : cases)
    EXPECT_THAT(message_of([&] { read_all_arrays(file); }), HasSubstr(message));
}

TEST(Npz, EveryCutIsRefusedAndEveryFlipReadOrRefused) {
  const std::string whole = slurp(golden_npz("deflated"));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(read_all_arrays(whole.substr(0, size)), Error) << size;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      try {
        read_all_arrays(flipped);
      } catch (const Error&) {
      }
    }
}

TEST(Npz, RefusesToWriteWhatNobodyCouldRead) {
  const TemporaryFolder folder;
  const std::vector<float> two(2);
  const auto error_of = [&](std::vector<StoredTensor> arrays) {
    return message_of([&] { write_npz(folder.at("x"), arrays); });
  };
  EXPECT_THAT(error_of({stored("a", {2}, two), stored("a", {2}, two)}), HasSubstr("given once"));
  EXPECT_THAT(error_of({stored("", {2}, two)}), HasSubstr("not empty"));
  EXPECT_THAT(error_of({stored("a/b", {2}, two)}), HasSubstr("no '/'"));
  EXPECT_THAT(error_of({stored("a", {3}, two)}), HasSubstr("8 bytes do not make F32 of shape [3]"));
  StoredTensor half = stored("a", {4}, two);
  half.type = StoredType::kBF16;
  EXPECT_THAT(error_of({half}), HasSubstr("NumPy has no type BF16"));
  EXPECT_EQ(folder.entries(), 0u);
}

}  // namespace
}  // namespace tailgrad

#include <tailgrad/core/random.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using Block = std::array<std::uint32_t, 4>;

TEST(Hash, PublishedValuesOfFnv1a) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8ULL);
  EXPECT_EQ(fnv1a("bar", fnv1a("foo")), fnv1a("foobar"));
}

// From an independent Python transcription of Philox4x32-10 and of the key's mixing. If these
// change, every published run of a given seed changes.
TEST(Philox, PinnedWords) {
  EXPECT_EQ(philox(0, 0, 0, 0), (Block{0xd7537fc8, 0x4787ca68, 0x473ddb06, 0xc80480ec}));
  EXPECT_EQ(philox(1, random_stream("shuffle"), 0, 0),
            (Block{0x098fc391, 0x005d2108, 0x3cdf3cb6, 0xcf471823}));
  EXPECT_EQ(philox(1, random_stream("dropout"), (1ULL << 33) + 5, (1ULL << 40) + 7),
            (Block{0x2f46b310, 0xa2d130db, 0x077e6840, 0x13ba7cb3}));
}

TEST(Philox, EveryArgumentMatters) {
  std::set<Block> seen;
  for (std::uint64_t bit = 0; bit < 64; ++bit) {
    const std::uint64_t one = std::uint64_t{1} << bit;
    seen.insert(philox(one, 0, 0, 0));
    seen.insert(philox(0, one, 0, 0));
    seen.insert(philox(0, 0, one, 0));
    seen.insert(philox(0, 0, 0, one));
  }
  EXPECT_EQ(seen.size(), 4U * 64U);
}

TEST(Philox, ManyWordsEqualSingleCalls) {
  for (const std::uint64_t first : {0ULL, 1ULL, 2ULL, 7ULL, (1ULL << 34) - 90}) {
    for (const std::size_t size : {0U, 1U, 3U, 4U, 255U, 256U, 257U, 600U}) {
      std::vector<std::uint32_t> words(size, 0);
      philox_words(5, 6, 7, first, words);
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(words[i], philox(5, 6, 7, (first + i) / 4)[(first + i) % 4])
            << "first " << first << ", size " << size << ", word " << i;
      }
    }
  }
}

TEST(UnitFloat, StaysBelowOne) {
  EXPECT_EQ(unit_float(0), 0.0F);
  EXPECT_LT(unit_float(0xffffffffU), 1.0F);
  EXPECT_EQ(unit_float(0x80000000U), 0.5F);
}

TEST(Random, IsTheSequenceOfWords) {
  Random random(3, "shuffle", 9);
  for (std::uint64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(random.position(), i);
    EXPECT_EQ(random.next_u32(), philox(3, random_stream("shuffle"), 9, i / 4)[i % 4]);
  }
}

TEST(Random, SeekGoesOnFromAnyPosition) {
  for (int drawn = 0; drawn < 9; ++drawn) {
    Random whole(1, "x");
    for (int i = 0; i < drawn; ++i) whole.next_u32();
    Random resumed(1, "x");
    resumed.seek(whole.position());
    for (int i = 0; i < 9; ++i) EXPECT_EQ(resumed.next_u32(), whole.next_u32());
  }
}

TEST(Random, BelowIsUnbiased) {
  // 3 * 2^30: of four equal quarters of 2^32 one must be drawn again. The biased remainder
  // word % n would give the lowest third half of all draws.
  Random random(1, "below");
  const std::uint64_t n = 3ULL << 30;
  std::array<int, 3> thirds{};
  const int draws = 30000;
  for (int i = 0; i < draws; ++i) ++thirds[static_cast<std::size_t>(random.below(n) >> 30)];
  const double sd = std::sqrt(draws * (1.0 / 3) * (2.0 / 3));
  for (const int count : thirds) EXPECT_NEAR(count, draws / 3.0, 4.5 * sd);
}

TEST(Random, BelowCoversSmallAndHugeRanges) {
  Random random(2, "below");
  std::array<int, 6> faces{};
  for (int i = 0; i < 6000; ++i) ++faces[static_cast<std::size_t>(random.below(6))];
  for (const int count : faces) EXPECT_NEAR(count, 1000, 130);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0U);
  const std::uint64_t huge = (1ULL << 63) + 1;
  bool upper = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t draw = random.below(huge);
    EXPECT_LT(draw, huge);
    upper = upper || draw > (1ULL << 62);
  }
  EXPECT_TRUE(upper);
  EXPECT_THROW(random.below(0), Error);
}

TEST(Random, UniformAndNormalMoments) {
  Random random(4, "moments");
  const int draws = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < draws; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / draws, 0.5, 4.5 * std::sqrt(1.0 / 12 / draws));
  EXPECT_NEAR(squares / draws, 1.0 / 3, 4.5 * std::sqrt(4.0 / 45 / draws));

  double third = 0, fourth = 0;
  sum = squares = 0;
  for (int i = 0; i < draws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    third += x * x * x;
    fourth += x * x * x * x;
  }
  // Variances of x, x², x³, x⁴ of a standard normal: 1, 2, 15, 96.
  EXPECT_NEAR(sum / draws, 0.0, 4.5 * std::sqrt(1.0 / draws));
  EXPECT_NEAR(squares / draws, 1.0, 4.5 * std::sqrt(2.0 / draws));
  EXPECT_NEAR(third / draws, 0.0, 4.5 * std::sqrt(15.0 / draws));
  EXPECT_NEAR(fourth / draws, 3.0, 4.5 * std::sqrt(96.0 / draws));
}

TEST(Random, ShuffleIsAPermutationAndFair) {
  std::array<std::array<int, 4>, 4> seen{};  // [item][place]
  for (std::uint64_t step = 0; step < 4000; ++step) {
    std::vector<int> items = {0, 1, 2, 3};
    Random(1, "shuffle", step).shuffle(items);
    std::vector<int> sorted = items;
    std::sort(sorted.begin(), sorted.end());
    ASSERT_EQ(sorted, (std::vector<int>{0, 1, 2, 3}));
    for (std::size_t place = 0; place < 4; ++place) {
      ++seen[static_cast<std::size_t>(items[place])][place];
    }
  }
  for (const auto& places : seen) {
    for (const int count : places) EXPECT_NEAR(count, 1000, 4.5 * std::sqrt(4000 * 0.25 * 0.75));
  }
}

TEST(Random, ShuffleOfNothingAndOfOne) {
  std::vector<int> none;
  std::vector<int> one = {7};
  Random random(1, "shuffle");
  random.shuffle(none);
  random.shuffle(one);
  EXPECT_EQ(one, std::vector<int>{7});
  EXPECT_EQ(random.position(), 0U);
}

}  // namespace
}  // namespace tailgrad

#include <tailgrad/data/batches.h>

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Index> some_lengths(std::size_t count, Index longest) {
  std::vector<Index> lengths(count);
  Random random(1, "lengths");
  for (Index& length : lengths) {
    length = 1 + static_cast<Index>(random.below(static_cast<std::uint64_t>(longest)));
  }
  return lengths;
}

std::vector<Index> sorted(std::vector<Index> items) {
  std::sort(items.begin(), items.end());
  return items;
}

std::vector<Index> count_up(Index count) {
  std::vector<Index> items(static_cast<std::size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  return items;
}

TEST(TokenBatches, EveryItemOnceWithinTheBudget) {
  const std::vector<Index> lengths = some_lengths(1000, 50);
  for (const Index pool : {0, 1, 8, 10000}) {
    const Batches batches = token_batches(lengths, {.tokens = 200, .pool = pool}, {});
    EXPECT_EQ(sorted(batches.items), count_up(1000));
    EXPECT_EQ(batches.offsets.back(), 1000);
    for (std::size_t b = 0; b < batches.size(); ++b) {
      Index tokens = 0;
      EXPECT_FALSE(batches[b].empty());
      for (const Index item : batches[b]) tokens += lengths[static_cast<std::size_t>(item)];
      EXPECT_LE(tokens, 200);
    }
    // 25,500 tokens or so; the budget leaves at most a longest item free in all but one batch.
    const Index total = std::accumulate(lengths.begin(), lengths.end(), 0);
    EXPECT_LE(batches.size(), static_cast<std::size_t>(total / 151 + 1));
  }
}

TEST(TokenBatches, PoolsBringEqualLengthsTogether) {
  const std::vector<Index> lengths = some_lengths(2000, 100);
  const auto spread = [&](Index pool) {
    const Batches batches = token_batches(lengths, {.tokens = 500, .pool = pool}, {});
    double sum = 0;
    for (std::size_t b = 0; b < batches.size(); ++b) {
      Index low = 1000, high = 0;
      for (const Index item : batches[b]) {
        low = std::min(low, lengths[static_cast<std::size_t>(item)]);
        high = std::max(high, lengths[static_cast<std::size_t>(item)]);
      }
      sum += high - low;
    }
    return sum / static_cast<double>(batches.size());
  };
  EXPECT_LT(spread(32), 0.25 * spread(0));
}

TEST(TokenBatches, TooLongItemHasABatchForItself) {
  const std::vector<Index> lengths = {3, 100, 2, 3};
  const Batches batches = token_batches(lengths, {.tokens = 8}, {});
  bool alone = false;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    if (std::ranges::find(batches[b], 1) != batches[b].end()) alone = batches[b].size() == 1;
  }
  EXPECT_TRUE(alone);
  EXPECT_EQ(sorted(batches.items), count_up(4));
}

TEST(TokenBatches, DependOnSeedAndEpochOnly) {
  const std::vector<Index> lengths = some_lengths(300, 20);
  const auto items = [&](Epoch epoch) {
    return token_batches(lengths, {.tokens = 64}, epoch).items;
  };
  EXPECT_EQ(items({1, 4}), items({1, 4}));
  EXPECT_NE(items({1, 4}), items({1, 5}));
  EXPECT_NE(items({1, 4}), items({2, 4}));
}

// From an independent Python transcription: the same on every machine.
TEST(TokenBatches, Golden) {
  const std::vector<Index> lengths = {5, 1, 4, 2, 3, 6, 2, 1};
  const Batches batches = token_batches(lengths, {.tokens = 8, .pool = 1}, {1, 0});
  EXPECT_THAT(batches.items, ElementsAre(7, 1, 4, 0, 5, 2, 6, 3));
  EXPECT_THAT(batches.offsets, ElementsAre(0, 3, 4, 5, 8));
}

TEST(TokenBatches, LimitsItemsAndAcceptsZeroLengths) {
  const std::vector<Index> lengths(10, 0);
  const Batches batches = token_batches(lengths, {.tokens = 5, .max_items = 4}, {});
  EXPECT_THAT(batches.offsets, ElementsAre(0, testing::_, testing::_, 10));
  EXPECT_EQ(sorted(batches.items), count_up(10));
}

TEST(TokenBatches, OfDrawnItems) {
  const std::vector<Index> lengths = {5, 1, 4, 2};
  const std::vector<Index> drawn = {3, 3, 0, 3};
  const Batches batches = token_batches(lengths, drawn, {.tokens = 6}, {});
  EXPECT_THAT(sorted(batches.items), ElementsAre(0, 3, 3, 3));
}

TEST(TokenBatches, InOrderOfLength) {
  const std::vector<Index> lengths = {5, 1, 4, 2, 1};
  const Batches batches = token_batches_in_order(lengths, {.tokens = 5});
  EXPECT_THAT(batches.items, ElementsAre(1, 4, 3, 2, 0));
  EXPECT_THAT(batches.offsets, ElementsAre(0, 3, 4, 5));
}

TEST(TokenBatches, Nothing) {
  EXPECT_EQ(token_batches({}, {}, {}).size(), 0U);
  EXPECT_EQ(token_batches_in_order({}, {}).size(), 0U);
  EXPECT_EQ(item_batches(0, 5, {}).size(), 0U);
}

TEST(TokenBatches, BadInput) {
  const std::vector<Index> lengths = {1, -2};
  EXPECT_THAT(message_of([&] { token_batches(lengths, {}, {}); }),
              HasSubstr("the length of item 1 is negative: -2"));
  EXPECT_THAT(message_of([] { token_batches({}, {.tokens = 0}, {}); }),
              HasSubstr("tokens must be at least 1; got 0"));
  EXPECT_THAT(message_of([] { token_batches({}, {.max_items = 0}, {}); }), HasSubstr("max_items"));
  EXPECT_THAT(message_of([] { token_batches({}, {.pool = -1}, {}); }), HasSubstr("pool"));
  const std::vector<Index> one = {1}, drawn = {1};
  EXPECT_THROW(token_batches(one, drawn, {}, {}), Error);
  EXPECT_THAT(message_of([] { item_batches(3, 0, {}); }), HasSubstr("size must be at least 1"));
  EXPECT_THROW(item_batches(-1, 2, {}), Error);
}

TEST(ItemBatches, ShuffledAndInOrder) {
  const Batches batches = item_batches(10, 4, {3, 1});
  EXPECT_THAT(batches.offsets, ElementsAre(0, 4, 8, 10));
  EXPECT_EQ(sorted(batches.items), count_up(10));
  EXPECT_NE(batches.items, count_up(10));
  EXPECT_EQ(item_batches(10, 4, {3, 1}).items, batches.items);
  EXPECT_NE(item_batches(10, 4, {3, 2}).items, batches.items);
  EXPECT_EQ(item_batches_in_order(5, 2).items, count_up(5));
  EXPECT_THAT(item_batches_in_order(5, 2).offsets, ElementsAre(0, 2, 4, 5));
}

}  // namespace
}  // namespace tailgrad

#include <tailgrad/data/batches.h>

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>

namespace tailgrad {
namespace {

std::vector<Index> all_items(std::size_t count) {
  std::vector<Index> items(count);
  std::iota(items.begin(), items.end(), 0);
  return items;
}

void at_least(std::string_view option, Index value, Index least) {
  if (value < least)
    fail("batches", fmt::format("{} must be at least {}; got {}", option, least, value));
}

void check(std::span<const Index> lengths, const TokenBatchOptions& options) {
  at_least("tokens", options.tokens, 1);
  at_least("max_items", options.max_items, 1);
  at_least("pool", options.pool, 0);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < 0) {
      fail("batches", fmt::format("the length of item {} is negative: {}", i, lengths[i]));
    }
  }
}

Index length_of(std::span<const Index> lengths, Index item) {
  return lengths[static_cast<std::size_t>(item)];
}

// Sorts stretches of about pool * tokens tokens by length, ascending and descending in turn. Equal
// lengths keep their shuffled order.
void sort_pools(std::span<const Index> lengths, const TokenBatchOptions& options,
                std::vector<Index>& items) {
  const std::int64_t most = std::int64_t{options.pool} * options.tokens;
  bool ascending = true;
  for (std::size_t begin = 0; begin < items.size();) {
    std::size_t end = begin;
    for (std::int64_t tokens = 0; end < items.size() && tokens < most; ++end) {
      tokens += std::max(length_of(lengths, items[end]), Index{1});
    }
    std::stable_sort(items.begin() + static_cast<std::ptrdiff_t>(begin),
                     items.begin() + static_cast<std::ptrdiff_t>(end), [&](Index a, Index b) {
                       const Index first = length_of(lengths, a), second = length_of(lengths, b);
                       return ascending ? first < second : first > second;
                     });
    ascending = !ascending;
    begin = end;
  }
}

Batches fill(std::span<const Index> lengths, const TokenBatchOptions& options,
             std::vector<Index> items) {
  Batches batches;
  std::int64_t tokens = 0, count = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Index length = length_of(lengths, items[i]);
    if (count > 0 && (tokens + length > options.tokens || count == options.max_items)) {
      batches.offsets.push_back(static_cast<Index>(i));
      tokens = count = 0;
    }
    tokens += length;
    ++count;
  }
  if (count > 0) batches.offsets.push_back(static_cast<Index>(items.size()));
  batches.items = std::move(items);
  return batches;
}

Batches shuffle_batches(const Batches& batches, Random& random) {
  std::vector<Index> order = all_items(batches.size());
  random.shuffle(order);
  Batches shuffled;
  shuffled.items.reserve(batches.items.size());
  for (const Index b : order) {
    const std::span<const Index> batch = batches[static_cast<std::size_t>(b)];
    shuffled.items.insert(shuffled.items.end(), batch.begin(), batch.end());
    shuffled.offsets.push_back(static_cast<Index>(shuffled.items.size()));
  }
  return shuffled;
}

Batches cut(std::vector<Index> items, Index size) {
  at_least("size", size, 1);
  Batches batches;
  const auto step = static_cast<std::size_t>(size);
  for (std::size_t end = 0; end < items.size();) {
    end = std::min(end + step, items.size());
    batches.offsets.push_back(static_cast<Index>(end));
  }
  batches.items = std::move(items);
  return batches;
}

}  // namespace

Batches token_batches(std::span<const Index> lengths, std::span<const Index> drawn,
                      const TokenBatchOptions& options, Epoch epoch) {
  check(lengths, options);
  for (const Index item : drawn) {
    if (item < 0 || static_cast<std::size_t>(item) >= lengths.size()) {
      fail("batches", fmt::format("needs items below {}; got {}", lengths.size(), item));
    }
  }
  std::vector<Index> items(drawn.begin(), drawn.end());
  Random random(epoch.seed, "batches", epoch.number);
  random.shuffle(items);
  if (options.pool == 0) return fill(lengths, options, std::move(items));
  sort_pools(lengths, options, items);
  return shuffle_batches(fill(lengths, options, std::move(items)), random);
}

Batches token_batches(std::span<const Index> lengths, const TokenBatchOptions& options,
                      Epoch epoch) {
  return token_batches(lengths, all_items(lengths.size()), options, epoch);
}

Batches token_batches_in_order(std::span<const Index> lengths, const TokenBatchOptions& options) {
  check(lengths, options);
  std::vector<Index> items = all_items(lengths.size());
  std::stable_sort(items.begin(), items.end(),
                   [&](Index a, Index b) { return length_of(lengths, a) < length_of(lengths, b); });
  return fill(lengths, options, std::move(items));
}

Batches item_batches(std::span<const Index> drawn, Index size, Epoch epoch) {
  std::vector<Index> items(drawn.begin(), drawn.end());
  Random(epoch.seed, "batches", epoch.number).shuffle(items);
  return cut(std::move(items), size);
}

Batches item_batches(Index count, Index size, Epoch epoch) {
  at_least("count", count, 0);
  return item_batches(all_items(static_cast<std::size_t>(count)), size, epoch);
}

Batches item_batches_in_order(Index count, Index size) {
  at_least("count", count, 0);
  return cut(all_items(static_cast<std::size_t>(count)), size);
}

}  // namespace tailgrad

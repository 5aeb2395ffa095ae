// Which items go through the network together, and in which order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// A list of batches: the items of batch b are items[offsets[b]] … items[offsets[b + 1] - 1].
struct Batches {
  std::vector<Index> items;          ///< item numbers of all batches, one batch after the other
  std::vector<Index> offsets = {0};  ///< [batches + 1]

  std::size_t size() const { return offsets.size() - 1; }  ///< number of batches
  /// The items of a batch.
  std::span<const Index> operator[](std::size_t batch) const {
    const auto begin = static_cast<std::size_t>(offsets[batch]);
    return std::span(items).subspan(begin, static_cast<std::size_t>(offsets[batch + 1]) - begin);
  }
};

/// When a shuffle happens. Batches are a pure function of it: a resumed run asks for the epoch it
/// was in and goes on at the batch where it stopped; any machine and thread count gives the same.
struct Epoch {
  std::uint64_t seed = 1;    ///< of the run
  std::uint64_t number = 0;  ///< from 0
};

/// How items are cut into batches by their tokens.
struct TokenBatchOptions {
  Index tokens = 1024;     ///< most tokens in a batch; an item longer than that has one for itself
  Index max_items = 1024;  ///< most items in a batch
  /// Items are sorted by length within pools of this many batches' tokens; 0: not sorted. Larger
  /// pools give batches of more equal lengths, smaller ones more random batches.
  Index pool = 32;
};

/// Every item once, for sequences of `lengths` [items]: shuffled, cut into pools, each pool sorted
/// by length (up and down in turn, so that neighbours fit across pools), filled into batches, the
/// batches shuffled. A new order every epoch. Throws Error for options below 1 (pool: 0) and for a
/// negative length.
Batches token_batches(std::span<const Index> lengths, const TokenBatchOptions& options,
                      Epoch epoch);
/// The same for the items that a sampler drew, some perhaps more than once (see sampler.h).
/// `lengths` are those of all items.
Batches token_batches(std::span<const Index> lengths, std::span<const Index> drawn,
                      const TokenBatchOptions& options, Epoch epoch);
/// For evaluation: every item once, sorted by length, no chance involved.
Batches token_batches_in_order(std::span<const Index> lengths, const TokenBatchOptions& options);

/// Every one of `count` items once, shuffled, `size` a batch; the last batch has what is left.
/// Throws Error for size < 1 or count < 0.
Batches item_batches(Index count, Index size, Epoch epoch);
/// The same for the items that a sampler drew.
Batches item_batches(std::span<const Index> drawn, Index size, Epoch epoch);
/// For evaluation: in order.
Batches item_batches_in_order(Index count, Index size);

}  // namespace tailgrad

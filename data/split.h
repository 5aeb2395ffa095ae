// Holding out a part of the data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// What is held out for development when the user names no file for it.
inline constexpr double kHeldOutShare = 0.1;

/// Two lists of item numbers, ascending, that together hold every item once.
struct Split {
  std::vector<Index> kept;      ///< the larger part, as a rule
  std::vector<Index> held_out;  ///< the other items
};

/// Holds out the rounded `share` of the items of every class (of a tenth: none of a class with
/// fewer than 5 items), at least leaving one; which ones, the seed says. When that would hold out
/// nothing at all, one item of every class with two or more is held out. Throws Error unless 0 <
/// share < 1 and for a label out of range.
Split stratified_split(std::span<const Index> labels, Index classes, double share,
                       std::uint64_t seed);

/// Cuts the development data of a data set out of its training data.
template <class Splits>
void hold_out_dev(Splits& splits, const Split& split) {
  splits.dev = select(splits.train, split.held_out);
  splits.train = select(splits.train, split.kept);
  splits.held_out = true;
}

/// The same with one label an item: a tenth of each class.
template <class Splits>
void hold_out_dev(Splits& splits, std::uint64_t seed) {
  hold_out_dev(splits,
               stratified_split(splits.train.labels, splits.labels.size(), kHeldOutShare, seed));
}

/// The same for items with any number of classes, `marks` [items, classes] 0 or 1: iterative
/// stratification (Sechidis et al. 2011, algorithm 1). The class with the fewest items left goes
/// first, and each of its items, in an order the seed says, goes where more of them are wanted; so
/// rare classes come closest to their share. At least one item of a class is kept. Throws Error
/// unless 0 < share < 1.
Split stratified_split_marks(std::span<const std::uint8_t> marks, Index classes, double share,
                             std::uint64_t seed);

}  // namespace tailgrad

// Which elements a dropout keeps.
#pragma once

#include <cstdint>
#include <span>

namespace tailgrad {

/// The random numbers of one dropout: of the `use`-th random op of a training pass.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint32_t shard = 0;
  std::uint32_t use = 0;
};

/// A rate as a number of 65536ths, rounded to the nearest: 16 random bits decide on an element.
constexpr std::uint32_t dropout_threshold(double rate) {
  return static_cast<std::uint32_t>(rate * 65536 + 0.5);
}

/// keep[i] = 1 when the 16-bit number i is at least `threshold`, else 0. Number i is the low (even
/// i) or high (odd i) half of word i / 2 of
///   philox_words(seed, random_stream("dropout") + 2^32 shard + use, step).
/// Runs in parallel; the same on any number of threads.
void dropout_mask(const DropoutKey& key, std::uint32_t threshold, std::span<std::uint8_t> keep);

}  // namespace tailgrad

// The only source of random numbers.
//
// Counter-based (Philox4x32-10; Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011): a number is a pure function of where it is used,
//
//   word = philox(seed, stream, step, index)
//
// so it does not depend on threads, on the order of calls, or on what ran before, and a resumed run
// draws what the uninterrupted one would have drawn.
//
//   seed    what the user gave (--seed)
//   stream  what the numbers are for: a name such as "dropout", "shuffle", "embed.weight"
//   step    when: training step or epoch
//   index   which one: element, row or item
//
// Ops that need a number for every element (dropout) call philox or philox_words; code that needs
// "the next" number (initialisers, shuffles) makes a Random for its (seed, stream, step). Streams
// with different names are independent; give every use its own name and nothing is drawn twice.
// The std:: distributions and std::shuffle are not used: they differ between standard libraries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <tailgrad/core/hash.h>

namespace tailgrad {

/// The number of a stream from its name.
constexpr std::uint64_t random_stream(std::string_view name) {
  return fnv1a(name);
}

/// 128 random bits that depend on nothing but the four arguments. The Philox key is (seed, stream)
/// mixed to 64 bits, the counter is (index, step).
std::array<std::uint32_t, 4> philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t step,
                                    std::uint64_t index);

/// out[i] = philox(seed, stream, step, (first + i) / 4)[(first + i) % 4]: the same words as single
/// calls, several times faster. Disjoint ranges may be filled by different threads.
void philox_words(std::uint64_t seed, std::uint64_t stream, std::uint64_t step, std::uint64_t first,
                  std::span<std::uint32_t> out);

/// 24 bits of a word as a float in [0, 1); 0 and 1 - 2^-24 included.
constexpr float unit_float(std::uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1p-24F;
}

/// The words of one (seed, stream, step) one after the other. Copies are cheap and go on
/// independently with the same numbers.
class Random {
 public:
  /// The words of a stream by its number, from the first one.
  Random(std::uint64_t seed, std::uint64_t stream, std::uint64_t step = 0)
      : seed_(seed), stream_(stream), step_(step) {}
  /// The words of a stream by its name, from the first one.
  Random(std::uint64_t seed, std::string_view stream, std::uint64_t step = 0)
      : Random(seed, random_stream(stream), step) {}

  /// The next word: 32 random bits.
  std::uint32_t next_u32();
  /// Two words, the first one low.
  std::uint64_t next_u64();
  /// 53 bits in [0, 1).
  double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }
  /// [low, high) up to the rounding of low + (high - low) u.
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Each of 0 … n - 1 equally likely, without bias (a draw that would favour some is repeated).
  /// Throws Error for n = 0.
  std::uint64_t below(std::uint64_t n);
  /// Mean 0, variance 1 (Box and Muller 1958); four words a number, no state between calls. Unlike
  /// all others it goes through log and cos, so another C library may differ in the last bit.
  double normal();

  /// Every order equally likely (Fisher and Yates).
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      using std::swap;
      swap(items[left - 1], items[static_cast<std::size_t>(below(left))]);
    }
  }
  /// The same for a vector.
  template <class T>
  void shuffle(std::vector<T>& items) {
    shuffle(std::span<T>(items));
  }

  /// Words drawn so far; seek(position()) of an equal Random goes on from there.
  std::uint64_t position() const { return position_; }
  /// Goes to a word by its number, from 0.
  void seek(std::uint64_t position);

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t step_;
  std::uint64_t position_ = 0;
  std::array<std::uint32_t, 4>
      block_{};  // holds the words around position_ unless that is a multiple of 4
};

}  // namespace tailgrad

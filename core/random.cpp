#include <tailgrad/core/random.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <Random123/philox.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

constexpr std::size_t kLanes = 64;  // shorter arrays are unrolled before GCC can vectorise them

// A bijection of 64 bits in which every input bit reaches every output bit (the finaliser of
// SplitMix64; Steele, Lea, Flood 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// For one stream two seeds never share a key, because mix and addition are bijections.
constexpr std::uint64_t key_of(std::uint64_t seed, std::uint64_t stream) {
  return mix(mix(stream + 0x9e3779b97f4a7c15ULL) + seed);
}

constexpr std::uint32_t low(std::uint64_t x) {
  return static_cast<std::uint32_t>(x);
}
constexpr std::uint32_t high(std::uint64_t x) {
  return static_cast<std::uint32_t>(x >> 32);
}

std::array<std::uint32_t, 4> block_of(std::uint64_t key, std::uint64_t step, std::uint64_t index) {
  const r123::Philox4x32::ctr_type counter = {{low(index), high(index), low(step), high(step)}};
  const r123::Philox4x32::key_type keys = {{low(key), high(key)}};
  const r123::Philox4x32::ctr_type words = r123::Philox4x32{}(counter, keys);
  return {words[0], words[1], words[2], words[3]};
}

// kLanes consecutive blocks at once, the rounds of Philox written over arrays so that the compiler
// vectorises them; a test holds it to block_of.
void many_blocks(std::uint64_t key, std::uint64_t step, std::uint64_t index,
                 std::uint32_t* __restrict out) {
  std::uint32_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    c0[i] = low(index + i);
    c1[i] = high(index + i);
    c2[i] = low(step);
    c3[i] = high(step);
  }
  std::uint32_t k0 = low(key), k1 = high(key);
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::uint64_t p0 = std::uint64_t{PHILOX_M4x32_0} * c0[i];
      const std::uint64_t p1 = std::uint64_t{PHILOX_M4x32_1} * c2[i];
      c0[i] = high(p1) ^ c1[i] ^ k0;
      c2[i] = high(p0) ^ c3[i] ^ k1;
      c1[i] = low(p1);
      c3[i] = low(p0);
    }
    k0 += PHILOX_W32_0;
    k1 += PHILOX_W32_1;
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    out[4 * i] = c0[i];
    out[4 * i + 1] = c1[i];
    out[4 * i + 2] = c2[i];
    out[4 * i + 3] = c3[i];
  }
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t step,
                                    std::uint64_t index) {
  return block_of(key_of(seed, stream), step, index);
}

void philox_words(std::uint64_t seed, std::uint64_t stream, std::uint64_t step, std::uint64_t first,
                  std::span<std::uint32_t> out) {
  const std::uint64_t key = key_of(seed, stream);
  while (!out.empty()) {
    const std::size_t offset = static_cast<std::size_t>(first % 4);
    std::size_t count;
    if (offset == 0 && out.size() >= 4 * kLanes) {
      count = 4 * kLanes;
      many_blocks(key, step, first / 4, out.data());
    } else {
      count = std::min(4 - offset, out.size());
      const std::array<std::uint32_t, 4> block = block_of(key, step, first / 4);
      std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
    }
    first += count;
    out = out.subspan(count);
  }
}

std::uint32_t Random::next_u32() {
  const std::size_t offset = static_cast<std::size_t>(position_ % 4);
  if (offset == 0) block_ = philox(seed_, stream_, step_, position_ / 4);
  ++position_;
  return block_[offset];
}

std::uint64_t Random::next_u64() {
  const std::uint64_t first = next_u32();
  return first | (std::uint64_t{next_u32()} << 32);
}

std::uint64_t Random::below(std::uint64_t n) {
  if (n == 0) fail("Random::below", "needs n >= 1; got 0");
  if (n <= 0xffffffffULL) {
    // Lemire, "Fast random integer generation in an interval", 2019: the high half of word * n;
    // the 2^32 mod n lowest products are drawn again.
    const std::uint32_t small = low(n);
    std::uint64_t product = std::uint64_t{next_u32()} * small;
    if (low(product) < small) {
      const std::uint32_t threshold = (0U - small) % small;
      while (low(product) < threshold) product = std::uint64_t{next_u32()} * small;
    }
    return product >> 32;
  }
  const std::uint64_t threshold = (0ULL - n) % n;
  std::uint64_t word = next_u64();
  while (word < threshold) word = next_u64();
  return word % n;
}

double Random::normal() {
  const double radius = 1.0 - uniform();  // (0, 1], so that the logarithm is finite
  const double angle = 2.0 * std::numbers::pi * uniform();
  return std::sqrt(-2.0 * std::log(radius)) * std::cos(angle);
}

void Random::seek(std::uint64_t position) {
  position_ = position;
  if (position_ % 4 != 0) block_ = philox(seed_, stream_, step_, position_ / 4);
}

}  // namespace tailgrad

#include <tailgrad/core/kernels/dropout_mask.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>

namespace tailgrad {

void dropout_mask(const DropoutKey& key, std::uint32_t threshold, std::span<std::uint8_t> keep) {
  static_assert(std::endian::native == std::endian::little, "the low half comes first in memory");
  constexpr std::size_t kGrain = std::size_t{1} << 15;
  constexpr std::size_t kHalves = 2048;  // at a time, on the stack: stays in the nearest cache
  const std::uint64_t stream =
      random_stream("dropout") + (std::uint64_t{key.shard} << 32) + key.use;
  parallel_for(keep.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    std::uint32_t words[kHalves / 2];
    std::uint16_t halves[kHalves];
    for (std::size_t start = begin; start < end; start += kHalves) {
      const std::size_t count = std::min(kHalves, end - start);
      philox_words(key.seed, stream, key.step, start / 2, {words, (count + 1) / 2});
      std::memcpy(halves, words, sizeof halves);
      std::uint8_t* __restrict to = keep.data() + start;
      const auto limit = static_cast<std::uint16_t>(std::min(threshold, 65535u));
      for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::uint8_t>(halves[i] >= limit);
    }
  });
  if (threshold >= 65536) std::ranges::fill(keep, std::uint8_t{0});
}

}  // namespace tailgrad

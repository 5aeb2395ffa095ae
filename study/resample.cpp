#include <tailgrad/study/resample.h>

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>

namespace tailgrad {
namespace {

// How often resample `r` draws each of `units` units.
void draw(std::uint64_t seed, std::uint64_t r, std::vector<std::uint32_t>& words,
          std::vector<std::uint32_t>& drawn) {
  __extension__ using Wide = unsigned __int128;
  const std::size_t units = drawn.size();
  words.resize(2 * units);
  philox_words(seed, random_stream("compare bootstrap"), r, 0, words);
  std::ranges::fill(drawn, 0);
  for (std::size_t i = 0; i < units; ++i) {
    // A 64-bit word times `units`, upper half: biased by less than units / 2^64.
    const std::uint64_t word = (static_cast<std::uint64_t>(words[2 * i]) << 32) | words[2 * i + 1];
    ++drawn[static_cast<std::size_t>((static_cast<Wide>(word) * units) >> 64)];
  }
}

constexpr std::size_t kResamplesAtOnce = 16;

}  // namespace

std::vector<double> resample_metric(std::span<const Outcomes* const> systems,
                                    std::string_view metric,
                                    std::span<const std::int64_t> train_counts, int resamples,
                                    std::uint64_t seed) {
  if (resamples < 1) fail("resample", fmt::format("needs at least 1 resample; got {}", resamples));
  if (systems.empty()) return {};
  const std::size_t units = systems.front()->units();
  for (const Outcomes* system : systems)
    if (system->units() != units || units == 0)
      fail("resample", fmt::format("all systems need the same test units, at least one; got {} "
                                   "and {}",
                                   units, system->units()));
  std::vector<double> values(static_cast<std::size_t>(resamples) * systems.size());
  parallel_for(static_cast<std::size_t>(resamples), kResamplesAtOnce,
               [&](std::size_t begin, std::size_t end) {
                 std::vector<std::uint32_t> words;
                 std::vector<std::uint32_t> drawn(units);
                 for (std::size_t r = begin; r < end; ++r) {
                   draw(seed, r, words, drawn);
                   for (std::size_t s = 0; s < systems.size(); ++s)
                     values[r * systems.size() + s] =
                         outcome_metric(*systems[s], metric, train_counts, drawn)
                             .value_or(std::numeric_limits<double>::quiet_NaN());
                 }
               });
  return values;
}

}  // namespace tailgrad

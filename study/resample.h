// One metric of many systems on the same resampled test sets.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <tailgrad/study/outcomes.h>

namespace tailgrad {

/// The paired bootstrap over units (Efron 1979): resample r draws as many units as there are, with
/// replacement, the same for all systems. Returns [resamples, systems], NaN where the metric is not
/// available. Drawn from (seed, r) alone, so the same on any number of threads. Throws Error unless
/// all systems have the same number of units, at least one, and resamples >= 1.
std::vector<double> resample_metric(std::span<const Outcomes* const> systems,
                                    std::string_view metric,
                                    std::span<const std::int64_t> train_counts, int resamples,
                                    std::uint64_t seed);

}  // namespace tailgrad

// How the numbers of a comparison are written in its sentences, and how its rows are found.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <tailgrad/study/compare_result.h>

namespace tailgrad::say {

/// "0.123", or "n/a".
std::string value(const std::optional<double>& value);
/// "+0.123", or "n/a".
std::string change(const std::optional<double>& value);
/// "p = 0.012", "p < 0.001" or "p n/a".
std::string p(const std::optional<double>& p);
/// "95 %".
std::string percent(double level);
/// "95 % interval +0.010 to +0.030".
std::string interval(const Comparison& numbers, double level);
/// "1 seed", "5 seeds".
std::string seeds(std::size_t seeds);

/// The competitor of that name, which must be there.
const LossRow& row_named(const CompareResult& result, const std::string& name);
/// nullptr when the two were not compared.
const LossPair* pair_of(const std::vector<LossPair>& pairs, const std::string& a,
                        const std::string& b);
/// Mean over the seeds of a metric; none when it is not there or no seed has it.
std::optional<double> mean_in(const Summaries& summaries, const std::string& metric);

}  // namespace tailgrad::say

#include <tailgrad/study/answer_words.h>

#include <algorithm>

#include <fmt/format.h>

namespace tailgrad::say {

std::string value(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : "n/a";
}

std::string change(const std::optional<double>& value) {
  return value ? fmt::format("{:+.3f}", *value) : "n/a";
}

std::string p(const std::optional<double>& p) {
  if (!p) return "p n/a";
  return *p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", *p);
}

std::string percent(double level) {
  return fmt::format("{:g} %", 100 * level);
}

std::string interval(const Comparison& numbers, double level) {
  return fmt::format("{} interval {} to {}", percent(level), change(numbers.low),
                     change(numbers.high));
}

std::string seeds(std::size_t seeds) {
  return fmt::format("{} seed{}", seeds, seeds == 1 ? "" : "s");
}

const LossRow& row_named(const CompareResult& result, const std::string& name) {
  return *std::ranges::find_if(result.losses, [&](const LossRow& row) { return row.name == name; });
}

const LossPair* pair_of(const std::vector<LossPair>& pairs, const std::string& a,
                        const std::string& b) {
  const auto found =
      std::ranges::find_if(pairs, [&](const LossPair& pair) { return pair.a == a && pair.b == b; });
  return found == pairs.end() ? nullptr : &*found;
}

std::optional<double> mean_in(const Summaries& summaries, const std::string& metric) {
  const auto found = summaries.find(metric);
  return found == summaries.end() ? std::nullopt : found->second.mean;
}

}  // namespace tailgrad::say

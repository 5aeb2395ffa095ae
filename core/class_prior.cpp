#include <tailgrad/core/class_prior.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

SmoothedCounts smoothed_counts(std::span<const double> counts) {
  SmoothedCounts out{.counts = {counts.begin(), counts.end()}, .smoothed = false, .warning = {}};
  const auto empty = std::ranges::count(counts, 0.0);
  if (empty == 0) return out;
  out.smoothed = true;
  for (double& count : out.counts) count += 1;
  out.warning = fmt::format(
      "{} of {} classes have no training items (first: class {}): every count is raised by one "
      "(Laplace)",
      empty, counts.size(), std::ranges::find(counts, 0.0) - counts.begin());
  return out;
}

ClassPrior class_prior(std::span<const std::int64_t> counts, std::string_view what) {
  if (counts.empty()) fail(what, "needs one training count for every class; got none");
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] < 0)
      fail(what, fmt::format("the count of class {} must be >= 0; got {}", k, counts[k]));
  }
  SmoothedCounts raised = smoothed_counts(std::vector<double>(counts.begin(), counts.end()));
  const double total = std::accumulate(raised.counts.begin(), raised.counts.end(), 0.0);
  ClassPrior out{.prior = {},
                 .log_prior = {},
                 .smoothed = raised.smoothed,
                 .warning = std::move(raised.warning)};
  for (const double n : raised.counts) {
    out.prior.push_back(n / total);
    out.log_prior.push_back(std::log(n / total));
  }
  return out;
}

}  // namespace tailgrad

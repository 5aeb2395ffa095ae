#include <tailgrad/core/class_prior.h>

#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

ClassPrior class_prior(std::span<const std::int64_t> counts, std::string_view what) {
  if (counts.empty()) fail(what, "needs one training count for every class; got none");
  double total = 0;
  std::size_t empty = 0;
  std::size_t first_empty = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] < 0) {
      fail(what, fmt::format("the count of class {} must be >= 0; got {}", k, counts[k]));
    }
    if (counts[k] == 0 && ++empty == 1) first_empty = k;
    total += static_cast<double>(counts[k]);
  }

  ClassPrior out;
  out.smoothed = empty > 0;
  if (out.smoothed) {
    total += static_cast<double>(counts.size());
    out.warning = fmt::format(
        "{} of {} classes have no training items (first: class {}); the prior is (n_k + 1)/(N + C)",
        empty, counts.size(), first_empty);
  }
  for (const std::int64_t count : counts) {
    const double n = static_cast<double>(count) + (out.smoothed ? 1 : 0);
    out.prior.push_back(n / total);
    out.log_prior.push_back(std::log(n / total));
  }
  return out;
}

}  // namespace tailgrad

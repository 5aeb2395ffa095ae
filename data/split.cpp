#include <tailgrad/data/split.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>

namespace tailgrad {

Split stratified_split(std::span<const Index> labels, Index classes, double share,
                       std::uint64_t seed) {
  if (!(share > 0 && share < 1)) {
    fail("stratified_split", fmt::format("share must be between 0 and 1; got {}", share));
  }
  std::vector<std::vector<Index>> members(static_cast<std::size_t>(std::max(classes, Index{0})));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      fail("stratified_split",
           fmt::format("needs labels from 0 to {}; got {}", classes - 1, labels[i]));
    }
    members[static_cast<std::size_t>(labels[i])].push_back(static_cast<Index>(i));
  }
  std::vector<std::size_t> out(members.size(), 0);
  std::size_t total = 0;
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (members[k].empty()) continue;
    const double wanted = std::floor(static_cast<double>(members[k].size()) * share + 0.5);
    out[k] = std::min(static_cast<std::size_t>(wanted), members[k].size() - 1);
    total += out[k];
  }
  std::vector<bool> held(labels.size(), false);
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (total == 0 && members[k].size() > 1) out[k] = 1;
    Random(seed, "held-out split", k).shuffle(members[k]);
    for (std::size_t i = 0; i < out[k]; ++i) held[static_cast<std::size_t>(members[k][i])] = true;
  }
  Split split;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    (held[i] ? split.held_out : split.kept).push_back(static_cast<Index>(i));
  }
  return split;
}

}  // namespace tailgrad

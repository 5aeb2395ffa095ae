// Warnings when the same imbalance is corrected more than once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// What was done about imbalance, each as a text form; empty: nothing known or nothing done.
struct Corrections {
  std::string loss = {};        ///< "la:tau=1", "wce:weights=inverse", "drw:start=0.8,weights=cb"
  std::string sampler = {};     ///< "class-balanced", "square-root", "progressive"
  std::string adjustment = {};  ///< "la:tau=1"
};

/// One sentence for each pair that corrects for the prior twice, such as the logit-adjusted loss
/// with post-hoc adjustment; none when at most one part corrects. Forms with a tuned number are not
/// reported: dev data then decide how much is left to correct. Throws Error for malformed forms.
std::vector<std::string> double_corrections(const Corrections& corrections);

}  // namespace tailgrad

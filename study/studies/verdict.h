// Verdicts by rule: what an interval says about a claim. Nobody writes "holds" by hand.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <tailgrad/study/statistics.h>

namespace tailgrad {

/// Words and units of a claim.
struct ClaimText {
  std::string id = {};         ///< "C18.la"
  std::string claim = {};      ///< a sentence that is true or not
  std::string published = {};  ///< what the source says, as text; empty: no number printed there
  double scale = 1;            ///< numbers are shown times this: 100 for shares shown in per cent
  std::string unit = {};       ///< "%", "points"
  int digits = 2;              ///< shown behind the point
};

/// A claim, what was measured of it, and what follows. Numbers are before ClaimText::scale.
struct StudyClaim {
  ClaimText text = {};                  ///< words and units
  std::optional<double> measured = {};  ///< mean over the runs
  std::optional<double> low = {};       ///< lower end of its 95 % interval
  std::optional<double> high = {};      ///< upper end
  std::string rule = {};                ///< how the verdict follows from the interval
  std::string verdict = {};             ///< "holds", "fails" or "undecided"
  std::string why = {};                 ///< with the power of the measurement when undecided
};

/// Holds when the whole interval is below `bound`, fails when it is all above, else undecided.
StudyClaim claim_below(ClaimText text, const Summary& measured, double bound);
/// Holds when the whole interval is above `bound`, fails when it is all below, else undecided.
StudyClaim claim_above(ClaimText text, const Summary& measured, double bound);
/// Holds when the whole interval is within `margin` of `target`, fails when it is all outside, on
/// one side; else undecided.
StudyClaim claim_within(ClaimText text, const Summary& measured, double target, double margin);
/// A mean as it was published.
struct PublishedMean {
  double mean = 0;  ///< in the units of what was measured
  double sd = 0;    ///< of one run; 0: not known, ours is used for both
  int count = 1;    ///< of runs
};
/// Holds when the two means are at most three standard errors apart,
///
///   |ours - published| <= 3 sqrt(sd_ours^2 / runs_ours + sd^2 / count),
///
/// fails when they are further apart, and is undecided when three standard errors are more than
/// `resolution`, so that hardly anything could contradict, or when there is no deviation of ours.
StudyClaim claim_agrees(ClaimText text, const Summary& measured, const PublishedMean& published,
                        double resolution = std::numeric_limits<double>::infinity());
/// For what is so or not, without chance: a constructed example, an identity.
StudyClaim claim_exact(ClaimText text, bool holds, const std::string& rule, const std::string& why);
/// Nothing was measured: undecided, with the reason.
StudyClaim claim_missing(ClaimText text, const std::string& reason);

/// A number without chance as a Summary: interval of width 0.
Summary exactly(double value);
/// Of one number a run; those that are not finite count as missing.
Summary summary_of_values(const std::vector<double>& values);
/// b - a value by value, as far as the shorter goes; NaN where one is NaN.
std::vector<double> paired_differences(const std::vector<double>& a, const std::vector<double>& b);

/// "7.883 ± 0.015 %": the mean and half the width of its interval.
std::string shown(const ClaimText& text, std::optional<double> measured, std::optional<double> low,
                  std::optional<double> high);

}  // namespace tailgrad

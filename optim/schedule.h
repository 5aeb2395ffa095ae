// How the learning rate changes over a training run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/form_spec.h>

namespace tailgrad {

/// The factor on the learning rate for update t = 0 … T - 1 of T. With W = ceil(warmup T) and
/// u = (t - W) / max(1, T - W), at most 1:
///   t < W     (t + 1) / W                       linear warm-up; the first update already moves
///   constant  1
///   linear    1 - u
///   cosine    (1 + cos(pi u)) / 2               (Loshchilov and Hutter 2017, eq. 5, one period)
///   step      factor^(number of milestones m with t >= ceil(m T))
class Schedule {
 public:
  /// "constant", "linear:warmup=0.1", "cosine:warmup=0.1",
  /// "step:milestones=0.5/0.75,factor=0.1". Throws Error as read_settings does.
  explicit Schedule(std::string_view text = "constant");

  /// Beyond the planned end (t >= T) the factor stays that of t = T.
  double factor(std::uint64_t t, std::uint64_t total) const;
  /// The canonical text form with every option.
  const std::string& text() const { return text_; }

 private:
  enum class Kind : std::uint8_t { constant, linear, cosine, step };
  Kind kind_;
  double warmup_ = 0;  // share of the updates
  std::vector<double> milestones_;
  double factor_ = 1;
  std::string text_;
};

/// Every schedule there is, for `tailgrad list schedules`.
const std::vector<FormSpec>& schedule_forms();

}  // namespace tailgrad

// What the parts of study gaussian share: the settings, the losses, the judgement.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/core/shape.h>
#include <tailgrad/study/studies/study.h>
#include <tailgrad/study/studies/study_result.h>

namespace tailgrad::gaussian {

inline constexpr double kPriors[] = {0.05, 0.2};  ///< P(+)

/// A published number of the independent reference program, in per cent: 100 trials where an sd is
/// given, else about ten.
struct Reference {
  double mean = 0;
  double sd = 0;
};

/// A loss with the outputs of its line, and what is known of it at 5 and at 20 % positives.
struct LossLine {
  std::string name;
  Index outputs = 2;
  std::optional<Reference> at5 = {};
  std::optional<Reference> at20 = {};
};
/// Every loss of single items with its defaults, and some with other options.
std::vector<LossLine> loss_lines();

/// The tau of the sweeps: 0 to 2.
std::vector<double> sweep_taus();

/// Trials of a plan: they are the seeds of this study.
int trials_of(const StudyPlan& plan);
/// Training items of a trial.
int items_of(const StudyPlan& plan);

/// Claims, rows and figures from what all cells say.
StudyResult judge(const StudyPlan& plan, const nlohmann::json& cells);

}  // namespace tailgrad::gaussian

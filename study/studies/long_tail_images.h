// What the parts of study long-tail-images share: the sets, the competitors, the judgement.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/study/studies/study.h>
#include <tailgrad/study/studies/study_result.h>

namespace tailgrad::long_tail_images {

/// A competitor and what the paper has of it.
struct Method {
  const char* name;  ///< loss, or loss@sampler
  const char* head;  ///< of the model
  /// Balanced errors of tables 3 and 5 on CIFAR-10-LT, exp-100 and step-100, per cent; 0: none.
  double exp100;
  double step100;
};

std::vector<Method> methods_of(const StudyPlan& plan);

/// A set of images, and the net that is trained on it.
struct Set {
  std::string data;
  std::string name;
  std::string model;
  int epochs;
};

std::vector<Set> sets_of(const StudyPlan& plan);

/// Claims, rows and figures from what all cells say.
StudyResult judge(const StudyPlan& plan, const nlohmann::json& cells);

}  // namespace tailgrad::long_tail_images

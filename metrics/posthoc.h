// Adjusting a trained model's logits for an imbalanced problem, without training.
//
// Every adjustment here has the same form, z'_k = scale_k z_k + offset_k, so that a recipe is two
// vectors that any program can apply:
//
//   la          z_k - tau log pi_k                    Menon et al. 2021, eq. 9
//   prior       z_k + log target_k - log pi_k         Saerens et al. 2002
//   temperature z_k / T                               Guo et al. 2017
//   threshold   z_k - t_k   (multi-label: z_k - logit(t_k), so that p_k >= t_k becomes p'_k >= 1/2)
//   tau-norm    z_k / |w_k|^tau                       Kang et al. 2020 (heads without bias)
//
// Free numbers are chosen on dev data, never on test data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/core/form_spec.h>
#include <tailgrad/core/shape.h>

namespace tailgrad {

/// A finished adjustment.
struct Adjustment {
  std::string recipe = {};                 ///< text form with the chosen numbers: "la:tau=1.3"
  std::vector<double> scale = {};          ///< [classes]
  std::vector<double> offset = {};         ///< [classes]
  std::vector<std::string> warnings = {};  ///< what the user should know
};

/// The rows of `tailgrad list adjustments`.
const std::vector<FormSpec>& adjustment_specs();
/// The row of a name; Error with the known names otherwise.
const FormSpec& adjustment_spec(std::string_view name);

/// What an adjustment is made from. Dev data are `logits` [n, classes] with either `labels` [n]
/// (`ignored` ones left out) or, for a multi-label problem, `targets` [n, classes] of 0 and 1.
/// What a form does not need may stay empty; what it needs and misses is an Error that names it.
struct AdjustmentData {
  Index classes = 0;                                ///< number of classes
  std::span<const double> logits = {};              ///< [n, classes] of dev data
  std::span<const Index> labels = {};               ///< [n] true classes, or empty
  std::span<const std::uint8_t> targets = {};       ///< [n, classes] 0 or 1, or empty
  std::optional<Index> ignored = {};                ///< label of items that do not count
  std::span<const std::int64_t> train_counts = {};  ///< [classes], for la and prior
  std::span<const double> target_prior = {};        ///< [classes] > 0, for prior:target=FILE
  std::span<const double> weight_norms = {};        ///< [classes] > 0, for tau-norm; see row_norms
  std::string metric = "balanced_error";            ///< of scalar_metrics(): what `tuned` optimises
};

/// Makes the adjustment that a text form asks for, such as "la:tau=tuned". The same data give the
/// same recipe, bit by bit. How free numbers are found:
/// tau: best of 0, 0.1, … 4 (tau-norm: … 2), then of the hundredths around it; equal values go to
///   the one closest to 1, then to the smaller;
/// temperature: minimum of the mean NLL on dev, which is convex in 1/T, by bisection in log T
///   between 1/100 and 100;
/// threshold: see tune_thresholds.h.
Adjustment fit_adjustment(std::string_view form, const AdjustmentData& data);

/// scale_k z_k + offset_k of `logits` [n, classes]. Throws Error for a length that is no multiple
/// of the classes and for logits that are not finite.
std::vector<double> apply_adjustment(const Adjustment& adjustment, std::span<const double> logits);

/// {recipe, scale, offset, warnings}, and back (Error names what is missing or wrong).
nlohmann::json adjustment_json(const Adjustment& adjustment);
/// The way back.
Adjustment adjustment_from_json(const nlohmann::json& json);

/// Euclidean norm of each row of `weights` [classes, features]: the |w_k| of tau-norm.
std::vector<double> row_norms(std::span<const double> weights, Index classes);

}  // namespace tailgrad

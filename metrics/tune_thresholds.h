// Per-class thresholds chosen on dev data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// Offsets t [classes] for the rule argmax_k (z_k - t_k) that maximise `metric` on the given items,
/// by coordinate search: from t = 0, class after class, each t_k is set to its exact best value
/// while the others are held (only the n margins z_k - max_{j != k}(z_j - t_j) matter, so all
/// outcomes can be tried in one sorted sweep), until a round over all classes gains nothing, at
/// most 20 rounds. Among equally good intervals the one nearest to the present t_k wins, in it the
/// present t_k or else the middle. A local optimum; the result never scores below t = 0. Classes
/// without an item keep 0. `metric`: macro_f1, micro_f1, accuracy or balanced_error; Error for
/// others.
std::vector<double> tune_offsets(std::span<const double> logits, std::span<const Index> labels,
                                 Index classes, std::string_view metric);

/// Probability thresholds [classes] for a multi-label problem, each the best for its own class: F1
/// for `macro_f1`, (TPR + TNR)/2 for `balanced_error`; Error for other metrics. Tried are the
/// middles between neighbouring probabilities and 0.5; equals go to the one nearest to 0.5. Classes
/// without a positive or without a negative item keep 0.5.
std::vector<double> tune_probability_thresholds(std::span<const double> logits,
                                                std::span<const std::uint8_t> targets,
                                                Index classes, std::string_view metric);

}  // namespace tailgrad

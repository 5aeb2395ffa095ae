// Tells a transformer where in its sequence a token stands.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Adds a trained vector for each position: out[t] = x[t] + weight[t - start of its sequence].
/// Parameter: weight [longest, width], normal (0, 0.02) as in Devlin et al. 2019's code.
class LearnedPositions : public Module {
 public:
  /// Throws Error for a size below 1.
  LearnedPositions(Module& parent, std::string_view name, Index longest, Index width,
                   const Init& init = Init::normal(0, 0.02));

  /// x [tokens, width]; sequence s is rows [offsets[s], offsets[s + 1]). Throws Error for offsets
  /// that do not fit x and for a sequence longer than `longest`.
  Tensor operator()(const Tensor& x, std::span<const Index> offsets, Where where = {}) const;

  Tensor weight;  ///< [longest, width]
};

/// Adds sines and cosines of the position (Vaswani et al. 2017, section 3.5):
///   out[t, 2i] = x + sin(p / 10000^(2i / width)),  out[t, 2i + 1] = x + cos(the same)
/// with p = t - start of the sequence. No parameters.
class SinusoidalPositions {
 public:
  /// Throws Error for a size below 1.
  SinusoidalPositions(Index longest, Index width);

  /// As LearnedPositions.
  Tensor operator()(const Tensor& x, std::span<const Index> offsets, Where where = {}) const;

 private:
  Index longest_;
  Index width_;
  std::vector<Real> waves_;  // [longest, width]
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

// Stacked LSTM layers.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <tailgrad/core/ops/lstm.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How an Lstm is made.
struct LstmOptions {
  Index layers = 1;            ///< one above the other
  bool bidirectional = false;  ///< a second pass from the end, beside the first
  /// Of what goes from one layer to the next (not of the last layer's output, as in PyTorch).
  double dropout = 0;
  /// One mask for all steps of a sequence instead of one a step (Gal and Ghahramani 2016, "A
  /// theoretically grounded application of dropout in recurrent neural networks", section 4), for
  /// `dropout` above.
  bool variational = false;
  /// Of the recurrent weights, the same for all steps of a pass (Merity et al. 2018, "Regularizing
  /// and optimizing LSTM language models", section 2: weight-dropped LSTM).
  double weight_dropout = 0;
};

/// lstm() layer upon layer: x [tokens, in] becomes [tokens, hidden], or [tokens, 2 hidden] when
/// bidirectional. sequence_ends() picks the last states.
///
/// Parameters under PyTorch's own names and in its layout, so weights travel both ways as they are:
/// weight_ih_l0 [4 hidden, in], weight_hh_l0 [4 hidden, hidden], bias_ih_l0 and bias_hh_l0
/// [4 hidden] (gates input, forget, cell, output), then the same with `_reverse` for the pass from
/// the end, then l1 …. First values uniform in ±1/sqrt(hidden).
class Lstm : public Module {
 public:
  /// Throws Error for a size below 1 or a rate outside [0, 1).
  Lstm(Module& parent, std::string_view name, Index in, Index hidden, LstmOptions options = {});

  /// Sequence s is the rows [offsets[s], offsets[s + 1]) of x.
  Tensor operator()(const Tensor& x, std::span<const Index> offsets, Where where = {}) const;

  /// Columns of the output.
  Index width() const { return options_.bidirectional ? 2 * hidden_ : hidden_; }
  /// Whether there is a second pass from the end.
  bool bidirectional() const { return options_.bidirectional; }

 private:
  struct Layer {
    LstmWeights forward;
    LstmWeights backward;
  };
  LstmWeights add_weights(Index layer, const char* suffix, Index in);

  Index hidden_;
  LstmOptions options_;
  std::vector<Layer> layers_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

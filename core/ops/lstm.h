// One layer of a long short-term memory, in one or both directions, over packed sequences.
#pragma once

#include <span>

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The weights of one direction, laid out as PyTorch's LSTM lays them out: the rows are the gates
/// input, forget, cell, output, one block of `hidden` rows each.
struct LstmWeights {
  Tensor weight_ih = {};  ///< [4 hidden, in]
  Tensor weight_hh = {};  ///< [4 hidden, hidden]
  Tensor bias_ih = {};    ///< [4 hidden]
  Tensor bias_hh = {};    ///< [4 hidden]

  /// False for a direction that is not wanted.
  bool defined() const { return weight_ih.defined(); }
};

/// Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000:
///   [i f u o] = x_t weight_ih^T + bias_ih + h_(t-1) weight_hh^T + bias_hh
///   c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(u),   h_t = sigmoid(o) tanh(c_t)
/// from h_0 = c_0 = 0, in each sequence by itself.
///
/// x [tokens, in]; sequence s is the rows [offsets[s], offsets[s + 1]), empty ones are allowed.
/// Returns h [tokens, hidden]; with `backward` weights [tokens, 2 hidden]: beside it the h of a
/// second pass over each sequence from its last token to its first.
///
/// No work is done on padding: the inputs of all steps are one product, and a step takes the
/// sequences that are that long. Directions, and groups of 32 sequences, run side by side; the
/// result is the same on any number of threads.
/// Gradients: for x and all weights; those of the weights are one product over all steps. Saved: x,
/// weights, h and 6 hidden numbers a token and direction.
/// Throws Error when shapes or offsets do not fit.
Tensor lstm(const Tensor& x, std::span<const Index> offsets, const LstmWeights& forward,
            const LstmWeights& backward = {}, Where where = {});

/// The state of each sequence after its last step, from what lstm() returned: row s is h [tokens,
/// n] at the last token of sequence s. With `both_ways` the second half of the columns, the pass
/// from the end, is taken at the first token. Rows of empty sequences are zeros (h_0).
/// Returns [sequences, n]. Gradient: g at those tokens, 0 elsewhere. Throws Error when the offsets
/// do not fit, or for an odd n with `both_ways`.
Tensor sequence_ends(const Tensor& h, std::span<const Index> offsets, bool both_ways,
                     Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

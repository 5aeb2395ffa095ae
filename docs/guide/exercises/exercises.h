// The exercises of the guide: three a chapter. Fill in exercises/N_*.cpp, then
//
//   cmake --build --preset release --target exercises
//   build/release/bin/exercises --gtest_filter='Slope.*'
//
// until the tests of the chapter are green. solutions/N_*.cpp has one way to do each.
#pragma once

#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <tailgrad/core/tensor.h>

#include "../mini_tape.h"

namespace exercises {

using tailgrad::Index;
using tailgrad::Real;
using tailgrad::Tensor;

/// What an exercise does before it is solved.
[[noreturn]] inline void todo(const char* number) {
  throw std::logic_error(std::string("to do: exercise ") + number);
}

// 1. A number and its slope

/// 1.1 The slope of f at x from the values on both sides: (f(x + h) - f(x - h)) / 2h.
double central_difference(const std::function<double(double)>& f, double x, double h);

/// 1.2 d/dw of (s(w x) - target)^2 with s(z) = 1 / (1 + e^-z), by the chain rule.
/// (The slope of s is s (1 - s).)
double slope_of_sigmoid_loss(double w, double x, double target);

/// 1.3 Where `steps` steps downhill lead: w becomes w - rate slope(w), again and again.
double descend(const std::function<double(double)>& slope, double w, double rate, int steps);

// 2. The tape

/// 2.1 a / b on the mini tape: its value, and how the slope goes back to a and to b.
Number divide(MiniTape& tape, Number a, Number b);

/// 2.2 e^a on the mini tape.
Number exponential(MiniTape& tape, Number a);

/// 2.3 x^3, element by element, as an op of the library's own tape: Tape::current().record, see
/// docs/adding_an_op.md. (Tensor::empty for the result; kernels::accumulate or a loop over
/// x.gradient_target(), which says whether to add or to write.)
Tensor cube(const Tensor& x);

// 3. A layer

/// 3.1 sums[i] = bias[i] + sum over j of weight[i n + j] x[j], n = x.size(): a layer by two loops.
std::vector<double> layer(std::span<const double> x, std::span<const double> weight,
                          std::span<const double> bias);

/// 3.2 How many numbers a net of full layers has, biases included. widths {4, 8, 3}: a layer from
/// 4 to 8 and one from 8 to 3.
Index count_numbers(std::span<const Index> widths);

/// 3.3 tanh(x weight1^T + bias1) weight2^T + bias2 from matmul, + and tanh, without linear().
Tensor two_layers(const Tensor& x, const Tensor& weight1, const Tensor& bias1,
                  const Tensor& weight2, const Tensor& bias2);

// 4. A loss and what imbalance does to it

/// 4.1 e^z_k / sum_j e^z_j for logits of any size: 1000 must not overflow.
std::vector<double> softmax(std::span<const double> logits);

/// 4.2 The weights n / (C n_k) of classes with counts n_k; n is their sum, C their number.
std::vector<double> inverse_weights(std::span<const double> counts);

/// 4.3 1 minus the mean of the recalls of the classes 0 … classes - 1 that have any item.
double balanced_error(std::span<const Index> truth, std::span<const Index> predicted,
                      Index classes);

// 5. Optimisers

/// 5.1 One step with momentum: velocity becomes momentum velocity + gradient, weight becomes
/// weight - lr velocity.
void momentum_step(double& weight, double& velocity, double gradient, double lr, double momentum);

/// 5.2 Step number t, from 1, of Adam (the formulas are in the chapter), eps = 1e-8.
struct AdamNumbers {
  double weight = 0;
  double mean = 0;    ///< of the gradients
  double square = 0;  ///< of their squares
};
void adam_step(AdamNumbers& numbers, double gradient, int t, double lr, double beta1, double beta2);

/// 5.3 The factor of update t of total: up in a line to 1 at t = warmup - 1, and from t = warmup
/// down in a line that would reach 0 at t = total. 0 < warmup < total.
double warmup_factor(int t, int warmup, int total);

// 6. A transformer

/// 6.1 softmax(q k^T / sqrt(width)) v for one sequence, all [tokens, width], by ops.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v);

/// 6.2 The same when token t may look at the tokens 0 … t only.
Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v);

/// 6.3 Sine and cosine positions: element (t, 2 i) is sin(t / 10000^(2 i / width)), element
/// (t, 2 i + 1) the cosine of the same angle. Row-major, [tokens, width], width even.
std::vector<double> positions(Index tokens, Index width);

// 7. A CRF: emissions [tokens][tags], transitions [tags][tags] from row to column; no begin, no end

using Table = std::vector<std::vector<double>>;

/// 7.1 Emissions of the tags plus transitions from each to the next.
double score(const Table& emissions, const Table& transitions, std::span<const Index> tags);

/// 7.2 log of the sum of e^score over all ways to tag, in time tokens * tags^2.
double log_sum(const Table& emissions, const Table& transitions);

/// 7.3 The best way to tag, by Viterbi; the lower tag where two are as good.
std::vector<Index> best_tags(const Table& emissions, const Table& transitions);

// 8. The long tail

/// 8.1 n_k = most ratio^(-k / (classes - 1)), rounded down, for k = 0 … classes - 1.
std::vector<int> long_tail(int most, double ratio, int classes);

/// 8.2 logits [items, classes] moved by -tau log(n_k / n) in place; counts [classes], none 0.
void adjust(std::span<double> logits, std::span<const double> counts, double tau);

/// 8.3 Macro F1: the mean over the classes of 2 right_k / (items_k + predicted_k), 0 for a class
/// that neither occurs nor is predicted.
double macro_f1(std::span<const Index> truth, std::span<const Index> predicted, Index classes);

}  // namespace exercises

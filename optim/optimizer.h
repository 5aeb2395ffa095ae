// Turns gradients into new weights: all parameters in one pass over memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/named_tensor.h>
#include <tailgrad/core/tensor.h>
#include <tailgrad/optim/optimizer_options.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// What changes from update to update.
struct UpdateFactors {
  double lr = 1;        ///< on every learning rate: Schedule::factor
  double gradient = 1;  ///< on every gradient: 1 / normaliser, clip_factor()
};

/// All that an exact resume needs beside the weights.
struct OptimizerState {
  /// "NAME.momentum_buffer", or "NAME.exp_avg" and "NAME.exp_avg_sq", with the parameter's name
  /// (and PyTorch's of the buffers). Shared with the optimizer, not copied.
  std::vector<NamedTensor> buffers;
  /// Updates made so far, per parameter, in the order of the parameters.
  std::vector<std::int64_t> steps;
};

/// One optimizer over a list of parameters.
///
///   Optimizer optimizer(model.named_parameters(), read_optimizer("adamw:lr=1e-3"));
///   backward(loss);
///   const double norm = optimizer.gradient_norm();
///   optimizer.step({.lr = schedule.factor(t, total), .gradient = clip_factor(norm, 1.0)});
///   optimizer.clear_gradients();
///
/// Rules as in PyTorch: a parameter that no backward pass has reached is left alone, with its state
/// and its count of updates; one that was looked up by rows is updated in full, since momentum and
/// moments move the other rows too (rows that never had a gradient have nothing to move by and cost
/// nothing). The work is cut into fixed blocks: same bits on any number of threads.
class Optimizer {
 public:
  /// Throws Error for a tensor that is no parameter, a name or a parameter given twice, options out
  /// of range, and a group whose pattern matches no parameter.
  Optimizer(std::vector<NamedTensor> parameters, const OptimizerOptions& options);

  /// One update from the parameters' gradients, which stay as they are.
  void step(const UpdateFactors& factors = {});
  /// Root of the sum of squares of all gradients; computed in double, summed in a fixed order.
  double gradient_norm();
  /// Forgets the gradients of all parameters.
  void clear_gradients();

  /// With their names, in the order of the state.
  std::span<const NamedTensor> parameters() const { return parameters_; }
  /// The options in text form (without groups).
  const std::string& text() const { return text_; }

  /// A copy of moments and counts, for a checkpoint.
  OptimizerState state() const;
  /// Copies a saved state in. Throws Error naming the buffer that is missing, too many or of
  /// another shape, and for a wrong number of steps.
  void load_state(const OptimizerState& state);

 private:
  enum class Rule : std::uint8_t { sgd, momentum, adam };
  struct Slot {  // of one parameter
    double lr_factor = 1;
    double weight_decay = 0;
    std::int64_t steps = 0;
    Tensor first;   // momentum direction or first moment
    Tensor second;  // second moment
    /// Rows that ever had a gradient, one byte each; empty: count all of them.
    std::vector<std::uint8_t> active_rows;
    bool all_active = false;
    bool skipped = false;  // in this update: no gradient
    double bias1 = 1;      // 1 - beta1^t
    double bias2 = 1;      // 1 - beta2^t
  };
  struct Block {
    std::uint32_t parameter;
    std::size_t begin;  // elements; cut between rows
    std::size_t end;
  };

  void set_groups(const OptimizerOptions& options);
  void cut_blocks();
  void note_gradients();
  template <class Visit>  // of the rows of a block that have a mark
  void for_runs(const Block& block, std::span<const std::uint8_t> rows, Visit visit) const;
  template <class Visit>
  void for_active_runs(const Block& block, Visit visit) const;
  void update_block(const Block& block, const UpdateFactors& factors) const;

  std::vector<NamedTensor> parameters_;
  std::string text_;
  Rule rule_;
  SgdOptions sgd_;
  AdamWOptions adam_;
  bool decoupled_ = false;
  std::vector<Slot> slots_;
  std::vector<Block> blocks_;
  std::vector<std::size_t> pieces_;  // piece k is blocks pieces_[k] … pieces_[k + 1] - 1
  std::vector<double> sums_;         // of squares, one a block
};

/// The factor that brings gradients of this norm down to at most `max_norm`:
/// min(1, max_norm / (norm + 1e-6)), as PyTorch's clip_grad_norm_; 1 when the norm is not finite
/// (look at the norm). Throws Error unless max_norm > 0.
double clip_factor(double norm, double max_norm);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

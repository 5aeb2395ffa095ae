// Gradients of parameters: dense or by rows, and one set a task when tasks run side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The gradient of one parameter. Looking up rows of an embedding touches few of them; as long as
/// nothing else has been added, only those rows are kept, cleared, combined and (by a sparse
/// optimiser) updated.
class ParameterGradient {
 public:
  /// What the buffer holds.
  enum class State : std::uint8_t {
    none,   ///< nothing added yet; the buffer's content means nothing
    zero,   ///< nothing added yet; the buffer is all zeros
    rows,   ///< zeros but for rows()
    dense,  ///< anything anywhere
  };

  /// State::none; memory is taken at the first use.
  explicit ParameterGradient(const Shape& shape);
  ~ParameterGradient();
  ParameterGradient(const ParameterGradient&) = delete;
  ParameterGradient& operator=(const ParameterGradient&) = delete;

  State state() const { return state_; }  ///< what the buffer holds
  /// Whether a backward pass added anything.
  bool written() const { return state_ == State::rows || state_ == State::dense; }
  /// All elements; meaningful when written().
  std::span<Real> values() const { return {values_, size_}; }
  /// The rows added to, in order of first touch; meaningful in State::rows.
  std::span<const Index> rows() const { return rows_; }
  /// 1 for each row of the parameter that is among rows(), else 0; meaningful in State::rows.
  std::span<const std::uint8_t> row_marks() const { return touched_; }
  Index row_size() const { return row_size_; }  ///< numbers in a row of the parameter

  /// Announces an addition to all elements and returns where to.
  GradientTarget dense_target();
  /// Announces additions to these rows and returns the buffer to add to (it is never fresh).
  Real* row_target(std::span<const Index> rows);
  /// Adds another task's gradient of the same parameter.
  void add(const ParameterGradient& other);
  /// Multiplies what is written by `factor`.
  void scale(Real factor);
  /// Forgets what is written; the memory stays.
  void clear();

 private:
  void allocate();

  std::size_t size_;
  Index row_size_;
  State state_ = State::none;
  Real* values_ = nullptr;
  std::vector<Index> rows_;
  std::vector<std::uint8_t> touched_;  ///< per row; sized at the first sparse use
};

/// One gradient for each of a model's parameters, apart from the parameters' own: the gradients of
/// one shard of a batch.
class GradientSet {
 public:
  /// Numbers the parameters; every set of a model is made from the same list.
  explicit GradientSet(std::span<const Tensor> parameters);

  /// The gradient of parameter `slot`, in the order of the constructor.
  ParameterGradient& operator[](std::size_t slot) { return gradients_[slot]; }
  std::size_t size() const { return gradients_.size(); }  ///< how many parameters

 private:
  friend class Tensor;
  std::deque<ParameterGradient> gradients_;
};

/// While it lives, backward passes of the running thread add to `set` instead of to the
/// parameters' own gradients.
class GradientScope {
 public:
  /// From now on backward passes of this thread add to `set`.
  explicit GradientScope(GradientSet& set);
  ~GradientScope();
  GradientScope(const GradientScope&) = delete;
  GradientScope& operator=(const GradientScope&) = delete;

 private:
  GradientSet* before_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

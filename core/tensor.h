// Tensor: a handle to a block of numbers and, when one is wanted, their gradient.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <tailgrad/core/error.h>
#include <tailgrad/core/real.h>
#include <tailgrad/core/shape.h>
#include <tailgrad/core/tensor_block.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Where a backward pass puts a gradient: adds to `data` or, when `fresh`, writes it (what is there
/// is then garbage). Either way it must fill all elements.
struct GradientTarget {
  Real* data;  ///< size() numbers
  bool fresh;  ///< write, do not add
};

/// Row-major numbers with a shape, shared by all copies of the handle (8 bytes, no virtual call).
///
/// There are no strides and no element types: a reshape or a range of rows is the only view, and a
/// transposed operand is a flag of `matmul`. Values are written when a tensor is made or by an
/// optimiser, never by an op. Thread rule: a tensor belongs to one thread at a time, like a
/// std::string; only parameters may be read by several threads at once.
class Tensor {
 public:
  /// No tensor; defined() is false.
  Tensor() = default;
  Tensor(const Tensor& other) : block_(other.block_) {
    if (block_ != nullptr) retain(block_);
  }
  /// Takes the handle over; the other one becomes undefined.
  Tensor(Tensor&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  /// Lets this handle mean the other's numbers; copies none.
  Tensor& operator=(Tensor other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Tensor() {
    if (block_ != nullptr) release(block_);
  }

  /// Values not set. For kernels that write every element.
  static Tensor empty(const Shape& shape);
  /// All values 0.
  static Tensor zeros(const Shape& shape);
  /// All values `value`.
  static Tensor full(const Shape& shape, Real value);
  /// A copy of `values`, row-major. Throws Error when their number is not the shape's.
  static Tensor from(const Shape& shape, std::span<const Real> values, Where where = {});
  /// One number, shape [].
  static Tensor scalar(Real value);
  /// A trained tensor: wants a gradient, may be read by several threads at once.
  static Tensor parameter(const Shape& shape);

  /// Whether there is a tensor behind the handle.
  bool defined() const { return block_ != nullptr; }
  /// Throws Error when undefined, as do the sizes below.
  const Shape& shape() const {
    if (block_ == nullptr) [[unlikely]]
      no_tensor();
    return block_->shape;
  }
  /// Number of elements.
  std::size_t size() const {
    if (block_ == nullptr) [[unlikely]]
      no_tensor();
    return block_->size;
  }
  /// Product of all axes but the last; 1 for a scalar.
  Index rows() const { return shape().rows(); }
  Index cols() const { return shape().cols(); }  ///< extent of the last axis; 1 for a scalar

  const Real* data() const { return block_->values; }  ///< row-major, size() numbers
  /// The same for writing: see the class for who may.
  Real* mutable_data() const { return block_->values; }
  std::span<const Real> values() const { return {data(), size()}; }  ///< all elements, row-major
  /// The same for writing: see the class for who may.
  std::span<Real> mutable_values() const { return {mutable_data(), size()}; }
  /// The only element. Throws Error when there are several.
  Real item(Where where = {}) const;

  /// Whether a backward pass gives this tensor a gradient.
  bool requires_grad() const { return block_->requires_grad; }
  /// Asks for a gradient (of a tensor that no op made). Returns *this.
  Tensor& require_grad();
  /// Whether a backward pass has reached this tensor since it was made or cleared.
  bool has_grad() const;
  /// The gradient, row-major. Throws Error when there is none.
  std::span<const Real> grad(Where where = {}) const;
  /// Forgets the gradient: has_grad() is false again.
  void clear_grad();

  /// The same values under another shape of the same size; shares values and gradient.
  Tensor reshape(const Shape& shape, Where where = {}) const;
  /// Rows [begin, end) of the first axis; shares values and gradient.
  Tensor row_range(Index begin, Index end, Where where = {}) const;
  /// The same values, cut off from the tape: no gradient flows through.
  Tensor detach() const;

  // For ops and optimisers.

  /// Where a backward pass puts this tensor's gradient. Every call is followed by a full write.
  GradientTarget gradient_target() const;
  /// Adds `gradient`, size() numbers in memory from Pool::allocate, to this tensor's gradient and
  /// takes the memory over: no copy is made when nothing has been added yet.
  void take_gradient(Real* gradient) const;
  /// The gradient of a parameter, with its sparse form; null for other tensors. In a task with
  /// gradients of its own (see GradientScope) it is that task's.
  ParameterGradient* parameter_gradient() const;
  /// True when both handles mean the same numbers and gradient.
  bool same_as(const Tensor& other) const { return block_ == other.block_; }

 private:
  friend class Tape;
  friend class GradientSet;
  explicit Tensor(TensorBlock* block) : block_(block) {}
  void mark_requires_grad() const { block_->requires_grad = true; }

  static void retain(TensorBlock* block) {
    if (block->shared) {
      std::atomic_ref(block->references).fetch_add(1, std::memory_order_relaxed);
    } else {
      ++block->references;
    }
  }
  static void release(TensorBlock* block) noexcept {
    if (block->shared) {
      if (std::atomic_ref(block->references).fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    } else if (--block->references > 0) {
      return;
    }
    destroy(block);
  }
  [[noreturn, gnu::cold]] static void no_tensor();
  static void destroy(TensorBlock* block) noexcept;
  static TensorBlock* view(TensorBlock* of, const Shape& shape, std::size_t offset);

  TensorBlock* block_ = nullptr;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

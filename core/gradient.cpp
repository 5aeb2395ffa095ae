#include <tailgrad/core/gradient.h>

#include <algorithm>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/core/tensor_block.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

thread_local constinit GradientSet* current_set = nullptr;

constexpr std::size_t kGrain = std::size_t{1} << 16;  // elements a piece: some tens of µs of work

}  // namespace

ParameterGradient::ParameterGradient(const Shape& shape)
    : size_(shape.size()), row_size_(shape.cols()) {}

ParameterGradient::~ParameterGradient() {
  if (values_ != nullptr) Pool::release(values_);
}

void ParameterGradient::allocate() {
  if (values_ == nullptr) values_ = static_cast<Real*>(Pool::allocate(size_ * sizeof(Real)));
}

GradientTarget ParameterGradient::dense_target() {
  allocate();
  const bool fresh = state_ == State::none;
  for (Index row : rows_) touched_[static_cast<std::size_t>(row)] = 0;
  rows_.clear();
  state_ = State::dense;
  return {values_, fresh};
}

Real* ParameterGradient::row_target(std::span<const Index> rows) {
  if (state_ == State::dense) return values_;
  allocate();
  if (state_ == State::none) {
    std::fill_n(values_, size_, Real{0});
    touched_.assign(size_ / static_cast<std::size_t>(std::max(row_size_, 1)), 0);
  }
  state_ = State::rows;
  for (Index row : rows) {
    std::uint8_t& seen = touched_[static_cast<std::size_t>(row)];
    if (seen == 0) rows_.push_back(row);
    seen = 1;
  }
  return values_;
}

void ParameterGradient::add(const ParameterGradient& other) {
  if (!other.written()) return;
  const auto width = static_cast<std::size_t>(row_size_);
  if (other.state_ == State::rows) {
    Real* to = row_target(other.rows_);
    for (Index row : other.rows_) {
      const std::size_t at = static_cast<std::size_t>(row) * width;
      for (std::size_t i = at; i < at + width; ++i) to[i] += other.values_[i];
    }
    return;
  }
  const GradientTarget to = dense_target();
  const Real* from = other.values_;
  parallel_for(size_, kGrain, [&](std::size_t begin, std::size_t end) {
    if (to.fresh) {
      std::copy(from + begin, from + end, to.data + begin);
    } else {
      for (std::size_t i = begin; i < end; ++i) to.data[i] += from[i];
    }
  });
}

void ParameterGradient::scale(Real factor) {
  if (!written()) return;
  if (state_ == State::rows) {
    const auto width = static_cast<std::size_t>(row_size_);
    for (Index row : rows_) {
      const std::size_t at = static_cast<std::size_t>(row) * width;
      for (std::size_t i = at; i < at + width; ++i) values_[i] *= factor;
    }
    return;
  }
  parallel_for(size_, kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) values_[i] *= factor;
  });
}

void ParameterGradient::clear() {
  if (state_ == State::dense) state_ = State::none;
  if (state_ != State::rows) return;
  const auto width = static_cast<std::size_t>(row_size_);
  for (Index row : rows_) {
    std::fill_n(values_ + static_cast<std::size_t>(row) * width, width, Real{0});
    touched_[static_cast<std::size_t>(row)] = 0;
  }
  rows_.clear();
  state_ = State::zero;
}

GradientSet::GradientSet(std::span<const Tensor> parameters) {
  std::int32_t slot = 0;
  for (const Tensor& parameter : parameters) {
    TensorBlock* block = parameter.block_;
    if (block == nullptr || block->parameter == nullptr)
      fail("GradientSet", "needs parameters, made by Tensor::parameter");
    block->parameter_slot = slot++;
    gradients_.emplace_back(block->shape);
  }
}

ParameterGradient* Tensor::parameter_gradient() const {
  const TensorBlock* owner = block_->base != nullptr ? block_->base : block_;
  if (owner->parameter == nullptr) return nullptr;
  if (current_set == nullptr || owner->parameter_slot < 0) return owner->parameter;
  return &current_set->gradients_[static_cast<std::size_t>(owner->parameter_slot)];
}

GradientScope::GradientScope(GradientSet& set) : before_(current_set) {
  current_set = &set;
}
GradientScope::~GradientScope() {
  current_set = before_;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

#include <tailgrad/core/tensor.h>

#include <algorithm>
#include <atomic>
#include <new>

#include <tailgrad/core/gradient.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/core/tensor_block.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// The values start here in a block's allocation, on a cache line of their own.
constexpr std::size_t kHeader = (sizeof(TensorBlock) + 63) / 64 * 64;

TensorBlock* new_block(const Shape& shape, bool with_values) {
  const std::size_t size = shape.size();
  void* memory = Pool::allocate(kHeader + (with_values ? size * sizeof(Real) : 0));
  auto* block = new (memory) TensorBlock;
  block->shape = shape;
  block->size = size;
  if (with_values)
    block->values = reinterpret_cast<Real*>(static_cast<std::byte*>(memory) + kHeader);
  return block;
}

// Views of views share one base.
TensorBlock* owner_of(TensorBlock* block) {
  return block->base != nullptr ? block->base : block;
}

// The gradient of an ordinary tensor, all zeros unless something has been added.
Real* zeroed_gradient(TensorBlock* block) {
  if (block->gradient == nullptr)
    block->gradient = static_cast<Real*>(Pool::allocate(block->size * sizeof(Real)));
  if (!block->gradient_written) std::fill_n(block->gradient, block->size, Real{0});
  block->gradient_written = true;
  return block->gradient;
}

}  // namespace

void Tensor::destroy(TensorBlock* block) noexcept {
  TensorBlock* const base = block->base;
  if (block->gradient != nullptr) Pool::release(block->gradient);
  delete block->parameter;
  block->~TensorBlock();
  Pool::release(block);
  if (base != nullptr) release(base);  // of a view; a base is no view, so this ends here
}

TensorBlock* Tensor::view(TensorBlock* of, const Shape& shape, std::size_t offset) {
  TensorBlock* base = owner_of(of);
  TensorBlock* block = new_block(shape, false);
  block->requires_grad = of->requires_grad;
  block->values = of->values + offset;
  block->base = base;
  block->offset = of->offset + offset;
  retain(base);
  return block;
}

Tensor Tensor::empty(const Shape& shape) {
  return Tensor(new_block(shape, true));
}

Tensor Tensor::zeros(const Shape& shape) {
  return full(shape, 0);
}

Tensor Tensor::full(const Shape& shape, Real value) {
  Tensor tensor = empty(shape);
  std::ranges::fill(tensor.mutable_values(), value);
  return tensor;
}

Tensor Tensor::from(const Shape& shape, std::span<const Real> values, Where where) {
  if (values.size() != shape.size())
    fail("Tensor::from",
         "the shape needs " + std::to_string(shape.size()) + " values, not " +
             std::to_string(values.size()),
         {{"shape", shape}}, where);
  Tensor tensor = empty(shape);
  std::ranges::copy(values, tensor.mutable_data());
  return tensor;
}

Tensor Tensor::scalar(Real value) {
  return full({}, value);
}

Tensor Tensor::parameter(const Shape& shape) {
  Tensor tensor = zeros(shape);
  tensor.block_->requires_grad = true;
  tensor.block_->shared = true;
  tensor.block_->parameter = new ParameterGradient(shape);
  return tensor;
}

void Tensor::no_tensor() {
  fail("Tensor", "there is no tensor behind this handle; make one with Tensor::zeros or an op");
}

Real Tensor::item(Where where) const {
  if (size() != 1) fail("item", "needs a tensor of one element", {{"tensor", shape()}}, where);
  return *data();
}

Tensor& Tensor::require_grad() {
  block_->requires_grad = true;
  return *this;
}

bool Tensor::has_grad() const {
  const ParameterGradient* parameter = parameter_gradient();
  return parameter != nullptr ? parameter->written() : owner_of(block_)->gradient_written;
}

std::span<const Real> Tensor::grad(Where where) const {
  if (!has_grad())
    fail("grad", "no backward pass has reached this tensor", {{"tensor", shape()}}, where);
  const ParameterGradient* parameter = parameter_gradient();
  const Real* gradient =
      parameter != nullptr ? parameter->values().data() : owner_of(block_)->gradient;
  return {gradient + block_->offset, size()};
}

void Tensor::clear_grad() {
  if (ParameterGradient* parameter = parameter_gradient()) parameter->clear();
  owner_of(block_)->gradient_written = false;
}

Tensor Tensor::reshape(const Shape& new_shape, Where where) const {
  if (new_shape.size() != size())
    fail("reshape", "both shapes must have the same number of elements",
         {{"from", shape()}, {"to", new_shape}}, where);
  return Tensor(view(block_, new_shape, 0));
}

Tensor Tensor::row_range(Index begin, Index end, Where where) const {
  const Shape& from = shape();
  if (from.rank() == 0 || begin < 0 || end < begin || end > from[0])
    fail("row_range",
         "needs 0 <= begin <= end <= rows; asked for [" + std::to_string(begin) + ", " +
             std::to_string(end) + ")",
         {{"tensor", from}}, where);
  const std::size_t row = from[0] == 0 ? 0 : size() / static_cast<std::size_t>(from[0]);
  const Index count = end - begin;
  Shape to;
  switch (from.rank()) {
    case 1:
      to = {count};
      break;
    case 2:
      to = {count, from[1]};
      break;
    case 3:
      to = {count, from[1], from[2]};
      break;
    default:
      to = {count, from[1], from[2], from[3]};
      break;
  }
  return Tensor(view(block_, to, static_cast<std::size_t>(begin) * row));
}

Tensor Tensor::detach() const {
  Tensor cut(view(block_, shape(), 0));
  cut.block_->requires_grad = false;
  return cut;
}

void Tensor::take_gradient(Real* gradient) const {
  TensorBlock* owner = owner_of(block_);
  if (owner->parameter == nullptr && block_->size == owner->size && !owner->gradient_written) {
    if (owner->gradient != nullptr) Pool::release(owner->gradient);
    owner->gradient = gradient;
    owner->gradient_written = true;
    return;
  }
  const GradientTarget target = gradient_target();
  for (std::size_t i = 0; i < block_->size; ++i)
    target.data[i] = (target.fresh ? 0 : target.data[i]) + gradient[i];
  Pool::release(gradient);
}

GradientTarget Tensor::gradient_target() const {
  TensorBlock* owner = owner_of(block_);
  const bool whole = block_->size == owner->size;
  if (owner->parameter != nullptr) {
    const GradientTarget target = parameter_gradient()->dense_target();
    if (target.fresh && !whole) std::fill_n(target.data, owner->size, Real{0});
    return {target.data + block_->offset, target.fresh && whole};
  }
  if (!whole) return {zeroed_gradient(owner) + block_->offset, false};
  if (owner->gradient == nullptr)
    owner->gradient = static_cast<Real*>(Pool::allocate(owner->size * sizeof(Real)));
  const bool fresh = !owner->gradient_written;
  owner->gradient_written = true;
  return {owner->gradient, fresh};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

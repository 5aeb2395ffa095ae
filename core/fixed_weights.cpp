#include <tailgrad/core/fixed_weights.h>

#include <utility>

#include <tailgrad/core/kernels/packed_product.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

thread_local FixedWeights* current = nullptr;

}  // namespace

FixedWeights::FixedWeights() : before_(std::exchange(current, this)) {}

FixedWeights::~FixedWeights() {
  current = before_;
}

const Real* FixedWeights::layout_of(const Tensor& weight) {
  if (current == nullptr || Tape::current().enabled() || !weight.requires_grad()) return nullptr;
  // A model has some dozens of weights: looking through them costs less than a hash.
  for (const Layout& layout : current->layouts_)
    if (layout.weight.data() == weight.data() && layout.weight.shape() == weight.shape())
      return layout.packed.data();
  const auto n = static_cast<std::size_t>(weight.rows());
  const auto k = static_cast<std::size_t>(weight.cols());
  kernels::Scratch<Real> packed(kernels::packed_size(k, n));
  kernels::pack_matrix(packed.data(), {weight.data(), weight.cols(), true}, k, n);
  current->layouts_.push_back({weight, std::move(packed)});
  return current->layouts_.back().packed.data();
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

#include <tailgrad/losses/loss.h>

#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Tensor LossOutput::mean(Where where) const {
  if (!sum.defined() || sum.size() != 1)
    fail("LossOutput::mean", "the sum must be a tensor of one element", {}, where);
  const double share = normaliser == 0 ? 0 : 1 / normaliser;
  const auto factor = static_cast<Real>(share);
  Tensor out = Tensor::scalar(static_cast<Real>(static_cast<double>(sum.item()) * share));
  Tape::current().record("mean of a loss", out, {&sum}, [from = sum, out, factor] {
    const GradientTarget target = from.gradient_target();
    target.data[0] = (target.fresh ? 0 : target.data[0]) + factor * out.grad()[0];
  });
  return out;
}

std::vector<double> Loss::statistics(const Tensor&, const Targets&) const {
  return {};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

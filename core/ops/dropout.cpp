#include <tailgrad/core/ops/dropout.h>

#include <cstdint>
#include <string>
#include <utility>

#include <tailgrad/core/kernels/dropout_mask.h>
#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Tensor dropout(const Tensor& x, double rate, Where where) {
  if (!(rate >= 0 && rate <= 1))
    fail("dropout", "needs 0 <= rate <= 1; got rate " + std::to_string(rate), {{"x", x.shape()}},
         where);
  TrainingPass* pass = TrainingPass::current();
  if (pass == nullptr) return x;
  // Counted even when nothing is dropped: the other dropouts keep their numbers.
  const DropoutKey key{pass->seed(), pass->step(), pass->shard(), pass->next_use()};
  const std::uint32_t threshold = dropout_threshold(rate);
  if (threshold == 0) return x;
  const Real scale =
      threshold >= 65536 ? Real{0} : static_cast<Real>(65536.0 / (65536 - threshold));
  kernels::Scratch<std::uint8_t> keep(x.size());
  dropout_mask(key, threshold, {keep.data(), x.size()});
  Tensor out = Tensor::empty(x.shape());
  kernels::fill(out.mutable_data(), x.size(),
                [in = x.data(), kept = keep.data(), scale](std::size_t i) {
                  return kept[i] != 0 ? in[i] * scale : Real{0};
                });
  Tape::current().record("dropout", out, {&x}, [x, out, scale, keep = std::move(keep)] {
    kernels::accumulate(x.gradient_target(), x.size(),
                        [g = out.grad().data(), kept = keep.data(), scale](std::size_t i) {
                          return kept[i] != 0 ? g[i] * scale : Real{0};
                        });
  });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

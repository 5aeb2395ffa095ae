#include <tailgrad/core/ops/dropout.h>

#include <cstdint>
#include <string>
#include <utility>

#include <tailgrad/core/kernels/dropout_mask.h>
#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops/segments.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

namespace {

void check_rate(const char* op, const Tensor& x, double rate, Where where) {
  if (!(rate >= 0 && rate <= 1))
    fail(op, "needs 0 <= rate <= 1; got rate " + std::to_string(rate), {{"x", x.shape()}}, where);
}

Real kept_scale(std::uint32_t threshold) {
  return threshold >= 65536 ? Real{0} : static_cast<Real>(65536.0 / (65536 - threshold));
}

DropoutKey next_key(TrainingPass& pass) {
  return {pass.seed(), pass.step(), pass.shard(), pass.next_use()};
}

}  // namespace

Tensor dropout(const Tensor& x, double rate, Where where) {
  check_rate("dropout", x, rate, where);
  TrainingPass* pass = TrainingPass::current();
  if (pass == nullptr) return x;
  // Counted even when nothing is dropped: the other dropouts keep their numbers.
  const DropoutKey key = next_key(*pass);
  const std::uint32_t threshold = dropout_threshold(rate);
  if (threshold == 0) return x;
  const Real scale = kept_scale(threshold);
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

Tensor sequence_dropout(const Tensor& x, std::span<const Index> offsets, double rate, Where where) {
  check_rate("sequence_dropout", x, rate, where);
  check_segments("sequence_dropout", x.shape(), offsets, where);
  TrainingPass* pass = TrainingPass::current();
  if (pass == nullptr) return x;
  const DropoutKey key = next_key(*pass);
  const std::uint32_t threshold = dropout_threshold(rate);
  if (threshold == 0) return x;
  const auto n = static_cast<std::size_t>(x.cols());
  const std::size_t sequences = offsets.size() - 1;
  kernels::Scratch<std::uint8_t> keep(sequences * n);
  dropout_mask(key, threshold, {keep.data(), sequences * n});
  kernels::Scratch<Real> factors(sequences * n);
  const Real scale = kept_scale(threshold);
  for (std::size_t i = 0; i < sequences * n; ++i) factors[i] = keep[i] != 0 ? scale : Real{0};
  // to[r] = or += from[r] times the factors of r's sequence.
  const auto apply = [n, sequences](Real* to, bool fresh, const Real* from, const Real* by,
                                    const Index* at) {
    for (std::size_t s = 0; s < sequences; ++s)
      for (auto r = static_cast<std::size_t>(at[s]); r < static_cast<std::size_t>(at[s + 1]); ++r) {
        Real* __restrict t = to + r * n;
        const Real* __restrict f = from + r * n;
        const Real* __restrict m = by + s * n;
        for (std::size_t c = 0; c < n; ++c) {
          const Real kept = m[c] == 0 ? Real{0} : f[c] * m[c];  // 0 even of a NaN, as in dropout
          t[c] = (fresh ? Real{0} : t[c]) + kept;
        }
      }
  };
  Tensor out = Tensor::empty(x.shape());
  apply(out.mutable_data(), true, x.data(), factors.data(), offsets.data());
  Tape::current().record(
      "sequence_dropout", out, {&x},
      [x, out, apply, factors = std::move(factors), own = kernels::Scratch<Index>(offsets)] {
        const GradientTarget to = x.gradient_target();
        apply(to.data, to.fresh, out.grad().data(), factors.data(), own.data());
      });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

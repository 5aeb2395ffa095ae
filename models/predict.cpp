#include <tailgrad/models/predict.h>

#include <algorithm>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/data/batches.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
std::vector<Real> predict_logits(const Model& model, const Examples& examples, Index batch_tokens) {
  const auto classes = static_cast<std::size_t>(examples.class_count);
  std::vector<Real> all(static_cast<std::size_t>(examples.size()) * classes);
  const Batches batches = token_batches_in_order(examples.lengths(), {.tokens = batch_tokens});
  parallel_for(batches.size(), 1, [&](std::size_t begin, std::size_t end) {
    const NoGrad no_grad;
    Examples batch;
    for (std::size_t index = begin; index < end; ++index) {
      select(examples, batches[index], batch);
      const Tensor logits = model.logits(batch);
      const Real* row = logits.data();
      for (const Index item : batches[index]) {
        std::copy_n(
            row, classes,
            all.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(item) * classes));
        row += classes;
      }
    }
  });
  return all;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

#include <tailgrad/models/predict.h>

#include <algorithm>
#include <string>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/data/batches.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr Index kImages = 64;  // a batch

Tensor shifted(const Tensor& logits, std::span<const Real> shift) {
  if (shift.empty()) return logits;
  const Tensor out = Tensor::from(logits.shape(), logits.values());
  Real* to = out.mutable_data();
  for (std::size_t i = 0; i < out.size(); ++i) to[i] += shift[i % shift.size()];
  return out;
}

Outputs run(const Model& model, const Examples& examples, std::span<const Real> shift,
            Index batch_tokens, bool decode) {
  const auto classes = static_cast<std::size_t>(examples.class_count);
  const auto rows = static_cast<std::size_t>(examples.rows());
  Outputs all;
  all.logits.resize(rows * classes);
  if (decode) all.classes.resize(rows);
  // Of the layers of an image net each is far larger than the image.
  if (examples.is_images()) batch_tokens = std::min(batch_tokens, kImages);
  const Batches batches = token_batches_in_order(examples.lengths(), {.tokens = batch_tokens});
  parallel_for(batches.size(), 1, [&](std::size_t begin, std::size_t end) {
    const NoGrad no_grad;
    Examples batch;
    std::vector<Index> decoded;
    for (std::size_t index = begin; index < end; ++index) {
      select(examples, batches[index], batch);
      const Tensor logits = model.logits(batch);
      decoded.clear();
      if (decode) model.decode(shifted(logits, shift), batch, decoded);
      std::size_t row = 0;
      for (const Index item : batches[index]) {
        const auto to = static_cast<std::size_t>(examples.first_row(item));
        const auto count = static_cast<std::size_t>(examples.first_row(item + 1)) - to;
        std::copy_n(logits.data() + row * classes, count * classes,
                    all.logits.data() + to * classes);
        if (decode) std::copy_n(decoded.data() + row, count, all.classes.data() + to);
        row += count;
      }
    }
  });
  return all;
}

}  // namespace

Outputs predict(const Model& model, const Examples& examples, Index batch_tokens) {
  return run(model, examples, {}, batch_tokens, true);
}

Outputs predict(const Model& model, const Examples& examples, std::span<const Real> shift,
                Index batch_tokens) {
  if (!shift.empty() && shift.size() != static_cast<std::size_t>(examples.class_count))
    fail("predict", "needs one shift a class, got " + std::to_string(shift.size()));
  return run(model, examples, shift, batch_tokens, true);
}

std::vector<Real> predict_logits(const Model& model, const Examples& examples, Index batch_tokens) {
  return run(model, examples, {}, batch_tokens, false).logits;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

#include <tailgrad/models/word_embedding.h>

#include <cmath>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

// Deviation 1/sqrt(width): a token's vector has a length of about 1 whatever the width.
WordEmbedding::WordEmbedding(Module& parent, std::string_view name, Index vocabulary, Index width,
                             Index kinds, double dropout)
    : Module(parent, name),
      table_(*this, "table", vocabulary, width, Init::normal(0, 1 / std::sqrt(width))),
      dropout_(dropout) {
  if (kinds > 0)
    kinds_.emplace(*this, "kinds", kinds, width, Init::normal(0, 1 / std::sqrt(width)));
}

Tensor WordEmbedding::operator()(const EncodedTexts& texts) const {
  Tensor rows = table_(texts.ids);
  if (dropout_ > 0 && TrainingPass::current() != nullptr)
    rows = rows * dropout(Tensor::full({rows.shape()[0], 1}, 1), dropout_);
  const Tensor words = texts.id_offsets.empty() ? rows : segment_means(rows, texts.id_offsets);
  return kinds_ ? words + (*kinds_)(texts.kinds) : words;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

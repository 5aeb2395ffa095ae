#include <tailgrad/models/word_embedding.h>

#include <cmath>

#include <tailgrad/core/ops.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

// Deviation 1/sqrt(width): a token's vector has a length of about 1 whatever the width.
WordEmbedding::WordEmbedding(Module& parent, std::string_view name, Index vocabulary, Index width)
    : Module(parent, name),
      table_(*this, "table", vocabulary, width, Init::normal(0, 1 / std::sqrt(width))) {}

Tensor WordEmbedding::operator()(const EncodedTexts& texts) const {
  const Tensor rows = table_(texts.ids);
  return texts.id_offsets.empty() ? rows : segment_means(rows, texts.id_offsets);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

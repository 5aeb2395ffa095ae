#include <tailgrad/models/bag_of_embeddings.h>

#include <tailgrad/core/ops.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

BagOfEmbeddings::BagOfEmbeddings(const ModelSetup& setup, Index width, double dropout)
    : Model(setup.seed),
      dropout_(dropout),
      embed_(*this, "embed", setup.vocabulary, width, setup.token_kinds),
      out_(*this, "out", width, setup.classes) {}

Tensor BagOfEmbeddings::logits(const Examples& batch) const {
  return out_(dropout(segment_means(embed_(batch.texts), batch.texts.offsets), dropout_));
}

ModelEntry bag_of_embeddings_entry() {
  return {.spec = {.name = "bag",
                   .meaning = "the mean of the words' embeddings and a linear layer: a baseline",
                   .formula = "softmax(W mean(words) + b)",
                   .source = "Joulin et al. 2017",
                   .options = {{.name = "width",
                                .kind = OptionKind::integer,
                                .fallback = "64",
                                .range = Range::between(1, 4096),
                                .meaning = "numbers a word"},
                               {.name = "dropout",
                                .fallback = "0.2",
                                .range = Range::half_open(0, 1),
                                .meaning = "dropout of the mean"}}},
          .task = "text",
          .make = [](const Settings& settings, const ModelSetup& setup) -> std::unique_ptr<Model> {
            return std::make_unique<BagOfEmbeddings>(
                setup, static_cast<Index>(settings.integer("width")), settings.number("dropout"));
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

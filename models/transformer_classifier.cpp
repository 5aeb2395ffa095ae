#include <tailgrad/models/transformer_classifier.h>

#include <tailgrad/core/ops.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

TransformerClassifier::TransformerClassifier(const ModelSetup& setup,
                                             const TransformerClassifierOptions& options)
    : Model(setup.seed),
      dropout_(options.encoder.layer.dropout),
      embed_(*this, "embed", setup.vocabulary, options.encoder.layer.width, setup.token_kinds,
             options.embedding_dropout),
      encoder_(*this, "encoder", options.encoder),
      pool_(*this, "pool", options.pooling, options.encoder.layer.width),
      out_(*this, "out", pool_.out_width(), setup.classes) {
  const Index width = options.encoder.layer.width;
  if (options.sinusoidal) {
    sinusoidal_.emplace(setup.max_tokens, width);
  } else {
    learned_.emplace(*this, "positions", setup.max_tokens, width);
  }
}

Tensor TransformerClassifier::logits(const Examples& batch) const {
  const std::vector<Index>& offsets = batch.texts.offsets;
  Tensor x = embed_(batch.texts);  // [tokens, width]
  x = learned_ ? (*learned_)(x, offsets) : (*sinusoidal_)(x, offsets);
  x = encoder_(dropout(x, dropout_), offsets);
  return out_(dropout(pool_(x, offsets), dropout_));
}

ModelEntry transformer_classifier_entry() {
  return {.spec = {.name = "transformer",
                   .meaning = "a tiny transformer encoder that gives a text one class",
                   .formula = "softmax(W pool(encoder(words + positions)) + b)",
                   .source = "Vaswani et al. 2017, section 3",
                   .options = {{.name = "layers",
                                .kind = OptionKind::integer,
                                .fallback = "2",
                                .range = Range::between(1, 48),
                                .meaning = "encoder layers"},
                               {.name = "width",
                                .kind = OptionKind::integer,
                                .fallback = "64",
                                .range = Range::between(1, 4096),
                                .meaning = "numbers a token"},
                               {.name = "heads",
                                .kind = OptionKind::integer,
                                .fallback = "4",
                                .range = Range::between(1, 64),
                                .meaning = "attention heads; must divide the width"},
                               {.name = "feedforward",
                                .kind = OptionKind::integer,
                                .fallback = "256",
                                .range = Range::between(1, 16384),
                                .meaning = "width of the feed-forward layers"},
                               {.name = "dropout",
                                .fallback = "0.2",
                                .range = Range::half_open(0, 1),
                                .meaning = "dropout everywhere"},
                               {.name = "embedding_dropout",
                                .fallback = "0",
                                .range = Range::half_open(0, 1),
                                .meaning = "dropout of words, and of n-grams, as wholes",
                                .source = "Gal & Ghahramani 2016, section 4.2"},
                               {.name = "norm",
                                .kind = OptionKind::word,
                                .fallback = "pre",
                                .words = {"pre", "post"},
                                .meaning = "normalise before or after each sublayer",
                                .source = "Xiong et al. 2020"},
                               {.name = "positions",
                                .kind = OptionKind::word,
                                .fallback = "learned",
                                .words = {"learned", "sinusoidal"},
                                .meaning = "position vectors"},
                               {.name = "pooling",
                                .kind = OptionKind::word,
                                .fallback = "mean-max",
                                .words = Pooling::kinds(),
                                .meaning = "tokens to text"}}},
          .task = "text",
          .make = [](const Settings& settings, const ModelSetup& setup) -> std::unique_ptr<Model> {
            TransformerClassifierOptions options;
            TransformerLayerOptions& layer = options.encoder.layer;
            options.encoder.layers = static_cast<Index>(settings.integer("layers"));
            layer.width = static_cast<Index>(settings.integer("width"));
            layer.heads = static_cast<Index>(settings.integer("heads"));
            layer.feedforward = static_cast<Index>(settings.integer("feedforward"));
            layer.dropout = settings.number("dropout");
            options.embedding_dropout = settings.number("embedding_dropout");
            layer.norm_first = settings.is("norm", "pre");
            options.encoder.final_norm = layer.norm_first;
            options.sinusoidal = settings.is("positions", "sinusoidal");
            options.pooling = settings.word("pooling");
            return std::make_unique<TransformerClassifier>(setup, options);
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

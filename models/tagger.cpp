#include <tailgrad/models/tagger.h>

#include <algorithm>

#include <tailgrad/core/ops.h>
#include <tailgrad/core/ops/crf.h>
#include <tailgrad/losses/table.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

Index encoded_width(const TaggerOptions& options) {
  return options.lstm ? 2 * options.width : options.transformer->layer.width;
}

// Whether sentences of every length have a path: {B, E} alone, say, cannot spell three tokens.
bool leaves_a_path(const std::vector<std::uint8_t>& allowed, Index classes) {
  constexpr int kLengths = 64;
  const auto n = static_cast<std::size_t>(classes);
  const auto may = [&](std::size_t from, std::size_t to) {
    return allowed[from * (n + 2) + to] != 0;
  };
  std::vector<bool> here(n);
  for (std::size_t k = 0; k < n; ++k) here[k] = may(n, k);
  for (int length = 1; length <= kLengths; ++length) {
    bool ends = false;
    std::vector<bool> next(n);
    for (std::size_t k = 0; k < n; ++k) {
      if (!here[k]) continue;
      ends = ends || may(k, n + 1);
      for (std::size_t to = 0; to < n; ++to) next[to] = next[to] || may(k, to);
    }
    if (!ends) return false;
    here = next;
  }
  return true;
}

}  // namespace

Tagger::Tagger(const ModelSetup& setup, const TaggerOptions& options)
    : Model(setup.seed),
      input_dropout_(options.input_dropout),
      dropout_(options.dropout),
      features_(*this, "features",
                {.words = setup.vocabulary,
                 .shapes = setup.shapes,
                 .affixes = setup.affixes,
                 .characters = setup.characters},
                options.features),
      out_(*this, "out", encoded_width(options), setup.classes) {
  if (options.constrain && !setup.allowed_transitions.empty() &&
      leaves_a_path(setup.allowed_transitions, setup.classes))
    allowed_ = setup.allowed_transitions;
  if (options.lstm) {
    lstm_.emplace(*this, "lstm", features_.width(), options.width, *options.lstm);
  } else {
    const Index width = options.transformer->layer.width;
    project_.emplace(*this, "project", features_.width(), width);
    positions_.emplace(setup.max_tokens, width);
    transformer_.emplace(*this, "encoder", *options.transformer);
  }
  if (options.crf)
    transitions_ = parameter("transitions", {setup.classes + 2, setup.classes + 2}, Init::zeros());
}

void Tagger::set_word_vectors(const Vocabulary& words, const WordVectors& vectors) {
  features_.set_word_vectors(words, vectors);
}

Tensor Tagger::encode(const Examples& batch) const {
  const std::vector<Index>& offsets = batch.sentences.offsets;
  const Tensor x = dropout(features_(batch.sentences), input_dropout_);
  if (lstm_) return (*lstm_)(x, offsets);
  return (*transformer_)((*positions_)((*project_)(x), offsets), offsets);
}

Tensor Tagger::logits(const Examples& batch) const {
  return out_(dropout(encode(batch), dropout_));
}

Tensor Tagger::logits_for(const Loss& loss, const Examples& batch) const {
  const Tensor emissions = logits(batch);
  if (!transitions_.defined() || loss.reads_sequences()) return emissions;
  return crf_log_marginals(emissions, transitions_, batch.sentences.offsets, batch.classes,
                           {.ignored = kIgnoredLabel});
}

Targets Tagger::targets(const Examples& batch) const {
  Targets targets = Model::targets(batch);
  targets.offsets = batch.sentences.offsets;
  targets.transitions = transitions_;
  return targets;
}

void Tagger::decode(const Tensor& logits, const Examples& batch,
                    std::vector<Index>& classes) const {
  if (!transitions_.defined() && allowed_.empty()) return Model::decode(logits, batch, classes);
  const Tensor transitions =
      transitions_.defined() ? transitions_ : Tensor::zeros({logits.cols() + 2, logits.cols() + 2});
  // Without a CRF the best allowed path is the one with the largest product of probabilities.
  const Tensor scores = transitions_.defined() ? logits : log_softmax(logits);
  const std::vector<Index> path =
      viterbi(scores, transitions, batch.sentences.offsets, {.allowed = allowed_});
  classes.insert(classes.end(), path.begin(), path.end());
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

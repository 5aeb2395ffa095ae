// A tag for every token of a sentence.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/data/word_vectors.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/token_features.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/lstm.h>
#include <tailgrad/nn/position.h>
#include <tailgrad/nn/transformer.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The parts of a tagger.
struct TaggerOptions {
  TokenFeatureOptions features = {};  ///< what is known of a token
  double input_dropout = 0.5;         ///< of the features
  double dropout = 0.5;               ///< of what goes into the last layer, and between layers
  bool crf = true;        ///< tags of a sentence are judged together; else each by itself
  bool constrain = true;  ///< decode only what the tag scheme allows
  /// One of the two, by kind of encoder.
  std::optional<LstmOptions> lstm = {};
  Index width = 100;                                   ///< of the LSTM, each direction
  std::optional<TransformerOptions> transformer = {};  ///< in place of an LSTM
};

/// Features of each token, an encoder that sees the sentence, a linear layer and perhaps a CRF
/// (Huang, Xu, Yu 2015; Lample et al. 2016; Ma and Hovy 2016).
///
/// The logits [tokens, tags] are the emissions of the CRF. Its transitions [tags + 2, tags + 2] are
/// a parameter (rows from, columns to; the last two are begin and end), first values 0.
class Tagger final : public Model {
 public:
  /// From numbers of words to scores of tags.
  Tagger(const ModelSetup& setup, const TaggerOptions& options);

  Tensor logits(const Examples& batch) const override;
  /// With a CRF losses of single tokens get the logarithms of its marginals.
  Tensor logits_for(const Loss& loss, const Examples& batch) const override;
  Targets targets(const Examples& batch) const override;
  /// Viterbi with a CRF or with constraints.
  void decode(const Tensor& logits, const Examples& batch,
              std::vector<Index>& classes) const override;
  const Linear& output() const override { return out_; }

  /// [classes + 2, classes + 2] laid out as the transitions: 0 where decoding never goes. Empty: it
  /// goes anywhere.
  std::span<const std::uint8_t> allowed_transitions() const { return allowed_; }

  /// Gives words of the vocabulary these first embeddings. Throws Error when the widths differ.
  void set_word_vectors(const Vocabulary& words, const WordVectors& vectors);

 private:
  Tensor encode(const Examples& batch) const;

  double input_dropout_;
  double dropout_;
  std::vector<std::uint8_t> allowed_;  // empty: everything is
  TokenFeatures features_;
  std::optional<Lstm> lstm_;
  std::optional<Linear> project_;
  std::optional<SinusoidalPositions> positions_;
  std::optional<TransformerEncoder> transformer_;
  Linear out_;
  Tensor transitions_;  // without a CRF undefined
};

/// bilstm-crf, bilstm, transformer-crf, transformer-tagger.
std::vector<ModelEntry> tagger_entries();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

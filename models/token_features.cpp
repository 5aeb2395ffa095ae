#include <tailgrad/models/token_features.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr Index kCharacterEmbedding = 24;

// A vector of length about 1, whatever its width.
Init unit_vectors(Index width) {
  return Init::normal(0, 1 / std::sqrt(static_cast<double>(width)));
}

std::uint64_t word_dropout_stream(const TrainingPass& pass, std::uint32_t use) {
  return random_stream("word dropout") + (std::uint64_t{pass.shard()} << 32) + use;
}

}  // namespace

CharacterFeatures::CharacterFeatures(Module& parent, std::string_view name, const std::string& kind,
                                     Index characters, Index width)
    : Module(parent, name),
      width_(width),
      table_(*this, "table", characters, kCharacterEmbedding, unit_vectors(kCharacterEmbedding)) {
  if (kind == "lstm") {
    if (width % 2 != 0)
      fail("char_width", "needs an even number for char=lstm: half for each direction; got " +
                             std::to_string(width));
    lstm_.emplace(*this, "lstm", kCharacterEmbedding, width / 2,
                  LstmOptions{.bidirectional = true});
  } else {
    filters_.emplace(*this, "filters", 3 * kCharacterEmbedding, width,
                     LinearOptions{.activation = Activation::relu});
  }
}

// Every character between the two marks with its neighbours: [characters, 3 embeddings].
Tensor CharacterFeatures::windows(const WordForms& forms) const {
  const std::size_t marks = 2 * static_cast<std::size_t>(forms.size());
  const kernels::Scratch<Index> ids(3 * (forms.characters.size() - marks));
  std::size_t count = 0;
  for (std::size_t f = 0; f + 1 < forms.character_offsets.size(); ++f) {
    const auto begin = static_cast<std::size_t>(forms.character_offsets[f]);
    const auto end = static_cast<std::size_t>(forms.character_offsets[f + 1]);
    for (std::size_t i = begin + 1; i + 1 < end; ++i)
      for (std::size_t near = i - 1; near <= i + 1; ++near) ids[count++] = forms.characters[near];
  }
  return table_({ids.data(), count})
      .reshape({static_cast<Index>(count / 3), 3 * kCharacterEmbedding});
}

Tensor CharacterFeatures::operator()(const WordForms& forms) const {
  if (lstm_) {
    const std::span<const Index> offsets = forms.character_offsets;
    return sequence_ends((*lstm_)(table_(forms.characters), offsets), offsets, true);
  }
  const auto count = static_cast<std::size_t>(forms.size()) + 1;
  const kernels::Scratch<Index> offsets(count);
  for (std::size_t f = 0; f < count; ++f)
    offsets[f] = forms.character_offsets[f] - 2 * static_cast<Index>(f);
  return segment_maxima((*filters_)(windows(forms)), {offsets.data(), count});
}

TokenFeatures::TokenFeatures(Module& parent, std::string_view name, const TokenFeatureSizes& sizes,
                             const TokenFeatureOptions& options)
    : Module(parent, name), word_dropout_(options.word_dropout) {
  if (options.words > 0)
    words_.emplace(*this, "words", sizes.words, options.words, unit_vectors(options.words));
  if (options.characters != "none")
    characters_.emplace(*this, "characters", options.characters, sizes.characters,
                        options.character_width);
  if (options.affixes > 0)
    affixes_.emplace(*this, "affixes", sizes.affixes, options.affixes,
                     unit_vectors(options.affixes));
  if (options.shapes > 0)
    shapes_.emplace(*this, "shapes", sizes.shapes, options.shapes, unit_vectors(options.shapes));
  width_ = options.words + (characters_ ? options.character_width : 0) + options.affixes +
           options.shapes;
  if (width_ == 0) fail("tagger", "needs at least one of words, char, affixes and shapes");
}

void TokenFeatures::set_word_vectors(const Vocabulary& words, const WordVectors& vectors) {
  const Index width = words_ ? words_->weight.cols() : 0;
  if (width != vectors.width)
    fail("--vectors",
         "have " + std::to_string(vectors.width) + " numbers a word, the model " +
             std::to_string(width) +
             "; make them equal with the model's option words=" + std::to_string(vectors.width));
  for (std::size_t i = 0; i < vectors.words.size(); ++i) {
    const Index row = words.find(vectors.words[i]);
    if (row == Vocabulary::kUnknown) continue;
    std::copy_n(vectors.values.begin() + static_cast<std::ptrdiff_t>(i) * width, width,
                words_->weight.mutable_data() + static_cast<std::ptrdiff_t>(row) * width);
  }
}

Tensor TokenFeatures::words(const WordForms& forms) const {
  TrainingPass* pass = TrainingPass::current();
  if (pass == nullptr || word_dropout_ == 0) return (*words_)(forms.words);
  const std::uint64_t stream = word_dropout_stream(*pass, pass->next_use());
  const auto count = forms.words.size();
  const kernels::Scratch<std::uint32_t> draws(count);
  philox_words(pass->seed(), stream, pass->step(), 0, {draws.data(), count});
  const kernels::Scratch<Index> ids(count);
  for (std::size_t f = 0; f < count; ++f) {
    const double unknown = word_dropout_ / (word_dropout_ + static_cast<double>(forms.counts[f]));
    ids[f] =
        static_cast<double>(unit_float(draws[f])) < unknown ? Vocabulary::kUnknown : forms.words[f];
  }
  return (*words_)({ids.data(), count});
}

Tensor TokenFeatures::operator()(const EncodedSentences& sentences) const {
  const WordForms& forms = sentences.forms;
  std::array<Tensor, 4> parts;
  std::size_t count = 0;
  if (words_) parts[count++] = words(forms);
  if (characters_) parts[count++] = (*characters_)(forms);
  if (affixes_) parts[count++] = segment_sums((*affixes_)(forms.affixes), forms.affix_offsets);
  if (shapes_) parts[count++] = (*shapes_)(forms.shapes);
  const std::span<const Tensor> used(parts.data(), count);
  return gather_rows(count == 1 ? used[0] : concat_columns(used), sentences.tokens);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

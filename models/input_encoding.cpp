#include <tailgrad/models/input_encoding.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/json_counts.h>
#include <tailgrad/data/encoded_texts.h>

namespace tailgrad {
namespace {

TextEncodingOptions text_options(const nlohmann::json& saved) {
  const nlohmann::json& words = saved.at("vocabulary");
  return {.tokenizer = {.lower_case = saved.at("lower_case"), .normalise = saved.at("normalise")},
          .vocabulary = {.min_count = index_at(words, "min_count"),
                         .buckets = index_at(words, "buckets"),
                         .min_ngram = index_at(words, "min_ngram"),
                         .max_ngram = index_at(words, "max_ngram"),
                         .ngrams_of_all_words = words.at("ngrams_of_all_words")},
          .max_tokens = index_at(saved, "max_tokens"),
          .columns = {.text = saved.value("text_column", "text"),
                      .label = saved.value("label_column", "label"),
                      .second = saved.value("second_column", ""),
                      .cells = {.separator = saved.value("label_separator", ""),
                                .numbers = saved.value("label_numbers", false)}}};
}

}  // namespace

TextEncoding::TextEncoding(const TextDataset& training, const TextEncodingOptions& options)
    : options_(options),
      vocabulary_(count_words(training.texts, options.tokenizer, training.second),
                  options.vocabulary) {
  options_.columns.file = {};
  options_.columns.names = {};
}

TextEncoding::TextEncoding(const nlohmann::json& saved)
    : options_(text_options(saved)),
      vocabulary_(saved.at("vocabulary").at("words").get<std::vector<std::string>>(),
                  options_.vocabulary) {}

nlohmann::json TextEncoding::json() const {
  const VocabularyOptions& words = options_.vocabulary;
  return {{"lower_case", options_.tokenizer.lower_case},
          {"normalise", options_.tokenizer.normalise},
          {"max_tokens", options_.max_tokens},
          {"text_column", options_.columns.text},
          {"label_column", options_.columns.label},
          {"second_column", options_.columns.second},
          {"label_separator", options_.columns.cells.separator},
          {"label_numbers", options_.columns.cells.numbers},
          {"vocabulary",
           {{"min_count", words.min_count},
            {"buckets", words.buckets},
            {"min_ngram", words.min_ngram},
            {"max_ngram", words.max_ngram},
            {"ngrams_of_all_words", words.ngrams_of_all_words},
            {"words",
             std::vector<std::string>(vocabulary_.words().begin(), vocabulary_.words().end())}}}};
}

Examples TextEncoding::encode(const TextDataset& data, Index class_count) const {
  Examples examples;
  examples.texts = of_pairs() ? encode_pairs(data.texts, data.second, options_.tokenizer,
                                             vocabulary_, options_.max_tokens)
                              : tailgrad::encode(data.texts, options_.tokenizer, vocabulary_,
                                                 options_.max_tokens);
  examples.classes = data.labels;
  examples.marks = data.marks;
  examples.class_count = class_count;
  return examples;
}

SentenceEncoding::SentenceEncoding(const TaggedSentences& training, TagScheme scheme,
                                   TagScheme file_scheme, const SentenceEncodingOptions& options,
                                   std::span<const std::string> known)
    : options_(options),
      scheme_(scheme),
      file_scheme_(file_scheme),
      words_(training.words, options.words, known) {
  if (options.max_tokens < 1)
    fail("--max-tokens", "needs at least 1, got " + std::to_string(options.max_tokens));
  training_words_ = words_.training_words();
}

SentenceEncoding::SentenceEncoding(const nlohmann::json& saved)
    : options_{.words = {.min_count = index_at(saved, "min_count"),
                         .affix_buckets = index_at(saved, "affix_buckets"),
                         .longest_affix = index_at(saved, "longest_affix"),
                         .most_characters = index_at(saved, "most_characters")},
               .max_tokens = index_at(saved, "max_tokens"),
               .columns = {.word = saved.at("word_column"), .tag = saved.at("tag_column")}},
      scheme_(scheme_from_name(saved.at("scheme").get<std::string>())),
      file_scheme_(scheme_from_name(saved.at("file_scheme").get<std::string>())),
      words_(saved.at("words").get<std::vector<std::string>>(),
             saved.at("shapes").get<std::vector<std::string>>(),
             saved.at("characters").get<std::vector<std::string>>(), options_.words),
      training_words_(index_at(saved, "training_words")) {}

nlohmann::json SentenceEncoding::json() const {
  const auto list = [](const Vocabulary& vocabulary) {
    return std::vector<std::string>(vocabulary.words().begin(), vocabulary.words().end());
  };
  return {{"scheme", scheme_name(scheme_)},
          {"file_scheme", scheme_name(file_scheme_)},
          {"max_tokens", options_.max_tokens},
          {"word_column", options_.columns.word},
          {"tag_column", options_.columns.tag},
          {"min_count", options_.words.min_count},
          {"affix_buckets", options_.words.affix_buckets},
          {"longest_affix", options_.words.longest_affix},
          {"most_characters", options_.words.most_characters},
          {"training_words", training_words_},
          {"words", list(words_.words())},
          {"shapes", list(words_.shapes())},
          {"characters", list(words_.characters())}};
}

Examples SentenceEncoding::encode(const TaggedSentences& data, Index class_count) const {
  Examples examples;
  examples.sentences = words_.encode(data.words, data.offsets);
  EncodedSentences& sentences = examples.sentences;
  std::vector<Index> pieces = {0};
  for (std::size_t s = 1; s < data.offsets.size(); ++s) {
    const Index begin = data.offsets[s - 1];
    const Index length = data.offsets[s] - begin;
    const Index count =
        std::max((length + options_.max_tokens - 1) / options_.max_tokens, Index{1});
    for (Index piece = 1; piece <= count; ++piece)
      pieces.push_back(begin + static_cast<Index>(std::int64_t{length} * piece / count));
    if (count > 1) ++sentences.cut;
  }
  if (sentences.cut > 0) {
    sentences.whole = std::move(sentences.offsets);
    sentences.offsets = std::move(pieces);
  }
  examples.classes = data.labels;
  examples.class_count = class_count;
  return examples;
}

std::vector<std::uint8_t> SentenceEncoding::unknown_words(const EncodedSentences& sentences) const {
  std::vector<std::uint8_t> unknown;
  unknown.reserve(sentences.tokens.size());
  for (const Index form : sentences.tokens) {
    const Index word = sentences.forms.words[static_cast<std::size_t>(form)];
    unknown.push_back(word == Vocabulary::kUnknown || word > training_words_);
  }
  return unknown;
}

NumberEncoding::NumberEncoding(const NumberDataset& training)
    : columns_(training.columns),
      standardizer_(Standardizer::fit(training.values, training.columns)) {}

NumberEncoding::NumberEncoding(const nlohmann::json& saved)
    : columns_(saved.at("columns").get<std::vector<std::string>>()),
      standardizer_{.mean = saved.at("mean").get<std::vector<double>>(),
                    .scale = saved.at("scale").get<std::vector<double>>()} {}

nlohmann::json NumberEncoding::json() const {
  return {{"columns", columns_}, {"mean", standardizer_.mean}, {"scale", standardizer_.scale}};
}

Examples NumberEncoding::encode(const NumberDataset& data, Index class_count) const {
  std::vector<double> values = data.values;
  standardizer_.apply(values);
  Examples examples;
  examples.features.assign(values.begin(), values.end());
  examples.feature_count = static_cast<Index>(columns_.size());
  examples.classes = data.labels;
  examples.class_count = class_count;
  return examples;
}

ImageEncoding::ImageEncoding(const ImageDataset& training, const Augmentation& augmentation)
    : form_{.height = training.height,
            .width = training.width,
            .channels = training.channels,
            .augmentation = augmentation} {
  const auto channels = static_cast<std::size_t>(form_.channels);
  for (std::size_t c = 0; c < channels; ++c) {
    std::uint64_t sum = 0;  // whole numbers: no order of summation matters
    std::uint64_t squares = 0;
    for (std::size_t i = c; i < training.pixels.size(); i += channels) {
      const std::uint64_t value = training.pixels[i];
      sum += value;
      squares += value * value;
    }
    const auto count = static_cast<double>(training.pixels.size() / channels);
    const double mean = static_cast<double>(sum) / count;
    const double variance = static_cast<double>(squares) / count - mean * mean;
    form_.mean.push_back(static_cast<float>(mean / 255));
    form_.scale.push_back(variance > 0 ? static_cast<float>(std::sqrt(variance) / 255) : 1.0F);
  }
}

ImageEncoding::ImageEncoding(const nlohmann::json& saved)
    : form_{.height = index_at(saved, "height"),
            .width = index_at(saved, "width"),
            .channels = index_at(saved, "channels"),
            .mean = saved.at("mean").get<std::vector<float>>(),
            .scale = saved.at("scale").get<std::vector<float>>(),
            .augmentation = {.pad = index_at(saved.at("augmentation"), "pad"),
                             .flip = saved.at("augmentation").at("flip")}} {}

nlohmann::json ImageEncoding::json() const {
  return {{"height", form_.height},
          {"width", form_.width},
          {"channels", form_.channels},
          {"mean", form_.mean},
          {"scale", form_.scale},
          {"augmentation", {{"pad", form_.augmentation.pad}, {"flip", form_.augmentation.flip}}}};
}

Examples ImageEncoding::encode(const ImageDataset& data, Index class_count) const {
  if (data.height != form_.height || data.width != form_.width || data.channels != form_.channels)
    fail_at(data.path, 0, 0,
            "images of " + std::to_string(data.height) + " x " + std::to_string(data.width) +
                " x " + std::to_string(data.channels) + "; the model reads " +
                std::to_string(form_.height) + " x " + std::to_string(form_.width) + " x " +
                std::to_string(form_.channels));
  Examples examples;
  examples.images = form_;
  examples.images.pixels = data.pixels;
  examples.classes = data.labels;
  examples.class_count = class_count;
  return examples;
}

}  // namespace tailgrad

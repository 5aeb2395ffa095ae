#include <tailgrad/models/input_encoding.h>

#include <nlohmann/json.hpp>

#include <tailgrad/data/encoded_texts.h>

namespace tailgrad {
namespace {

TextEncodingOptions text_options(const nlohmann::json& saved) {
  const nlohmann::json& words = saved.at("vocabulary");
  return {.tokenizer = {.lower_case = saved.at("lower_case"), .normalise = saved.at("normalise")},
          .vocabulary = {.min_count = words.at("min_count"),
                         .buckets = words.at("buckets"),
                         .min_ngram = words.at("min_ngram"),
                         .max_ngram = words.at("max_ngram"),
                         .ngrams_of_all_words = words.at("ngrams_of_all_words")},
          .max_tokens = saved.at("max_tokens")};
}

}  // namespace

TextEncoding::TextEncoding(std::span<const std::string> training_texts,
                           const TextEncodingOptions& options)
    : options_(options),
      vocabulary_(count_words(training_texts, options.tokenizer), options.vocabulary) {}

TextEncoding::TextEncoding(const nlohmann::json& saved)
    : options_(text_options(saved)),
      vocabulary_(saved.at("vocabulary").at("words").get<std::vector<std::string>>(),
                  options_.vocabulary) {}

nlohmann::json TextEncoding::json() const {
  const VocabularyOptions& words = options_.vocabulary;
  return {{"lower_case", options_.tokenizer.lower_case},
          {"normalise", options_.tokenizer.normalise},
          {"max_tokens", options_.max_tokens},
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
  examples.texts =
      tailgrad::encode(data.texts, options_.tokenizer, vocabulary_, options_.max_tokens);
  examples.classes = data.labels;
  examples.class_count = class_count;
  return examples;
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

}  // namespace tailgrad

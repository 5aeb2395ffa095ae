// A data set made ready for training: read, split, encoded, counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/data/labels.h>
#include <tailgrad/losses/class_counts.h>
#include <tailgrad/models/examples.h>
#include <tailgrad/models/input_encoding.h>

namespace tailgrad {

/// Where the data is and how it is read.
struct ProblemOptions {
  std::string data;           ///< a file, or "wordnet"
  std::string dev = {};       ///< a file; empty: a stratified tenth of the training data
  std::string test = {};      ///< a file; empty: none (wordnet brings its own)
  std::string task = "text";  ///< "text" or "table"
  std::string format = {};    ///< "csv" or "tsv"; empty: by the ending of the path
  std::string text_column = "text";
  std::string label_column = "label";
  TextEncodingOptions encoding = {};
  std::uint64_t seed = 1;  ///< of the held-out split
  /// Without test data: this share of every class is held out for testing; 0: none is.
  double test_share = 0;
};

/// What trains, what it is judged by, and how items become numbers.
struct Problem {
  std::string task;
  LabelSet labels;
  std::variant<TextEncoding, NumberEncoding> encoding;
  Examples train;
  Examples dev;
  Examples test;                   ///< empty when there is no test data
  std::vector<std::string> notes;  ///< what the user should know: held-out split, truncated texts

  bool has_test() const { return test.size() > 0; }
  /// Items of each class in a split.
  std::vector<std::int64_t> counts(const Examples& split) const;
  ClassCounts class_counts() const;
  /// {items: {train, dev, test}, classes: [{label, train, dev, test}], imbalance, notes}
  nlohmann::json json() const;
};

/// Throws Error for whatever the readers refuse, an unknown task, and options out of range.
Problem load_problem(const ProblemOptions& options);

}  // namespace tailgrad

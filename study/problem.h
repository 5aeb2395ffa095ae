// A data set made ready for training: read, split, encoded, counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/data/labels.h>
#include <tailgrad/data/word_vectors.h>
#include <tailgrad/losses/class_counts.h>
#include <tailgrad/models/examples.h>
#include <tailgrad/models/input_encoding.h>
#include <tailgrad/models/saved_model.h>

namespace tailgrad {

/// Where the data is and how it is read.
struct ProblemOptions {
  std::string data;       ///< a file, "wordnet", or of images a folder or "fashion-mnist-lt:…"
  std::string dev = {};   ///< a file; empty: a stratified tenth of the training data
  std::string test = {};  ///< a file; empty: none (wordnet brings its own)
  std::string task = "text";  ///< "text", "multilabel", "pair", "tags", "image" or "table"
  std::string format =
      {};  ///< "csv", "tsv", "conll", "conllu", "idx", "cifar"; empty: by the ending of the path
  std::string text_column = "text";
  std::string label_column = "label";
  std::string second_column = "text2";  ///< of task pair
  std::string label_separator = ",";    ///< of task multilabel: between the labels of a cell
  std::string label_names = {};         ///< a file of names, one a line; empty: as in the data
  /// How tables are written; its format is `format`.
  TableOptions table = {};
  TextEncodingOptions encoding = {};
  std::uint64_t seed = 1;  ///< of the held-out split
  /// Without test data: this share of every class is held out for testing; 0: none is.
  double test_share = 0;

  /// Of task image: none, crop, flip or crop+flip; empty: crop+flip where that is the custom
  /// (Fashion-MNIST, CIFAR), else none.
  std::string augment = {};
  Index crop_pad = 4;  ///< pixels around the image from which crop cuts

  // Of task tags.
  std::string word_column = {};  ///< empty: the first; form in CoNLL-U
  std::string tag_column = {};   ///< empty: the last; upos in CoNLL-U
  std::string scheme = {};       ///< of the files; empty: detected
  std::string train_scheme =
      {};                    ///< what the model learns; empty: iobes for spans, see load_problem
  bool repair = false;       ///< rewrite tags that break their scheme
  std::string vectors = {};  ///< a text file of word vectors; empty: none
  SentenceEncodingOptions sentences = {};
};

/// What trains, what it is judged by, and how items become numbers.
struct Problem {
  std::string task;
  LabelSet labels;
  InputEncoding encoding;
  Examples train;
  Examples dev;
  Examples test;                   ///< empty when there is no test data
  std::vector<std::string> notes;  ///< what the user should know: held-out split, truncated texts
  std::vector<std::string> warnings = {};  ///< what may be wrong with the data

  /// Any number of labels an item.
  bool several_labels() const { return !train.marks.empty(); }
  bool has_test() const { return test.size() > 0; }
  /// Items of each class in a split; one with several classes counts in each.
  std::vector<std::int64_t> counts(const Examples& split) const;
  ClassCounts class_counts() const;
  /// [classes] logit at which the training frequencies are met: log prior, or of several labels an
  /// item the log odds of each.
  std::vector<double> first_biases() const;
  /// First word embeddings; without --vectors none.
  std::optional<WordVectors> vectors = {};
  /// The tags with their scheme; only of task tags.
  std::optional<TagSet> tags = {};
  bool has_spans() const { return tags && tags->has_spans(); }
  /// {items: {train, dev, test}, classes: [{label, train, dev, test}], imbalance, notes}
  nlohmann::json json() const;
};

/// How the tables of the options are read; of text tasks also which columns.
TableOptions table_options(const ProblemOptions& options);
TextColumns text_columns(const ProblemOptions& options);

/// Throws Error for whatever the readers refuse, an unknown task, and options out of range.
Problem load_problem(const ProblemOptions& options);

}  // namespace tailgrad

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
  std::string test = {};  ///< a file; empty: none (what is built in brings its own)
  std::string task = "text";  ///< "text", "multilabel", "pair", "tags", "image" or "table"
  /// "csv", "tsv", "conll", "conllu", "idx", "cifar"; empty: by the ending of the path.
  std::string format = {};
  std::string text_column = "text";     ///< name of the column; of pairs that of the first text
  std::string label_column = "label";   ///< name of the column; not of tasks tags and image
  std::string second_column = "text2";  ///< of task pair
  std::string label_separator = ",";    ///< of task multilabel: between the labels of a cell
  std::string label_names = {};         ///< a file of names, one a line; empty: as in the data
  /// How tables are written; its format is `format`.
  TableOptions table = {};
  /// Of texts: words, vocabulary, length. Its columns are those named here.
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
  /// What the model learns; empty: iobes for spans, see load_tag_problem.
  std::string train_scheme = {};
  bool repair = false;       ///< rewrite tags that break their scheme
  std::string vectors = {};  ///< a text file of word vectors; empty: none
  /// Words and length. Its columns are those named here.
  SentenceEncodingOptions sentences = {};
};

/// What trains, what it is judged by, and how items become numbers.
struct Problem {
  std::string task;                ///< as in ProblemOptions
  LabelSet labels;                 ///< names of the classes
  InputEncoding encoding;          ///< what turned items into numbers; made from train alone
  Examples train;                  ///< what is learnt from
  Examples dev;                    ///< what epochs, rules and hyper-parameters are chosen on
  Examples test;                   ///< what is reported; empty when there is no test data
  std::vector<std::string> notes;  ///< what the user should know: held-out split, truncated texts
  std::vector<std::string> warnings = {};  ///< what may be wrong with the data

  /// Any number of labels an item.
  bool several_labels() const { return !train.marks.empty(); }
  /// Whether there is test data.
  bool has_test() const { return test.size() > 0; }
  /// Items of each class in a split; one with several classes counts in each.
  std::vector<std::int64_t> counts(const Examples& split) const;
  /// Those of train, as losses want them.
  ClassCounts class_counts() const;
  /// [classes] logit at which the training frequencies are met: log prior, or of several labels an
  /// item the log odds of each.
  std::vector<double> first_biases() const;
  /// First word embeddings; without --vectors none.
  std::optional<WordVectors> vectors = {};
  /// The tags with their scheme; only of task tags.
  std::optional<TagSet> tags = {};
  /// Whether they are tags of spans, as of names, rather than of single words.
  bool has_spans() const { return tags && tags->has_spans(); }
  /// {items: {train, dev, test}, classes: [{label, train, dev, test}], imbalance, notes, warnings};
  /// of several labels also `labels_an_item`, of tags `tokens`, `scheme`, `train_scheme`, `types`.
  /// The imbalance, largest / smallest training count, is null with a `reason` when a class has no
  /// training items.
  nlohmann::json json() const;
};

/// How the tables of the options are written.
TableOptions table_options(const ProblemOptions& options);
/// Which columns of them a text task reads. Throws Error for a second column that is missing or the
/// first again, and for a label separator of spaces.
TextColumns text_columns(const ProblemOptions& options);

/// Reads the data, splits it where a part is missing, and encodes it. Throws Error for whatever the
/// readers refuse, an unknown task, and options out of range.
Problem load_problem(const ProblemOptions& options);

}  // namespace tailgrad

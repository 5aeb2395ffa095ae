// What is in a data set, what will hurt in training on it, and what to do about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/core/shape.h>
#include <tailgrad/study/compare_result.h>
#include <tailgrad/study/examined_data.h>

namespace tailgrad {

/// One thing that was found.
struct Finding {
  std::string id = {};       ///< "imbalance", "duplicates-across", …: the same in every version
  bool warning = true;       ///< false: worth knowing, harmless as a rule
  std::string finding = {};  ///< what was found, as a sentence with its numbers
  std::string consequence = {};  ///< what it does to training and scores
  std::string action = {};       ///< what to do about it
  std::size_t count = 0;         ///< of places, or of classes or columns; 0 of the data as a whole
  std::vector<std::string> places = {};  ///< the first 1,000: "train.csv:12: …"
};

/// One part of the data in numbers.
struct SplitFacts {
  std::string name;        ///< "train", "dev" or "test"
  std::string path;        ///< of the file it came from
  std::size_t items = 0;   ///< texts, pairs, rows, images or sentences
  std::size_t labels = 0;  ///< of all items together: one a token, one an item, or any number
  Index shortest = 0;      ///< words of the shortest item (1 for rows and images)
  Index median = 0;        ///< words of the item in the middle
  Index long_tail = 0;     ///< words, 95th percentile
  Index longest = 0;       ///< words of the longest item
};

/// One class in numbers.
struct ClassFacts {
  std::string label;                 ///< as in the data
  std::vector<std::int64_t> counts;  ///< [splits] labels
  double share = 0;                  ///< of the training labels
  double in_batch = 0;               ///< expected labels in a batch of training items
  /// Probability that a batch drawn without replacement has none: prod_{i<B} (N - m - i)/(N - i)
  /// with m of the N training items holding the class.
  double absent = 0;
};

/// What the data doctor says.
struct Diagnosis {
  std::string task;      ///< as in ProblemOptions
  std::string item;      ///< see ExaminedData::item
  std::string label;     ///< what has a label: "item" or "token"
  bool several = false;  ///< any number of labels an item
  std::string scheme;    ///< of the tags in the files, see scheme_name; empty: no tags
  /// Items of a batch: batch tokens / mean length (of what is not cut), between 1 and all of train.
  double batch_items = 0;
  std::vector<SplitFacts> splits = {};   ///< train, dev, and test when there is any
  std::vector<ClassFacts> classes = {};  ///< in the order of the labels
  /// Largest / smallest training count that is not 0; none without training labels.
  std::optional<double> imbalance = {};
  std::vector<Finding> findings = {};   ///< warnings first
  std::vector<std::string> notes = {};  ///< what was held out, which scheme was found
};

/// How training will read the data, see TrainerOptions and TextEncodingOptions.
struct DoctorOptions {
  Index batch_tokens = 1024;  ///< words of a batch of training items
  Index max_tokens = 128;     ///< longer texts are cut
};

/// Reads the data and looks for what will hurt. Throws Error as read_for_examination, and for
/// batch_tokens or max_tokens < 1.
Diagnosis examine(const ProblemOptions& data, const DoctorOptions& options);
/// The same of data that were read; both options must be at least 1.
Diagnosis diagnose(const ExaminedData& data, const DoctorOptions& options);

/// The warnings, each with its first places, for CompareResult::warnings.
std::vector<DataWarning> data_warnings(const Diagnosis& diagnosis);

/// {task, item, label, batch_items, splits: [{name, path, items, labels, words: {min, median, p95,
/// max}}], classes: [{label, train, dev, test, share, expected_in_batch, p_absent_from_batch}],
/// imbalance, findings: [{id, severity, finding, consequence, action, count, places}], notes},
/// of tags also `scheme`. An imbalance that is null has a `reason`.
nlohmann::ordered_json diagnosis_json(const Diagnosis& diagnosis);
/// For a terminal: sizes, a table of the classes (of more than 60 the ends), findings with places.
std::string diagnosis_text(const Diagnosis& diagnosis);

}  // namespace tailgrad

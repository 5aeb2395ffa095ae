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
  std::string id = {};  ///< "imbalance", "duplicates-across", …: the same in every version
  bool warning = true;  ///< false: worth knowing, harmless as a rule
  std::string finding = {};
  std::string consequence = {};
  std::string action = {};
  std::size_t count = 0;                 ///< of places, all of them
  std::vector<std::string> places = {};  ///< the first 1,000: "train.csv:12: …"
};

struct SplitFacts {
  std::string name;
  std::string path;
  std::size_t items = 0;
  std::size_t labels = 0;  ///< of tokens, or one an item
  Index shortest = 0, median = 0, long_tail = 0,
        longest = 0;  ///< words; long_tail: 95th percentile
};

struct ClassFacts {
  std::string label;
  std::vector<std::int64_t> counts;  ///< [splits] labels
  double share = 0;                  ///< of the training labels
  double in_batch = 0;               ///< expected labels in a batch of training items
  /// Probability that a batch drawn without replacement has none: prod_{i<B} (N - m - i)/(N - i)
  /// with m of the N training items holding the class.
  double absent = 0;
};

struct Diagnosis {
  std::string task;
  std::string item;
  std::string label;
  bool several = false;  ///< any number of labels an item
  std::string scheme;
  double batch_items = 0;  ///< items of a batch: batch tokens / mean length, at least 1
  std::vector<SplitFacts> splits = {};
  std::vector<ClassFacts> classes = {};
  std::optional<double> imbalance = {};  ///< largest / smallest training count that is not 0
  std::vector<Finding> findings = {};    ///< warnings first
  std::vector<std::string> notes = {};
};

struct DoctorOptions {
  Index batch_tokens = 1024;
  Index max_tokens = 128;  ///< longer texts are cut
};

/// Throws Error as read_for_examination, and for batch_tokens or max_tokens < 1.
Diagnosis examine(const ProblemOptions& data, const DoctorOptions& options);
Diagnosis diagnose(const ExaminedData& data, const DoctorOptions& options);

/// The warnings, each with its first places, for CompareResult::warnings.
std::vector<DataWarning> data_warnings(const Diagnosis& diagnosis);

nlohmann::ordered_json diagnosis_json(const Diagnosis& diagnosis);
/// For a terminal.
std::string diagnosis_text(const Diagnosis& diagnosis);

}  // namespace tailgrad

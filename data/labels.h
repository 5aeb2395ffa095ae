// Labels: names on paper, numbers in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/csv.h>

namespace tailgrad {

/// The classes of a problem: class k is names()[k].
class LabelSet {
 public:
  LabelSet() = default;
  /// Names in this order. Throws Error for a name that is empty or occurs twice.
  explicit LabelSet(std::vector<std::string> names);
  /// The distinct labels, sorted: as numbers if every one is an integer (2 before 10), else by
  /// bytes. So the classes do not depend on the order of the rows.
  static LabelSet of(std::span<const std::string_view> labels);

  Index size() const { return static_cast<Index>(names_.size()); }  ///< number of classes
  std::span<const std::string> names() const { return names_; }     ///< in the order of the classes
  /// Throws Error for a class out of range.
  const std::string& name(Index label) const;
  /// The class of a name, if there is one.
  std::optional<Index> find(std::string_view name) const;
  /// "'adj.all', 'adj.pert', … (45 in all)": the first ten, for messages.
  std::string text() const;

 private:
  std::vector<std::string> names_;
  std::vector<Index> by_name_;  // classes in order of the bytes of their names
};

/// The classes of training data. Throws Error for a table without rows, an empty label (with its
/// line) and fewer than two classes.
LabelSet training_labels(const Table& table, std::string_view column);

/// [rows] the class of each row. Throws Error with the line for an empty label and for one that is
/// not in the set (in development or test data: one that training never sees).
std::vector<Index> label_ids(const Table& table, std::string_view column, const LabelSet& labels);

/// How a user writes the labels of items.
struct LabelCells {
  /// Labels of one cell are separated by it; empty: a cell is one label. Spaces around a label do
  /// not count, an empty cell has no label, and a label named twice counts once.
  std::string separator = {};
  /// Cells may hold numbers of classes, counted from 0, instead of names.
  bool numbers = false;
};

/// One name a line. Throws Error as TextFile::read and LabelSet, and for an empty line.
LabelSet read_label_names(const std::string& path);

/// The classes of training data whose cells hold several labels. Throws Error as training_labels.
LabelSet training_labels(const Table& table, std::string_view column, const LabelCells& cells);

/// [rows] as label_ids above, where cells may hold numbers.
std::vector<Index> label_ids(const Table& table, std::string_view column, const LabelSet& labels,
                             const LabelCells& cells);

/// [rows, classes] 1 where the row has the class. Throws Error with the line for a label that is
/// not in the set, and for nothing between two separators.
std::vector<std::uint8_t> label_marks(const Table& table, std::string_view column,
                                      const LabelSet& labels, const LabelCells& cells);

/// [classes] how many items each class has. Throws Error for a label out of range.
std::vector<std::size_t> class_counts(std::span<const Index> labels, Index classes);

}  // namespace tailgrad

// Rows of numbers with one label each, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/csv.h>
#include <tailgrad/data/labels.h>
#include <tailgrad/data/text_dataset.h>

namespace tailgrad {

/// Rows of numbers with their labels.
struct NumberDataset {
  std::string path;                  ///< for messages
  std::vector<std::string> columns;  ///< names of the features
  std::vector<double> values;        ///< [rows, columns], row-major
  std::vector<Index> labels;         ///< [rows], or empty: no labels (predict)
  std::vector<std::size_t> lines;    ///< [rows] where in the file, from 1

  std::size_t size() const { return lines.size(); }  ///< number of rows
  /// The numbers of a row, in the order of columns.
  std::span<const double> row(std::size_t i) const {
    return std::span(values).subspan(i * columns.size(), columns.size());
  }
};

/// Where the numbers and labels are in a CSV or TSV file.
struct NumberColumns {
  std::string label = "label";  ///< name of the column with the labels
  /// Empty: every column but the label. A column without a name (the index that pandas and R write)
  /// is then left out: it numbers the rows and often gives the class away.
  std::vector<std::string> features;
  TableOptions file = {};  ///< how the file is written
};

/// Training, development and test rows.
struct NumberSplits {
  LabelSet labels;        ///< classes of the training data
  NumberDataset train;    ///< what is learnt from
  NumberDataset dev;      ///< what choices are made on
  NumberDataset test;     ///< what is reported
  bool held_out = false;  ///< dev was cut from train: say so
};

/// A cell as a number: decimal or scientific, spaces around it and a leading + allowed. Throws
/// Error with line and column name for anything else: empty, text, NaN, infinite, out of double's
/// range.
double number_at(const Table& table, std::size_t row, std::size_t column);

/// The names that `columns` stands for in a table. Throws Error for a feature that is missing, that
/// is named twice or is the label, and when no feature is left.
std::vector<std::string> feature_columns(const Table& table, const NumberColumns& columns);

/// The named features of a table, with labels if there is a set of them. Throws Error for a table
/// without rows, and as number_at and label_ids.
NumberDataset read_numbers(const Table& table, std::span<const std::string> features,
                           std::string_view label_column, const LabelSet* labels);

/// Reads all files of a data set; dev and test need the features of train, in any order.
NumberSplits load_numbers(const DataPaths& paths, const NumberColumns& columns, std::uint64_t seed);

/// Some of the rows, in the order given.
NumberDataset select(const NumberDataset& data, std::span<const Index> items);

}  // namespace tailgrad

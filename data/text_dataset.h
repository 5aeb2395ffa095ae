// Texts with their labels, in memory: one label a text, any number of labels, or one label a pair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/csv.h>
#include <tailgrad/data/labels.h>
#include <tailgrad/data/split.h>

namespace tailgrad {

/// Texts with their labels.
struct TextDataset {
  std::string path;                      ///< for messages
  std::vector<std::string> texts;        ///< as they stand in the file
  std::vector<Index> labels;             ///< [texts], or empty: no labels (predict), or marks
  std::vector<std::size_t> lines;        ///< [texts] where in the file, from 1
  std::vector<std::string> second = {};  ///< [texts] of pairs: the second one; else empty
  std::vector<std::uint8_t> marks = {};  ///< [texts, classes] 0 or 1: any number of labels a text

  std::size_t size() const { return texts.size(); }  ///< number of texts
};

/// Where the texts and labels are in a CSV or TSV file.
struct TextColumns {
  std::string text = "text";    ///< name of the column with the texts
  std::string label = "label";  ///< name of the column with the labels
  TableOptions file = {};       ///< how the file is written
  std::string second = {};      ///< of pairs: column of the second text; empty: single texts
  LabelCells cells = {};        ///< with a separator: any number of labels a text
  std::string names = {};       ///< a file of the label names; empty: those of the training data
};

/// Files of one data set. Without `dev` a stratified tenth of `train` is held out.
struct DataPaths {
  std::string train;  ///< path of the training data
  std::string dev;    ///< empty: held out from train
  std::string test;   ///< empty: none
};

/// Training, development and test data with the classes of the training data.
struct TextSplits {
  LabelSet labels;        ///< classes of the training data
  TextDataset train;      ///< what is learnt from
  TextDataset dev;        ///< what choices are made on
  TextDataset test;       ///< what is reported
  bool held_out = false;  ///< dev was cut from train: say so
};

/// Reads all files of a data set. Throws Error with path and line for whatever Table,
/// training_labels and label_ids refuse, for a text that is empty or only white space, and for a
/// file without rows.
TextSplits load_texts(const DataPaths& paths, const TextColumns& columns, std::uint64_t seed);

/// The texts of a table, with labels if there is a set of them. Throws Error as load_texts does.
TextDataset read_texts(const Table& table, const TextColumns& columns, const LabelSet* labels);

/// stratified_split or stratified_split_marks, whichever fits the labels.
Split split_texts(const TextDataset& data, Index classes, double share, std::uint64_t seed);

/// Some of the items, in the order given.
TextDataset select(const TextDataset& data, std::span<const Index> items);

}  // namespace tailgrad

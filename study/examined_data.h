// Any task's data in one shape, for looking at it rather than for training.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/study/problem.h>

namespace tailgrad {

/// One part of the data. An item is what a batch is made of (a text, a row, a sentence); it has one
/// label, any number, or a label a token.
struct ExaminedSplit {
  std::string name;                   ///< "train", "dev" or "test"
  std::string path = {};              ///< of the file it came from
  std::vector<std::string> contents;  ///< [items] what a model sees, as text (of images: a hash)
  std::vector<std::size_t> lines;     ///< [items] where in the file, from 1 (of images: which one)
  std::vector<Index> lengths;         ///< [items] words (pairs: of both texts; rows and images: 1)
  std::vector<Index> longest = {};    ///< [items] words of the longer text of a pair; else empty
  std::vector<Index> classes;         ///< labels of all items, one after the other
  std::vector<Index> offsets = {0};   ///< [items + 1] into classes

  /// Number of items.
  std::size_t size() const { return contents.size(); }
  /// "train.csv:12"; the split's name where there is no file.
  std::string place(std::size_t item) const;
};

/// Something at a line of a file.
struct ExaminedFault {
  std::string place;  ///< "FILE:LINE"
  std::string what;   ///< what is wrong with it, see TagFault
};

/// A whole data set, read and split.
struct ExaminedData {
  std::string task;                   ///< as in ProblemOptions
  std::string item = "text";          ///< "text", "pair", "row", "image" or "sentence"
  std::string label = "item";         ///< what has a label: "item" or "token"
  bool several = false;               ///< any number of labels an item
  std::vector<std::string> labels;    ///< names of the classes
  std::vector<ExaminedSplit> splits;  ///< train, dev, and test when there is any
  std::vector<std::string> notes;     ///< what was held out, which scheme was found
  std::vector<std::string> doubts;    ///< what the readers find odd
  std::string scheme;                 ///< of the tags in the files, see scheme_name; empty: no tags
  std::vector<ExaminedFault> tag_faults;      ///< tags that break it
  std::vector<std::string> constant_columns;  ///< of a table: the same value in every training row
  std::vector<std::string>
      counting_columns;  ///< of a table: whole numbers that rise from row to row
};

/// Reads and splits as load_problem does, without making numbers of it. Throws Error for whatever
/// the readers refuse and for an unknown task.
ExaminedData read_for_examination(const ProblemOptions& options);

}  // namespace tailgrad

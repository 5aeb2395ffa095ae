// What the verbs read from .npy files (or FILE.npz:NAME, see read_array), checked so that every
// fault names the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad::cli {

/// Logits [items, classes], row-major.
struct LogitsFile {
  std::string path;
  std::size_t items = 0;
  Index classes = 0;
  bool single = false;  ///< float32 in the file
  std::vector<double> values;
};

/// float32 or float64, two axes, at least one class. Throws Error for anything else.
LogitsFile read_logits(const std::string& path);
/// Throws Error naming item and class of the first logit that is not finite; rows of items with
/// label kIgnoredLabel are passed over.
void check_finite(const LogitsFile& logits, const std::vector<Index>& labels = {});

/// What the logits are compared with: one of the two vectors is filled (both are empty when there
/// are no items).
struct TargetsFile {
  std::string path;
  bool multi_label = false;
  std::vector<Index> labels = {};        ///< [items] a class or kIgnoredLabel
  std::vector<std::uint8_t> marks = {};  ///< [items, classes] 0 or 1
};

/// Integers [items], each a class or `ignored` (which may be a class too), or 0/1 of any number
/// type [items, classes]. One column of logits has two classes, 0 and 1. Throws Error for another
/// type, rank or length, and with the item for a value out of range.
TargetsFile read_targets(const std::string& path, const LogitsFile& logits, Index ignored);

/// [classes] whole numbers >= 0 of any number type: training items of each class.
std::vector<std::int64_t> read_counts(const std::string& path, Index classes);
/// [classes] finite numbers; `what` says of what. Each must be >= 0, or > 0 when `positive`.
std::vector<double> read_class_numbers(const std::string& path, Index classes,
                                       std::string_view what, bool positive);
/// The Euclidean norm of each row of [classes, features].
std::vector<double> read_weight_norms(const std::string& path, Index classes);
/// [sequences + 1] integers that rise from 0 to `items`.
std::vector<Index> read_offsets(const std::string& path, std::size_t items);

}  // namespace tailgrad::cli

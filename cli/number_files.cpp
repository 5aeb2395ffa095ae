#include <tailgrad/cli/number_files.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/npz.h>
#include <tailgrad/losses/loss.h>
#include <tailgrad/metrics/posthoc.h>

namespace tailgrad::cli {
namespace {

[[noreturn]] void bad(const std::string& path, const std::string& message) {
  fail_at(path, 0, 0, message);
}

void require_length(const NpyArray& array, std::size_t length, std::string_view what) {
  array.require_rank(1, what);
  if (array.size() != length)
    bad(array.source, fmt::format("{} must hold {} numbers, not {}", what, length, array.size()));
}

void read_labels(const NpyArray& array, const LogitsFile& logits, Index ignored, TargetsFile& out) {
  if (!array.is_integer())
    bad(array.source, fmt::format("labels [items] must be integers; the file holds {} ({})",
                                  array.dtype, "cast them in NumPy: labels.astype('int64')"));
  if (array.size() != logits.items)
    bad(array.source, fmt::format("holds {} labels, but {} has {} rows", array.size(), logits.path,
                                  logits.items));
  const Index classes = std::max<Index>(logits.classes, 2);
  const std::vector<std::int64_t> values = array.as_integers();
  out.labels.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t label = values[i];
    if ((label < 0 || label >= classes) && label != ignored)
      bad(array.source,
          fmt::format("the label of item {} is {}; allowed are 0 .. {} and {} (ignored)", i, label,
                      classes - 1, ignored));
    out.labels.push_back(label == ignored ? kIgnoredLabel : static_cast<Index>(label));
  }
}

void read_marks(const NpyArray& array, const LogitsFile& logits, TargetsFile& out) {
  const auto classes = static_cast<std::size_t>(logits.classes);
  if (array.shape != std::vector<std::size_t>{logits.items, classes})
    bad(array.source, fmt::format("multi-label targets {} must have the shape of the logits, "
                                  "[{}, {}] in {}",
                                  array.shape_text(), logits.items, classes, logits.path));
  const std::vector<double> values = array.as_doubles();
  out.marks.reserve(values.size());
  for (std::size_t e = 0; e < values.size(); ++e) {
    if (values[e] != 0 && values[e] != 1)
      bad(array.source, fmt::format("the target of item {}, class {} is {}; allowed are 0 and 1",
                                    e / classes, e % classes, values[e]));
    out.marks.push_back(values[e] == 1 ? 1 : 0);
  }
}

}  // namespace

LogitsFile read_logits(const std::string& path) {
  const NpyArray array = read_array(path);
  array.require_rank(2, "logits [items, classes]");
  if (array.is_integer())
    bad(path, fmt::format("logits must be float32 or float64; the file holds {}", array.dtype));
  if (array.shape[1] == 0 || array.shape[1] > std::numeric_limits<Index>::max() ||
      array.shape[0] > std::numeric_limits<Index>::max())
    bad(path, fmt::format("logits must have 1 .. {} classes and at most as many items; the shape "
                          "is {}",
                          std::numeric_limits<Index>::max(), array.shape_text()));
  return {.path = path,
          .items = array.shape[0],
          .classes = static_cast<Index>(array.shape[1]),
          .single = std::holds_alternative<std::vector<float>>(array.values),
          .values = array.as_doubles()};
}

void check_finite(const LogitsFile& logits, const std::vector<Index>& labels) {
  const auto classes = static_cast<std::size_t>(logits.classes);
  for (std::size_t e = 0; e < logits.values.size(); ++e) {
    if (std::isfinite(logits.values[e])) continue;
    const std::size_t item = e / classes;
    if (item < labels.size() && labels[item] == kIgnoredLabel) continue;
    bad(logits.path, fmt::format("the logit of item {}, class {} is {}; logits must be finite",
                                 item, e % classes, logits.values[e]));
  }
}

TargetsFile read_targets(const std::string& path, const LogitsFile& logits, Index ignored) {
  const NpyArray array = read_array(path);
  TargetsFile out{.path = path, .multi_label = array.shape.size() == 2};
  if (out.multi_label) {
    read_marks(array, logits, out);
  } else if (array.shape.size() == 1) {
    read_labels(array, logits, ignored, out);
  } else {
    bad(path, fmt::format("targets must be [items] classes or [items, classes] 0/1; the shape is "
                          "{}",
                          array.shape_text()));
  }
  return out;
}

std::vector<std::int64_t> read_counts(const std::string& path, Index classes) {
  const NpyArray array = read_array(path);
  require_length(array, static_cast<std::size_t>(classes), "counts [classes]");
  std::vector<std::int64_t> counts = array.as_integers();
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] < 0)
      bad(path,
          fmt::format("the count of class {} is {}; allowed are whole numbers >= 0", k, counts[k]));
  }
  return counts;
}

std::vector<double> read_class_numbers(const std::string& path, Index classes,
                                       std::string_view what, bool positive) {
  const NpyArray array = read_array(path);
  require_length(array, static_cast<std::size_t>(classes), fmt::format("{} [classes]", what));
  std::vector<double> values = array.as_doubles();
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!std::isfinite(values[k]) || values[k] < 0 || (positive && values[k] == 0))
      bad(path, fmt::format("the number of class {} is {}; allowed are finite {} {} 0", k,
                            values[k], what, positive ? ">" : ">="));
  }
  return values;
}

std::vector<double> read_weight_norms(const std::string& path, Index classes) {
  const NpyArray array = read_array(path);
  array.require_rank(2, "weights [classes, features]");
  if (array.shape[0] != static_cast<std::size_t>(classes) || array.shape[1] == 0)
    bad(path, fmt::format("weights must be [{}, features]; the shape is {}", classes,
                          array.shape_text()));
  const std::vector<double> values = array.as_doubles();
  const auto odd = std::ranges::find_if(values, [](double w) { return !std::isfinite(w); });
  if (odd != values.end())
    bad(path, fmt::format("the weights of class {} are not all finite",
                          static_cast<std::size_t>(odd - values.begin()) / array.shape[1]));
  return row_norms(values, classes);
}

std::vector<Index> read_offsets(const std::string& path, std::size_t items) {
  const NpyArray array = read_array(path);
  array.require_rank(1, "offsets [sequences + 1]");
  if (!array.is_integer())
    bad(path, fmt::format("offsets must be integers; the file holds {}", array.dtype));
  std::vector<Index> offsets = array.as_indices();
  if (offsets.empty() || offsets.front() != 0 ||
      offsets.back() != static_cast<std::int64_t>(items) || !std::ranges::is_sorted(offsets))
    bad(path, fmt::format("offsets must rise from 0 to the number of items, {}", items));
  return offsets;
}

}  // namespace tailgrad::cli

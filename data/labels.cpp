#include <tailgrad/data/labels.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

std::optional<long long> as_integer(std::string_view text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// The labels of a cell, as written.
std::vector<std::string_view> labels_of(const Table& table, std::size_t row,
                                        std::string_view column, const LabelCells& cells) {
  const std::string_view cell = table.at(row, table.column(column));
  if (cells.separator.empty()) {
    if (cell.empty()) {
      fail_at(table.path(), table.line(row), 0,
              fmt::format("the label in column '{}' is empty", column));
    }
    return {cell};
  }
  std::vector<std::string_view> labels;
  if (trimmed(cell).empty()) return labels;
  for (std::size_t begin = 0; begin <= cell.size();) {
    const std::size_t end = std::min(cell.find(cells.separator, begin), cell.size());
    labels.push_back(trimmed(cell.substr(begin, end - begin)));
    if (labels.back().empty()) {
      fail_at(table.path(), table.line(row), 0,
              fmt::format("a label in column '{}' is empty: '{}'", column, cell));
    }
    begin = end + cells.separator.size();
  }
  return labels;
}

Index label_id(const Table& table, std::size_t row, std::string_view label, const LabelSet& labels,
               const LabelCells& cells) {
  if (const auto id = labels.find(label)) return *id;
  if (!cells.numbers) {
    fail_at(table.path(), table.line(row), 0,
            fmt::format("the label '{}' does not occur in the training data, whose labels are {}",
                        label, labels.text()));
  }
  const auto number = as_integer(label);
  if (!number || *number < 0 || *number >= labels.size()) {
    fail_at(table.path(), table.line(row), 0,
            fmt::format("the label '{}' is neither a label name nor a number from 0 to {}; the "
                        "names are {}",
                        label, labels.size() - 1, labels.text()));
  }
  return static_cast<Index>(*number);
}

}  // namespace

LabelSet::LabelSet(std::vector<std::string> names) : names_(std::move(names)) {
  by_name_.resize(names_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0);
  const auto name_of = [&](Index k) -> const std::string& {
    return names_[static_cast<std::size_t>(k)];
  };
  std::sort(by_name_.begin(), by_name_.end(),
            [&](Index a, Index b) { return name_of(a) < name_of(b); });
  for (std::size_t i = 0; i < by_name_.size(); ++i) {
    const std::string& name = name_of(by_name_[i]);
    if (name.empty()) fail("labels", "a label must not be empty");
    if (i > 0 && name == name_of(by_name_[i - 1])) {
      fail("labels", fmt::format("the label '{}' occurs twice", name));
    }
  }
}

LabelSet LabelSet::of(std::span<const std::string_view> labels) {
  std::vector<std::string_view> distinct(labels.begin(), labels.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const bool integers = std::all_of(distinct.begin(), distinct.end(),
                                    [](std::string_view label) { return as_integer(label); });
  if (integers) {
    // Stable, so that 1 and 01 stay in order of their bytes.
    std::stable_sort(distinct.begin(), distinct.end(), [](std::string_view a, std::string_view b) {
      return *as_integer(a) < *as_integer(b);
    });
  }
  return LabelSet(std::vector<std::string>(distinct.begin(), distinct.end()));
}

const std::string& LabelSet::name(Index label) const {
  if (label < 0 || label >= size()) {
    fail("LabelSet::name", fmt::format("needs a class from 0 to {}; got {}", size() - 1, label));
  }
  return names_[static_cast<std::size_t>(label)];
}

std::optional<Index> LabelSet::find(std::string_view name) const {
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                      [&](Index k, std::string_view wanted) {
                                        return names_[static_cast<std::size_t>(k)] < wanted;
                                      });
  if (found == by_name_.end() || names_[static_cast<std::size_t>(*found)] != name) {
    return std::nullopt;
  }
  return *found;
}

std::string LabelSet::text() const {
  constexpr std::size_t kShown = 10;
  std::string list;
  for (std::size_t k = 0; k < names_.size() && k < kShown; ++k) {
    list += fmt::format("{}'{}'", k == 0 ? "" : ", ", names_[k]);
  }
  if (names_.size() > kShown) list += fmt::format(", … ({} in all)", names_.size());
  return list;
}

LabelSet read_label_names(const std::string& path) {
  const TextFile file = TextFile::read(path);
  LineReader lines(file.text());
  std::vector<std::string> names;
  for (Line line; lines.next(line);) {
    if (trimmed(line.text).empty()) fail_at(path, line.number, 0, "a label name must not be empty");
    names.emplace_back(trimmed(line.text));
  }
  if (names.size() < 2) fail_at(path, 0, 0, "at least two label names are needed, one a line");
  try {
    return LabelSet(std::move(names));
  } catch (const Error& error) {
    fail_at(path, 0, 0, error.what());
  }
}

LabelSet training_labels(const Table& table, std::string_view column) {
  return training_labels(table, column, {});
}

LabelSet training_labels(const Table& table, std::string_view column, const LabelCells& cells) {
  table.column(column);
  if (table.rows() == 0) fail_at(table.path(), 0, 0, "has a header but no rows");
  std::vector<std::string_view> all;
  all.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const std::string_view label : labels_of(table, row, column, cells)) all.push_back(label);
  }
  if (all.empty()) fail_at(table.path(), 0, 0, fmt::format("no row has a label in '{}'", column));
  LabelSet labels = LabelSet::of(all);
  if (labels.size() < 2) {
    fail_at(
        table.path(), 0, 0,
        fmt::format("every row has the label {} in column '{}'; at least two classes are needed",
                    labels.text(), column));
  }
  return labels;
}

std::vector<Index> label_ids(const Table& table, std::string_view column, const LabelSet& labels) {
  return label_ids(table, column, labels, {});
}

std::vector<Index> label_ids(const Table& table, std::string_view column, const LabelSet& labels,
                             const LabelCells& cells) {
  std::vector<Index> ids;
  ids.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view label = labels_of(table, row, column, {}).front();
    ids.push_back(label_id(table, row, label, labels, cells));
  }
  return ids;
}

std::vector<std::uint8_t> label_marks(const Table& table, std::string_view column,
                                      const LabelSet& labels, const LabelCells& cells) {
  const auto width = static_cast<std::size_t>(labels.size());
  std::vector<std::uint8_t> marks(table.rows() * width, 0);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const std::string_view label : labels_of(table, row, column, cells)) {
      const Index id = label_id(table, row, label, labels, cells);
      marks[row * width + static_cast<std::size_t>(id)] = 1;
    }
  }
  return marks;
}

std::vector<std::size_t> class_counts(std::span<const Index> labels, Index classes) {
  std::vector<std::size_t> counts(static_cast<std::size_t>(std::max(classes, Index{0})), 0);
  for (const Index label : labels) {
    if (label < 0 || label >= classes) {
      fail("class_counts", fmt::format("needs labels from 0 to {}; got {}", classes - 1, label));
    }
    ++counts[static_cast<std::size_t>(label)];
  }
  return counts;
}

}  // namespace tailgrad

#include <tailgrad/data/number_dataset.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/split.h>

namespace tailgrad {

double number_at(const Table& table, std::size_t row, std::size_t column) {
  const std::string_view cell = table.at(row, column);
  const std::size_t first = std::min(cell.find_first_not_of(" \t"), cell.size());
  const std::size_t last = cell.find_last_not_of(" \t") + 1;  // npos + 1 == 0
  std::string_view text = cell.substr(first, last > first ? last - first : 0);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      !std::isfinite(value)) {
    fail_at(table.path(), table.line(row), 0,
            fmt::format("column '{}' must hold finite numbers; got {}", table.columns()[column],
                        cell.empty() ? std::string("an empty cell") : fmt::format("'{}'", cell)));
  }
  return value;
}

std::vector<std::string> feature_columns(const Table& table, const NumberColumns& columns) {
  std::vector<std::string> names;
  if (columns.features.empty()) {
    for (const std::string& name : table.columns()) {
      if (!name.empty() && name != columns.label) names.push_back(name);
    }
  }
  for (const std::string& name : columns.features) {
    table.column(name);
    if (name == columns.label) {
      fail("features", fmt::format("'{}' is the label; it cannot be a feature", name));
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      fail("features", fmt::format("'{}' is named twice", name));
    }
    names.push_back(name);
  }
  if (names.empty()) {
    fail_at(table.path(), 0, 0,
            fmt::format("there is no column with numbers beside the label '{}'", columns.label));
  }
  return names;
}

NumberDataset read_numbers(const Table& table, std::span<const std::string> features,
                           std::string_view label_column, const LabelSet* labels) {
  std::vector<std::size_t> columns;
  for (const std::string& name : features) columns.push_back(table.column(name));
  if (table.rows() == 0) fail_at(table.path(), 0, 0, "has a header but no rows");
  NumberDataset data{.path = table.path(),
                     .columns = {features.begin(), features.end()},
                     .values = {},
                     .labels = {},
                     .lines = {}};
  data.values.reserve(table.rows() * columns.size());
  data.lines.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const std::size_t column : columns) data.values.push_back(number_at(table, row, column));
    data.lines.push_back(table.line(row));
  }
  if (labels != nullptr) data.labels = label_ids(table, label_column, *labels);
  return data;
}

NumberDataset select(const NumberDataset& data, std::span<const Index> items) {
  NumberDataset part{
      .path = data.path, .columns = data.columns, .values = {}, .labels = {}, .lines = {}};
  for (const Index item : items) {
    const auto i = static_cast<std::size_t>(item);
    if (item < 0 || i >= data.size()) {
      fail("select", fmt::format("needs items below {}; got {}", data.size(), item));
    }
    part.values.insert(part.values.end(), data.row(i).begin(), data.row(i).end());
    part.lines.push_back(data.lines[i]);
    if (!data.labels.empty()) part.labels.push_back(data.labels[i]);
  }
  return part;
}

NumberSplits load_numbers(const DataPaths& paths, const NumberColumns& columns,
                          std::uint64_t seed) {
  const auto open = [&](const std::string& path) { return Table::read(path, columns.file); };
  NumberSplits splits;
  {
    const Table table = open(paths.train);
    splits.labels = training_labels(table, columns.label);
    splits.train =
        read_numbers(table, feature_columns(table, columns), columns.label, &splits.labels);
  }
  const auto read = [&](const std::string& path) {
    return read_numbers(open(path), splits.train.columns, columns.label, &splits.labels);
  };
  if (!paths.test.empty()) splits.test = read(paths.test);
  if (!paths.dev.empty()) {
    splits.dev = read(paths.dev);
  } else {
    hold_out_dev(splits, seed);
  }
  return splits;
}

}  // namespace tailgrad

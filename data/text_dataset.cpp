#include <tailgrad/data/text_dataset.h>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/split.h>

namespace tailgrad {

TextDataset read_texts(const Table& table, const TextColumns& columns, const LabelSet* labels) {
  const std::size_t text = table.column(columns.text);
  if (table.rows() == 0) fail_at(table.path(), 0, 0, "has a header but no rows");
  TextDataset data{.path = table.path(), .texts = {}, .labels = {}, .lines = {}};
  data.texts.reserve(table.rows());
  data.lines.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view cell = table.at(row, text);
    if (cell.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      fail_at(table.path(), table.line(row), 0,
              fmt::format("the text in column '{}' is empty", columns.text));
    }
    data.texts.emplace_back(cell);
    data.lines.push_back(table.line(row));
  }
  if (labels != nullptr) data.labels = label_ids(table, columns.label, *labels);
  return data;
}

TextDataset select(const TextDataset& data, std::span<const Index> items) {
  TextDataset part{.path = data.path, .texts = {}, .labels = {}, .lines = {}};
  for (const Index item : items) {
    const auto i = static_cast<std::size_t>(item);
    if (item < 0 || i >= data.size()) {
      fail("select", fmt::format("needs items below {}; got {}", data.size(), item));
    }
    part.texts.push_back(data.texts[i]);
    part.lines.push_back(data.lines[i]);
    if (!data.labels.empty()) part.labels.push_back(data.labels[i]);
  }
  return part;
}

TextSplits load_texts(const DataPaths& paths, const TextColumns& columns, std::uint64_t seed) {
  const auto open = [&](const std::string& path) {
    return Table::read(path, table_format(path, columns.format));
  };
  TextSplits splits;
  {
    const Table table = open(paths.train);
    table.column(columns.text);  // a missing text column is reported before the labels
    splits.labels = training_labels(table, columns.label);
    splits.train = read_texts(table, columns, &splits.labels);
  }
  const auto read = [&](const std::string& path) {
    return read_texts(open(path), columns, &splits.labels);
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

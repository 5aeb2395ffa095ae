#include <tailgrad/data/text_dataset.h>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

namespace {

std::vector<std::string> texts_in(const Table& table, const std::string& column) {
  const std::size_t text = table.column(column);
  std::vector<std::string> texts;
  texts.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view cell = table.at(row, text);
    if (cell.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      fail_at(table.path(), table.line(row), 0,
              fmt::format("the text in column '{}' is empty", column));
    }
    texts.emplace_back(cell);
  }
  return texts;
}

}  // namespace

TextDataset read_texts(const Table& table, const TextColumns& columns, const LabelSet* labels) {
  table.column(columns.text);  // a missing column is said before there are no rows
  if (table.rows() == 0) fail_at(table.path(), 0, 0, "has a header but no rows");
  TextDataset data{
      .path = table.path(), .texts = texts_in(table, columns.text), .labels = {}, .lines = {}};
  if (!columns.second.empty()) data.second = texts_in(table, columns.second);
  data.lines.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) data.lines.push_back(table.line(row));
  if (labels == nullptr) return data;
  if (columns.cells.separator.empty()) {
    data.labels = label_ids(table, columns.label, *labels, columns.cells);
  } else {
    data.marks = label_marks(table, columns.label, *labels, columns.cells);
  }
  return data;
}

Split split_texts(const TextDataset& data, Index classes, double share, std::uint64_t seed) {
  return data.marks.empty() ? stratified_split(data.labels, classes, share, seed)
                            : stratified_split_marks(data.marks, classes, share, seed);
}

TextDataset select(const TextDataset& data, std::span<const Index> items) {
  TextDataset part{.path = data.path, .texts = {}, .labels = {}, .lines = {}};
  const std::size_t width = data.texts.empty() ? 0 : data.marks.size() / data.size();
  for (const Index item : items) {
    const auto i = static_cast<std::size_t>(item);
    if (item < 0 || i >= data.size()) {
      fail("select", fmt::format("needs items below {}; got {}", data.size(), item));
    }
    part.texts.push_back(data.texts[i]);
    part.lines.push_back(data.lines[i]);
    if (!data.labels.empty()) part.labels.push_back(data.labels[i]);
    if (!data.second.empty()) part.second.push_back(data.second[i]);
    const auto row = data.marks.begin() + static_cast<std::ptrdiff_t>(i * width);
    part.marks.insert(part.marks.end(), row, row + static_cast<std::ptrdiff_t>(width));
  }
  return part;
}

TextSplits load_texts(const DataPaths& paths, const TextColumns& columns, std::uint64_t seed) {
  const auto open = [&](const std::string& path) { return Table::read(path, columns.file); };
  TextSplits splits;
  {
    const Table table = open(paths.train);
    table.column(columns.text);  // a missing text column is reported before the labels
    if (!columns.second.empty()) table.column(columns.second);
    splits.labels = columns.names.empty() ? training_labels(table, columns.label, columns.cells)
                                          : read_label_names(columns.names);
    for (const std::string& name : splits.labels.names()) {
      if (!columns.cells.separator.empty() && name.find(columns.cells.separator) != name.npos) {
        fail_at(columns.names, 0, 0,
                fmt::format("the label name '{}' contains the separator '{}' of labels in a cell",
                            name, columns.cells.separator));
      }
    }
    splits.train = read_texts(table, columns, &splits.labels);
  }
  const auto read = [&](const std::string& path) {
    return read_texts(open(path), columns, &splits.labels);
  };
  if (!paths.test.empty()) splits.test = read(paths.test);
  if (!paths.dev.empty()) {
    splits.dev = read(paths.dev);
  } else {
    hold_out_dev(splits, split_texts(splits.train, splits.labels.size(), kHeldOutShare, seed));
  }
  return splits;
}

}  // namespace tailgrad

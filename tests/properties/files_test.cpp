// What is written is read back the same: random tables, sentences and arrays.
#include "property.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

#include <unistd.h>

#include <support/temporary_folder.h>
#include <tailgrad/core/checkpoint_files.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/npy.h>
#include <tailgrad/core/npz.h>
#include <tailgrad/core/safetensors.h>
#include <tailgrad/data/column_file.h>
#include <tailgrad/data/csv.h>

namespace tailgrad::property {
namespace {

const test::TemporaryFolder& folder() {
  static const auto here = [] {
    if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 0);  // memory
    return std::make_unique<test::TemporaryFolder>();
  }();
  return *here;
}

// --- tables

const std::vector<std::string> kCellPieces = {"a", "\"", "\"\"", ",", "\t", "\n", "\r", "\r\n",
                                              " ", "#",  ";",    "é", "汉", "\\", "'",  "0"};

void round_trip(TableFormat format, const std::vector<std::string>& pieces) {
  const int columns = index(1, 5);
  std::vector<std::string> names;
  for (int c = 0; c < columns; ++c) names.push_back(std::to_string(c) + *text_of(pieces));
  std::vector<std::vector<std::string>> rows(static_cast<std::size_t>(index(0, 6)));
  std::string text;
  if (format.header) append_row(text, names, format);
  if (!format.header && rows.empty()) rows.resize(1);  // there must be something
  for (std::vector<std::string>& row : rows) {
    for (int c = 0; c < columns; ++c) row.push_back(*text_of(pieces));
    if (columns == 1 && row[0].empty()) row[0] = "x";  // see OneColumnOfEmptyCells
    append_row(text, row, format);
  }
  const Table table(TextFile("written", text), format);
  RC_ASSERT(table.rows() == rows.size());
  RC_ASSERT(table.columns().size() == names.size());
  if (format.header) RC_ASSERT(std::ranges::equal(table.columns(), names));
  for (std::size_t r = 0; r < rows.size(); ++r)
    RC_ASSERT(std::ranges::equal(table.row(r), rows[r]));
}

PROPERTY(Properties, TablesWithQuotes) {
  round_trip(kCsv, kCellPieces);
}
PROPERTY(Properties, TablesWithTabs) {
  round_trip({'\t', Quotes::rfc}, kCellPieces);
}
PROPERTY(Properties, TablesWithoutHeader) {
  round_trip({';', Quotes::rfc, false}, kCellPieces);
}
PROPERTY(Properties, TablesWithoutQuotes) {
  round_trip({'\t', Quotes::literal}, {"a", "\"", ",", " ", "#", "é", "\\", "'", "0"});
}

PROPERTY(Properties, OneColumnOfEmptyCells) {
  const auto rows = static_cast<std::size_t>(index(0, 5));
  std::string text;
  append_row(text, std::vector<std::string>{"name"}, kCsv);
  for (std::size_t r = 0; r < rows; ++r) append_row(text, std::vector<std::string>{""}, kCsv);
  RC_ASSERT(Table(TextFile("written", text), kCsv).rows() == rows);
}

// What cannot be written without quotes is refused, not written wrong.
PROPERTY(Properties, TablesWithoutQuotesRefuseWhatTheyCannotHold) {
  const std::string cell = *text_of(kCellPieces);
  const bool fits = cell.find_first_of("\t\n\r") == std::string::npos;
  std::string text;
  try {
    append_row(text, std::vector<std::string>{"x", cell}, {'\t', Quotes::literal});
    RC_ASSERT(fits);
  } catch (const Error&) {
    RC_ASSERT(!fits);
  }
}

// --- sentences

struct Sentences {
  std::vector<std::vector<std::string>> tokens;  // [tokens, columns]
  std::vector<Index> offsets = {0};
};

Sentences sentences(std::size_t columns, bool numbered) {
  const std::vector<std::string> pieces = {"a", "B", "é", "汉", "-", "1", ".", "\"", "_", "#"};
  Sentences made;
  for (int s = index(1, 5); s > 0; --s) {
    const int length = index(1, 5);
    for (int t = 1; t <= length; ++t) {
      std::vector<std::string> row;
      for (std::size_t c = 0; c < columns; ++c) row.push_back("w" + *text_of(pieces));
      if (numbered) row[0] = std::to_string(t);
      made.tokens.push_back(std::move(row));
    }
    made.offsets.push_back(made.offsets.back() + length);
  }
  return made;
}

std::string written(const Sentences& from, const std::string& separator, const std::string& end) {
  std::string text;
  for (std::size_t s = 0; s + 1 < from.offsets.size(); ++s) {
    if (*rc::gen::arbitrary<bool>()) text += "# sent_id = " + std::to_string(s) + end;
    for (Index t = from.offsets[s]; t < from.offsets[s + 1]; ++t) {
      const std::vector<std::string>& row = from.tokens[static_cast<std::size_t>(t)];
      for (std::size_t c = 0; c < row.size(); ++c) text += (c > 0 ? separator : "") + row[c];
      text += end;
    }
    for (int blank = index(1, 3); blank > 0; --blank) text += end;
  }
  return text;
}

void same_sentences(const ColumnFile& file, const Sentences& want) {
  RC_ASSERT(file.tokens() == want.tokens.size());
  RC_ASSERT(std::ranges::equal(file.offsets(), want.offsets));
  RC_ASSERT(file.columns() == want.tokens[0].size());
  for (std::size_t t = 0; t < file.tokens(); ++t)
    for (std::size_t c = 0; c < file.columns(); ++c)
      RC_ASSERT(file.cell(t, c) == want.tokens[t][c]);
}

// Read, written with a column of predictions, and read again.
void columns_round_trip(ColumnFormat format, std::size_t columns, const std::string& separator) {
  Sentences made = sentences(columns, format == ColumnFormat::conllu);
  const std::string end = *rc::gen::element<std::string>("\n", "\r\n");
  const ColumnFile file(TextFile("made", written(made, separator, end)), format);
  same_sentences(file, made);
  std::vector<std::string> values;
  for (std::vector<std::string>& row : made.tokens) {
    values.push_back("B-" + *text_of({"x", "é", "#", "1"}));
    row.push_back(values.back());
  }
  same_sentences(ColumnFile(TextFile("written", file.with_column(values)), format), made);
}

PROPERTY(Properties, ConllWithTabs) {
  columns_round_trip(ColumnFormat::conll, static_cast<std::size_t>(index(1, 5)), "\t");
}
PROPERTY(Properties, ConllWithSpaces) {
  columns_round_trip(ColumnFormat::conll, static_cast<std::size_t>(index(2, 5)), " ");
}
PROPERTY(Properties, Conllu) {
  columns_round_trip(ColumnFormat::conllu, 10, "\t");
}

// --- arrays

std::vector<std::size_t> shape() {
  std::vector<std::size_t> extents;
  for (int axis = index(0, 4); axis > 0; --axis)
    extents.push_back(static_cast<std::size_t>(index(0, 5)));
  return extents;
}

// Any bits, so that NaN and infinities are among the values.
template <class T>
std::vector<T> values_of(const std::vector<std::size_t>& extents) {
  std::vector<T> values(
      std::accumulate(extents.begin(), extents.end(), std::size_t{1}, std::multiplies<>()));
  for (T& value : values) {
    const std::uint64_t bits = *rc::gen::arbitrary<std::uint64_t>() * 0x9e3779b97f4a7c15ULL;
    std::memcpy(&value, &bits, sizeof value);
  }
  return values;
}

template <class T>
bool same_bits(const std::vector<T>& a, std::span<const std::byte> b) {
  return a.size() * sizeof(T) == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), b.size()) == 0);
}

template <class T>
void npy_round_trip() {
  const std::vector<std::size_t> extents = shape();
  const std::vector<T> values = values_of<T>(extents);
  const std::string path = folder().at("written.npy");
  write_npy(path, std::span<const T>(values), extents);
  const NpyArray array = read_npy(path);
  RC_ASSERT(array.shape == extents);
  const auto* const read = std::get_if<std::vector<T>>(&array.values);
  RC_ASSERT(read != nullptr);
  RC_ASSERT(same_bits(values, std::as_bytes(std::span(*read))));
}

PROPERTY(Properties, NpyOfFloats) {
  npy_round_trip<float>();
}
PROPERTY(Properties, NpyOfDoubles) {
  npy_round_trip<double>();
}
PROPERTY(Properties, NpyOfIntegers) {
  npy_round_trip<std::int64_t>();
}

// Arrays of several types under odd names.
struct Arrays {
  std::vector<std::vector<float>> floats;
  std::vector<std::vector<double>> doubles;
  std::vector<std::vector<std::int64_t>> integers;
  std::vector<StoredTensor> views;
};

Arrays arrays() {
  Arrays made;
  const auto count = static_cast<std::size_t>(index(0, 6));
  made.floats.reserve(count);
  made.doubles.reserve(count);
  made.integers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name =
        std::to_string(i) + *text_of({"a", ".", "weight", " ", "\"", "\\", "é", "\n", "_"});
    const std::vector<std::size_t> extents = shape();
    switch (index(0, 3)) {
      case 0:
        made.floats.push_back(values_of<float>(extents));
        made.views.push_back(stored(name, extents, std::span<const float>(made.floats.back())));
        break;
      case 1:
        made.doubles.push_back(values_of<double>(extents));
        made.views.push_back(stored(name, extents, std::span<const double>(made.doubles.back())));
        break;
      default:
        made.integers.push_back(values_of<std::int64_t>(extents));
        made.views.push_back(
            stored(name, extents, std::span<const std::int64_t>(made.integers.back())));
    }
  }
  return made;
}

void same_arrays(const Safetensors& file, const std::vector<StoredTensor>& want) {
  RC_ASSERT(file.tensors().size() == want.size());
  for (const StoredTensor& tensor : want) {
    const StoredTensor& read = file.at(tensor.name);
    RC_ASSERT(read.type == tensor.type);
    RC_ASSERT(read.shape == tensor.shape);
    RC_ASSERT(std::ranges::equal(read.bytes, tensor.bytes));
  }
}

StoredMetadata metadata() {
  StoredMetadata made;
  for (int i = index(0, 4); i > 0; --i)
    made["key" + *text_of({"a", "\"", "é", "\t"})] = *text_of({"b", "\\", "\n", "汉", "\""});
  return made;
}

PROPERTY(Properties, NpzOfSeveralTypes) {
  const Arrays made = arrays();
  const std::string path = folder().at("written.npz");
  write_npz(path, made.views);
  const Npz file = Npz::read(path);
  RC_ASSERT(file.names().size() == made.views.size());
  for (const StoredTensor& tensor : made.views) {
    const NpyArray array = file.at(tensor.name);
    RC_ASSERT(array.shape == tensor.shape);
    RC_ASSERT(std::visit([&](const auto& values) { return same_bits(values, tensor.bytes); },
                         array.values));
  }
}

PROPERTY(Properties, SafetensorsOfSeveralTypes) {
  const Arrays made = arrays();
  const StoredMetadata pairs = metadata();
  const std::string path = folder().at("written.safetensors");
  write_safetensors(path, made.views, pairs);
  const Safetensors file = Safetensors::read(path);
  same_arrays(file, made.views);
  RC_ASSERT(file.metadata() == pairs);
}

// The newer of two states; and the older one, when any byte of the newer one is another.
PROPERTY(Properties, CheckpointsAndOneDamaged) {
  const Arrays older = arrays(), newer = arrays();
  CheckpointFiles files(folder().at("state"));
  files.remove();
  files.write(older.views, metadata());
  files.write(newer.views, metadata());
  {
    CheckpointFiles again(folder().at("state"));
    same_arrays(again.read().value(), newer.views);
  }
  std::string bytes = test::slurp(files.newest());
  const auto at = static_cast<std::size_t>(index(0, static_cast<int>(bytes.size())));
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << index(0, 8)));
  test::spill(files.newest(), bytes);
  CheckpointFiles damaged(folder().at("state"));
  same_arrays(damaged.read().value(), older.views);
  RC_ASSERT(damaged.passed_over().size() == 1u);
}

}  // namespace
}  // namespace tailgrad::property

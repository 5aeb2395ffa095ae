#include <algorithm>

#include <tailgrad/core/error.h>
#include <tailgrad/data/column_file.h>

#include "targets.h"

namespace tailgrad::fuzz {
namespace {

// Every cell, and the file with one more column, as predict writes it.
void read_columns(Input bytes, ColumnFormat format) {
  const ColumnFile file(TextFile("input", std::string(bytes)), format);
  const std::string value = "new-cell";
  const std::vector<std::string> values(file.tokens(), value);
  std::string wider;
  // A comment may be too like a token of the wider file.
  if (!accepts([&] { wider = file.with_column(values); })) return;
  if (format == ColumnFormat::conllu && file.columns() > 10) return;  // it can be put on once
  const ColumnFile again(TextFile("written", wider), format);
  ensure(again.tokens() == file.tokens() && again.columns() == file.columns() + 1,
         "a column is added");
  ensure(std::ranges::equal(again.offsets(), file.offsets()), "sentences stay");
  for (std::size_t t = 0; t < file.tokens(); ++t) {
    for (std::size_t k = 0; k < file.columns(); ++k)
      ensure(again.cell(t, k) == file.cell(t, k), "cells stay");
    ensure(again.cell(t, file.columns()) == value, "the column added is the last one");
  }
}

}  // namespace

void conll(Input bytes) {
  read_columns(bytes, ColumnFormat::conll);
}

void conllu(Input bytes) {
  read_columns(bytes, ColumnFormat::conllu);
}

}  // namespace tailgrad::fuzz

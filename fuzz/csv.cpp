#include <algorithm>

#include <tailgrad/core/error.h>
#include <tailgrad/data/csv.h>

#include "targets.h"

namespace tailgrad::fuzz {
namespace {

void read_table(Input bytes, TableFormat format) {
  const Table table(TextFile("input", std::string(bytes)), format);
  std::string text;
  // A table without quotes may hold what cannot be written without quotes.
  if (!accepts([&] { text = with_columns(table, {}); })) return;
  const Table again(TextFile("written", text), table.format());
  ensure(std::ranges::equal(again.columns(), table.columns()), "columns stay");
  ensure(again.rows() == table.rows(), "rows stay");
  for (std::size_t row = 0; row < table.rows(); ++row)
    ensure(std::ranges::equal(again.row(row), table.row(row)), "cells stay");
}

}  // namespace

void csv(Input bytes) {
  TableFormat bare = kCsv;
  bare.header = false;
  for (const TableFormat& format : {kCsv, kTsv, bare}) accepts([&] { read_table(bytes, format); });
}

}  // namespace tailgrad::fuzz

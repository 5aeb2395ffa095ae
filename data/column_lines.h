// What each line of a file of columns is: the parser behind ColumnFile, which describes the
// formats.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/file.h>

namespace tailgrad {

/// The two formats of column_file.h.
enum class ColumnFormat { conll, conllu };

/// The columns of CoNLL-U, and the one that predictions are put in.
inline constexpr std::array<std::string_view, 11> kConlluNames = {
    "id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc", "predicted"};

/// The lines of a file, sorted.
struct ColumnLines {
  char separator = '\t';
  std::size_t columns = 0;           ///< of every token
  std::vector<Line> tokens;          ///< in order
  std::vector<Index> offsets = {0};  ///< [sentences + 1] into the tokens
  std::vector<Line> extra;           ///< no tokens, but with as many columns, in order
  std::vector<Line> comments;        ///< in order
  std::vector<std::string> names;    ///< of a comment "# global.columns = ..."
  std::vector<std::string> warnings;
};

/// Throws Error as ColumnFile does; `file` must outlive the result.
ColumnLines column_lines(const TextFile& file, ColumnFormat format);

/// Whether a line that looks like a comment is one whatever its columns are: "# x = y".
bool is_certain_comment(std::string_view line);

/// "1 column", "3 columns".
std::string column_count(std::size_t count);

}  // namespace tailgrad

// Files with one token a line and blank lines between sentences: CoNLL columns and CoNLL-U.
//
// conll    columns separated by tabs, or by runs of spaces: the first line of a token decides for
//          the file, and every token has as many columns as the first one. Lines that begin with
//          -DOCSTART- part documents and are no tokens. A line that begins with "# " or "#\t" at
//          the start of a sentence is a comment unless it has as many columns as tokens have and a
//          last column that other tokens have too; "# x = y", "#begin document" and "#end document"
//          always are.
// conllu   ten columns separated by single tabs (https://universaldependencies.org/format.html),
//          or eleven when the last one holds predictions. Ranges such as 1-2 (multi-word tokens)
//          and empty nodes such as 1.1 stay in the file but are no tokens here.
//
// A line of nothing but spaces and tabs is blank. Ends of line may be "\n" or "\r\n".
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/column_lines.h>
#include <tailgrad/data/file.h>

namespace tailgrad {

/// The format named "conll" or "conllu"; an empty name decides by the path's ending, before an
/// optional .gz: .conllu; .conll, .bio, .iob, .iob2, .tsv, .tab, .txt. Throws Error for another
/// name or ending.
ColumnFormat column_format(const std::string& path, std::string_view name = "");

/// A file of tokens in memory. Copies share the text.
class ColumnFile {
 public:
  /// Throws Error as TextFile::read, and with the line for an empty file, a file without tokens, a
  /// token with more or fewer columns than the first, columns separated by spaces in a file with
  /// tabs (or the other way round), and in
  /// CoNLL-U an empty cell and an ID that is out of order.
  static ColumnFile read(const std::string& path, ColumnFormat format);
  /// The same for a text in memory.
  ColumnFile(TextFile file, ColumnFormat format);

  const std::string& path() const { return file_->path(); }  ///< as it was given, for messages
  /// The format it was read as.
  ColumnFormat format() const { return format_; }
  /// A tab or a space; a tab when there is one column only.
  char separator() const { return lines_.separator; }
  std::size_t columns() const { return lines_.columns; }       ///< columns of every token
  std::size_t tokens() const { return lines_.tokens.size(); }  ///< number of tokens
  /// [sentences + 1] sentence s holds the tokens offsets()[s] … offsets()[s + 1] - 1, at least one.
  std::span<const Index> offsets() const { return lines_.offsets; }
  /// A cell of a token, both from 0; valid as long as the file or a copy of it.
  std::string_view cell(std::size_t token, std::size_t column) const;
  /// The line of a token, from 1.
  std::size_t line(std::size_t token) const { return lines_.tokens[token].number; }
  std::size_t comments() const { return lines_.comments.size(); }  ///< comment lines
  /// What is legal but odd: no blank line at all, words with spaces in a file with tabs, lines
  /// that may be a token # or a comment.
  std::span<const std::string> warnings() const { return lines_.warnings; }

  /// The number (from 0) of the column that a user names: a number from 1, "last", in CoNLL-U id,
  /// form, lemma, upos, xpos, feats, head, deprel, deps, misc and predicted, in other files a name
  /// of a comment "# global.columns = FORM POS NER". Throws Error naming what there is.
  std::size_t column(std::string_view name) const;

  /// The text of the file with one more column: `values` [tokens], each put behind its line and a
  /// separator; all other bytes stay, ends of line and trailing spaces included. -DOCSTART- lines
  /// of full width repeat their last cell, ranges and empty nodes of CoNLL-U get "_". Throws Error
  /// for another number of values and for a value that is blank or holds the separator, a tab
  /// or an end of line; and, with the line, where a comment would be read as a token afterwards.
  std::string with_column(std::span<const std::string> values) const;

 private:
  void refuse_comments_like_tokens(std::span<const std::string> values) const;

  std::shared_ptr<const TextFile> file_;
  ColumnFormat format_;
  ColumnLines lines_;
};

}  // namespace tailgrad

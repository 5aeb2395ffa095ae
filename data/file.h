// Text files, read whole and safely.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tailgrad {

/// All bytes of a file; a path ending in ".gz" is decompressed (several gzip members follow each
/// other as one). Throws Error naming the path when it is missing, a folder, unreadable, not gzip
/// although its name says so, cut short or damaged.
std::string read_bytes(const std::string& path);

/// The offset of the first byte that is not part of well-formed UTF-8 (overlong forms, surrogates
/// and values above U+10FFFF are not); none if there is no such byte. Source: RFC 3629.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// What the bytes of a file mean. Latin-1 (ISO 8859-1): byte b is the character U+00b, so that any
/// bytes are a text.
enum class Encoding { utf8, latin1 };

/// "utf-8" or "latin-1". Throws Error for another name.
Encoding encoding_from_name(std::string_view name);

/// Latin-1 as UTF-8.
std::string utf8_from_latin1(std::string_view bytes);

/// A place in a text: line and column count from 1, the column in bytes.
struct Place {
  std::size_t line;    ///< from 1
  std::size_t column;  ///< from 1, in bytes
};

/// One line without its end ("\n" or "\r\n").
struct Line {
  std::string_view text;  ///< without its end
  std::size_t number;     ///< from 1
  std::size_t offset;     ///< of its first byte in TextFile::text()
};

/// A text with the name that messages about it use. The bytes are valid UTF-8 and a byte order mark
/// at the start has been removed.
class TextFile {
 public:
  /// Reads with read_bytes. Throws Error as that does, and for invalid UTF-8 (line, column, byte).
  /// Of a Latin-1 file the text is UTF-8 too.
  static TextFile read(const std::string& path, Encoding encoding);
  /// UTF-8, with or without a byte order mark.
  static TextFile read(const std::string& path) { return read(path, Encoding::utf8); }
  /// The same checks for a text in memory; `name` stands where a path would.
  TextFile(std::string name, std::string text);

  const std::string& path() const { return path_; }  ///< as it was given, for messages
  /// Without the byte order mark.
  std::string_view text() const { return std::string_view(bytes_).substr(start_); }
  /// Whether the file began with one.
  bool has_byte_order_mark() const { return start_ > 0; }
  /// Line and column of a byte of text().
  Place place(std::size_t offset) const;
  /// Throws Error "path:line:column: message" for a byte of text().
  [[noreturn]] void fail_here(std::size_t offset, std::string_view message) const;

 private:
  std::string path_;
  std::string bytes_;
  std::size_t start_ = 0;  // 3 after a byte order mark
};

/// Goes through the lines of a text: `for (Line line; lines.next(line);)`. The end of the last line
/// may be missing; an end of line at the end of the text opens no further line.
class LineReader {
 public:
  /// The text must outlive this object.
  explicit LineReader(std::string_view text) : text_(text) {}
  /// False at the end of the text.
  bool next(Line& line);

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t number_ = 0;
};

}  // namespace tailgrad

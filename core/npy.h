// Arrays of numbers in NumPy's .npy format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// What a .npy file held: row-major values of any rank. Integers of every width become int64; bool
/// becomes int64 0 or 1.
struct NpyArray {
  std::string source;              ///< where it came from, for error messages
  std::string dtype;               ///< as written in the file: "<f4"
  std::vector<std::size_t> shape;  ///< empty for a single number
  /// Row-major, in the type that the file's type was read into.
  std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>> values;

  std::size_t size() const;  ///< number of values
  /// Whether the values are integers.
  bool is_integer() const { return values.index() == 2; }
  /// "[32, 128]"
  std::string shape_text() const;
  /// Throws Error naming the file, `what` it should be and both ranks.
  void require_rank(std::size_t rank, std::string_view what) const;

  /// Throws Error for an integer beyond 2^53, which a double cannot hold.
  std::vector<double> as_doubles() const;
  /// Doubles are rounded. Throws Error for an integer beyond 2^24 and for a finite double beyond
  /// the range of float.
  std::vector<float> as_floats() const;
  /// Floating-point values must be whole numbers below 2^53. Throws Error with the first that is
  /// not.
  std::vector<std::int64_t> as_integers() const;
  /// As as_integers, and in the range of Index.
  std::vector<Index> as_indices() const;
};

/// Reads float32, float64, integers of 8 to 64 bits, signed or not, and bool; little-endian, C
/// order, format versions 1 to 3. Throws Error for anything else, naming what was found; nothing is
/// allocated that the size of the file does not justify.
NpyArray read_npy(const std::string& path);
/// The same for bytes in memory; `source` is the name for error messages.
NpyArray parse_npy(std::span<const std::byte> bytes, std::string source);

/// What stands before the values in a file of format version 1.0; `dtype` as in NpyArray.
std::string npy_header(std::string_view dtype, std::span<const std::size_t> shape);

/// Writes format version 1.0, the bytes that numpy.save writes. Throws Error when the shape does
/// not fit the number of values or the file cannot be written (see write_file).
void write_npy(const std::string& path, std::span<const float> values,
               std::span<const std::size_t> shape);
/// The same in double.
void write_npy(const std::string& path, std::span<const double> values,
               std::span<const std::size_t> shape);
/// The same for integers.
void write_npy(const std::string& path, std::span<const std::int64_t> values,
               std::span<const std::size_t> shape);

}  // namespace tailgrad

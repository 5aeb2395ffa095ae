// Named arrays in the safetensors format: an eight-byte length, a JSON header, the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// Element types, in the order in which the format's own writer sorts them.
enum class StoredType : std::uint8_t {
  kBool,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kF64,
  kI64,
  kU64
};
/// "F32"
std::string_view name_of(StoredType type);
/// Bytes of an element.
std::size_t width_of(StoredType type);

/// One array: row-major, little-endian, somewhere in memory that another object owns and not
/// necessarily aligned for its type.
struct StoredTensor {
  std::string name;                    ///< unique in its file
  StoredType type = StoredType::kF32;  ///< of the elements
  std::vector<std::size_t> shape;      ///< extents; empty for a single number
  std::span<const std::byte> bytes;    ///< little-endian, row-major

  std::size_t size() const { return bytes.size() / width_of(type); }  ///< number of elements
  std::string shape_text() const;                                     ///< "[32, 128]"
  /// Whether the bytes are as many as type and shape ask for.
  bool fits() const;
  /// From F64, F32, F16 or BF16; F64 is rounded by as_floats. Throws Error for other types.
  std::vector<float> as_floats() const;
  /// The same without rounding.
  std::vector<double> as_doubles() const;
  /// From integers and BOOL. Throws Error for other types and for a U64 of 2^63 or more.
  std::vector<std::int64_t> as_integers() const;
};

/// Views of values as arrays to be stored.
StoredTensor stored(std::string name, std::vector<std::size_t> shape, std::span<const float> from);
/// The same in double.
StoredTensor stored(std::string name, std::vector<std::size_t> shape, std::span<const double> from);
/// The same for integers.
StoredTensor stored(std::string name, std::vector<std::size_t> shape,
                    std::span<const std::int64_t> from);
/// The same for bytes.
StoredTensor stored(std::string name, std::vector<std::size_t> shape,
                    std::span<const std::uint8_t> from);

/// The text pairs a file may carry.
using StoredMetadata = std::map<std::string, std::string>;

/// A safetensors file in memory.
///
/// Refused with Error, as the format demands: a header longer than 100 MB or than the file, one
/// that does not begin with '{', is not an object of the known form or goes on after it (other than
/// spaces); a key given twice; an unknown type; a shape that does not fit its offsets; arrays that
/// overlap, leave a gap or end before the file does; metadata other than text.
/// Arrays that do not begin at a multiple of their width are legal and read.
/// Refused too: a file whose bytes do not fit the checksum of write_sealed_safetensors in it.
class Safetensors {
 public:
  /// Reads a file. Throws Error naming the file and the rule that it breaks.
  static Safetensors read(const std::string& path);
  /// Takes the bytes over; `source` is the name for error messages.
  static Safetensors parse(std::vector<std::byte> bytes, std::string source);

  /// In the order of their bytes. They point into this object.
  const std::vector<StoredTensor>& tensors() const { return tensors_; }
  /// The array of a name, or null.
  const StoredTensor* find(std::string_view name) const;
  /// Throws Error naming the file, the missing array and the arrays that there are.
  const StoredTensor& at(std::string_view name) const;
  const StoredMetadata& metadata() const { return metadata_; }  ///< the text pairs of the file
  /// Whether the file had a checksum, which then was right.
  bool sealed() const { return sealed_; }
  /// The name of the file in error messages.
  const std::string& source() const { return source_; }

  Safetensors(Safetensors&&) = default;
  Safetensors& operator=(Safetensors&&) = default;
  Safetensors(const Safetensors&) = delete;
  Safetensors& operator=(const Safetensors&) = delete;

 private:
  Safetensors() = default;

  std::string source_;
  std::vector<std::byte> bytes_;
  std::vector<StoredTensor> tensors_;
  StoredMetadata metadata_;
  bool sealed_ = false;
};

/// Writes the arrays, widest types first and then by name, as the format's own writer does: the
/// same arrays give the same bytes in whatever order they come, and every array is aligned. The
/// header is padded with spaces to a multiple of eight. Throws Error for a name given twice or
/// "__metadata__", for names that are not UTF-8, for a shape that does not fit the bytes, and when
/// the file cannot be written (see write_file).
void write_safetensors(const std::string& path, std::span<const StoredTensor> tensors,
                       const StoredMetadata& metadata = {});

/// The same with a checksum of all its bytes in the metadata: what is torn or damaged later is
/// refused when it is read, and everyone else's readers take it for an ordinary file.
void write_sealed_safetensors(const std::string& path, std::span<const StoredTensor> tensors,
                              const StoredMetadata& metadata = {});

}  // namespace tailgrad

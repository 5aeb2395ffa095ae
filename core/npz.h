// Several named arrays of numbers in NumPy's .npz format: a zip archive of .npy files.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/npy.h>
#include <tailgrad/core/safetensors.h>

namespace tailgrad {

/// The arrays of a .npz file, stored (numpy.savez) or deflated (numpy.savez_compressed). The file's
/// bytes are kept as they are; an array is unpacked when it is asked for.
///
/// Refused with Error: what is not a zip archive or is damaged, an encrypted or otherwise
/// compressed member, one that is not named NAME.npy, a name given twice. Nothing is allocated that
/// the size of the file does not justify.
class Npz {
 public:
  /// Reads a file and the list of its arrays.
  static Npz read(const std::string& path);
  /// Takes the bytes over; `source` is the name for error messages.
  static Npz parse(std::vector<std::byte> bytes, std::string source);

  /// In the order of the archive.
  const std::vector<std::string>& names() const { return names_; }
  /// Throws Error naming the file, the missing array and those that there are; for a member that is
  /// damaged (its checksum does not match); and as parse_npy.
  NpyArray at(std::string_view name) const;

 private:
  Npz() = default;

  std::string source_;
  std::vector<std::byte> bytes_;
  std::vector<std::string> names_;
};

/// An array of a .npy file, or, for a path FILE.npz:NAME, that array of FILE.npz.
NpyArray read_array(const std::string& path);

/// Writes the arrays as numpy.savez_compressed does, in their order and without the time, so that
/// the same arrays give the same bytes. Types: BOOL, F32, F64 and integers. Throws Error for
/// another type, for a name that is empty, given twice or has a NUL or a '/', for a shape that does
/// not fit the bytes, and when the file cannot be written (see write_file).
void write_npz(const std::string& path, std::span<const StoredTensor> arrays);

}  // namespace tailgrad

// The hash of weights and checkpoints. It is part of file formats and results: its values never
// change.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// XXH64 (seed 0) of a stream of bytes: several gigabytes a second, for the bytes of weights and
/// checkpoints. Pieces may be cut anywhere: the value depends only on their concatenation.
/// Finds accidents, not attackers.
class ByteHash {
 public:
  void update(std::span<const std::byte> bytes);
  void update(std::string_view bytes) { update(std::as_bytes(std::span(bytes))); }
  std::uint64_t value() const;

 private:
  static constexpr std::size_t kBlock = 32;
  void absorb(const std::byte* block);

  std::array<std::uint64_t, 4> lanes_{0x60ea27eeadc0b5d6u, 0xc2b2ae3d27d4eb4fu, 0u,
                                      0x61c8864e7a143579u};
  std::array<std::byte, kBlock> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;
};

/// Adds the number of values, then their bytes: lists one after the other cannot be cut elsewhere.
template <class T>
void update_sized(ByteHash& hash, const std::vector<T>& values) {
  const std::uint64_t size = values.size();
  hash.update(std::as_bytes(std::span(&size, 1)));
  hash.update(std::as_bytes(std::span(values)));
}

/// Sixteen lower-case hexadecimal digits, as hashes are printed and stored in JSON.
std::string hex64(std::uint64_t value);

}  // namespace tailgrad

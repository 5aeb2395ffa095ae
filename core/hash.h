// FNV-1a, 64 bits: the one hash for names, data splits and n-gram buckets.
#pragma once

#include <cstdint>
#include <string_view>

namespace tailgrad {

constexpr std::uint64_t kFnvBasis = 14695981039346656037ULL;
constexpr std::uint64_t kFnvPrime = 1099511628211ULL;

/// For each byte: h = (h xor byte) * 1099511628211 modulo 2^64, from 14695981039346656037. Passing
/// an earlier result as `hash` goes on where it stopped. Not for hostile input; the low bits are
/// the good ones. Source: Fowler, Noll, Vo, FNV-1a.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = kFnvBasis) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  return hash;
}

}  // namespace tailgrad

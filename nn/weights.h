// The weights of a model in and out of safetensors files, and their fingerprint.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/safetensors.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Views of named tensors, such as a model's parameters or an optimizer's buffers, as arrays for
/// write_safetensors; valid while the tensors live. `prefix` goes before each name.
std::vector<StoredTensor> stored_tensors(std::span<const NamedTensor> tensors,
                                         std::string_view prefix = {});

/// Copies arrays of a file into tensors of the same names and shapes; F64, F32, F16 and BF16 are
/// converted to Real. With a prefix only arrays whose names begin with it count, without it.
/// Throws one Error that lists every array that is missing, that nothing asks for or that has
/// another shape; then nothing has been copied.
void read_tensors(const Safetensors& file, std::span<const NamedTensor> into,
                  std::string_view prefix = {});

/// All parameters and buffers of the module under their dotted names. Throws Error as
/// write_safetensors.
void save_weights(const Module& module, const std::string& path,
                  const StoredMetadata& metadata = {});
/// Throws Error as read_tensors and Safetensors::read.
void load_weights(const Module& module, const std::string& path);

/// XXH64 of the bytes of all parameters and buffers, in the order of their declaration: 16
/// hexadecimal digits.
std::string weights_hash(const Module& module);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

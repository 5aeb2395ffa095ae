// The last two states of a long job, so that one damaged file costs a few minutes and not the job.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/safetensors.h>

namespace tailgrad {

/// STEM-0.safetensors and STEM-1.safetensors, written in turn: the newer one is never touched while
/// the next is written. Both carry their number in the series and a checksum.
class CheckpointFiles {
 public:
  /// `stem`: where the files are and how their names begin, "runs/a/checkpoint/state".
  explicit CheckpointFiles(std::string stem) : stem_(std::move(stem)) {}

  /// Replaces the older file (see write_sealed_safetensors); what comes after read() continues its
  /// series. Throws Error when it cannot be written; the newer file is as it was.
  void write(std::span<const StoredTensor> tensors, StoredMetadata metadata);
  /// The newest state that is whole; none when there is no file. passed_over() tells which files
  /// were not. Throws Error, with the reasons, when there are files but none is whole.
  std::optional<Safetensors> read();
  /// What was wrong with each file that the last read() did not use: a line each, with its path.
  const std::vector<std::string>& passed_over() const { return passed_over_; }
  /// The file written or read last; empty before.
  std::string newest() const { return generation_ == 0 ? "" : path(generation_); }
  /// Removes both, as far as that is possible.
  void remove();

 private:
  std::string path(std::uint64_t generation) const {
    return stem_ + "-" + std::to_string(generation % 2) + ".safetensors";
  }

  std::string stem_;
  std::uint64_t generation_ = 0;  // of newest(), from 1
  std::vector<std::string> passed_over_;
};

}  // namespace tailgrad

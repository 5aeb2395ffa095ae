#include <tailgrad/core/checkpoint_files.h>

#include <charconv>
#include <utility>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

constexpr const char* kGeneration = "generation";

std::uint64_t generation_of(const Safetensors& file) {
  const auto found = file.metadata().find(kGeneration);
  std::uint64_t number = 0;
  if (file.sealed() && found != file.metadata().end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  if (number == 0) fail_at(file.source(), 0, 0, "is no checkpoint of tailgrad");
  return number;
}

}  // namespace

void CheckpointFiles::write(std::span<const StoredTensor> tensors, StoredMetadata metadata) {
  metadata[kGeneration] = std::to_string(generation_ + 1);
  write_sealed_safetensors(path(generation_ + 1), tensors, metadata);
  ++generation_;
}

std::optional<Safetensors> CheckpointFiles::read() {
  std::optional<Safetensors> newest;
  generation_ = 0;
  passed_over_.clear();
  for (const std::uint64_t slot : {0, 1}) {
    try {
      std::optional<std::vector<std::byte>> bytes = read_file_if_there(path(slot));
      if (!bytes) continue;
      Safetensors file = Safetensors::parse(std::move(*bytes), path(slot));
      const std::uint64_t generation = generation_of(file);
      if (generation <= generation_) continue;
      generation_ = generation;
      newest = std::move(file);
    } catch (const Error& error) {
      passed_over_.emplace_back(error.what());
    }
  }
  if (newest || passed_over_.empty()) return newest;
  std::string reasons;
  for (const std::string& reason : passed_over_) reasons += (reasons.empty() ? "" : "; ") + reason;
  fail_at(stem_, 0, 0, "no checkpoint of this run is whole (" + reasons + ")");
}

void CheckpointFiles::remove() {
  for (const std::uint64_t slot : {0, 1}) remove_file(path(slot));
  generation_ = 0;
}

}  // namespace tailgrad

// Training is a property of the pass, not of the layer.
#pragma once

#include <cstdint>

namespace tailgrad {

/// While it lives, the running thread's forward passes are training passes: dropout drops. Without
/// one dropout is the identity, so nobody can forget to switch a model to evaluation.
///
///   const TrainingPass training(seed, step, shard);
///   const Tensor logits = model(batch);
///
/// Random numbers of a pass are a function of (seed, step, shard, which use in the pass, which
/// element): the same on any number of threads and after a resume.
class TrainingPass {
 public:
  /// `step` counts updates, `shard` the parts of a batch that are worked on side by side.
  TrainingPass(std::uint64_t seed, std::uint64_t step, std::uint32_t shard = 0);
  ~TrainingPass();
  TrainingPass(const TrainingPass&) = delete;
  TrainingPass& operator=(const TrainingPass&) = delete;

  /// The innermost pass of the running thread; null when it is not training.
  static TrainingPass* current();

  std::uint64_t seed() const { return seed_; }    ///< of the run
  std::uint64_t step() const { return step_; }    ///< counts updates
  std::uint32_t shard() const { return shard_; }  ///< of the batch, from 0
  /// 0, 1, 2, …: numbers the random ops of the pass.
  std::uint32_t next_use() { return uses_++; }

 private:
  std::uint64_t seed_;
  std::uint64_t step_;
  std::uint32_t shard_;
  std::uint32_t uses_ = 0;
  TrainingPass* outer_;
};

}  // namespace tailgrad

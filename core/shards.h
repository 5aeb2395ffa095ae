// A batch in a fixed number of pieces, each with a tape, a pool and gradients of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <tailgrad/core/function_ref.h>
#include <tailgrad/core/gradient.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Runs the forward and backward passes of the shards of a batch side by side. Small models gain
/// more from this than from threads inside their ops.
///
/// The number of shards belongs to the configuration of a run, never to the machine: gradients are
/// added in the order of the shards, so the result is the same on any number of threads. A shard
/// finds the memory of its last run again, whichever thread runs it.
class Shards {
 public:
  /// `parameters`: all of the model's, in a fixed order. Throws Error for count < 1.
  Shards(std::vector<Tensor> parameters, int count);
  ~Shards();
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;

  int count() const { return static_cast<int>(shards_.size()); }  ///< how many shards

  /// Calls body(shard) for every shard, possibly side by side, each on its own tape; backward()
  /// inside adds to the shard's gradients. Afterwards they are added, in shard order, to the
  /// parameters' own (those of the first shard are there from the start). When a body throws, all
  /// gradients are cleared and the exception goes on.
  void run(FunctionRef<void(int shard)> body);

  /// For losses of the whole batch: computes without adding gradients and keeps the tapes; run()
  /// then goes on with them.
  void forward(FunctionRef<void(int shard)> body);

 private:
  struct Shard;
  void each(FunctionRef<void(int shard)> body);
  void combine();
  void drop();

  std::vector<Tensor> parameters_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

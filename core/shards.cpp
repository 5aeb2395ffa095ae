#include <tailgrad/core/shards.h>

#include <optional>
#include <string>
#include <utility>

#include <tailgrad/core/parallel.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

struct Shards::Shard {
  Shard() : pool(Pool::acquire()) {}
  ~Shard() {
    tape.clear();
    Pool::give_back(pool);
  }
  Pool& pool;
  Tape tape;
  std::optional<GradientSet> gradients;  ///< none: the parameters' own (the first shard)
};

Shards::Shards(std::vector<Tensor> parameters, int count) : parameters_(std::move(parameters)) {
  if (count < 1) fail("Shards", "needs at least 1 shard, got " + std::to_string(count));
  for (int shard = 0; shard < count; ++shard) {
    shards_.push_back(std::make_unique<Shard>());
    if (shard > 0) shards_.back()->gradients.emplace(parameters_);
  }
}

Shards::~Shards() = default;

void Shards::each(FunctionRef<void(int)> body) {
  parallel_for(shards_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t index = begin; index < end; ++index) {
      Shard& shard = *shards_[index];
      const PoolScope pool(shard.pool);
      const TapeScope tape(shard.tape);
      std::optional<GradientScope> gradients;
      if (shard.gradients) gradients.emplace(*shard.gradients);
      body(static_cast<int>(index));
    }
  });
}

void Shards::combine() {
  // Parameter by parameter, side by side; within a parameter in shard order.
  parallel_for(parameters_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t slot = begin; slot < end; ++slot)
      for (const auto& shard : shards_) {
        if (!shard->gradients) continue;
        ParameterGradient& gradient = (*shard->gradients)[slot];
        parameters_[slot].parameter_gradient()->add(gradient);
        gradient.clear();
      }
  });
}

void Shards::drop() {
  for (const auto& shard : shards_) {
    const PoolScope pool(shard->pool);
    shard->tape.clear();
    for (std::size_t slot = 0; slot < parameters_.size(); ++slot)
      (shard->gradients ? (*shard->gradients)[slot] : *parameters_[slot].parameter_gradient())
          .clear();
  }
}

void Shards::forward(FunctionRef<void(int)> body) {
  try {
    each(body);
  } catch (...) {
    drop();
    throw;
  }
}

void Shards::run(FunctionRef<void(int)> body) {
  forward(body);
  combine();
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

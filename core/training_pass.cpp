#include <tailgrad/core/training_pass.h>

namespace tailgrad {
namespace {

thread_local constinit TrainingPass* current_pass = nullptr;

}  // namespace

TrainingPass::TrainingPass(std::uint64_t seed, std::uint64_t step, std::uint32_t shard)
    : seed_(seed), step_(step), shard_(shard), outer_(current_pass) {
  current_pass = this;
}

TrainingPass::~TrainingPass() {
  current_pass = outer_;
}

TrainingPass* TrainingPass::current() {
  return current_pass;
}

}  // namespace tailgrad

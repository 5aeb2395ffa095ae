// Float: an encoder trained with dropout gives the same bytes on any number of threads.
#include <gtest/gtest.h>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/nn/embedding.h>
#include <tailgrad/nn/position.h>
#include <tailgrad/nn/transformer.h>
#include <tailgrad/nn/weights.h>
#include <tailgrad/optim/optimizer.h>

namespace tailgrad {
namespace {

struct Model : Module {
  Embedding embed{*this, "embed", 500, 64};
  SinusoidalPositions positions{64, 64};
  TransformerEncoder encoder;
  Model(std::uint64_t seed, bool norm_first)
      : Module(seed),
        encoder(
            *this, "encoder",
            {.layers = 2, .layer = {.heads = 4, .feedforward = 256, .norm_first = norm_first}}) {}
};

std::string trained(int thread_count, bool norm_first) {
  set_threads(thread_count);
  const Model model(2, norm_first);
  Optimizer optimizer(model.named_parameters(), read_optimizer("adam:lr=1e-2"));
  std::vector<Index> ids, offsets{0};
  for (Index s = 0; s < 40; ++s) {
    const Index length = 1 + s * 7 % 33;
    for (Index t = 0; t < length; ++t) ids.push_back((s * 131 + t * 17) % 500);
    offsets.push_back(offsets.back() + length);
  }
  for (std::uint64_t step = 0; step < 4; ++step) {
    const TrainingPass training(9, step);
    const Tensor out = model.encoder(model.positions(model.embed(ids), offsets), offsets);
    Tape::current().backward(out, Tensor::full(out.shape(), Real(0.01)));
    optimizer.step();
    optimizer.clear_gradients();
  }
  return weights_hash(model);
}

TEST(EncoderThreads, SameBytes) {
  const int before = threads();
  for (bool norm_first : {false, true}) {
    const std::string one = trained(1, norm_first);
    for (int count : {2, 3, 4}) EXPECT_EQ(trained(count, norm_first), one) << count << " threads";
  }
  set_threads(before);
}

}  // namespace
}  // namespace tailgrad

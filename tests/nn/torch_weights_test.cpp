// A file that PyTorch saved goes in, gives PyTorch's answers, and comes out as the same file.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <support/temporary_folder.h>
#include <tailgrad/core/safetensors.h>
#include <tailgrad/nn/embedding.h>
#include <tailgrad/nn/layer_norm.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/lstm.h>
#include <tailgrad/nn/multi_head_attention.h>
#include <tailgrad/nn/transformer.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {
namespace {

const std::string kGolden = TAILGRAD_SOURCE_DIR "/tests/golden/";

// The model of tests/golden/make_torch_weights.py.
struct TorchModel : Module {
  TorchModel() : Module(1) {}
  Embedding embed{*this, "embed", 11, 8};
  LayerNorm norm{*this, "norm", 8};
  TransformerEncoder encoder{*this,
                             "encoder",
                             {.layers = 2,
                              .layer = {.width = 8,
                                        .heads = 2,
                                        .feedforward = 12,
                                        .activation = Activation::gelu,
                                        .norm_first = true},
                              .final_norm = true}};
  MultiHeadAttention attention{*this, "attention", 8, 4};
  Lstm lstm{*this, "lstm", 8, 6, {.layers = 2, .bidirectional = true}};
  Linear out{*this, "out", 12, 4};

  Tensor operator()(std::span<const Index> ids, std::span<const Index> offsets) const {
    return out(lstm(attention(encoder(norm(embed(ids)), offsets), offsets), offsets));
  }
};

TEST(TorchWeights, GoInAsTheyAre) {
  const TorchModel model;
  load_weights(model, kGolden + "torch_weights.safetensors");
  const Safetensors answers = Safetensors::read(kGolden + "torch_outputs.safetensors");
  std::vector<Index> ids;
  for (const std::int64_t id : answers.at("ids").as_integers())
    ids.push_back(static_cast<Index>(id));
  const std::vector<Index> offsets = {0, 3, 5};
  const Tensor output = model(ids, offsets);
  const std::vector<float> expected = answers.at("output").as_floats();
  ASSERT_EQ(output.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(output.values()[i], expected[i], 1e-5) << i;
}

TEST(TorchWeights, ComeOutAsTheyWere) {
  const TorchModel model;
  load_weights(model, kGolden + "torch_weights.safetensors");
  const test::TemporaryFolder folder;
  save_weights(model, folder.at("ours.safetensors"));
  EXPECT_EQ(test::slurp(folder.at("ours.safetensors")),
            test::slurp(kGolden + "torch_weights.safetensors"));
}

}  // namespace
}  // namespace tailgrad

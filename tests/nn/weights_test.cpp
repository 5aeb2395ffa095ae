#include <tailgrad/nn/weights.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/nn/linear.h>

#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

struct TwoLinears : Module {
  Linear a{*this, "a", 2, 3};
  Linear b{*this, "b", 3, 1};
  explicit TwoLinears(std::uint64_t seed) : Module(seed) {}
};
struct Other : Module {
  Linear a{*this, "a", 2, 4};
  Linear c{*this, "c", 3, 1};
  Other() : Module(1) {}
};

TEST(Weights, TravelThroughAFile) {
  const test::TemporaryFolder folder;
  const std::string path = folder.at("model.safetensors");
  const TwoLinears first(1), second(2);
  EXPECT_NE(weights_hash(first), weights_hash(second));
  save_weights(first, path, {{"seed", "1"}});
  load_weights(second, path);
  EXPECT_EQ(weights_hash(first), weights_hash(second));
  EXPECT_EQ(Safetensors::read(path).metadata().at("seed"), "1");
}

TEST(Weights, HashSeesEveryBit) {
  const TwoLinears model(1);
  const std::string before = weights_hash(model);
  EXPECT_EQ(before.size(), 16u);
  Real& last = model.b.bias.mutable_data()[0];
  last = std::nextafter(last, Real{10});
  EXPECT_NE(weights_hash(model), before);
}

TEST(Weights, ListEveryMisfitAndCopyNothing) {
  const test::TemporaryFolder folder;
  const std::string path = folder.at("model.safetensors");
  save_weights(TwoLinears(1), path);
  const Other other;
  const std::string before = weights_hash(other);
  EXPECT_THAT([&] { load_weights(other, path); },
              ThrowsMessage<Error>(AllOf(
                  HasSubstr("model.safetensors"), HasSubstr("the file does not fit the model"),
                  HasSubstr("\n  missing: c.weight [1, 3]"), HasSubstr("\n  missing: c.bias [1]"),
                  HasSubstr("\n  not in the model: b.weight [1, 3]"),
                  HasSubstr("\n  another shape: a.weight needs [4, 2], the file has [3, 2]"))));
  EXPECT_EQ(weights_hash(other), before);
}

TEST(Weights, PrefixesKeepPartsApart) {
  const test::TemporaryFolder folder;
  const std::string path = folder.at("checkpoint.safetensors");
  const TwoLinears first(1), second(2);
  const std::vector<NamedTensor> ones = first.named_parameters(), twos = second.named_parameters();
  std::vector<StoredTensor> all = stored_tensors(ones, "model.");
  const std::vector<StoredTensor> more = stored_tensors(twos, "average.");
  all.insert(all.end(), more.begin(), more.end());
  write_safetensors(path, all);
  const TwoLinears third(3);
  read_tensors(Safetensors::read(path), third.named_parameters(), "average.");
  EXPECT_EQ(weights_hash(third), weights_hash(second));
}

}  // namespace
}  // namespace tailgrad

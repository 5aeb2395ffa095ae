// Every loss against tests/golden/losses_*.safetensors, whose definitions were written a second
// time in PyTorch (make_losses.py).
#include <losses/check.h>
#include <losses/golden.h>

namespace tailgrad::test {
namespace {

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, ValuesAndGradients) {
  const Safetensors file = golden_file(GetParam());
  std::size_t compared = 0;
  for (const StoredTensor& stored : file.tensors()) {
    const std::string& key = stored.name;
    if (!key.ends_with("/result")) continue;
    const std::string without = key.substr(0, key.size() - std::string("/result").size());
    const std::string form = without.substr(0, without.rfind('/'));
    const std::string name = without.substr(without.rfind('/') + 1);
    // A '#' marks another reading of an unclear definition; eql's draws are not PyTorch's.
    if (form.find('#') != std::string::npos || form.starts_with("eql:gamma=0.9")) continue;
    SCOPED_TRACE(without);
    const Case c = read_case(file, name);
    const auto loss = make_loss(form, c.setup);
    const Evaluated got = evaluate(*loss, c.shape, c.logits, c.targets());
    const std::vector<double> result = stored.as_doubles();
    const std::vector<double> gradient = file.at(without + "/gradient").as_doubles();
    if (loss->decomposes() && !form.starts_with("ce+dice")) {
      EXPECT_NEAR(got.sum, result[0], 1e-12 * std::max(1.0, std::abs(result[0])));
      EXPECT_NEAR(got.normaliser, result[1], 1e-12 * result[1]);
    }
    EXPECT_NEAR(got.value, result[2], 1e-12 * std::max(1.0, std::abs(result[2])));
    double largest = 0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    for (std::size_t i = 0; i < gradient.size(); ++i)
      EXPECT_NEAR(got.gradient[i], gradient[i],
                  1e-9 * std::abs(gradient[i]) + 1e-14 * largest + 1e-100)
          << "element " << i;
    ++compared;
  }
  EXPECT_GT(compared, 60U);
}

INSTANTIATE_TEST_SUITE_P(Files, Golden,
                         testing::Values("weights", "margins", "overlap", "multilabel"),
                         [](const auto& file) { return std::string(file.param); });

}  // namespace
}  // namespace tailgrad::test

// The optimizers, schedules and clipping of PyTorch (tests/golden/make_optim.py), in double.
#include <tailgrad/optim/optimizer.h>

#include <cmath>

#include <gtest/gtest.h>

#include <tailgrad/core/gradient.h>
#include <tailgrad/core/safetensors.h>
#include <tailgrad/optim/schedule.h>

namespace tailgrad {
namespace {

const Safetensors& golden() {
  static const Safetensors file =
      Safetensors::read(TAILGRAD_SOURCE_DIR "/tests/golden/optim.safetensors");
  return file;
}

std::vector<double> values(const std::string& name) {
  return golden().at(name).as_doubles();
}

struct Parameters {
  Tensor a = Tensor::parameter({3, 4});
  Tensor b = Tensor::parameter({5});
  Parameters() {
    std::ranges::copy(values("start/a"), a.mutable_data());
    std::ranges::copy(values("start/b"), b.mutable_data());
  }
  void set_gradients(std::size_t step) {
    for (const auto& [name, tensor] : {std::pair{"gradients/a", a}, std::pair{"gradients/b", b}}) {
      const std::vector<double> all = values(name);
      std::copy_n(all.data() + step * tensor.size(), tensor.size(),
                  tensor.parameter_gradient()->dense_target().data);
    }
  }
};

void expect_close(const Tensor& tensor, const std::string& name) {
  const std::vector<double> expected = values(name);
  ASSERT_EQ(expected.size(), tensor.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(tensor.values()[i], expected[i], 1e-12 * std::max(1.0, std::abs(expected[i])))
        << name << " element " << i;
}

TEST(OptimGolden, FiftyStepsOfEveryOptimizer) {
  int specs = 0;
  for (const StoredTensor& entry : golden().tensors()) {
    const std::string ending = "/step50/a";
    if (!entry.name.ends_with(ending)) continue;
    ++specs;
    const std::string spec = entry.name.substr(0, entry.name.size() - ending.size());
    SCOPED_TRACE(spec);
    OptimizerOptions options = read_optimizer(spec);
    options.decay_all = true;  // as in PyTorch
    Parameters p;
    Optimizer optimizer({{"a", p.a}, {"b", p.b}}, options);
    for (std::size_t step = 0; step < 50; ++step) {
      p.set_gradients(step);
      optimizer.step();
      optimizer.clear_gradients();
      if (step == 0 || step == 9 || step == 49) {
        const std::string at = spec + "/step" + std::to_string(step + 1);
        expect_close(p.a, at + "/a");
        expect_close(p.b, at + "/b");
      }
    }
  }
  EXPECT_EQ(specs, 15);
}

TEST(OptimGolden, Schedules) {
  int checked = 0;
  for (const StoredTensor& entry : golden().tensors()) {
    if (!entry.name.starts_with("schedule/")) continue;
    const std::size_t slash = entry.name.find('/', 9);
    const auto total = static_cast<std::uint64_t>(std::stoi(entry.name.substr(9, slash - 9)));
    const std::string note = "#from-one";
    std::string spec = entry.name.substr(slash + 1);
    const bool from_one = spec.ends_with(note);
    if (from_one) spec.resize(spec.size() - note.size());
    const Schedule schedule(spec);
    const std::size_t option = spec.find("warmup=");
    const double share = option == std::string::npos ? 0 : std::stod(spec.substr(option + 7));
    const auto warm = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total)));
    const std::vector<double> expected = entry.as_doubles();
    ASSERT_EQ(expected.size(), total + 1);
    for (std::uint64_t t = 0; t <= total; ++t) {
      // Without the note the file's warm-up starts at 0 / W, one update behind ours.
      const bool shifted = !from_one && t < warm;
      const double want = !shifted ? expected[t] : t + 1 < warm ? expected[t + 1] : 1;
      EXPECT_NEAR(schedule.factor(t, total), want, 1e-12) << entry.name << " t = " << t;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 20);
}

TEST(OptimGolden, Clipping) {
  for (const char* limit : {"1", "100"}) {
    Parameters p;
    p.set_gradients(0);
    Optimizer optimizer({{"a", p.a}, {"b", p.b}}, {});
    const std::string at = std::string("clip/") + limit;
    const double norm = optimizer.gradient_norm();
    EXPECT_NEAR(norm, values(at + "/norm")[0], 1e-12 * norm);
    const double factor = clip_factor(norm, std::stod(limit));
    const std::vector<double> clipped = values(at + "/a");
    for (std::size_t i = 0; i < clipped.size(); ++i)
      EXPECT_NEAR(factor * p.a.grad()[i], clipped[i], 1e-12);
  }
}

}  // namespace
}  // namespace tailgrad

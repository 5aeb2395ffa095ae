// What only the float build can show: its accuracy, the same bits on any number of threads, and no
// memory asked from the system once warm.
#include <losses/golden.h>

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>

namespace tailgrad::test {
namespace {

TEST(FloatLosses, AgreeWithTheGoldenFiles) {
  for (const char* topic : {"weights", "margins", "overlap", "multilabel"}) {
    const Safetensors file = golden_file(topic);
    for (const StoredTensor& stored : file.tensors()) {
      const std::string& key = stored.name;
      if (!key.ends_with("/result")) continue;
      const std::string without = key.substr(0, key.size() - std::string("/result").size());
      const std::string form = without.substr(0, without.rfind('/'));
      const std::string name = without.substr(without.rfind('/') + 1);
      if (form.find('#') != std::string::npos || form.starts_with("eql:gamma=0.9")) continue;
      SCOPED_TRACE(without);
      const Case c = read_case(file, name);
      const std::vector<Real> logits(c.logits.begin(), c.logits.end());
      Tensor z = Tensor::from(c.shape, logits);
      z.require_grad();
      const auto loss = make_loss(form, c.setup);
      const Tensor mean = (*loss)(z, c.targets()).mean();
      backward(mean);
      const std::vector<double> result = stored.as_doubles();
      EXPECT_NEAR(static_cast<double>(mean.item()), result[2],
                  5e-6 * std::max(1.0, std::abs(result[2])));
      const std::vector<double> gradient = file.at(without + "/gradient").as_doubles();
      double largest = 0;
      for (const double g : gradient) largest = std::max(largest, std::abs(g));
      for (std::size_t i = 0; i < gradient.size(); ++i)
        EXPECT_NEAR(static_cast<double>(z.grad()[i]), gradient[i], 3e-5 * largest + 1e-7)
            << "element " << i;
    }
  }
}

struct Run {
  float sum;
  std::vector<Real> gradient;
};

struct Form {
  std::string text;
  Index classes;
};

class FloatLoss : public testing::TestWithParam<Form> {
 protected:
  static constexpr Index kItems = 3000;

  FloatLoss() {
    const std::string form = GetParam().text;
    const Index classes = GetParam().classes;
    Random random(3, "float");
    z_ = Tensor::empty({kItems, classes});
    for (Real& value : z_.mutable_values()) value = static_cast<Real>(random.normal());
    z_.require_grad();
    std::vector<double> counts;
    for (Index i = 0; i < kItems; ++i) {
      const std::uint64_t label = random.below(static_cast<std::uint64_t>(classes));
      const bool ignored = i % 97 == 5 && !form.starts_with("crf");
      classes_.push_back(ignored ? kIgnoredLabel : static_cast<Index>(label));
    }
    for (Index i = 0; i < kItems * classes; ++i) marks_.push_back(random.below(20) == 0);
    for (Index k = 0; k < classes; ++k) counts.push_back(1000 - 7 * k);
    for (Index i = 0; i <= kItems; i += 30) offsets_.push_back(i);  // for losses of sequences
    transitions_ = Tensor::zeros({classes + 2, classes + 2});
    for (Real& value : transitions_.mutable_values()) value = static_cast<Real>(random.normal());
    loss_ = make_loss(form, ClassCounts(counts));
    const LossEntry& entry = find_loss(form.substr(0, form.find(':')));
    multi_label_ = entry.task == LossTask::multi_label || form.find("sigmoid") != std::string::npos;
  }
  float step() {
    z_.clear_grad();
    const Targets targets =
        multi_label_
            ? Targets{.marks = marks_}
            : Targets{.classes = classes_, .offsets = offsets_, .transitions = transitions_};
    const LossOutput output = (*loss_)(z_, targets);
    backward(output.mean());
    return output.sum.item();
  }

  Tensor z_;
  std::vector<Index> classes_;
  std::vector<Index> offsets_;
  Tensor transitions_;
  std::vector<std::uint8_t> marks_;
  std::unique_ptr<Loss> loss_;
  bool multi_label_ = false;
};

TEST_P(FloatLoss, SameBitsOnAnyNumberOfThreads) {
  const int before = threads();
  set_threads(1);
  const float sum = step();
  const std::vector<Real> gradient(z_.grad().begin(), z_.grad().end());
  for (const int count : {2, 3, 4}) {
    set_threads(count);
    EXPECT_EQ(step(), sum) << count << " threads";
    EXPECT_EQ(std::memcmp(z_.grad().data(), gradient.data(), gradient.size() * sizeof(Real)), 0)
        << count << " threads";
  }
  set_threads(before);
}

TEST_P(FloatLoss, AWarmStepTakesNothingFromTheSystem) {
  const int before = threads();
  set_threads(1);
  for (int i = 0; i < 3; ++i) step();
  const auto allocations = Pool::total().system_allocations;
  step();
  EXPECT_EQ(Pool::total().system_allocations, allocations);
  set_threads(before);
}

// With classes on both sides of the 64 up to which rows are worked on side by side.
std::vector<Form> forms() {
  std::vector<std::string> all;
  for (const LossEntry& entry : loss_table()) all.push_back(entry.spec.name);
  for (const char* form : {"dice:scope=class", "dsc:alpha=0.01,scope=batch", "focal:gamma=0.5",
                           "focal:mode=sigmoid", "dice:mode=sigmoid,scope=class"})
    all.push_back(form);
  std::vector<Form> with_classes;
  for (const std::string& form : all)
    for (const Index classes : {45, 130})
      if (classes == 45 || !form.starts_with("crf")) with_classes.push_back({form, classes});
  return with_classes;
}

INSTANTIATE_TEST_SUITE_P(Losses, FloatLoss, testing::ValuesIn(forms()), [](const auto& loss) {
  std::string name = loss.param.text + "_" + std::to_string(loss.param.classes);
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
});

}  // namespace
}  // namespace tailgrad::test

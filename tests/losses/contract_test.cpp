// The loss contract, run for every row of the table. A loss without an entry in `rows()` fails
// here, so none can be added without its parent, its forms and its exceptions.
#include <losses/check.h>

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include <tailgrad/examples/new_loss.h>

#include <support/messages.h>
#include <tailgrad/core/random.h>

namespace tailgrad::test {
namespace {

// The library's losses and the one of examples/new_loss.h.
const std::vector<LossEntry>& tested_table() {
  static const std::vector<LossEntry> table = [] {
    std::vector<LossEntry> all = loss_table();
    all.push_back(taylor_entry());
    return all;
  }();
  return table;
}
std::unique_ptr<Loss> make(const std::string& form, const LossSetup& with = {}) {
  return make_loss(form, with, tested_table());
}
const LossEntry& entry_of(const std::string& name) {
  return find_loss(name, tested_table());
}

struct Limit {
  std::string form;
  std::string parent;
  double factor = 1;  ///< form = factor * parent
};

struct Row {
  std::vector<std::string> forms = {};  ///< beside the default
  std::vector<Limit> limits = {};       ///< C7
  /// C9: the loss falls in p_t up to here and rises beyond; 1: it falls throughout.
  double turns_at = 1;
  /// The gradient holds a factor fixed on purpose: differences see another function. Such
  /// gradients are tested against the golden files.
  bool detached = false;
  /// Draws depend on the place in the batch: for C5 and C6 this form, which does not draw.
  std::string without_draws = {};
  /// For C9, when a single element shows it and the sum over classes blurs it.
  std::string one_element = {};
  /// This form leaves classes out of an item's loss, whatever their logits.
  std::string leaves_out = {};
  bool constant_in_p = false;  ///< C9 does not apply: the loss ignores how sure the logits are
};

const std::map<std::string, Row>& rows() {
  static const std::map<std::string, Row> table = {
      {"ce", {.forms = {"ce:label_smoothing=0.2"}, .limits = {{"ce:label_smoothing=0", "ce"}}}},
      {"wce",
       {.forms = {"wce:weights=sqrt-inverse", "wce:weights=lg", "wce:weights=lg,k=3,form=inside",
                  "wce:weights=inverse,normalise=weights"},
        .limits = {{"wce:weights=none", "ce"}}}},
      {"bce",
       {.forms = {"bce:pos_weight=inverse", "bce:pos_weight=3,normalise=items"},
        .limits = {{"bce:pos_weight=1", "bce"}, {"bce:normalise=items", "bce", 6}}}},
      {"focal",
       {.forms = {"focal:gamma=0.5", "focal:gamma=3", "focal:mode=sigmoid,alpha=0.25",
                  "focal:mode=sigmoid,gamma=0.3"},
        .limits = {{"focal:gamma=0", "ce"},
                   {"focal:mode=sigmoid,gamma=0", "bce"},
                   {"focal:mode=sigmoid,gamma=0,alpha=0.5", "bce", 0.5}}}},
      {"cb",
       {.forms = {"cb:base=bce", "cb:base=focal,gamma=0.5"},
        .limits = {{"cb:beta=0", "ce"},
                   {"cb:beta=0,base=focal", "focal"},
                   {"cb:beta=0,base=bce", "bce"}}}},
      {"dice",
       {.forms = {"dice:square=false", "dice:mode=sigmoid", "dice:scope=class", "dice:scope=batch",
                  "dice:scope=class,mode=sigmoid", "dice:scope=batch,square=false,smooth=0.01"},
        .limits = {{"dice:square=false", "tversky:smooth=0.5"},
                   {"dice:square=false,scope=batch", "tversky:smooth=0.5,scope=batch"},
                   {"dice", "dsc:alpha=0,square=true"}}}},
      {"tversky",
       {.forms = {"tversky:alpha=0.3,beta=0.7", "tversky:alpha=0.2,beta=1.5,scope=class",
                  "tversky:scope=batch", "tversky:mode=sigmoid"},
        .limits = {{"tversky", "dice:square=false,smooth=2"}}}},
      {"dsc",
       {.forms = {"dsc:alpha=0", "dsc:alpha=0.01", "dsc:alpha=0.01,square=true", "dsc:alpha=2",
                  "dsc:factor=1", "dsc:scope=class", "dsc:alpha=0.01,scope=batch",
                  "dsc:variant=reference", "dsc:variant=reference,alpha=0.5,smooth=1",
                  "dsc:variant=reference,square=true,alpha=1,smooth=1",
                  "dsc:variant=reference,mode=sigmoid", "dsc:variant=blog", "dsc:variant=gathered",
                  "dsc:variant=gathered,alpha=0.01", "dsc:mode=sigmoid"},
        .limits = {{"dsc:alpha=0,square=true", "dice"},
                   {"dsc:alpha=0,scope=class", "dice:square=false,scope=class"},
                   {"dsc:variant=gathered,smooth=1e-5", "dsc:variant=blog"}},
        .turns_at = 0.5,
        .one_element = "dsc:mode=sigmoid"}},
      {"la", {.forms = {"la:tau=0.5", "la:tau=-2"}, .limits = {{"la:tau=0", "ce"}}}},
      {"balanced-softmax", {.limits = {{"balanced-softmax", "la:tau=1"}}}},
      {"pairwise",
       {.forms = {"pairwise:weight_power=-1", "pairwise:tau_true=1,tau_other=1,adaptive=1",
                  "pairwise:weight_power=-0.5,tau_true=0.3,tau_other=-0.7,adaptive=0.2"},
        .limits = {{"pairwise", "ce"},
                   {"pairwise:tau_true=0.7,tau_other=0.7", "la:tau=0.7"},
                   {"pairwise:weight_power=-1", "wce:weights=inverse", 6},
                   {"pairwise:adaptive=1", "adaptive"},
                   {"pairwise:tau_other=2", "equalised:tau=2"}}}},
      {"adaptive", {.limits = {{"adaptive", "pairwise:adaptive=1"}}}},
      {"equalised", {.forms = {"equalised:tau=0.5"}, .limits = {{"equalised:tau=0", "ce"}}}},
      {"eql",
       {.forms = {"eql:gamma=1,lambda=0.05", "eql:gamma=0.5,lambda=0.5"},
        .limits = {{"eql:gamma=0", "ce"}, {"eql:lambda=0", "ce"}},
        .without_draws = "eql:gamma=1,lambda=0.05",
        .leaves_out = "eql:gamma=1,lambda=0.05"}},
      {"ldam",
       {.forms = {"ldam:max_margin=0.3,scale=10"},
        .limits = {{"ldam:max_margin=0,scale=1", "ce"}}}},
      {"vs",
       {.forms = {"vs:gamma=0.15,tau=0.5"},
        .limits = {{"vs:gamma=0,tau=0", "ce"}, {"vs:gamma=0", "la"}}}},
      {"seesaw",
       {.forms = {"seesaw:p=0,q=1"}, .limits = {{"seesaw:p=0,q=0", "ce"}}, .detached = true}},
      {"lade",
       {.forms = {"lade:lambda=1,ridge=0.02", "lade:ridge=0"},
        .limits = {{"lade:lambda=0", "la"}}}},
      {"asl",
       {.forms = {"asl:gamma_neg=0.5,gamma_pos=0.5,clip=0", "asl:gamma_neg=2,clip=0.2",
                  "asl:normalise=elements"},
        .limits = {{"asl:gamma_neg=0,gamma_pos=0,clip=0", "bce:normalise=items"},
                   {"asl:gamma_neg=2,gamma_pos=2,clip=0", "focal:mode=sigmoid,normalise=items"},
                   {"asl:variant=reference,gamma_neg=0,gamma_pos=0,clip=0",
                    "bce:normalise=items"}}}},
      {"poly", {.forms = {"poly:epsilon=-0.9"}, .limits = {{"poly:epsilon=0", "ce"}}}},
      {"taylor", {.forms = {"taylor:order=5"}, .limits = {{"taylor:order=1", "gce:q=1"}}}},
      {"gce", {.forms = {"gce:q=0.1", "gce:q=1"}, .limits = {{"gce:q=1e-9", "ce"}}}},
      {"logit-norm", {.forms = {"logit-norm:temperature=1"}, .constant_in_p = true}},
      {"ce+dice",
       {.forms = {"ce+dice:scope=batch", "ce+dice:square=false,weight=2"},
        .limits = {{"ce+dice:weight=0", "ce"}}}},
      {"mix",
       {.forms = {"mix:first=la:tau=0.5,second=dsc:alpha=0.01/scope=batch,weight=0.3",
                  "mix:first=dice:scope=class,second=ce,weight=1"},
        .limits = {{"mix:weight=0", "ce"},
                   {"mix:first=ce,second=ce,weight=1", "ce", 2},
                   {"mix", "ce+dice"}}}},
      {"drw",
       {.forms = {"drw:start=0,base=ldam:max_margin=0.3/scale=10", "drw:start=0,base=focal"},
        .limits = {{"drw", "ce"},
                   {"drw:start=0,weights=inverse", "wce:weights=inverse"},
                   {"drw:start=0,beta=0.999", "cb"},
                   {"drw:start=0,beta=0.999,base=focal:gamma=1", "cb:base=focal,gamma=1"}}}},
      // On sequences of one token; crf_test.cpp has longer ones.
      {"crf",
       {.forms = {"crf:tau=0.7", "crf:weights=inverse,strategy=token", "crf:normalise=tokens",
                  "crf:weights=lg,tau=-1"},
        .limits = {{"crf", "ce"},
                   {"crf:tau=0.7", "la:tau=0.7"},
                   {"crf:weights=inverse", "wce:weights=inverse"},
                   {"crf:weights=lg,strategy=token", "wce:weights=lg"}}}},
      {"crf-marginals",
       {.forms = {"crf-marginals:base=dice:scope=batch", "crf-marginals:base=focal,nll=0.5",
                  "crf-marginals:base=la:tau=0.5"},
        .limits = {{"crf-marginals", "dsc"},
                   {"crf-marginals:base=dice:scope=class,nll=0.7",
                    "mix:first=dice:scope=class,second=ce,weight=0.7"},
                   {"crf-marginals:base=focal:gamma=3", "focal:gamma=3"}},
        .one_element = "crf-marginals:base=focal"}},
  };
  return table;
}

constexpr Index kClasses = 6;
constexpr Index kItems = 13;

struct Problem {
  std::vector<double> logits = {};
  std::vector<Index> classes = {};
  std::vector<std::uint8_t> marks = {};
  Index items = kItems;
  Index columns = kClasses;
  Shape shape() const { return {items, columns}; }
};

LossSetup skewed() {
  return {.counts = ClassCounts(std::vector<double>{1000, 250, 60, 15, 4, 1})};
}

Problem random_problem(double spread = 2, std::uint64_t seed = 5) {
  Random random(seed, "contract");
  Problem p;
  for (Index i = 0; i < kItems; ++i) {
    p.classes.push_back(i < kClasses ? i : static_cast<Index>(random.below(kClasses)));
    for (Index k = 0; k < kClasses; ++k) {
      p.logits.push_back(spread * random.normal());
      p.marks.push_back(random.below(3) == 0);
    }
  }
  return p;
}

// Beyond the number of classes whose rows are worked on side by side.
constexpr Index kManyClasses = 70;

LossSetup setup_of_many() {
  std::vector<double> counts;
  for (Index k = 0; k < kManyClasses; ++k) counts.push_back(1 + 20 * k);
  return {.counts = ClassCounts(counts)};
}

Problem problem_of_many() {
  Random random(6, "contract");
  Problem p{.items = 3, .columns = kManyClasses};
  for (Index i = 0; i < p.items; ++i) {
    p.classes.push_back(static_cast<Index>(random.below(kManyClasses)));
    for (Index k = 0; k < kManyClasses; ++k) {
      p.logits.push_back(2 * random.normal());
      p.marks.push_back(random.below(3) == 0);
    }
  }
  return p;
}

Problem rows_of(const Problem& p, const std::vector<std::size_t>& which) {
  Problem part{.items = static_cast<Index>(which.size()), .columns = p.columns};
  const auto width = static_cast<std::size_t>(p.columns);
  for (const std::size_t i : which) {
    part.classes.push_back(p.classes[i]);
    for (std::size_t k = 0; k < width; ++k) {
      part.logits.push_back(p.logits[i * width + k]);
      part.marks.push_back(p.marks[i * width + k]);
    }
  }
  return part;
}

bool uses_marks(const std::string& form) {
  const std::string name = form.substr(0, form.find(':'));
  return entry_of(name).task == LossTask::multi_label ||
         form.find("mode=sigmoid") != std::string::npos;
}

Targets targets(const std::string& form, const Problem& p) {
  if (uses_marks(form)) return {.marks = p.marks};
  return one_token_each({.classes = p.classes}, p.shape());
}

Evaluated run(const std::string& form, const Problem& p, const LossSetup& with = skewed(),
              const LossPass& pass = {}) {
  return evaluate(*make(form, with), p.shape(), p.logits, targets(form, p), pass);
}

bool is_finite(const Evaluated& e) {
  return std::isfinite(e.value) &&
         std::ranges::all_of(e.gradient, [](double g) { return std::isfinite(g); });
}

void expect_close(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  double largest = 0;
  for (const double value : b) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], tolerance * std::max(largest, 1e-30)) << "element " << i;
}

class Contract : public testing::TestWithParam<std::string> {
 protected:
  const Row& row() const { return rows().at(GetParam()); }
  std::vector<std::string> forms() const {
    std::vector<std::string> all = {GetParam()};
    all.insert(all.end(), row().forms.begin(), row().forms.end());
    return all;
  }
};

TEST(ContractTable, HasARowForEveryLoss) {
  for (const LossEntry& entry : tested_table())
    EXPECT_TRUE(rows().contains(entry.spec.name)) << "no contract row for " << entry.spec.name;
  for (const auto& [name, row] : rows()) {
    EXPECT_NO_THROW(entry_of(name));
    EXPECT_TRUE(!row.limits.empty() || name == "logit-norm") << name << " needs a parent";
  }
}

// C1 is golden_test.cpp and published_test.cpp.

TEST_P(Contract, C2GradientCheck) {
  if (row().detached) GTEST_SKIP() << "its gradient holds factors fixed: see the golden files";
  const Problem random = random_problem();
  Problem saturated = random_problem();
  for (std::size_t i = 0; i < saturated.logits.size(); ++i)
    saturated.logits[i] = saturated.logits[i] > 0 ? 100 : -100;
  Problem tiny = random_problem();
  for (std::size_t i = 0; i < tiny.logits.size(); ++i) {
    // Of the first class 1e-7, 1 - 1e-7 and 0.5, beside five equal ones.
    const double p[] = {1e-7, 1 - 1e-7, 0.5};
    tiny.logits[i] = i % 6 == 0 ? std::log(p[i / 6 % 3] / (1 - p[i / 6 % 3])) + std::log(5.0) : 0;
  }
  for (const std::string& form : forms()) {
    const auto loss = make(form, skewed());
    EXPECT_LT(gradient_error(*loss, random.shape(), random.logits, targets(form, random)), 1e-7)
        << form;
    EXPECT_LT(gradient_error(*loss, saturated.shape(), saturated.logits, targets(form, saturated)),
              1e-7)
        << form << ", saturated";
    EXPECT_LT(gradient_error(*loss, tiny.shape(), tiny.logits, targets(form, tiny)), 1e-7)
        << form << ", p = 1e-7";
  }
}

TEST_P(Contract, C2GradientCheckOfManyClasses) {
  if (row().detached) GTEST_SKIP() << "its gradient holds factors fixed: see the golden files";
  const Problem many = problem_of_many();
  for (const std::string& form : forms())
    EXPECT_LT(gradient_error(*make(form, setup_of_many()), many.shape(), many.logits,
                             targets(form, many)),
              1e-7)
        << form;
}

// A class that no item can be mistaken for changes nothing: so rows side by side and rows one by
// one, either side of 64 classes, agree.
TEST_P(Contract, RowsSideBySideAndOneByOneAgree) {
  if (GetParam() != "ce" && GetParam() != "focal" && GetParam() != "poly" && GetParam() != "gce" &&
      GetParam() != "taylor")
    GTEST_SKIP() << "another class changes the loss";
  Random random(7, "contract");
  Problem few{.items = 5, .columns = 64};
  Problem many{.items = 5, .columns = 65};
  for (Index i = 0; i < few.items; ++i) {
    few.classes.push_back(static_cast<Index>(random.below(64)));
    for (Index k = 0; k < few.columns; ++k) {
      few.logits.push_back(2 * random.normal());
      many.logits.push_back(few.logits.back());
    }
    many.logits.push_back(-1e4);
  }
  many.classes = few.classes;
  const Evaluated a = run(GetParam(), few, {});
  const Evaluated b = run(GetParam(), many, {});
  EXPECT_NEAR(a.value, b.value, 1e-13 * std::abs(a.value));
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t k = 0; k < 64; ++k)
      EXPECT_NEAR(a.gradient[64 * i + k], b.gradient[65 * i + k], 1e-15);
}

TEST_P(Contract, C3Finite) {
  for (const std::string& form : forms()) {
    SCOPED_TRACE(form);
    const Evaluated none = run(form, {.items = 0});
    EXPECT_EQ(none.normaliser, 0);
    EXPECT_EQ(none.value, 0);
    Problem p = random_problem(1e4);
    for (double& z : p.logits) z = std::clamp(z, -1e4, 1e4);
    EXPECT_TRUE(is_finite(run(form, p)));
    for (double& z : p.logits) z = z > 0 ? 1e4 : -1e4;
    EXPECT_TRUE(is_finite(run(form, p)));
    for (double& z : p.logits) z = 0;
    EXPECT_TRUE(is_finite(run(form, p)));
    p = random_problem();
    EXPECT_TRUE(
        is_finite(run(form, p, {.counts = ClassCounts(std::vector<double>{9, 0, 4, 0, 1, 2})})));
    std::ranges::fill(p.classes, 3);
    std::ranges::fill(p.marks, std::uint8_t{0});
    EXPECT_TRUE(is_finite(run(form, p)));
    std::ranges::fill(p.marks, std::uint8_t{1});
    EXPECT_TRUE(is_finite(run(form, p)));
    if (uses_marks(form)) continue;
    std::ranges::fill(p.classes, kIgnoredLabel);
    const Evaluated ignored = run(form, p);
    EXPECT_EQ(ignored.normaliser, 0);
    EXPECT_EQ(ignored.gradient, std::vector<double>(p.logits.size(), 0.0));
  }
}

// Of an item among others, in its own class and in another one, however rows are worked on.
TEST_P(Contract, LogitsThatAreNotFiniteAreNamed) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const std::string& form : forms()) {
    SCOPED_TRACE(form);
    for (const bool many : {false, true}) {
      const Problem p = many ? problem_of_many() : random_problem();
      const auto width = static_cast<std::size_t>(p.columns);
      const std::size_t own = static_cast<std::size_t>(p.classes[1]);
      for (const std::size_t k : {own, (own + 1) % width})
        for (const double value : {std::nan(""), kInfinity, -kInfinity}) {
          Problem bad = p;
          bad.logits[width + k] = value;
          const LossSetup with = many ? setup_of_many() : skewed();
          if (form == row().leaves_out && k != own) continue;
          // A class ruled out by minus infinity is taken as it is where the loss stays finite.
          if (value == -kInfinity) {
            try {
              EXPECT_TRUE(is_finite(run(form, bad, with)));
              continue;
            } catch (const Error&) {
            }
          }
          EXPECT_THAT(
              message_of([&] { run(form, bad, with); }),
              testing::HasSubstr(fmt::format("the logit of item 1, class {} is {}", k, value)));
        }
    }
  }
}

TEST_P(Contract, C4AnySplitGivesTheSameGradient) {
  const Problem whole = random_problem();
  const std::vector<std::vector<std::size_t>> shards = {
      {0}, {1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 12}};
  for (const std::string& form : forms()) {
    SCOPED_TRACE(form);
    const auto loss = make(form, skewed());
    const Evaluated together = run(form, whole, skewed(), {.step = 3});

    std::vector<double> statistics;
    double normaliser = 0;
    for (const auto& shard : shards) {
      const Problem part = rows_of(whole, shard);
      const NoGrad no_grad;
      const Tensor z = Tensor::from(part.shape(), std::span<const Real>(part.logits));
      const std::vector<double> of_shard = loss->statistics(z, targets(form, part));
      statistics.resize(std::max(statistics.size(), of_shard.size()));
      for (std::size_t j = 0; j < of_shard.size(); ++j) statistics[j] += of_shard[j];
      normaliser += loss->normaliser(targets(form, part), kClasses);
    }
    EXPECT_NEAR(normaliser, together.normaliser, 1e-12 * normaliser);
    EXPECT_EQ(statistics.empty(), loss->decomposes());

    double sum = 0;
    std::vector<double> gradient;
    for (const auto& shard : shards) {
      const Problem part = rows_of(whole, shard);
      Tensor z = Tensor::from(part.shape(), std::span<const Real>(part.logits));
      z.require_grad();
      const LossOutput output = (*loss)(z, targets(form, part),
                                        {.step = 3,
                                         .first_item = shard.front(),
                                         .scale = 1 / normaliser,
                                         .statistics = statistics});
      Tape::current().backward(output.sum, Tensor::scalar(1 / normaliser));
      sum += output.sum.item();
      gradient.insert(gradient.end(), z.grad().begin(), z.grad().end());
    }
    EXPECT_NEAR(sum / normaliser, together.value, 1e-12 * std::max(1.0, std::abs(together.value)));
    expect_close(gradient, together.gradient, 1e-12);

    if (loss->decomposes()) continue;
    // Without the statistics the second micro-batch is refused.
    const Problem part = rows_of(whole, shards[1]);
    EXPECT_THAT(message_of([&] { run(form, part, skewed(), {.first_item = 1}); }),
                testing::HasSubstr("does not decompose"));
  }
}

TEST_P(Contract, C5OrderDoesNotMatter) {
  const Problem p = random_problem();
  std::vector<std::size_t> order(kItems);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::reverse(order);
  std::swap(order[2], order[9]);
  for (std::string form : forms()) {
    if (!row().without_draws.empty()) form = row().without_draws;
    const Evaluated straight = run(form, p);
    const Evaluated turned = run(form, rows_of(p, order));
    EXPECT_NEAR(turned.value, straight.value, 1e-12 * std::max(1.0, std::abs(straight.value)));
    std::vector<double> expected;
    for (const std::size_t i : order)
      expected.insert(expected.end(), straight.gradient.begin() + static_cast<long>(i * kClasses),
                      straight.gradient.begin() + static_cast<long>((i + 1) * kClasses));
    expect_close(turned.gradient, expected, 1e-12);
  }
}

TEST_P(Contract, C6IgnoredIsRemoved) {
  for (std::string form : forms()) {
    if (uses_marks(form) && form.find("base=bce") == std::string::npos) {
      if (entry_of(GetParam()).task == LossTask::classes) continue;
    }
    if (!row().without_draws.empty()) form = row().without_draws;
    SCOPED_TRACE(form);
    Problem p = random_problem();
    p.classes[4] = p.classes[12] = -7;
    p.logits[4 * kClasses] = std::nan("");  // an ignored item is not even looked at
    p.logits[12 * kClasses + 1] = std::numeric_limits<double>::infinity();
    const Problem fewer = rows_of(p, {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11});
    // Multi-label losses take class labels too, as one mark an item.
    LossSetup with = skewed();
    with.ignored_label = -7;
    const auto loss = make(form, with);
    const Evaluated all = evaluate(*loss, p.shape(), p.logits, {.classes = p.classes});
    const Evaluated rest = evaluate(*loss, fewer.shape(), fewer.logits, {.classes = fewer.classes});
    EXPECT_NEAR(all.normaliser, rest.normaliser, 1e-12 * rest.normaliser);
    EXPECT_NEAR(all.value, rest.value, 1e-12 * std::max(1.0, std::abs(rest.value)));
    std::vector<double> expected = rest.gradient;
    expected.insert(expected.begin() + 4 * kClasses, kClasses, 0.0);
    expected.insert(expected.end(), kClasses, 0.0);
    expect_close(all.gradient, expected, 1e-12);
  }
}

TEST_P(Contract, C7LimitsAreTheParents) {
  const Problem p = random_problem();
  for (const Limit& limit : row().limits) {
    SCOPED_TRACE(limit.form + " = " + std::to_string(limit.factor) + " " + limit.parent);
    // A limit that is approached, not reached, is off by its small option.
    const double tolerance = limit.form.find("1e-") == std::string::npos ? 1e-12 : 1e-7;
    Problem q = p;
    // cb:base=bce takes class labels, and so must its parent here.
    const bool by_class = !uses_marks(limit.form) || !uses_marks(limit.parent);
    const auto value = [&](const std::string& form) {
      return evaluate(*make(form, skewed()), q.shape(), q.logits,
                      by_class ? Targets{.classes = q.classes} : targets(form, q));
    };
    const Evaluated child = value(limit.form);
    const Evaluated parent = value(limit.parent);
    EXPECT_NEAR(child.value, limit.factor * parent.value,
                tolerance * std::max(1.0, std::abs(child.value)));
    std::vector<double> expected = parent.gradient;
    for (double& g : expected) g *= limit.factor;
    expect_close(child.gradient, expected, tolerance);
  }
}

TEST_P(Contract, C7UniformCountsChangeNothing) {
  if (!entry_of(GetParam()).needs_counts) GTEST_SKIP() << "uses no counts by default";
  const LossSetup uniform{.counts = ClassCounts(std::vector<double>(kClasses, 50))};
  const LossSetup other{.counts = ClassCounts(std::vector<double>(kClasses, 7))};
  const Problem p = random_problem();
  EXPECT_NEAR(run(GetParam(), p, uniform).value, run(GetParam(), p, other).value, 1e-12);
}

TEST_P(Contract, C8WeightsScaleLossAndGradientOfAnItem) {
  LossSetup weighted = skewed();
  weighted.weights = {0.5, 1, 2, 3, 0, 7};
  const Problem p = random_problem();
  for (const std::string& form : forms()) {
    SCOPED_TRACE(form);
    if (form.find("normalise=weights") != std::string::npos) continue;
    const bool whole_batch = !make(form, skewed())->decomposes();
    if (whole_batch) {
      EXPECT_THAT(message_of([&] { make(form, weighted); }),
                  testing::HasSubstr("takes no class weights"));
      continue;
    }
    const Targets labels{.classes = p.classes};
    const Evaluated with = evaluate(*make(form, weighted), p.shape(), p.logits, labels);
    double sum = 0;
    std::vector<double> gradient;
    const auto plain = make(form, skewed());
    for (std::size_t i = 0; i < static_cast<std::size_t>(kItems); ++i) {
      const Problem one = rows_of(p, {i});
      const Evaluated item =
          evaluate(*plain, one.shape(), one.logits, {.classes = one.classes}, {.first_item = i});
      const double w = weighted.weights[static_cast<std::size_t>(one.classes[0])];
      sum += w * item.sum;
      for (const double g : item.gradient)
        gradient.push_back(w * g * item.normaliser / with.normaliser);
    }
    EXPECT_NEAR(with.sum, sum, 1e-12 * std::max(1.0, std::abs(sum)));
    expect_close(with.gradient, gradient, 1e-12);
  }
}

TEST_P(Contract, C9FallsInTheTrueProbability) {
  if (row().constant_in_p) GTEST_SKIP() << "depends on the direction of the logits only";
  if (GetParam() == "lade") GTEST_SKIP() << "a bound over the batch, not a loss of one item";
  const std::string form = row().one_element.empty() ? GetParam() : row().one_element;
  const bool marks = uses_marks(form);
  std::vector<double> values;
  std::vector<double> ps;
  for (double p = 0.01; p < 0.995; p += 0.01) {
    // One true class of probability p, the others equal. For a sigmoid: one element.
    std::vector<double> z(marks ? 1 : static_cast<std::size_t>(kClasses), 0.0);
    z[0] = std::log(p / (1 - p)) + (marks ? 0 : std::log(kClasses - 1.0));
    const Index y = 0;
    const std::uint8_t mark = 1;
    const Targets t = marks ? Targets{.marks = {&mark, 1}} : Targets{.classes = {&y, 1}};
    LossSetup with = skewed();
    if (marks) with = {};
    values.push_back(evaluate(*make(form, with), {1, static_cast<Index>(z.size())}, z, t).value);
    ps.push_back(p);
  }
  for (std::size_t i = 1; i < values.size(); ++i) {
    const double middle = (ps[i] + ps[i - 1]) / 2;
    if (middle < row().turns_at)
      EXPECT_LE(values[i], values[i - 1]) << "p = " << middle;
    else
      EXPECT_GE(values[i], values[i - 1]) << "p = " << middle;
  }
}

TEST_P(Contract, C10BadOptionsAreNamed) {
  const LossEntry& entry = entry_of(GetParam());
  for (const OptionSpec& option : entry.spec.options) {
    SCOPED_TRACE(option.name);
    std::vector<std::string> bad;
    const bool number = option.kind == OptionKind::number;
    if (option.kind != OptionKind::text) bad.push_back("nonsense");
    if (number) bad.push_back("nan");
    if (number && std::isfinite(option.range.low))
      bad.push_back(std::to_string(option.range.low - (option.range.low_open ? 0 : 1)));
    if (number && std::isfinite(option.range.high))
      bad.push_back(std::to_string(option.range.high + 1));
    for (const std::string& value : bad)
      EXPECT_THAT(message_of([&] { make(GetParam() + ":" + option.name + "=" + value, skewed()); }),
                  testing::AllOf(testing::HasSubstr("option " + option.name + " must be"),
                                 testing::HasSubstr(value)));
  }
  EXPECT_THAT(message_of([&] { make(GetParam() + ":nonsense=1", skewed()); }),
              testing::HasSubstr("nonsense"));
  if (entry.needs_counts) {
    EXPECT_THAT(message_of([&] { make(GetParam()); }), testing::HasSubstr("class counts"));
  }

  const auto loss = make(GetParam(), skewed());
  const Problem p = random_problem();
  Problem wrong = p;
  wrong.classes[7] = 6;
  EXPECT_THAT(
      message_of([&] { evaluate(*loss, wrong.shape(), wrong.logits, {.classes = wrong.classes}); }),
      testing::HasSubstr("the label of item 7 is 6; allowed are 0 .. 5"));
  wrong = p;
  wrong.logits[6 * 5 + 2] = std::nan("");
  EXPECT_THAT(message_of([&] { run(GetParam(), wrong); }),
              testing::HasSubstr("the logit of item 5, class 2 is nan"));
  wrong.logits[6 * 5 + 2] = INFINITY;
  EXPECT_THAT(message_of([&] { run(GetParam(), wrong); }),
              testing::HasSubstr("the logit of item 5, class 2 is inf"));
  wrong = p;
  wrong.classes.pop_back();
  wrong.marks.pop_back();
  EXPECT_THROW(run(GetParam(), wrong), Error);
  EXPECT_THROW(run(GetParam(), p, {.counts = ClassCounts(std::vector<double>{1, 2})}), Error);
  EXPECT_THROW(make(GetParam(), {.counts = skewed().counts, .weights = {1, 2}}), Error);
  if (uses_marks(GetParam())) {
    wrong = p;
    wrong.marks[9] = 2;
    EXPECT_THAT(message_of([&] { run(GetParam(), wrong); }),
                testing::HasSubstr("the target of item 1, class 3 is 2; allowed are 0 and 1"));
  }
}

TEST_P(Contract, TextReadsBackToTheSameLoss) {
  for (const std::string& form : forms()) {
    const std::string text = make(form, skewed())->text();
    EXPECT_EQ(make(text, skewed())->text(), text);
    EXPECT_EQ(run(text, random_problem()).value, run(form, random_problem()).value) << form;
  }
}

TEST_P(Contract, OneLogitIsTwo) {
  if (entry_of(GetParam()).task == LossTask::sequences) GTEST_SKIP() << "has a column a tag";
  const ClassCounts binary(std::vector<double>{90, 10});
  const std::vector<Index> classes = {0, 1, 1, 0};
  const std::vector<double> one = {0.3, -2, 1.5, 40};
  const std::vector<double> two = {0, 0.3, 0, -2, 0, 1.5, 0, 40};
  for (const std::string& form : forms()) {
    if (uses_marks(form) || form.find("base=bce") != std::string::npos) continue;
    SCOPED_TRACE(form);
    const auto loss = make(form, {.counts = binary});
    const Evaluated a = evaluate(*loss, {4, 1}, one, {.classes = classes});
    const Evaluated b = evaluate(*loss, {4, 2}, two, {.classes = classes});
    if (form.starts_with("eql")) continue;
    EXPECT_NEAR(a.value, b.value, 1e-13 * std::max(1.0, std::abs(b.value)));
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(a.gradient[i], b.gradient[2 * i + 1], 1e-13) << i;
  }
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const LossEntry& entry : tested_table()) all.push_back(entry.spec.name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Losses, Contract, testing::ValuesIn(names()), [](const auto& loss) {
  std::string name = loss.param;
  std::ranges::replace(name, '-', '_');
  std::ranges::replace(name, '+', '_');
  return name;
});

}  // namespace
}  // namespace tailgrad::test

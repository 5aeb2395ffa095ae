#include <tailgrad/losses/eql.h>

#include <algorithm>
#include <cstdint>

#include <tailgrad/core/random.h>
#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct LeftOut {
  static constexpr bool kPlain = false;
  std::vector<std::uint8_t> rare;  ///< padded to a row
  double gamma;
  bool any_rare;
  std::size_t first_rare;
  std::size_t end_rare;

  void fill(const rows::RowAt& at, Real* x) const {
    std::copy_n(at.z, at.size, x);
    if (!any_rare || gamma == 0) return;
    constexpr std::size_t kWords = 64;
    static constexpr std::uint64_t kStream = random_stream("loss.eql");
    std::uint32_t words[kWords];
    const std::uint64_t first = (at.pass->first_item + at.item) * at.classes;
    for (std::size_t begin = first_rare; begin < end_rare; begin += kWords) {
      const std::size_t count = std::min(kWords, end_rare - begin);
      philox_words(at.pass->seed, kStream, at.pass->step, first + begin, {words, count});
      for (std::size_t k = 0; k < count; ++k)
        if (rare[begin + k] != 0 && begin + k != at.y &&
            static_cast<double>(unit_float(words[k])) < gamma)
          x[begin + k] = rows::kMinusInfinity;
    }
  }
  void pull_back(const rows::RowAt&, Real*) const {}
};

std::unique_ptr<Loss> make(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "which classes are rare");
  LeftOut change{.rare = {},
                 .gamma = settings.number("gamma"),
                 .any_rare = false,
                 .first_rare = 0,
                 .end_rare = 0};
  for (std::size_t k = 0; k < setup.counts.counts().size(); ++k) {
    change.rare.push_back(setup.counts.prior(k) < settings.number("lambda"));
    if (change.rare.back() == 0) continue;
    if (!change.any_rare) change.first_rare = k;
    change.any_rare = true;
    change.end_rare = k + 1;
  }
  if (!change.any_rare) frame.warn("eql: no class has a prior below lambda, so the loss is ce");
  return rows::true_class(std::move(frame), std::move(change), rows::LogRule{});
}

}  // namespace

LossEntry eql_entry() {
  return {.spec = {.name = "eql",
                   .meaning = "rare classes are left out of the softmax of others, at random",
                   .formula = "-z_y + log sum_k w_k e^(z_k), w_k = 1 - b 1[pi_k < lambda] "
                              "1[k != y], b ~ Bernoulli(gamma)",
                   .source = "Tan et al. 2020, Equalization loss, eq. 8",
                   .options = {{.name = "gamma",
                                .fallback = "0.9",
                                .range = Range::between(0, 1),
                                .meaning = "probability of leaving a rare class out; 0 is ce",
                                .source = "a re-implementation's classification setting"},
                               {.name = "lambda",
                                .fallback = "0.005",
                                .range = Range::between(0, 1),
                                .meaning = "classes with a smaller prior are rare",
                                .source = "a re-implementation's classification setting"}}},
          .needs_counts = true,
          .make = make};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

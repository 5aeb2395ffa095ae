#include <tailgrad/losses/eql.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <tailgrad/core/random.h>
#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct LeftOut {
  static constexpr bool kPlain = false;
  static constexpr bool kRandom = true;
  static constexpr std::size_t kWordsAtOnce = 64;  // philox_words is fastest on aligned groups

  /// A class is left out when the upper 24 bits of its word are below this: gamma 2^24, rounded
  /// up, for rare classes, 0 for the others. Filled up to a row.
  std::vector<std::uint32_t> threshold;

  static std::size_t room(std::size_t count) { return count + rows::kLanes + 2 * kWordsAtOnce; }

  /// The words of `count` elements of this shard from `first` on, and of a row filled up behind.
  const std::uint32_t* draw(const LossPass& pass, std::size_t first, std::size_t count,
                            std::uint32_t* words) const {
    static constexpr std::uint64_t kStream = random_stream("loss.eql");
    const std::uint64_t classes = number_of_classes;
    const std::uint64_t from = pass.first_item * classes + first;
    const std::size_t offset = static_cast<std::size_t>(from % kWordsAtOnce);
    const std::size_t groups = (offset + count + rows::kLanes + kWordsAtOnce - 1) / kWordsAtOnce;
    philox_words(pass.seed, kStream, pass.step, from - offset, {words, groups * kWordsAtOnce});
    return words + offset;
  }
  void fill(const rows::RowAt& at, Real* __restrict x) const {
    const Real* z = at.z;
    const std::uint32_t* word = at.words;
    const std::uint32_t* below = threshold.data();
    const std::size_t y = at.y;
    for (std::size_t k = 0; k < at.size; ++k) {
      const bool out = (word[k] >> 8) < below[k] && !rows::is_own(k, y);
      x[k] = out ? rows::kMinusInfinity : z[k];
    }
  }
  void pull_back(const rows::RowAt&, Real*) const {}

  std::size_t number_of_classes = 0;
};

std::unique_ptr<Loss> make(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "which classes are rare");
  const auto left_out =
      static_cast<std::uint32_t>(std::ceil(settings.number("gamma") * double{1 << 24}));
  LeftOut change;
  change.number_of_classes = setup.counts.counts().size();
  bool any_rare = false;
  for (std::size_t k = 0; k < change.number_of_classes; ++k) {
    const bool rare = setup.counts.prior(k) < settings.number("lambda");
    any_rare |= rare;
    change.threshold.push_back(rare ? left_out : 0);
  }
  change.threshold.resize(std::max(change.threshold.size(), rows::kLanes), 0);
  if (!any_rare) {
    frame.warn("eql: no class has a prior below lambda, so the loss is ce");
    return rows::true_class(std::move(frame), rows::PlainLogits{}, rows::LogRule{});
  }
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

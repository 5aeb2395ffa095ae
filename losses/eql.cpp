#include <tailgrad/losses/eql.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <tailgrad/core/random.h>
#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct LeftOut {
  /// A class is left out when its 16 random bits are below this: gamma 2^16, rounded, for rare
  /// classes, 0 for the others.
  std::vector<std::int32_t> threshold;
  std::vector<std::size_t> rare;

  /// Bits of a row: eight classes to a block of Philox, so that rows begin with a block.
  std::size_t row_bits() const { return (threshold.size() + 7) / 8 * 8; }

  /// The changed logits.
  struct On {
    Scratch<Real> x;
    Real operator()(std::int32_t, std::size_t, std::size_t i) const { return x[i]; }
    Real pull(std::int32_t, std::size_t, std::size_t, Real g) const { return g; }
  };
  static Real changed(Real z, std::int32_t bits, std::int32_t below, bool own) {
    return bits < below && !own ? rows::kMinusInfinity : z;
  }
  On on(const rows::SideBySide& at, const rows::Block& block) const {
    On change{Scratch<Real>(at.classes * at.rows())};
    std::copy_n(block.z, change.x.size(), change.x.data());
    const Scratch<std::uint32_t> words = draw(block);
    for (const std::size_t k : rare)
      for (std::size_t r = 0; r < block.count; ++r) {
        Real& x = change.x[at.place(k, r)];
        x = changed(x, bits_of(words, r * row_bits() + k), threshold[k],
                    rows::is_own(k, block.y[r]));
      }
    return change;
  }
  On on(const rows::OneByOne& at, const rows::Block& block) const {
    On change{Scratch<Real>(at.classes * at.rows())};
    const Scratch<std::uint32_t> words = draw(block);
    const std::int32_t* below = threshold.data();
    for (std::size_t r = 0; r < at.rows(); ++r) {
      const Real* z = block.z + at.place(0, r);
      Real* __restrict x = change.x.data() + at.place(0, r);
      const std::uint32_t* bits = words.data() + r * row_bits() / 2;
      const std::int32_t y = block.y[r];
      for (std::size_t k = 0; k < at.classes; ++k)
        x[k] = changed(z[k], bits_of(bits, k), below[k], rows::is_own(k, y));
    }
    return change;
  }

 private:
  // Low half first.
  template <class Words>
  static std::int32_t bits_of(const Words& words, std::size_t i) {
    return static_cast<std::int32_t>((words[i / 2] >> (i % 2 * 16)) & 0xffffU);
  }
  Scratch<std::uint32_t> draw(const rows::Block& block) const {
    static constexpr std::uint64_t kStream = random_stream("loss.eql");
    constexpr std::size_t kWordsAtOnce = 256;  // shorter ends are slow
    const std::size_t row = row_bits() / 2;
    Scratch<std::uint32_t> words((block.count * row + kWordsAtOnce - 1) / kWordsAtOnce *
                                 kWordsAtOnce);
    philox_words(block.pass->seed, kStream, block.pass->step,
                 (block.pass->first_item + block.item) * row, {words.data(), words.size()});
    return words;
  }
};

std::unique_ptr<Loss> make_eql(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "which classes are rare");
  const auto left_out = static_cast<std::int32_t>(std::lround(settings.number("gamma") * 65536));
  LeftOut change;
  for (std::size_t k = 0; k < setup.counts.counts().size(); ++k) {
    const bool rare = setup.counts.prior(k) < settings.number("lambda");
    change.threshold.push_back(rare ? left_out : 0);
    if (rare) change.rare.push_back(k);
  }
  if (change.rare.empty()) {
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
                                .meaning = "probability of leaving a rare class out, in steps of "
                                           "2^-16; 0 is ce",
                                .source = "a re-implementation's classification setting"},
                               {.name = "lambda",
                                .fallback = "0.005",
                                .range = Range::between(0, 1),
                                .meaning = "classes with a smaller prior are rare",
                                .source = "a re-implementation's classification setting"}}},
          .needs_counts = true,
          .make = make_eql};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

#include <tailgrad/losses/lade.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// Sums of exponentials that can be added up over shards, whatever the size of the logits: one sum
// for each range of 1024 of the exponent.
constexpr int kBins = 41;
constexpr int kMiddle = kBins / 2;
constexpr double kBinWidth = 1024;
// Of each class: items, sum of the true logits, the bins.
constexpr std::size_t kPerClass = 2 + kBins;
constexpr Real kModest = 64;  // e^64 fits any Real

// The log of the sum that the bins hold; two neighbours may weigh the same.
double log_of_bins(std::span<const double> bins) {
  const auto log_of = [&](int b) {
    return b < 0 ? -INFINITY
                 : std::log(bins[static_cast<std::size_t>(b)]) + kBinWidth * (b - kMiddle);
  };
  int b = kBins - 1;
  while (b > 0 && bins[static_cast<std::size_t>(b)] == 0) --b;
  const double high = std::max(log_of(b), log_of(b - 1));
  const double low = std::min(log_of(b), log_of(b - 1));
  return high + std::log1p(std::exp(low - high));
}

// z + log pi, and beside the gradient of its cross-entropy that of the bound.
struct BoundedLogits {
  const std::vector<Real>& log_prior;
  const Real* on_true;   ///< one a class: the derivatives of the bound by the true logit
  const Real* on_power;  ///< and by e^(z - log_sum)
  const Real* log_sum;

  template <class Layout>
  struct On {
    const Real* z;
    const std::int32_t* y;
    const Real* counts;
    rows::OfClasses<Layout> log_prior;
    rows::OfClasses<Layout> on_power;
    rows::OfClasses<Layout> log_sum;
    alignas(64) Real on_true[rows::kMostRows];

    Real operator()(std::int32_t k, std::size_t, std::size_t i) const {
      return z[i] + log_prior[k];
    }
    Real pull(std::int32_t k, std::size_t r, std::size_t i, Real g) const {
      const Real power = on_power[k] * kernels::softmax_power(z[i] - log_sum[k]).value;
      return g + counts[r] * (power + rows::select(rows::is_own(k, y[r]), on_true[r], 0));
    }
  };
  template <class Layout>
  On<Layout> on(const Layout& at, const rows::Block& block) const {
    On<Layout> change{block.z,
                      block.y,
                      block.weight,
                      rows::OfClasses<Layout>(log_prior),
                      rows::OfClasses<Layout>(on_power, at.classes),
                      rows::OfClasses<Layout>(log_sum, at.classes),
                      {}};
    for (std::size_t r = 0; r < at.rows(); ++r) change.on_true[r] = on_true[block.y[r]];
    return change;
  }
};

class Lade final : public Loss {
 public:
  Lade(const Settings& settings, const LossSetup& setup)
      : frame_(settings, setup),
        lambda_(settings.number("lambda")),
        ridge_(settings.number("ridge")) {
    frame_.need_counts(setup, "the prior");
    frame_.refuse_weights("its bound runs through the whole batch");
    log_prior_ = setup.counts.log_prior();
    shift_.assign(log_prior_.begin(), log_prior_.end());
  }

  std::vector<double> statistics(const Tensor& logits, const Targets& targets) const override {
    const Scratch<double> sums =
        collect(frame_.check_classes(logits, targets, {}), logits, targets, {});
    return {sums.begin(), sums.end()};
  }
  double normaliser(const Targets& targets, Index columns) const override {
    return frame_.check_classes(targets, columns, {}).counted;
  }
  bool decomposes() const override { return false; }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override { return frame_.warnings(); }

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const LossFrame::Call call = frame_.check_classes(logits, targets, where);
    const std::size_t classes = call.classes;
    frame_.check_statistics(pass, 1 + kPerClass * classes, where);
    Scratch<double> own;
    std::span<const double> total = pass.statistics;
    if (total.empty()) {
      own = collect(call, logits, targets, where);
      total = {own.data(), own.size()};
    }
    const double items = total[0];

    // The bound, and its derivatives with the factor of the stored gradient.
    const double scale = stored_scale(pass, call.counted);
    double bound = 0;
    const Scratch<Real> derivatives(3 * classes);
    Real* const on_true = derivatives.data();
    Real* const on_power = on_true + classes;
    Real* const log_sum = on_power + classes;
    std::fill(derivatives.begin(), derivatives.end(), Real{0});
    for (std::size_t c = 0; c < classes; ++c) {
      const std::span<const double> of_class = total.subspan(1 + kPerClass * c, kPerClass);
      if (of_class[0] == 0) continue;
      const double prior = std::exp(log_prior_[c]);
      const double log_all = log_of_bins(of_class.subspan(2));
      const double r =
          log_all - log_prior_[c] - std::log(static_cast<double>(classes)) - std::log(items);
      bound += prior * (of_class[1] / of_class[0] - r - ridge_ * r * r);
      const double strength = scale * lambda_ * items * prior;
      on_true[c] = static_cast<Real>(-strength / of_class[0]);
      on_power[c] = static_cast<Real>(strength * (1 + 2 * ridge_ * r));
      log_sum[c] = static_cast<Real>(log_all);
    }

    Scratch<Real> gradient;
    if (wants_gradient(logits)) gradient = Scratch<Real>(logits.size());
    const double sum = rows::true_class_sum(
        frame_, call, logits, targets, pass, where,
        BoundedLogits{
            .log_prior = shift_, .on_true = on_true, .on_power = on_power, .log_sum = log_sum},
        rows::LogRule{}, scale, gradient.data());
    return finish_loss("lade", logits, sum - lambda_ * bound * call.counted, call.counted,
                       std::move(gradient), scale);
  }

 private:
  Scratch<double> collect(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                          const Where& where) const {
    const std::size_t classes = call.classes;
    const LossPass pass;
    const rows::RowBatch batch(frame_, call, logits, targets, pass, nullptr,
                               {.piece = 256, .block = 4096});
    // Of each piece and class: items, sum of the true logits, sum of exponentials of modest rows.
    const Scratch<double> partial(batch.pieces() * 3 * classes);
    std::fill(partial.begin(), partial.end(), 0.0);
    const Scratch<std::uint8_t> large_row(call.items);
    std::fill(large_row.begin(), large_row.end(), std::uint8_t{0});
    batch.run(
        [&](const auto& at, const rows::Block& block) {
          double* const items = partial.data() + batch.piece_of(block.item) * 3 * classes;
          double* const true_logits = items + classes;
          const Real* z = block.z;
          alignas(64) Real largest[rows::kMostRows];
          alignas(64) Real modest[rows::kMostRows];
          at.maxima(largest,
                    [&](std::int32_t, std::size_t, std::size_t i) { return std::abs(z[i]); });
          for (std::size_t r = 0; r < at.rows(); ++r)
            modest[r] = largest[r] <= kModest && block.weight[r] > 0 ? Real{1} : Real{0};
          for (std::size_t r = 0; r < block.count; ++r) {
            if (block.weight[r] == 0) continue;
            const auto y = static_cast<std::size_t>(block.y[r]);
            items[y] += 1;
            true_logits[y] += static_cast<double>(z[at.place(y, r)]);
            large_row[block.item + r] = modest[r] == 0;
          }
          at.add_columns(true_logits + classes, [&](std::int32_t, std::size_t r, std::size_t i) {
            return modest[r] * kernels::softmax_exp(modest[r] * z[i]);
          });
          return 0.0;
        },
        where);
    Scratch<double> total(1 + kPerClass * classes);
    std::fill(total.begin(), total.end(), 0.0);
    total[0] = call.counted;
    const auto of_class = [&](std::size_t k) { return total.data() + 1 + kPerClass * k; };
    for (std::size_t piece = 0; piece < batch.pieces(); ++piece) {
      const double* items = partial.data() + piece * 3 * classes;
      for (std::size_t k = 0; k < classes; ++k) {
        of_class(k)[0] += items[k];
        of_class(k)[1] += items[classes + k];
        of_class(k)[2 + kMiddle] += items[2 * classes + k];
        if (!std::isfinite(items[2 * classes + k]))
          frame_.fail_not_finite(logits, targets, piece * batch.piece(),
                                 std::min(call.items, (piece + 1) * batch.piece()), where);
      }
    }
    for (std::size_t i = 0; i < call.items; ++i)
      if (large_row[i] != 0) add_large_row(logits, call, i, targets, of_class, where);
    return total;
  }

  // One column z stands for the logits (0, z).
  template <class OfClass>
  void add_large_row(const Tensor& logits, const LossFrame::Call& call, std::size_t item,
                     const Targets& targets, const OfClass& of_class, const Where& where) const {
    for (std::size_t k = 0; k < call.classes; ++k) {
      const Real* z = logits.data() + item * call.columns;
      const auto logit =
          call.columns == 1 ? (k == 0 ? 0 : static_cast<double>(z[0])) : static_cast<double>(z[k]);
      const double bin = std::round(logit / kBinWidth);
      if (!(std::abs(bin) <= kMiddle))
        frame_.fail_not_finite(logits, targets, item, item + 1, where);
      of_class(k)[2 + static_cast<std::size_t>(bin + kMiddle)] += std::exp(logit - kBinWidth * bin);
    }
  }

  LossFrame frame_;
  double lambda_;
  double ridge_;
  std::vector<double> log_prior_;
  std::vector<Real> shift_;
};

}  // namespace

LossEntry lade_entry() {
  return {.spec = {.name = "lade",
                   .meaning = "prior cross-entropy plus a bound that pulls logits towards log "
                              "densities",
                   .formula = "mean CE(z + log pi) - lambda sum_c pi_c T_c, T_c = mean_{y=c} z_c - "
                              "R_c - ridge R_c^2, R_c = log(1/N sum exp(z_c - log pi_c - log C))",
                   .source = "Hong et al. 2021, Disentangling label distribution for long-tailed "
                             "visual recognition, eq. 8, 9",
                   .options = {{.name = "lambda",
                                .fallback = "0.1",
                                .range = Range::at_least(0),
                                .meaning = "strength of the bound; 0 is la",
                                .source = "the authors' settings for CIFAR"},
                               {.name = "ridge",
                                .fallback = "0.1",
                                .range = Range::at_least(0),
                                .meaning = "factor of R_c^2",
                                .source = "the authors' code"}}},
          .decomposes = false,
          .needs_counts = true,
          .make = [](const Settings& settings, const LossSetup& setup) -> std::unique_ptr<Loss> {
            return std::make_unique<Lade>(settings, setup);
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

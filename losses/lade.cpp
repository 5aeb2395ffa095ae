#include <tailgrad/losses/lade.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/row_math.h>

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

    // The bound, and its derivatives: `first` of the true logit, `second` of exp(z - log_sum).
    double bound = 0;
    const Scratch<Real> first(classes);
    const Scratch<Real> second(classes);
    const Scratch<Real> log_sum(classes);
    for (std::size_t c = 0; c < classes; ++c) {
      const std::span<const double> of_class = total.subspan(1 + kPerClass * c, kPerClass);
      first[c] = second[c] = 0;
      log_sum[c] = 0;
      if (of_class[0] == 0) continue;
      const double prior = std::exp(log_prior_[c]);
      const double log_all = log_of_bins(of_class.subspan(2));
      const double r =
          log_all - log_prior_[c] - std::log(static_cast<double>(classes)) - std::log(items);
      bound += prior * (of_class[1] / of_class[0] - r - ridge_ * r * r);
      first[c] = static_cast<Real>(-lambda_ * items * prior / of_class[0]);
      second[c] = static_cast<Real>(lambda_ * items * prior * (1 + 2 * ridge_ * r));
      log_sum[c] = static_cast<Real>(log_all);
    }

    const double scale = stored_scale(pass, call.counted);
    const auto factor = static_cast<Real>(scale);
    Scratch<Real> gradient;
    if (wants_gradient(logits)) gradient = Scratch<Real>(logits.size());
    const std::size_t grain = std::max<std::size_t>(1, 16384 / call.columns);
    Scratch<double> sums((call.items + grain - 1) / grain);
    parallel_for(call.items, grain, [&](std::size_t begin, std::size_t end) {
      const std::size_t size = std::max(classes, rows::kLanes);
      const Scratch<Real> room(2 * size);
      Real* __restrict z = room.data();
      Real* __restrict e = z + size;
      const Real* shift = shift_.data();
      const Real* on_power = second.data();
      const Real* log_sums = log_sum.data();
      double sum = 0;
      for (std::size_t i = begin; i < end; ++i) {
        Real* to = gradient.data() != nullptr ? gradient.data() + i * call.columns : nullptr;
        if (frame_.is_ignored(targets.classes[i])) {
          if (to != nullptr) std::fill_n(to, call.columns, Real{0});
          continue;
        }
        const auto y = static_cast<std::size_t>(targets.classes[i]);
        read_row(logits, call, i, z);
        for (std::size_t k = 0; k < classes; ++k) e[k] = z[k] + shift[k];
        std::fill(e + classes, e + size, rows::kMinusInfinity);
        const Real top = rows::max_of(e, size);
        const Real own_logit = e[y] - top;
        const Real own_e = kernels::exp(own_logit);
        for (std::size_t k = 0; k < size; ++k) {
          const Real power = kernels::exp(e[k] - top);
          e[k] = rows::is_own(k, y) ? Real{0} : power;
        }
        const Real others = rows::sum_of(e, size);
        sum += static_cast<double>(kernels::log1p((own_e - 1) + others) - own_logit);
        if (to == nullptr) continue;
        const Real inverse = 1 / (own_e + others);
        const Real at_own = first[y] - others * inverse;
        for (std::size_t k = 0; k < classes; ++k) {
          const Real softmax = rows::is_own(k, y) ? at_own : e[k] * inverse;
          e[k] = factor * (softmax + on_power[k] * kernels::exp(z[k] - log_sums[k]));
        }
        if (call.columns == 1) {
          to[0] = e[1];
        } else {
          std::copy_n(e, classes, to);
        }
      }
      sums[begin / grain] = sum;
    });
    double sum = 0;
    for (std::size_t piece = 0; piece < sums.size(); ++piece) {
      if (!std::isfinite(sums[piece]))
        frame_.fail_not_finite(logits, targets, piece * grain,
                               std::min(call.items, (piece + 1) * grain), where);
      sum += sums[piece];
    }
    return finish_loss("lade", logits, sum - lambda_ * bound * call.counted, call.counted,
                       std::move(gradient), scale);
  }

 private:
  // One column z stands for the logits (0, z).
  static void read_row(const Tensor& logits, const LossFrame::Call& call, std::size_t i, Real* z) {
    if (call.columns == 1) {
      z[0] = 0;
      z[1] = logits.data()[i];
    } else {
      std::copy_n(logits.data() + i * call.columns, call.columns, z);
    }
  }

  Scratch<double> collect(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                          const Where& where) const {
    const std::size_t classes = call.classes;
    const std::size_t grain = std::max<std::size_t>(256, call.items / 16 + 1);
    const std::size_t pieces = (call.items + grain - 1) / grain;
    // Of each piece and class: items, sum of the true logits, sum of exponentials of modest rows.
    const Scratch<double> partial(pieces * 3 * classes);
    const Scratch<std::uint8_t> large_row(call.items);
    parallel_for(call.items, grain, [&](std::size_t begin, std::size_t end) {
      const Scratch<Real> z(2 * classes);
      Real* __restrict e = z.data() + classes;
      double* __restrict items = partial.data() + begin / grain * 3 * classes;
      double* __restrict true_logits = items + classes;
      double* __restrict modest = true_logits + classes;
      std::fill_n(items, 3 * classes, 0.0);
      for (std::size_t i = begin; i < end; ++i) {
        large_row[i] = 0;
        if (frame_.is_ignored(targets.classes[i])) continue;
        read_row(logits, call, i, z.data());
        const auto y = static_cast<std::size_t>(targets.classes[i]);
        items[y] += 1;
        true_logits[y] += static_cast<double>(z[y]);
        int large = 0;
        const Real* logit = z.data();
        for (std::size_t k = 0; k < classes; ++k) large |= !(std::abs(logit[k]) <= kModest);
        large_row[i] = large != 0;
        if (large != 0) continue;
        for (std::size_t k = 0; k < classes; ++k) e[k] = kernels::exp(logit[k]);
        for (std::size_t k = 0; k < classes; ++k) modest[k] += static_cast<double>(e[k]);
      }
    });
    Scratch<double> total(1 + kPerClass * classes);
    std::fill(total.begin(), total.end(), 0.0);
    const auto of_class = [&](std::size_t k) { return total.data() + 1 + kPerClass * k; };
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      const double* items = partial.data() + piece * 3 * classes;
      for (std::size_t k = 0; k < classes; ++k) {
        of_class(k)[0] += items[k];
        of_class(k)[1] += items[classes + k];
        of_class(k)[2 + kMiddle] += items[2 * classes + k];
      }
    }
    const Scratch<Real> z(classes);
    for (std::size_t i = 0; i < call.items; ++i) {
      if (large_row[i] == 0) continue;
      read_row(logits, call, i, z.data());
      for (std::size_t k = 0; k < classes; ++k) {
        const auto logit = static_cast<double>(z[k]);
        const double bin = std::round(logit / kBinWidth);
        if (!(std::abs(bin) <= kMiddle)) frame_.fail_not_finite(logits, targets, i, i + 1, where);
        of_class(k)[2 + static_cast<std::size_t>(bin + kMiddle)] +=
            std::exp(logit - kBinWidth * bin);
      }
    }
    total[0] = call.counted;
    return total;
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

#include <tailgrad/losses/seesaw.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct Damped {
  std::vector<Real> log_count;
  Real p;
  Real q;
  Real log_eps;

  template <class Layout>
  struct On {
    const Real* z;
    const std::int32_t* y;
    rows::OfClasses<Layout> log_count;
    Real on_rarer;
    Real on_mistake;
    rows::ByTrueClass own_count;
    alignas(64) Real log_sum[rows::kMostRows];
    alignas(64) Real own[rows::kMostRows];  // log p
    alignas(64) Real floored[rows::kMostRows];

    On(const Damped& loss, const Layout& at, const rows::Block& block)
        : z(block.z),
          y(block.y),
          log_count(loss.log_count),
          on_rarer(loss.p),
          on_mistake(loss.q),
          own_count(loss.log_count, block.y, at.rows()) {}

    Real operator()(std::int32_t k, std::size_t r, std::size_t i) const {
      const Real log_p = z[i] - log_sum[r];
      const Real rarer = log_count[k] - own_count.of_row[r];
      const Real mitigation = on_rarer * (rarer < 0 ? rarer : Real{0});
      const Real above = on_mistake * (log_p - floored[r]);
      const Real compensation = log_p > own[r] ? above : Real{0};
      return z[i] + (rows::select(rows::is_own(k, y[r]), 0, mitigation + compensation));
    }
    Real pull(std::int32_t, std::size_t, std::size_t, Real g) const { return g; }
  };
  template <class Layout>
  On<Layout> on(const Layout& at, const rows::Block& block) const {
    On<Layout> change(*this, at, block);
    const Real* z = block.z;
    rows::RowPowers powers;
    at.powers(block.e, block.y, powers,
              [&](std::int32_t, std::size_t, std::size_t i) { return z[i]; });
    for (std::size_t r = 0; r < at.rows(); ++r) {
      const Real own = z[at.place(static_cast<std::size_t>(block.y[r]), r)];
      change.log_sum[r] = powers.top[r] + kernels::log(powers.others[r] +
                                                       kernels::softmax_exp(own - powers.top[r]));
      change.own[r] = own - change.log_sum[r];
      change.floored[r] = change.own[r] > log_eps ? change.own[r] : log_eps;
    }
    return change;
  }
};

std::unique_ptr<Loss> make(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "its mitigation factors");
  std::vector<double> logs;
  for (const double n : setup.counts.counts()) logs.push_back(std::log(n));
  return rows::true_class(std::move(frame),
                          Damped{.log_count = rows::as_reals(logs),
                                 .p = static_cast<Real>(settings.number("p")),
                                 .q = static_cast<Real>(settings.number("q")),
                                 .log_eps = static_cast<Real>(std::log(settings.number("eps")))},
                          rows::LogRule{});
}

}  // namespace

LossEntry seesaw_entry() {
  return {.spec = {.name = "seesaw",
                   .meaning = "pushes of frequent classes on rare ones are damped, mistakes not",
                   .formula = "CE(z_k + 1[k!=y] log(M C)), M = min(1, n_k/n_y)^p, C = "
                              "(p_k/max(p_y, eps))^q where p_k > p_y, else 1; both held fixed",
                   .source = "Wang et al. 2021, Seesaw loss, eq. 4 to 7",
                   .options = {{.name = "p",
                                .fallback = "0.8",
                                .range = Range::at_least(0),
                                .meaning = "power of the mitigation factor",
                                .source = "Wang et al. 2021, table 1"},
                               {.name = "q",
                                .fallback = "2",
                                .range = Range::at_least(0),
                                .meaning = "power of the compensation factor",
                                .source = "Wang et al. 2021, table 1"},
                               {.name = "eps",
                                .fallback = "0.01",
                                .range = {.low = 0, .high = 1, .low_open = true},
                                .meaning = "smallest p_y to divide by",
                                .source = "the published code"}}},
          .needs_counts = true,
          .make = make};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

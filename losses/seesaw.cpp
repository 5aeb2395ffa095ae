#include <tailgrad/losses/seesaw.h>

#include <cmath>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct Damped {
  static constexpr bool kPlain = false;
  std::vector<Real> log_count;  ///< padded
  Real p;
  Real q;
  Real log_eps;

  void fill(const rows::RowAt& at, Real* __restrict x) const {
    const Real* z = at.z;
    const Real* counts = log_count.data();
    const std::size_t size = at.size;
    const Real top = rows::max_of(z, size);
    for (std::size_t k = 0; k < size; ++k) x[k] = kernels::exp(z[k] - top);
    const Real log_sum = top + kernels::log(rows::sum_of(x, size));
    const std::size_t y = at.y;
    const Real own = z[y] - log_sum;
    const Real floored = own > log_eps ? own : log_eps;
    const Real own_count = counts[y];
    const Real on_rarer = p;
    const Real on_mistake = q;
    for (std::size_t k = 0; k < size; ++k) {
      const Real log_p = z[k] - log_sum;
      const Real rarer = counts[k] - own_count;
      const Real mitigation = on_rarer * (rarer < 0 ? rarer : Real{0});
      const Real above = on_mistake * (log_p - floored);
      const Real compensation = log_p > own ? above : Real{0};
      x[k] = z[k] + (rows::is_own(k, y) ? Real{0} : mitigation + compensation);
    }
  }
  void pull_back(const rows::RowAt&, Real*) const {}
};

std::unique_ptr<Loss> make(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "its mitigation factors");
  std::vector<double> logs;
  for (const double n : setup.counts.counts()) logs.push_back(std::log(n));
  return rows::true_class(std::move(frame),
                          Damped{.log_count = rows::padded(logs),
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

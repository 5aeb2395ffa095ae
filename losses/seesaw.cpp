#include <tailgrad/losses/seesaw.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct Damped {
  std::vector<Real> rarity;  ///< p log n: its differences are the mitigation
  Real q;
  Real log_eps;

  template <class Layout>
  struct On {
    const Real* z;
    rows::OfClasses<Layout> rarity;
    Real on_mistake;
    alignas(64) Real own[rows::kMostRows];
    alignas(64) Real own_rarity[rows::kMostRows];
    alignas(64) Real ground[rows::kMostRows];  // z of a class as probable as max(p_y, eps)

    // Of the true class itself both changes are 0.
    Real operator()(std::int32_t k, std::size_t r, std::size_t i) const {
      const Real rarer = rarity[k] - own_rarity[r];
      const Real mitigation = rarer < 0 ? rarer : Real{0};
      const Real above = on_mistake * (z[i] - ground[r]);
      const Real compensation = z[i] > own[r] ? above : Real{0};
      return z[i] + (mitigation + compensation);
    }
    Real pull(std::int32_t, std::size_t, std::size_t, Real g) const { return g; }
  };
  template <class Layout>
  On<Layout> on(const Layout& at, const rows::Block& block) const {
    On<Layout> change{block.z, rows::OfClasses<Layout>(rarity), q, {}, {}, {}};
    const Real* z = block.z;
    rows::OwnPowers powers;
    at.powers(
        block.e, block.y, powers, [&](std::int32_t, std::size_t, std::size_t i) { return z[i]; },
        [&](std::size_t r) { return z[at.place(static_cast<std::size_t>(block.y[r]), r)]; });
    for (std::size_t r = 0; r < at.rows(); ++r) {
      const Real above = powers.own[r];
      const Real log_p = -rows::log_of_ratio(above, kernels::softmax_exp(above), powers.others[r]);
      change.own[r] = z[at.place(static_cast<std::size_t>(block.y[r]), r)];
      change.own_rarity[r] = rarity[static_cast<std::size_t>(block.y[r])];
      change.ground[r] = change.own[r] + (log_p > log_eps ? Real{0} : log_eps - log_p);
    }
    return change;
  }
};

std::unique_ptr<Loss> make_seesaw(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "its mitigation factors");
  std::vector<double> logs;
  for (const double n : setup.counts.counts()) logs.push_back(settings.number("p") * std::log(n));
  return rows::true_class(std::move(frame),
                          Damped{.rarity = rows::as_reals(logs),
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
          .make = make_seesaw};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

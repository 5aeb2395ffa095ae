// A loss of one's own: the first terms of cross-entropy's series in 1 - p, which noisy labels
// disturb less. The whole loss is the Rule and its entry.
#pragma once

#include <tailgrad/losses/entry.h>
#include <tailgrad/losses/true_class.h>

namespace tailgrad {

/// L = sum over j = 1 .. order of (1-p_y)^j / j; d L / d log p_y = (1-p_y)^order - 1.
/// Source: Feng et al. 2021, "Can cross entropy loss be robust to label noise?", eq. 5.
inline LossEntry taylor_entry() {
  struct Rule {
    int order;
    rows::TrueClassLoss operator()(const rows::TrueClass& t) const {
      Real term = 1;
      Real loss = 0;
      for (int j = 1; j <= order; ++j) loss += (term *= t.rest) / static_cast<Real>(j);
      return {.loss = loss, .slope = term - 1};
    }
  };
  return {.spec = {.name = "taylor",
                   .meaning = "the first terms of cross-entropy's series in 1-p",
                   .formula = "sum over j = 1 .. order of (1-p_y)^j / j",
                   .source = "Feng et al. 2021, eq. 5",
                   .options = {{.name = "order",
                                .kind = OptionKind::integer,
                                .fallback = "2",
                                .range = Range::between(1, 100),
                                .meaning = "terms; 1 is gce:q=1, many are ce"}}},
          .make = [](const Settings& settings, const LossSetup& setup) {
            return rows::true_class(LossFrame(settings, setup), rows::PlainLogits{},
                                    Rule{static_cast<int>(settings.integer("order"))});
          }};
}

}  // namespace tailgrad

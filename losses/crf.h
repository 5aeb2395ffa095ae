// Losses of whole tag sequences: the negative log-likelihood of a linear-chain CRF, with weights
// and prior adjustment, and any loss of one label a row on its marginals (core/ops/crf.h).
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Negative log-likelihood of the tags: crf_nll().
LossEntry crf_entry();
/// Any loss on the marginals of a chain: crf_log_marginals().
LossEntry crf_marginals_entry();

/// For decoding: -tau log pi_k, what to add to the emissions of a CRF that was trained without
/// adjustment (Menon et al. 2021, section 4.2, on emissions); goes into CrfOptions::shift.
std::vector<Real> crf_post_hoc_shift(const ClassCounts& counts, double tau);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

// The entries of the studies, one a file; table.cpp lists them.
#pragma once

#include <tailgrad/study/studies/study.h>

namespace tailgrad {

/// Menon et al. 2021, section 6.1, figure 2: two Gaussians, one rare; losses minimised to the end.
StudyEntry gaussian_study();
/// Menon et al. 2021, Theorem 1, Lemma 2, eq. 11: where the threshold of each loss lies.
StudyEntry consistency_study();
/// Menon et al. 2021, section 3; Byrd and Lipton 2019: weights on data that can be separated.
StudyEntry separable_study();
/// Menon et al. 2021, section 4.2: dividing scores that may be negative.
StudyEntry negative_scores_study();
/// Menon et al. 2021, section 4.2; Guo et al. 2017: the best tau and the temperature.
StudyEntry calibration_study();
/// A question to Menon et al. 2021, section 4.1: whether a bias absorbs the log prior.
StudyEntry absorb_prior_study();
/// Menon et al. 2021, figure 1; Kang et al. 2020: lengths of weights by class frequency.
StudyEntry weight_norms_study();
/// Our own question, after Menon et al. 2021, figure 1: whether the ranking survives the optimiser.
StudyEntry optimisers_study();
/// Menon et al. 2021, tables 3 and 5, figures 3 and 4: images with a long tail.
StudyEntry long_tail_images_study();

}  // namespace tailgrad

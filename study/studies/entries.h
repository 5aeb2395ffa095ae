// The entries of the studies, one a file; table.cpp lists them.
#pragma once

#include <tailgrad/study/studies/study.h>

namespace tailgrad {

StudyEntry gaussian_study();
StudyEntry consistency_study();
StudyEntry separable_study();
StudyEntry negative_scores_study();
StudyEntry calibration_study();
StudyEntry absorb_prior_study();
StudyEntry weight_norms_study();
StudyEntry optimisers_study();
StudyEntry long_tail_images_study();

}  // namespace tailgrad

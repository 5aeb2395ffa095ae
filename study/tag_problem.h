// Tagged sentences made ready for training.
#pragma once

#include <tailgrad/study/problem.h>

namespace tailgrad {

/// load_problem() of task tags. Spans in iob1 or iob2 are learned as iobes, unless train_scheme
/// says otherwise or tags break their scheme. Throws Error as load_tags and read_word_vectors.
Problem load_tag_problem(const ProblemOptions& options);

}  // namespace tailgrad

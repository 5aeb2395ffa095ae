// The part of a `tailgrad train` command that makes one competitor of a comparison.
#pragma once

#include <string>

#include <tailgrad/study/experiment.h>

namespace tailgrad {

/// The word as a shell reads it back: quoted where it needs to be.
std::string shell_word(const std::string& word);

/// "--loss la --sampler class-balanced …": text forms without options at their default, and
/// nothing of what `train` does by itself for the task.
std::string train_options(const ExperimentOptions& options, const std::string& task);

}  // namespace tailgrad

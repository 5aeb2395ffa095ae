// The options that every verb shares that trains: data, model, training.
#pragma once

#include <cstdint>

#include <tailgrad/cli/command_line.h>
#include <tailgrad/study/experiment.h>
#include <tailgrad/study/problem.h>

namespace tailgrad::cli {

struct RunOptions {
  ProblemOptions problem = {};
  ExperimentOptions experiment = {};

  /// Declares all of them but --loss. This object must outlive the parsing.
  void declare(Verb& verb);
  /// After parsing: completes `problem` and `experiment`.
  void settle(std::uint64_t seed);

 private:
  int max_tokens_ = 128;
  int min_count_ = 2;
  int buckets_ = 0;
  bool keep_case_ = false;
  int batch_tokens_ = 1024;
};

}  // namespace tailgrad::cli

// The options that every verb shares that trains: data, model, training.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tailgrad/cli/command_line.h>
#include <tailgrad/study/experiment.h>
#include <tailgrad/study/problem.h>
#include <tailgrad/study/task_defaults.h>

namespace tailgrad::cli {

struct RunOptions {
  ProblemOptions problem = {};
  ExperimentOptions experiment = {};

  /// Declares all of them but --loss. This object must outlive the parsing.
  void declare(Verb& verb);
  /// After parsing: completes `problem` and `experiment`; what was not given gets the values of the
  /// task.
  void settle(std::uint64_t seed);
  /// After reading the data: the metric that chooses the epoch, if none was given. Returns what the
  /// user should know, or nothing.
  std::string settle_data(const Problem& data);

 private:
  Given given() const;
  void check_task() const;

  std::optional<Verb> verb_;
  int max_tokens_ = 128;
  int min_count_ = 2;
  int buckets_ = 0;
  std::string ngrams_ = "unknown";
  bool keep_case_ = false;
  int batch_tokens_ = 1024;
};

}  // namespace tailgrad::cli

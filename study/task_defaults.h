// What a task trains with when the user does not say.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <tailgrad/study/experiment.h>
#include <tailgrad/study/problem.h>

namespace tailgrad {

/// Whether the user gave the option of this name ("model", "epochs", "batch-tokens", …).
using Given = std::function<bool(std::string_view option)>;

/// Replaces what was not given, before the data is read. Options of other tasks keep theirs.
void set_task_defaults(const std::string& task, const Given& given, ProblemOptions& problem,
                       ExperimentOptions& experiment);

/// The same for what depends on the data: the metric that chooses the epoch is span_f1 where there
/// are spans to find. Returns what the user should know, or nothing.
std::string set_data_defaults(const Problem& problem, const Given& given,
                              ExperimentOptions& experiment);

}  // namespace tailgrad

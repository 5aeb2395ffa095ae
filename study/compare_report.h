// report.html of a comparison.
#pragma once

#include <string>

#include <tailgrad/study/compare_result.h>

namespace tailgrad {

/// One self-contained page: the answer and the command that follows from it first, then the
/// evidence. Every figure has its numbers as a table too; what is not available is n/a.
std::string compare_report(const CompareResult& result, const CompareTimings& timings);

}  // namespace tailgrad

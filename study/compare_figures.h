// The figures of a comparison's report, from its numbers.
#pragma once

#include <cstddef>
#include <vector>

#include <tailgrad/study/compare_result.h>
#include <tailgrad/study/report/svg.h>

namespace tailgrad {

/// The rows that a figure with a line a loss shows: the recommended one, the baseline, then the
/// best on dev, at most `most`; rows that always diverged are left out.
std::vector<std::size_t> rows_to_show(const CompareResult& result, std::size_t most);

/// Differences to the baseline with their intervals, largest gain first; the marker tells the
/// verdict.
ForestPlot difference_plot(const CompareResult& result, const std::vector<LossPair>& pairs);
/// Mean recall of each class over the seeds against its training items.
Chart recall_by_frequency(const CompareResult& result, const std::vector<std::size_t>& rows);
/// Recall of frequent, medium and rare classes with its interval over seeds.
ForestPlot recall_by_group(const CompareResult& result, const std::vector<std::size_t>& rows);
/// The judged metric (where epochs have none of it, macro F1) on dev by epoch: mean over the seeds
/// that are still there, band from the least to the greatest.
Chart dev_curves(const CompareResult& result, const std::vector<std::size_t>& rows);
/// |w_k| of the last layer against training items; no series without such a layer.
Chart norms_by_frequency(const CompareResult& result, const std::vector<std::size_t>& rows);
/// Seconds a run, least first.
BarChart cost_chart(const CompareResult& result, const CompareTimings& timings);

}  // namespace tailgrad

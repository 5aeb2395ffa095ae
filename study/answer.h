// The words of a comparison: verdicts, the answer, what was held equal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tailgrad/study/compare_result.h>

namespace tailgrad {

/// "balanced error" for balanced_error, "macro F1" for macro_f1, …; names that have no other words
/// as they are.
std::string metric_words(const std::string& metric);

/// Fills verdict and sentence from the numbers and the corrected p: a difference counts when
/// p_corrected < 1 - level.
void judge_pair(LossPair& pair, bool higher_is_better, double level);

/// Rows that never diverged, best mean on dev first.
std::vector<std::size_t> best_on_dev(const CompareResult& result);

/// `equal`: of every seed, whether all rows had the same initial weights and batches, as their
/// hashes say, and which had not.
void state_equalities(CompareResult& result);

/// `answer`, `recommended`, `undecided`, `command`, `predict`, and notes on decision rules. Of the
/// losses found better than the baseline by at least `matters`, the best on dev is recommended;
/// with none, the baseline; where nothing could be tested, the best on dev. A loss whose measured
/// gain is larger by `matters` than that of the recommended one, but cannot be told from chance, is
/// named with what would decide it.
void state_answer(CompareResult& result, const std::string& train_command);

}  // namespace tailgrad

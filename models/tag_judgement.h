// Predicted tags made ready for judging: data's tags and spans meet metrics.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <tailgrad/data/tag_set.h>
#include <tailgrad/metrics/sequence_metrics.h>

namespace tailgrad {

/// Gold and predicted spans of tokens.labels and tokens.predicted in both readings; none when the
/// tags have no scheme. `offsets` [sentences + 1]; `unknown` [tokens] from mark_unknown_words, or
/// empty. compute_metrics and bootstrap_intervals take the result. Throws Error when the classes
/// are not those of `tags` and as read_spans.
SequencePredictions judge_tags(const TagSet& tags, Predictions tokens,
                               std::span<const Index> offsets,
                               std::vector<std::uint8_t> unknown = {});

}  // namespace tailgrad

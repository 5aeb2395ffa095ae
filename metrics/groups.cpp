#include <tailgrad/metrics/groups.h>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

std::string_view group_name(Group group) {
  constexpr std::string_view kNames[] = {"many", "medium", "few"};
  return kNames[static_cast<std::size_t>(group)];
}

Group group_of(std::int64_t train_count, const GroupRule& rule) {
  if (train_count >= rule.many_from) return Group::many;
  return train_count <= rule.few_to ? Group::few : Group::medium;
}

void check_train_counts(std::span<const std::int64_t> train_counts, Index classes) {
  if (train_counts.size() != static_cast<std::size_t>(classes)) {
    fail("train counts", fmt::format("needs one count for each of the {} classes; got {}", classes,
                                     train_counts.size()));
  }
  for (std::size_t k = 0; k < train_counts.size(); ++k) {
    if (train_counts[k] < 0) {
      fail("train counts",
           fmt::format("the count of class {} must be >= 0; got {}", k, train_counts[k]));
    }
  }
}

GroupScores score_groups(const OutcomeCounts& counts, std::span<const std::int64_t> train_counts,
                         const GroupRule& rule) {
  check_train_counts(train_counts, counts.classes());
  if (rule.few_to >= rule.many_from) {
    fail("groups", fmt::format("few_to must be below many_from; got few_to {}, many_from {}",
                               rule.few_to, rule.many_from));
  }
  GroupScores scores;
  for (Index k = 0; k < counts.classes(); ++k) {
    const Group group = group_of(train_counts[static_cast<std::size_t>(k)], rule);
    GroupScore& score = scores[static_cast<std::size_t>(group)];
    ++score.classes;
    if (const std::optional<double> value = recall(counts, k)) {
      ++score.scored;
      score.recall = score.recall.value_or(0) + *value;
    }
  }
  for (GroupScore& score : scores) {
    if (score.recall) *score.recall /= score.scored;
  }
  return scores;
}

}  // namespace tailgrad

// Many-, medium- and few-item classes: the three thirds of a long tail.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <tailgrad/metrics/confusion.h>

namespace tailgrad {

/// A class by how many items it has in the training data.
enum class Group { many, medium, few };
/// In order.
inline constexpr std::array kGroups = {Group::many, Group::medium, Group::few};
std::string_view group_name(Group group);  ///< "many", "medium" or "few".

/// Many: n_k >= many_from; few: n_k <= few_to; medium: between. The defaults are those of Menon et
/// al. 2021 ("many >= 100, medium 20-100, few <= 20"; the two counts that they name twice go
/// outwards). A class without training items is few.
struct GroupRule {
  std::int64_t many_from = 100;  ///< a class with at least as many items is many
  std::int64_t few_to = 20;      ///< a class with at most as many items is few
};

/// How well a group does.
struct GroupScore {
  Index classes = 0;             ///< classes of the group
  Index scored = 0;              ///< those of them that occur in the evaluated items
  std::optional<double> recall;  ///< mean of their recalls; none when `scored` is 0
};
using GroupScores = std::array<GroupScore, 3>;  ///< in the order of kGroups

/// The group of a class.
Group group_of(std::int64_t train_count, const GroupRule& rule = {});

/// Scores by group. `train_counts` [classes]. Throws Error for another length, a negative count, or
/// a rule with few_to >= many_from.
GroupScores score_groups(const OutcomeCounts& counts, std::span<const std::int64_t> train_counts,
                         const GroupRule& rule = {});

/// Throws Error unless there is one non-negative count for each class.
void check_train_counts(std::span<const std::int64_t> train_counts, Index classes);

}  // namespace tailgrad

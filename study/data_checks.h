// The checks of the data doctor: each looks for one kind of trouble and adds what it finds.
#pragma once

#include <vector>

#include <tailgrad/study/doctor.h>

namespace tailgrad {

/// Rare, missing and unevenly split classes. Reads what `diagnosis` already counts.
void check_classes(const Diagnosis& diagnosis, std::vector<Finding>& findings);
/// Labels that differ by case or spaces only.
void check_label_names(const ExaminedData& data, std::vector<Finding>& findings);
/// The same item twice in a split or in two, exactly or after folding case, spaces and characters
/// (NFKC), and the same item with different labels.
void check_duplicates(const ExaminedData& data, std::vector<Finding>& findings);
/// Where an item may have any number of labels: training items without one.
void check_unlabelled(const ExaminedData& data, std::vector<Finding>& findings);
/// Tags that break their scheme, and what the readers find odd.
void check_tags(const ExaminedData& data, std::vector<Finding>& findings);
/// Control characters, U+FFFD, invisible characters, text that is not NFC, wrongly decoded text,
/// HTML entities.
void check_characters(const ExaminedData& data, std::vector<Finding>& findings);
/// Items that will be cut, and items of one word or none.
void check_lengths(const ExaminedData& data, Index max_tokens, std::vector<Finding>& findings);
/// Columns that say nothing, or number the rows.
void check_columns(const ExaminedData& data, std::vector<Finding>& findings);

}  // namespace tailgrad

#include <tailgrad/models/examples.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

template <class T>
void append_row(const std::vector<T>& from, std::size_t row, std::size_t width,
                std::vector<T>& to) {
  const auto begin = from.begin() + static_cast<std::ptrdiff_t>(row * width);
  to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
}

void append_text(const Examples& examples, std::size_t item, Batch& batch) {
  const auto begin = static_cast<std::size_t>(examples.text_offsets[item]);
  const auto end = static_cast<std::size_t>(examples.text_offsets[item + 1]);
  std::size_t first_id = begin;
  std::size_t last_id = end;
  if (!examples.token_offsets.empty()) {
    first_id = static_cast<std::size_t>(examples.token_offsets[begin]);
    last_id = static_cast<std::size_t>(examples.token_offsets[end]);
    const Index shift =
        static_cast<Index>(batch.ids.size()) - examples.token_offsets[begin];
    for (std::size_t token = begin; token < end; ++token)
      batch.token_offsets.push_back(examples.token_offsets[token + 1] + shift);
  }
  batch.ids.insert(batch.ids.end(), examples.ids.begin() + static_cast<std::ptrdiff_t>(first_id),
                   examples.ids.begin() + static_cast<std::ptrdiff_t>(last_id));
  batch.text_offsets.push_back(batch.text_offsets.back() + static_cast<Index>(end - begin));
}

}  // namespace

std::size_t Examples::size() const {
  if (is_text()) return text_offsets.size() - 1;
  return feature_count == 0 ? 0 : features.size() / static_cast<std::size_t>(feature_count);
}

Index Examples::length(std::size_t item) const {
  return is_text() ? text_offsets[item + 1] - text_offsets[item] : 1;
}

std::vector<Index> Examples::lengths() const {
  std::vector<Index> all(size());
  for (std::size_t item = 0; item < all.size(); ++item) all[item] = length(item);
  return all;
}

void gather(const Examples& examples, std::span<const Index> items, Batch& batch) {
  batch.ids.clear();
  batch.token_offsets.clear();
  batch.text_offsets.clear();
  batch.features.clear();
  batch.classes.clear();
  batch.marks.clear();
  batch.items = static_cast<Index>(items.size());
  if (examples.is_text()) batch.text_offsets.push_back(0);
  if (!examples.token_offsets.empty()) batch.token_offsets.push_back(0);
  const auto features = static_cast<std::size_t>(examples.feature_count);
  const auto classes = static_cast<std::size_t>(examples.class_count);
  for (const Index item : items) {
    const auto at = static_cast<std::size_t>(item);
    if (item < 0 || at >= examples.size())
      fail("gather", "there is no item " + std::to_string(item) + " among " +
                         std::to_string(examples.size()));
    if (examples.is_text()) append_text(examples, at, batch);
    if (features > 0) append_row(examples.features, at, features, batch.features);
    if (!examples.classes.empty()) batch.classes.push_back(examples.classes[at]);
    if (!examples.marks.empty()) append_row(examples.marks, at, classes, batch.marks);
  }
}

}  // namespace tailgrad

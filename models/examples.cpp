#include <tailgrad/models/examples.h>

#include <string>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

template <class T>
void select_rows(const std::vector<T>& from, const Examples& examples, Index width,
                 std::span<const Index> items, std::vector<T>& to) {
  to.clear();
  if (from.empty()) return;
  for (const Index item : items) {
    const auto row = [&](Index of) {
      return from.begin() + static_cast<std::ptrdiff_t>(examples.first_row(of)) * width;
    };
    to.insert(to.end(), row(item), row(item + 1));
  }
}

}  // namespace

Index Examples::size() const {
  if (is_tags()) return sentences.size();
  if (is_images()) return images.size();
  return is_text() ? texts.size() : static_cast<Index>(features.size()) / feature_count;
}

Index Examples::rows() const {
  return is_tags() ? sentences.offsets.back() : size();
}

Index Examples::first_row(Index item) const {
  return is_tags() ? sentences.offsets[static_cast<std::size_t>(item)] : item;
}

std::vector<Index> Examples::lengths() const {
  if (is_tags()) return sentences.lengths();
  return is_text() ? texts.lengths() : std::vector<Index>(static_cast<std::size_t>(size()), 1);
}

void select(const Examples& examples, std::span<const Index> items, Examples& batch) {
  const Index size = examples.size();
  for (const Index item : items)
    if (item < 0 || item >= size)
      fail("select", "there is no item " + std::to_string(item) + " among " + std::to_string(size));
  batch.feature_count = examples.feature_count;
  batch.class_count = examples.class_count;
  if (examples.is_text()) select(examples.texts, items, batch.texts);
  if (examples.is_tags()) select(examples.sentences, items, batch.sentences);
  if (examples.is_images()) select(examples.images, items, batch.images);
  select_rows(examples.features, examples, examples.feature_count, items, batch.features);
  select_rows(examples.classes, examples, 1, items, batch.classes);
  select_rows(examples.marks, examples, examples.class_count, items, batch.marks);
}

void update_hash(ByteHash& hash, const Examples& examples) {
  update_sized(hash, examples.texts.ids);
  update_sized(hash, examples.texts.offsets);
  if (!examples.texts.kinds.empty()) update_sized(hash, examples.texts.kinds);
  const EncodedSentences& sentences = examples.sentences;
  for (const std::vector<Index>* list :
       {&sentences.tokens, &sentences.offsets, &sentences.whole, &sentences.forms.words,
        &sentences.forms.shapes, &sentences.forms.affixes, &sentences.forms.affix_offsets,
        &sentences.forms.characters, &sentences.forms.character_offsets})
    update_sized(hash, *list);
  if (const EncodedImages& images = examples.images; examples.is_images()) {
    update_sized(hash, images.pixels);
    update_sized(hash, images.mean);
    update_sized(hash, images.scale);
    update_sized(hash, std::vector<Index>{images.height, images.width, images.channels,
                                          images.augmentation.pad, images.augmentation.flip});
  }
  update_sized(hash, examples.features);
  update_sized(hash, examples.classes);
  update_sized(hash, examples.marks);
}

}  // namespace tailgrad

#include <tailgrad/data/vocabulary.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

void VocabularyOptions::check() const {
  const auto refuse = [](std::string_view option, std::string_view allowed, auto got) {
    fail("vocabulary", fmt::format("{} must be {}; got {}", option, allowed, got));
  };
  constexpr Index kMost = 1 << 30;
  if (min_count < 1) refuse("min_count", "at least 1", min_count);
  if (max_words < 0) refuse("max_words", "at least 0", max_words);
  if (buckets < 0 || buckets > kMost) refuse("buckets", "from 0 to 2^30", buckets);
  if (min_ngram < 1) refuse("min_ngram", "at least 1", min_ngram);
  if (max_ngram < min_ngram) refuse("max_ngram", "at least min_ngram", max_ngram);
}

void WordCounts::add(std::string_view word, std::size_t times) {
  const auto found = counts_.find(word);
  if (found != counts_.end()) {
    found->second += times;
  } else {
    counts_.emplace(word, times);
  }
}

std::size_t WordCounts::count(std::string_view word) const {
  const auto found = counts_.find(word);
  return found == counts_.end() ? 0 : found->second;
}

std::vector<std::string> WordCounts::most_frequent(const VocabularyOptions& options) const {
  options.check();
  std::vector<const std::pair<const std::string, std::size_t>*> kept;
  for (const auto& entry : counts_) {
    if (entry.second >= static_cast<std::size_t>(options.min_count)) kept.push_back(&entry);
  }
  // A total order: nothing of the map's own order is left.
  std::sort(kept.begin(), kept.end(), [](const auto* a, const auto* b) {
    return a->second != b->second ? a->second > b->second : a->first < b->first;
  });
  const auto most = static_cast<std::size_t>(options.max_words);
  if (most > 0 && kept.size() > most) kept.resize(most);
  std::vector<std::string> words;
  words.reserve(kept.size());
  for (const auto* entry : kept) words.push_back(entry->first);
  return words;
}

Vocabulary::Vocabulary(const WordCounts& counts, const VocabularyOptions& options)
    : Vocabulary(counts.most_frequent(options), options) {}

Vocabulary::Vocabulary(std::vector<std::string> words, const VocabularyOptions& options)
    : words_(std::move(words)), options_(options) {
  options_.check();
  constexpr std::size_t kMost = std::size_t{1} << 30;  // so that words + buckets fit an Index
  if (words_.size() >= kMost) fail("vocabulary", "has room for fewer than 2^30 words");
  ids_.reserve(words_.size());
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (words_[i].empty()) fail("vocabulary", fmt::format("word {} is empty", i));
    if (!ids_.emplace(words_[i], static_cast<Index>(i) + 1).second) {
      fail("vocabulary", fmt::format("the word '{}' occurs twice", words_[i]));
    }
  }
}

Index Vocabulary::find(std::string_view word) const {
  const auto found = ids_.find(word);
  return found == ids_.end() ? kUnknown : found->second;
}

void Vocabulary::append_ids(std::string_view word, std::vector<Index>& ids) const {
  const Index id = find(word);
  if (!has_ngrams()) {
    ids.push_back(id);
    return;
  }
  const std::size_t before = ids.size();
  if (id != kUnknown) ids.push_back(id);
  if (id == kUnknown || options_.ngrams_of_all_words) append_ngrams(word, ids);
  if (ids.size() == before) ids.push_back(kUnknown);  // shorter than min_ngram
}

void Vocabulary::append_ngrams(std::string_view word, std::vector<Index>& ids) const {
  std::string bracketed;
  bracketed.reserve(word.size() + 2);
  bracketed.append("<").append(word).append(">");
  const auto starts_character = [&](std::size_t i) {
    return i == bracketed.size() || (static_cast<unsigned char>(bracketed[i]) & 0xc0) != 0x80;
  };
  const Index first = static_cast<Index>(words_.size()) + 1;
  for (std::size_t begin = 0; begin < bracketed.size(); ++begin) {
    if (!starts_character(begin)) continue;
    std::uint64_t hash = kFnvBasis;
    int characters = 0;
    for (std::size_t end = begin; end < bracketed.size() && characters < options_.max_ngram;) {
      hash = fnv1a(std::string_view(bracketed).substr(end, 1), hash);
      if (!starts_character(++end)) continue;
      if (++characters >= options_.min_ngram) {
        ids.push_back(first + static_cast<Index>(hash % static_cast<unsigned>(options_.buckets)));
      }
    }
  }
}

std::string Vocabulary::name(Index id) const {
  if (id < 0 || id >= size()) {
    fail("Vocabulary::name", fmt::format("needs an id from 0 to {}; got {}", size() - 1, id));
  }
  if (id == kUnknown) return "<unk>";
  const auto words = static_cast<Index>(words_.size());
  return id <= words ? words_[static_cast<std::size_t>(id - 1)]
                     : fmt::format("<n-gram {}>", id - words - 1);
}

}  // namespace tailgrad

#include <tailgrad/data/encoded_texts.h>

#include <limits>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

std::vector<Index> EncodedTexts::lengths() const {
  std::vector<Index> lengths(offsets.size() - 1);
  for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] = offsets[i + 1] - offsets[i];
  return lengths;
}

WordCounts count_words(std::span<const std::string> texts, const TokenizerOptions& tokenizer) {
  WordCounts counts;
  Words words;
  for (const std::string& text : texts) {
    tokenize(text, tokenizer, words);
    for (std::size_t i = 0; i < words.size(); ++i) counts.add(words[i]);
  }
  return counts;
}

EncodedTexts encode(std::span<const std::string> texts, const TokenizerOptions& tokenizer,
                    const Vocabulary& vocabulary, Index max_tokens) {
  if (max_tokens < 1) {
    fail("encode", fmt::format("max_tokens must be at least 1; got {}", max_tokens));
  }
  EncodedTexts encoded;
  encoded.offsets.reserve(texts.size() + 1);
  if (vocabulary.has_ngrams()) encoded.id_offsets.push_back(0);
  std::size_t tokens = 0;
  const auto end_token = [&] {
    ++tokens;
    if (vocabulary.has_ngrams())
      encoded.id_offsets.push_back(static_cast<Index>(encoded.ids.size()));
  };
  Words words;
  const auto most = static_cast<std::size_t>(max_tokens);
  for (const std::string& text : texts) {
    tokenize(text, tokenizer, words);
    if (words.size() > most) ++encoded.truncated;
    for (std::size_t i = 0; i < words.size() && i < most; ++i) {
      vocabulary.append_ids(words[i], encoded.ids);
      end_token();
    }
    if (words.empty()) {
      encoded.ids.push_back(Vocabulary::kUnknown);
      end_token();
    }
    if (encoded.ids.size() > static_cast<std::size_t>(std::numeric_limits<Index>::max())) {
      fail("encode", "the texts have more than 2^31 - 1 ids in all; encode them in parts");
    }
    encoded.offsets.push_back(static_cast<Index>(tokens));
  }
  return encoded;
}

void select(const EncodedTexts& texts, std::span<const Index> items, EncodedTexts& out) {
  const bool several = !texts.id_offsets.empty();
  out.ids.clear();
  out.id_offsets.clear();
  out.offsets.assign(1, 0);
  out.truncated = 0;
  if (several) out.id_offsets.push_back(0);
  for (const Index item : items) {
    if (item < 0 || item >= texts.size()) {
      fail("select", fmt::format("needs items from 0 to {}; got {}", texts.size() - 1, item));
    }
    auto first = static_cast<std::size_t>(texts.offsets[static_cast<std::size_t>(item)]);
    auto last = static_cast<std::size_t>(texts.offsets[static_cast<std::size_t>(item) + 1]);
    out.offsets.push_back(out.offsets.back() + static_cast<Index>(last - first));
    if (several) {
      const Index shift = static_cast<Index>(out.ids.size()) - texts.id_offsets[first];
      for (std::size_t t = first + 1; t <= last; ++t) {
        out.id_offsets.push_back(texts.id_offsets[t] + shift);
      }
      first = static_cast<std::size_t>(texts.id_offsets[first]);
      last = static_cast<std::size_t>(texts.id_offsets[last]);
    }
    out.ids.insert(out.ids.end(), texts.ids.begin() + static_cast<std::ptrdiff_t>(first),
                   texts.ids.begin() + static_cast<std::ptrdiff_t>(last));
  }
}

}  // namespace tailgrad

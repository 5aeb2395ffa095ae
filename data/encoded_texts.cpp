#include <tailgrad/data/encoded_texts.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

std::vector<Index> EncodedTexts::lengths() const {
  std::vector<Index> lengths(offsets.size() - 1);
  for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] = offsets[i + 1] - offsets[i];
  return lengths;
}

namespace {

// Appends the ids of words to encoded texts, token by token.
class TextWriter {
 public:
  TextWriter(std::size_t texts, const Vocabulary& vocabulary, Index max_tokens)
      : vocabulary_(vocabulary) {
    if (max_tokens < 1) {
      fail("encode", fmt::format("max_tokens must be at least 1; got {}", max_tokens));
    }
    out_.offsets.reserve(texts + 1);
    if (vocabulary.has_ngrams()) out_.id_offsets.push_back(0);
  }

  // The first `count` words; an unknown one when there are none.
  void add(const Words& words, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      vocabulary_.append_ids(words[i], out_.ids);
      end_token();
    }
    if (count == 0) {
      out_.ids.push_back(Vocabulary::kUnknown);
      end_token();
    }
  }
  void add_kind(TokenKind kind) { out_.kinds.push_back(static_cast<Index>(kind)); }
  void end_text(bool truncated) {
    if (truncated) ++out_.truncated;
    if (out_.ids.size() > static_cast<std::size_t>(std::numeric_limits<Index>::max())) {
      fail("encode", "the texts have more than 2^31 - 1 ids in all; encode them in parts");
    }
    out_.offsets.push_back(static_cast<Index>(tokens_));
  }
  EncodedTexts finish() { return std::move(out_); }

 private:
  void end_token() {
    ++tokens_;
    if (vocabulary_.has_ngrams()) out_.id_offsets.push_back(static_cast<Index>(out_.ids.size()));
  }

  const Vocabulary& vocabulary_;
  EncodedTexts out_;
  std::size_t tokens_ = 0;
};

std::vector<std::string_view> sorted_words(const Words& words, std::size_t count) {
  std::vector<std::string_view> sorted;
  for (std::size_t i = 0; i < count; ++i) sorted.push_back(words[i]);
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

WordCounts count_words(std::span<const std::string> texts, const TokenizerOptions& tokenizer,
                       std::span<const std::string> second) {
  WordCounts counts;
  Words words;
  for (const std::span<const std::string> all : {texts, second}) {
    for (const std::string& text : all) {
      tokenize(text, tokenizer, words);
      for (std::size_t i = 0; i < words.size(); ++i) counts.add(words[i]);
    }
  }
  return counts;
}

EncodedTexts encode(std::span<const std::string> texts, const TokenizerOptions& tokenizer,
                    const Vocabulary& vocabulary, Index max_tokens) {
  TextWriter writer(texts.size(), vocabulary, max_tokens);
  Words words;
  const auto most = static_cast<std::size_t>(max_tokens);
  for (const std::string& text : texts) {
    tokenize(text, tokenizer, words);
    writer.add(words, std::min(words.size(), most));
    writer.end_text(words.size() > most);
  }
  return writer.finish();
}

EncodedTexts encode_pairs(std::span<const std::string> first, std::span<const std::string> second,
                          const TokenizerOptions& tokenizer, const Vocabulary& vocabulary,
                          Index max_tokens) {
  if (first.size() != second.size()) {
    fail("encode_pairs", fmt::format("needs as many second texts as first ones; got {} and {}",
                                     second.size(), first.size()));
  }
  TextWriter writer(first.size(), vocabulary, max_tokens);
  Words words[2];
  std::size_t counts[2];
  std::vector<std::string_view> sorted[2];
  const auto most = static_cast<std::size_t>(max_tokens);
  for (std::size_t pair = 0; pair < first.size(); ++pair) {
    for (const std::size_t side : {0, 1}) {
      tokenize((side == 0 ? first : second)[pair], tokenizer, words[side]);
      counts[side] = std::min(words[side].size(), most);
      sorted[side] = sorted_words(words[side], counts[side]);
    }
    for (const std::size_t side : {0, 1}) {
      writer.add(words[side], counts[side]);
      const TokenKind alone = side == 0 ? TokenKind::first : TokenKind::second;
      const TokenKind shared = side == 0 ? TokenKind::first_shared : TokenKind::second_shared;
      if (counts[side] == 0) writer.add_kind(alone);
      for (std::size_t i = 0; i < counts[side]; ++i)
        writer.add_kind(
            std::binary_search(sorted[1 - side].begin(), sorted[1 - side].end(), words[side][i])
                ? shared
                : alone);
    }
    writer.end_text(words[0].size() > most || words[1].size() > most);
  }
  return writer.finish();
}

void select(const EncodedTexts& texts, std::span<const Index> items, EncodedTexts& out) {
  const bool several = !texts.id_offsets.empty();
  out.ids.clear();
  out.id_offsets.clear();
  out.offsets.assign(1, 0);
  out.truncated = 0;
  out.kinds.clear();
  if (several) out.id_offsets.push_back(0);
  for (const Index item : items) {
    if (item < 0 || item >= texts.size()) {
      fail("select", fmt::format("needs items from 0 to {}; got {}", texts.size() - 1, item));
    }
    auto first = static_cast<std::size_t>(texts.offsets[static_cast<std::size_t>(item)]);
    auto last = static_cast<std::size_t>(texts.offsets[static_cast<std::size_t>(item) + 1]);
    out.offsets.push_back(out.offsets.back() + static_cast<Index>(last - first));
    if (!texts.kinds.empty()) {
      out.kinds.insert(out.kinds.end(), texts.kinds.begin() + static_cast<std::ptrdiff_t>(first),
                       texts.kinds.begin() + static_cast<std::ptrdiff_t>(last));
    }
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

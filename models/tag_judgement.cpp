#include <tailgrad/models/tag_judgement.h>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

SequencePredictions judge_tags(const TagSet& tags, Predictions tokens,
                               std::span<const Index> offsets, std::vector<std::uint8_t> unknown) {
  if (tokens.classes != tags.size()) {
    fail("judge_tags",
         fmt::format("needs predictions of {} tags; got {} classes", tags.size(), tokens.classes));
  }
  check_offsets(offsets, tokens.size());
  SequencePredictions out{.tokens = std::move(tokens),
                          .offsets = {offsets.begin(), offsets.end()},
                          .unknown = std::move(unknown)};
  if (!tags.has_spans()) return out;
  const auto read = [&](SpanReading reading) {
    return SpanPairs{read_spans(tags, out.tokens.labels, offsets, reading),
                     read_spans(tags, out.tokens.predicted, offsets, reading)};
  };
  out.types.assign(tags.types().begin(), tags.types().end());
  out.spans = read(SpanReading::conlleval);
  out.strict = read(SpanReading::strict);
  return out;
}

}  // namespace tailgrad

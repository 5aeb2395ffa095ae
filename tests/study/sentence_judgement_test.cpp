// Tagged sentences judged: the outcomes, sentence by sentence, say the same as the metrics object.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <tailgrad/study/judgement.h>

namespace tailgrad {
namespace {

TEST(SentenceJudgement, OutcomesAndMetricsAgree) {
  const TagSet tags(LabelSet({"O", "B-LOC", "B-PER", "I-LOC", "I-PER"}), TagScheme::iob2);
  TaggedSentences data;
  data.words = {"Anna", "Berg", "met", "Carl", "in", "New", "York", "Rome", "now"};
  data.labels = {2, 4, 0, 2, 0, 1, 3, 1, 0};
  data.offsets = {0, 4, 9};
  const SentenceEncoding encoding(data, tags.scheme(), tags.scheme(), {});
  const Examples split = encoding.encode(data, tags.size());
  // Anna without Berg, Carl right, New York right, Rome taken for a person.
  const std::vector<Index> predicted = {2, 0, 0, 2, 0, 1, 3, 2, 0};
  const std::vector<std::int64_t> counts = {3, 2, 2, 1, 1};
  const MetricsContext context{.train_counts = counts, .names = tags.labels().names()};
  const Judgement judged = judge_sentences(split, predicted, tags, encoding, context);
  const auto metrics = nlohmann::json::parse(judged.metrics);
  EXPECT_DOUBLE_EQ(metrics["span_f1"], 0.5);  // 2 right of 4 gold and 4 predicted
  EXPECT_DOUBLE_EQ(metrics["accuracy"], 7.0 / 9);
  EXPECT_EQ(judged.outcomes.units(), 2U);
  EXPECT_EQ(judged.outcomes.spans.units(), 2U);
  for (const char* name : {"span_f1", "accuracy", "macro_f1"})
    EXPECT_DOUBLE_EQ(*outcome_metric(judged.outcomes, name, counts), metrics[name]) << name;
  ASSERT_EQ(judged.mistakes.size(), 2U);
}

TEST(SentenceJudgement, PiecesOfLongSentencesAreJudgedAsOneSentence) {
  const TagSet tags(LabelSet({"O", "B-X", "I-X"}), TagScheme::iob2);
  TaggedSentences data;
  data.words = {"a", "b", "c", "d"};
  data.labels = {0, 1, 2, 0};
  data.offsets = {0, 4};
  SentenceEncodingOptions options;
  options.max_tokens = 2;
  const SentenceEncoding encoding(data, tags.scheme(), tags.scheme(), options);
  const Examples split = encoding.encode(data, tags.size());
  EXPECT_EQ(split.sentences.cut, 1);
  EXPECT_EQ(split.sentences.offsets, (std::vector<Index>{0, 2, 4}));
  const Judgement judged = judge_sentences(split, data.labels, tags, encoding, {});
  EXPECT_EQ(judged.outcomes.units(), 1U);
  // The span goes over the cut, and counts once.
  EXPECT_EQ(judged.outcomes.spans.counts().support[0], 1);
  EXPECT_DOUBLE_EQ(nlohmann::json::parse(judged.metrics)["span_f1"], 1);
}

}  // namespace
}  // namespace tailgrad

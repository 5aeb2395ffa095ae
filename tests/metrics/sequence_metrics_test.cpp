// Scores of spans: conlleval's published sample, seqeval's numbers, counts by hand, intervals.
#include <tailgrad/metrics/sequence_metrics.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/metrics/bootstrap.h>
#include <tailgrad/metrics/report.h>

#include <support/messages.h>
#include "golden.h"

namespace tailgrad {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;

// "Output Example conlleval" of the CoNLL-2000 shared task,
// https://www.clips.uantwerpen.be/conll2000/chunking/output.html:
//   processed 961 tokens with 459 phrases; found: 539 phrases; correct: 371.
//   precision: 68.83%; recall: 80.83%; FB1: 74.35
// The page prints how many phrases of each type were found, and precision, recall and FB1 of each;
// how many there are and are right follows from these, and adds up to its totals.
TEST(SpanScores, PublishedSampleOfConlleval) {
  OutcomeCounts counts(6);  // ADJP, ADVP, NP, PP, SBAR, VP
  counts.support = {6, 8, 262, 90, 6, 87};
  counts.predicted = {1, 11, 317, 107, 3, 100};
  counts.correct = {0, 5, 206, 89, 2, 69};
  EXPECT_EQ(std::accumulate(counts.support.begin(), counts.support.end(), std::int64_t{0}), 459);
  EXPECT_EQ(std::accumulate(counts.predicted.begin(), counts.predicted.end(), std::int64_t{0}),
            539);
  EXPECT_EQ(std::accumulate(counts.correct.begin(), counts.correct.end(), std::int64_t{0}), 371);
  const SpanScores scores = score_spans(counts);
  EXPECT_NEAR(*scores.precision, 0.6883, 5e-5);
  EXPECT_NEAR(*scores.recall, 0.8083, 5e-5);
  EXPECT_NEAR(*scores.f1, 0.7435, 5e-5);
  EXPECT_NEAR(*scores.macro_f1, (0 + 0.5263 + 0.7116 + 0.9036 + 0.4444 + 0.7380) / 6, 5e-5);
}

TEST(CountSpans, ByHand) {
  const SpanPairs spans = {.gold = {{0, 2, 0}, {3, 4, 1}, {5, 6, 1}},
                           .predicted = {{0, 2, 1}, {3, 4, 1}, {4, 6, 1}, {7, 8, 2}}};
  const OutcomeCounts counts = count_spans(spans, 4);
  EXPECT_THAT(counts.support, ElementsAre(1, 2, 0, 0));
  EXPECT_THAT(counts.predicted, ElementsAre(0, 3, 1, 0));
  EXPECT_THAT(counts.correct, ElementsAre(0, 1, 0, 0));
  const SpanScores scores = score_spans(counts);
  EXPECT_NEAR(*scores.precision, 1.0 / 4, 1e-15);
  EXPECT_NEAR(*scores.recall, 1.0 / 3, 1e-15);
  EXPECT_NEAR(*scores.f1, 2.0 / 7, 1e-15);
  EXPECT_NEAR(*scores.macro_f1, (0 + 0.4 + 0) / 3, 1e-15);
  EXPECT_EQ(score_spans(OutcomeCounts(2)).f1, std::nullopt);
}

TEST(CountSpans, BadInput) {
  EXPECT_THAT(message_of([] {
                count_spans({.gold = {{0, 2, 0}, {1, 3, 0}}}, 1);
              }),
              HasSubstr("spans must be in order and not overlap"));
  EXPECT_THAT(message_of([] {
                count_spans({.predicted = {{0, 2, 1}}}, 1);
              }),
              HasSubstr("needs types from 0 to 0; got 1"));
}

// tests/golden/make_spans.py says what the file holds.
TEST(SpanScores, AsSeqevalComputesThem) {
  std::ifstream file(TAILGRAD_SOURCE_DIR "/tests/golden/spans.json");
  const auto golden = nlohmann::json::parse(file);
  int compared = 0;
  for (const auto& one : golden.at("cases")) {
    std::vector<Index> starts = {0};
    for (const auto& sentence : one.at("gold"))
      starts.push_back(starts.back() + static_cast<Index>(sentence.size()));
    for (const char* mode : {"loose", "strict"}) {
      if (!one.contains(mode) || !one.at(mode).contains("micro")) continue;
      std::map<std::string, Index> types;
      for (const auto& [name, row] : one.at(mode).at("per_type").items())
        types.emplace(name, static_cast<Index>(types.size()));
      const auto spans = [&](const char* side) {
        std::vector<TokenSpan> out;
        for (const auto& span : one.at(mode).at(side)) {
          const Index first = starts.at(span.at(0).get<std::size_t>());
          out.push_back({first + span.at(2).get<Index>(), first + span.at(3).get<Index>(),
                         types.at(span.at(1).get<std::string>())});
        }
        std::ranges::sort(out);
        return out;
      };
      const SpanScores scores =
          score_spans(count_spans({.gold = spans("gold"), .predicted = spans("predicted")},
                                  static_cast<Index>(types.size())));
      for (const auto& [name, row] : one.at(mode).at("per_type").items()) {
        const Index type = types.at(name);
        expect_matches(precision(scores.counts, type), row.at(0));
        expect_matches(recall(scores.counts, type), row.at(1));
        expect_matches(f1(scores.counts, type), row.at(2));
        EXPECT_EQ(scores.counts.support[static_cast<std::size_t>(type)], row.at(3));
      }
      expect_matches(scores.precision, one.at(mode).at("micro").at(0));
      expect_matches(scores.recall, one.at(mode).at("micro").at(1));
      expect_matches(scores.f1, one.at(mode).at("micro").at(2));
      expect_matches(scores.macro_f1, one.at(mode).at("macro").at(2));
      ++compared;
    }
  }
  EXPECT_GT(compared, 90);
}

// Two sentences, tags O, B, I as 0, 1, 2: gold B I O | B O, predicted B O O | B B.
SequencePredictions tagged() {
  const std::vector<Index> gold = {1, 2, 0, 1, 0};
  const std::vector<Index> predicted = {1, 0, 0, 1, 1};
  SequencePredictions out{.tokens = predictions_from_classes(predicted, gold, 3),
                          .offsets = {0, 3, 5},
                          .unknown = {1, 1, 0, 0, 1},
                          .types = {"x"}};
  out.spans = {.gold = {{0, 2, 0}, {3, 4, 0}}, .predicted = {{0, 1, 0}, {3, 4, 0}, {4, 5, 0}}};
  out.strict = {.gold = {{0, 2, 0}, {3, 4, 0}}, .predicted = {{3, 4, 0}}};
  return out;
}

TEST(SequenceMetrics, OneObject) {
  const Metrics metrics = compute_metrics(tagged());
  EXPECT_NEAR(*metrics.accuracy, 3.0 / 5, 1e-15);
  EXPECT_NEAR(*metrics.balanced_error, (0.5 + 0 + 1) / 3, 1e-15);
  EXPECT_NEAR(*scalar_metric(metrics, "span_f1"), 2.0 / 5, 1e-15);
  EXPECT_NEAR(*scalar_metric(metrics, "span_f1_strict"), 2.0 / 3, 1e-15);
  EXPECT_NEAR(*scalar_metric(metrics, "unknown_word_accuracy"), 1.0 / 3, 1e-15);
  EXPECT_TRUE(higher_is_better("span_f1"));

  const nlohmann::json written = metrics_json(metrics);
  EXPECT_NEAR(written["span_f1"], 0.4, 1e-15);
  EXPECT_NEAR(written["span_precision"], 1.0 / 3, 1e-15);
  EXPECT_NEAR(written["span_recall"], 0.5, 1e-15);
  EXPECT_EQ(written["span_precision_strict"], 1);
  EXPECT_EQ(written["unknown_words"], 3);
  ASSERT_EQ(written["per_type"].size(), 1U);
  const auto& row = written["per_type"][0];
  EXPECT_EQ(row["label"], "x");
  EXPECT_EQ(row["support"], 2);
  EXPECT_EQ(row["predicted"], 3);
  EXPECT_EQ(row["predicted_strict"], 1);
  EXPECT_NEAR(row["f1_strict"], 2.0 / 3, 1e-15);
  EXPECT_FALSE(metrics_json(compute_metrics(tagged().tokens)).contains("span_f1"));
}

TEST(SequenceMetrics, WhatIsNotAvailableIsNullWithAReason) {
  SequencePredictions plain = tagged();
  plain.spans.reset();
  plain.strict.reset();
  plain.unknown.clear();
  const nlohmann::json written = metrics_json(compute_metrics(plain));
  EXPECT_TRUE(written["span_f1"].is_null());
  EXPECT_TRUE(written["per_type"].is_null());
  EXPECT_TRUE(written["unknown_word_accuracy"].is_null());
  EXPECT_THAT(written["reason"].get<std::string>(),
              HasSubstr("span_f1: the tags follow no scheme that spells spans"));
  EXPECT_THAT(written["reason"].get<std::string>(),
              HasSubstr("unknown_words: the words of the training data are not known"));

  SequencePredictions known = tagged();
  known.unknown.assign(5, 0);
  known.spans = SpanPairs{};
  const nlohmann::json none = metrics_json(compute_metrics(known));
  EXPECT_TRUE(none["span_f1"].is_null());
  EXPECT_EQ(none["unknown_words"], 0);
  EXPECT_THAT(none["reason"].get<std::string>(),
              HasSubstr("unknown_word_accuracy: every word occurs in the training data"));

  const nlohmann::json empty = metrics_json(compute_metrics(SequencePredictions{}));
  EXPECT_EQ(empty["n"], 0);
  EXPECT_TRUE(empty["span_f1"].is_null());
}

TEST(SequenceMetrics, BadInput) {
  SequencePredictions bad = tagged();
  bad.offsets = {0, 3};
  EXPECT_THAT(message_of([&] { compute_metrics(bad); }),
              HasSubstr("sentence offsets must rise from 0 to the number of tokens, 5"));
  bad = tagged();
  bad.unknown.pop_back();
  EXPECT_THAT(message_of([&] { compute_metrics(bad); }),
              HasSubstr("needs a mark for each of the 5 tokens; got 4"));
  EXPECT_THAT(message_of([&] { scalar_metric(compute_metrics(tagged()), "span_f2"); }),
              HasSubstr("did you mean 'span_f1'"));
}

TEST(SequenceBootstrap, EstimatesAreTheMetrics) {
  const Metrics metrics = compute_metrics(tagged());
  const auto intervals = bootstrap_intervals(tagged(), {}, {.resamples = 50});
  EXPECT_EQ(intervals.size(), scalar_metrics().size() + sequence_scalar_metrics().size());
  for (const MetricInterval& row : intervals) {
    EXPECT_EQ(row.estimate.has_value(), scalar_metric(metrics, row.metric).has_value())
        << row.metric;
    if (row.estimate) {
      EXPECT_NEAR(*row.estimate, *scalar_metric(metrics, row.metric), 1e-12) << row.metric;
    }
  }
}

// With two sentences a resample is one of: the first twice, both, the second twice. So span F1 is
// 0 / (2 + 2), 2 / 5 or 4 / 6, and the strict F1 0, 2 / 3 or 1.
TEST(SequenceBootstrap, DrawsWholeSentences) {
  for (const MetricInterval& row : bootstrap_intervals(tagged(), {}, {.resamples = 400})) {
    if (row.metric == "span_f1") {
      EXPECT_EQ(row.low, 0);
      EXPECT_NEAR(*row.high, 4.0 / 6, 1e-15);
    }
    if (row.metric == "span_f1_strict") {
      EXPECT_EQ(row.low, 0);
      EXPECT_EQ(row.high, 1);
      EXPECT_EQ(row.defined, 400);
    }
    if (row.metric == "unknown_word_accuracy") {
      EXPECT_EQ(row.low, 0);
      EXPECT_EQ(row.high, 0.5);
    }
  }
  const std::vector<Index> whole = {0, 5};
  for (const MetricInterval& row :
       bootstrap_intervals(tagged(), {}, {.resamples = 20, .unit_offsets = whole})) {
    EXPECT_EQ(row.low, row.estimate) << row.metric;
  }
  const std::vector<Index> torn = {0, 2, 5};
  EXPECT_THAT(message_of([&] { bootstrap_intervals(tagged(), {}, {.unit_offsets = torn}); }),
              HasSubstr("a unit begins at token 2, inside a sentence"));
}

TEST(SequenceBootstrap, PairedWithItselfIsNoDifference) {
  for (const PairedDifference& row : paired_bootstrap(tagged(), tagged(), {}, {.resamples = 50})) {
    if (!row.difference) continue;
    EXPECT_EQ(*row.difference, 0) << row.metric;
    EXPECT_EQ(row.p, 1) << row.metric;
  }
  SequencePredictions other = tagged();
  other.offsets = {0, 2, 5};
  EXPECT_THAT(message_of([&] { paired_bootstrap(tagged(), other); }),
              HasSubstr("both systems need the same sentences"));
}

}  // namespace
}  // namespace tailgrad

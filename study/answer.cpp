#include <tailgrad/study/answer.h>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <tailgrad/study/answer_words.h>
#include <tailgrad/study/compare.h>

namespace tailgrad {

std::string metric_words(const std::string& metric) {
  static const std::map<std::string, std::string> words = {
      {"balanced_error", "balanced error"},
      {"macro_f1", "macro F1"},
      {"micro_f1", "micro F1"},
      {"span_f1", "span F1"},
      {"recall_many", "recall of frequent classes"},
      {"recall_medium", "recall of medium classes"},
      {"recall_few", "recall of rare classes"}};
  const auto found = words.find(metric);
  return found == words.end() ? metric : found->second;
}

void judge_pair(LossPair& pair, bool higher_is_better, double level) {
  const Comparison& numbers = pair.numbers;
  const std::string words = metric_words(pair.metric);
  if (!numbers.p || !pair.p_corrected) {
    pair.verdict = "not tested";
    pair.sentence = fmt::format("{} against {} is not tested: {}", pair.b, pair.a, numbers.reason);
    return;
  }
  const std::string spread =
      fmt::format("{} {}, {}, {} corrected", words, say::change(numbers.difference),
                  say::interval(numbers, level), say::p(pair.p_corrected));
  if (*pair.p_corrected < 1 - level) {
    const bool better = (*numbers.difference > 0) == higher_is_better;
    pair.verdict = better ? "better" : "worse";
    pair.sentence = fmt::format("{} is {} than {}: {}", pair.b, pair.verdict, pair.a, spread);
    return;
  }
  pair.verdict = "no detectable difference";
  pair.sentence = fmt::format(
      "{} and {}: no detectable difference at this size: you could have seen ± {:.3f} ({})", pair.b,
      pair.a, numbers.detectable.value_or(0), spread);
}

std::vector<std::size_t> best_on_dev(const CompareResult& result) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < result.losses.size(); ++i)
    if (result.losses[i].diverged == 0 && say::mean_in(result.losses[i].dev, result.metric))
      order.push_back(i);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const double x = *say::mean_in(result.losses[a].dev, result.metric);
    const double y = *say::mean_in(result.losses[b].dev, result.metric);
    return result.higher_is_better ? x > y : x < y;
  });
  return order;
}

void state_equalities(CompareResult& result) {
  result.equal.push_back(
      "Same training, development and test items, epochs, batch size and schedule for all.");
  std::string other_weights;
  std::string other_batches;
  const LossRow& first = result.losses.front();
  for (const LossRow& row : result.losses) {
    bool weights = true;
    bool batches = true;
    for (std::size_t s = 0; s < row.runs.size(); ++s) {
      weights = weights && row.runs[s].first_weights_hash == first.runs[s].first_weights_hash;
      batches = batches && row.runs[s].batches_hash == first.runs[s].batches_hash;
    }
    if (!weights) other_weights += (other_weights.empty() ? "" : ", ") + row.name;
    if (!batches) other_batches += (other_batches.empty() ? "" : ", ") + row.name;
  }
  result.equal.push_back(
      other_weights.empty()
          ? "Same initial weights for all in every seed (their hashes agree)."
          : fmt::format("Same initial weights for all in every seed but {}: another model than {}.",
                        other_weights, first.name));
  result.equal.push_back(
      other_batches.empty()
          ? "Same batches in the same order for all in every seed (their hashes agree), and the "
            "same dropout masks."
          : fmt::format("Same batches in the same order for all in every seed but {}: drawn by "
                        "another sampler than those of {}.",
                        other_batches, first.name));
  if (result.tries > 0)
    result.equal.push_back(
        fmt::format("{} tries of hyper-parameters for each loss, chosen on dev ({} search): the "
                    "learning rate, and the loss's numeric options that its text form left open.",
                    result.tries, result.tuning));
}

std::string compare_table(const CompareResult& result) {
  std::size_t width = 4;
  for (const LossRow& row : result.losses) width = std::max(width, row.name.size());
  const std::string words = metric_words(result.metric);
  std::string text =
      fmt::format("{:<{}}  {:>9}  {:>16}  {:>9}  {:>9}  {:<}\n", "loss", width, result.judged_on,
                  fmt::format("{} interval", say::percent(result.level)), "tuned", "dev",
                  "against " + result.baseline);
  for (const std::size_t i : [&] {
         std::vector<std::size_t> order = best_on_dev(result);
         for (std::size_t j = 0; j < result.losses.size(); ++j)
           if (std::ranges::find(order, j) == order.end()) order.push_back(j);
         return order;
       }()) {
    const LossRow& row = result.losses[i];
    const auto found = row.test.find(result.metric);
    std::string spread = "n/a";
    if (found != row.test.end() && found->second.low)
      spread =
          fmt::format("{} .. {}", say::value(found->second.low), say::value(found->second.high));
    std::string verdict = row.name == result.baseline ? "(baseline)" : "";
    if (const LossPair* pair = say::pair_of(result.pairs, result.baseline, row.name))
      verdict = pair->verdict == "not tested"
                    ? "not tested"
                    : fmt::format("{} {}, {}", say::change(pair->numbers.difference),
                                  say::p(pair->p_corrected), pair->verdict);
    if (row.diverged > 0)
      verdict =
          fmt::format("diverged in {} of {}; ", row.diverged, say::seeds(result.seeds.size())) +
          verdict;
    text += fmt::format("{:<{}}  {:>9}  {:>16}  {:>9}  {:>9}  {}\n", row.name, width,
                        say::value(say::mean_in(row.test, result.metric)), spread,
                        say::value(say::mean_in(row.test_tuned, result.metric)),
                        say::value(say::mean_in(row.dev, result.metric)), verdict);
  }
  return text;
}

}  // namespace tailgrad

#include <tailgrad/study/answer.h>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <tailgrad/study/compare.h>

namespace tailgrad {
namespace {

std::string value_text(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : "n/a";
}

std::string signed_text(const std::optional<double>& value) {
  return value ? fmt::format("{:+.3f}", *value) : "n/a";
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "p n/a";
  return *p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", *p);
}

std::string percent(double level) {
  return fmt::format("{:g} %", 100 * level);
}

std::string interval_text(const Comparison& numbers, double level) {
  return fmt::format("{} interval {} to {}", percent(level), signed_text(numbers.low),
                     signed_text(numbers.high));
}

const LossRow& row_named(const CompareResult& result, const std::string& name) {
  return *std::ranges::find_if(result.losses, [&](const LossRow& row) { return row.name == name; });
}

const LossPair* pair_of(const std::vector<LossPair>& pairs, const std::string& a,
                        const std::string& b) {
  const auto found =
      std::ranges::find_if(pairs, [&](const LossPair& pair) { return pair.a == a && pair.b == b; });
  return found == pairs.end() ? nullptr : &*found;
}

std::optional<double> mean_in(const Summaries& summaries, const std::string& metric) {
  const auto found = summaries.find(metric);
  return found == summaries.end() ? std::nullopt : found->second.mean;
}

std::string seeds_text(std::size_t seeds) {
  return fmt::format("{} seed{}", seeds, seeds == 1 ? "" : "s");
}

// A shell word: quoted where it needs to be.
std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_=+:,./@%").find(c) != std::string_view::npos;
  });
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// The sentence when a loss beats the baseline.
std::string answer_for(const CompareResult& result, const LossPair& pair) {
  const std::string words = metric_words(result.metric);
  return fmt::format(
      "Use {}: {} {} on {}, against {} with {} ({}, {}, {} after correction for {} comparison{}, "
      "{}).",
      pair.b, words, value_text(mean_in(row_named(result, pair.b).test, result.metric)),
      result.judged_on, value_text(mean_in(row_named(result, pair.a).test, result.metric)), pair.a,
      signed_text(pair.numbers.difference), interval_text(pair.numbers, result.level),
      p_text(pair.p_corrected), result.pairs.size(), result.pairs.size() == 1 ? "" : "s",
      seeds_text(result.seeds.size()));
}

// The sentence when nothing beats it.
std::string answer_stay(const CompareResult& result) {
  const LossPair* closest = nullptr;
  const double sign = result.higher_is_better ? 1 : -1;
  for (const LossPair& pair : result.pairs)
    if (pair.a == result.baseline && pair.numbers.p &&
        (closest == nullptr ||
         sign * *pair.numbers.difference > sign * *closest->numbers.difference))
      closest = &pair;
  if (closest == nullptr)
    return fmt::format("Nothing could be tested against {}: {}.", result.baseline,
                       result.pairs.empty() || result.pairs.front().numbers.reason.empty()
                           ? "no run of it or of the others finished"
                           : result.pairs.front().numbers.reason);
  return fmt::format(
      "Stay with {}: no other loss is detectably better in {} on {} ({}; the best of them, {}, "
      "differs by {}, {}; a true difference of {:.3f} would probably have been seen).",
      result.baseline, metric_words(result.metric), result.judged_on,
      seeds_text(result.seeds.size()), closest->b, signed_text(closest->numbers.difference),
      interval_text(closest->numbers, result.level), closest->numbers.detectable.value_or(0));
}

// The sentence when differences cannot be tested at all.
std::string answer_untested(const CompareResult& result, const std::string& best) {
  const LossRow& row = row_named(result, best);
  const std::string head =
      fmt::format("{} has {} {} on {}", best, metric_words(result.metric),
                  value_text(mean_in(row.test, result.metric)), result.judged_on);
  if (result.losses.size() == 1) return head + ", alone: name more losses to compare.";
  return fmt::format(
      "No difference can be judged with {}: {}, the best on dev; use --seeds 3 or "
      "more.",
      seeds_text(result.seeds.size()), head);
}

}  // namespace

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
      fmt::format("{} {}, {}, {} corrected", words, signed_text(numbers.difference),
                  interval_text(numbers, level), p_text(pair.p_corrected));
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
    if (result.losses[i].diverged == 0 && mean_in(result.losses[i].dev, result.metric))
      order.push_back(i);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const double x = *mean_in(result.losses[a].dev, result.metric);
    const double y = *mean_in(result.losses[b].dev, result.metric);
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

void state_answer(CompareResult& result, const std::string& train_command) {
  const std::vector<std::size_t> order = best_on_dev(result);
  const LossPair* winner = nullptr;
  bool tested = false;
  for (const LossPair& pair : result.pairs) tested = tested || pair.numbers.p.has_value();
  for (const std::size_t i : order) {
    const LossPair* pair = pair_of(result.pairs, result.baseline, result.losses[i].name);
    if (winner == nullptr && pair != nullptr && pair->verdict == "better") winner = pair;
  }
  const std::string best = order.empty() ? result.baseline : result.losses[order.front()].name;
  if (winner != nullptr) {
    result.recommended = winner->b;
    result.answer = answer_for(result, *winner);
  } else if (tested) {
    result.recommended = result.baseline;
    result.answer = answer_stay(result);
  } else {
    result.recommended = best;
    result.answer = order.empty() ? "No loss can be recommended: training diverged with every one; "
                                    "a smaller learning rate may help."
                                  : answer_untested(result, best);
  }
  const LossPair* tuned =
      winner != nullptr ? pair_of(result.pairs_tuned, result.baseline, winner->b) : nullptr;
  if (tuned != nullptr && tuned->verdict == "no detectable difference")
    result.notes.push_back(fmt::format(
        "The gain of {} is a threshold effect: when the decision rule of both is tuned on dev, {} "
        "has {} {} and {} has {}, no detectable difference.",
        winner->b, winner->b, metric_words(result.metric),
        value_text(mean_in(row_named(result, winner->b).test_tuned, result.metric)),
        result.baseline,
        value_text(mean_in(row_named(result, result.baseline).test_tuned, result.metric))));

  const LossRow& row = row_named(result, result.recommended);
  const std::optional<double> fixed = mean_in(row.test, result.metric);
  const std::optional<double> plain =
      mean_in(row_named(result, result.baseline).test_tuned, result.metric);
  if (fixed && plain && (result.higher_is_better ? *plain > *fixed : *plain < *fixed))
    result.notes.push_back(
        fmt::format("The decision rule matters here: {} with its rule tuned on dev (`tailgrad "
                    "adjust`) has {} {}.",
                    result.baseline, metric_words(result.metric), value_text(plain)));
  std::string command = fmt::format("{} --loss {}", train_command, quoted(row.loss));
  if (row.sampler != "instance") command += " --sampler " + quoted(row.sampler);
  command += fmt::format(" --optimizer {} --model {} --out model", quoted(row.optimizer),
                         quoted(row.model));
  result.command = command;
  result.predict = "tailgrad predict model NEW-DATA";
}

std::string compare_table(const CompareResult& result) {
  std::size_t width = 4;
  for (const LossRow& row : result.losses) width = std::max(width, row.name.size());
  const std::string words = metric_words(result.metric);
  std::string text =
      fmt::format("{:<{}}  {:>9}  {:>16}  {:>9}  {:>9}  {:<}\n", "loss", width, result.judged_on,
                  fmt::format("{} interval", percent(result.level)), "tuned", "dev",
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
          fmt::format("{} .. {}", value_text(found->second.low), value_text(found->second.high));
    std::string verdict = row.name == result.baseline ? "(baseline)" : "";
    if (const LossPair* pair = pair_of(result.pairs, result.baseline, row.name))
      verdict = pair->verdict == "not tested"
                    ? "not tested"
                    : fmt::format("{} {}, {}", signed_text(pair->numbers.difference),
                                  p_text(pair->p_corrected), pair->verdict);
    if (row.diverged > 0)
      verdict =
          fmt::format("diverged in {} of {}; ", row.diverged, seeds_text(result.seeds.size())) +
          verdict;
    text += fmt::format("{:<{}}  {:>9}  {:>16}  {:>9}  {:>9}  {}\n", row.name, width,
                        value_text(mean_in(row.test, result.metric)), spread,
                        value_text(mean_in(row.test_tuned, result.metric)),
                        value_text(mean_in(row.dev, result.metric)), verdict);
  }
  return text;
}

}  // namespace tailgrad

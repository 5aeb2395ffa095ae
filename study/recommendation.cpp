#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/study/answer.h>
#include <tailgrad/study/answer_words.h>

namespace tailgrad {
namespace {

// Improvement of a pair: positive when b is better.
double gain_of(const CompareResult& result, const LossPair& pair) {
  return (result.higher_is_better ? 1 : -1) * pair.numbers.difference.value_or(0);
}

// What a fair reading of the pairs with the baseline comes to.
struct Standing {
  bool tested = false;
  const LossPair* winner = nullptr;  // better by enough to matter; of these the best on dev
  const LossPair* slight = nullptr;  // better, but by less; of these the best on test
  const LossPair* rival = nullptr;   // may be better still: a larger gain, which cannot be told
                                     // from chance
  std::optional<int> seeds;          // that would probably tell
};

Standing standing_of(const CompareResult& result) {
  Standing out;
  for (const LossPair& pair : result.pairs) out.tested = out.tested || pair.numbers.p.has_value();
  for (const std::size_t i : best_on_dev(result)) {
    const LossPair* pair = say::pair_of(result.pairs, result.baseline, result.losses[i].name);
    if (pair == nullptr || pair->verdict != "better") continue;
    if (gain_of(result, *pair) >= result.matters) {
      if (out.winner == nullptr) out.winner = pair;
    } else if (out.slight == nullptr || gain_of(result, *pair) > gain_of(result, *out.slight)) {
      out.slight = pair;
    }
  }
  const double least = (out.winner != nullptr ? gain_of(result, *out.winner) : 0) + result.matters;
  for (const LossPair& pair : result.pairs) {
    if (pair.a != result.baseline || pair.verdict != "no detectable difference") continue;
    const double gain = gain_of(result, pair);
    if (gain > least && (out.rival == nullptr || gain > gain_of(result, *out.rival)))
      out.rival = &pair;
  }
  if (out.rival != nullptr)
    out.seeds = seeds_to_find(out.rival->numbers, *out.rival->numbers.difference, result.level,
                              result.pairs.size());
  return out;
}

std::string how_to_tell(const Standing& standing) {
  return standing.seeds ? fmt::format("--seeds {} would probably tell", *standing.seeds)
                        : "only more test data would tell, more seeds hardly";
}

// The interval of a difference that was not found; one may leave out 0 for all that, when there
// are many comparisons.
std::string open_interval(const CompareResult& result, const LossPair& pair) {
  const bool alone = pair.numbers.p && *pair.numbers.p < 1 - result.level;
  return say::interval(pair.numbers, result.level) +
         (alone ? fmt::format(" before correction for {} comparisons", result.pairs.size()) : "");
}

// "; la may be better still: …", or nothing.
std::string rival_clause(const CompareResult& result, const Standing& standing) {
  if (standing.rival == nullptr) return "";
  const LossPair& rival = *standing.rival;
  return fmt::format(
      "; that is not to say it is the best: {} differs from {} by {}, which {} cannot tell from "
      "chance ({}); {}",
      rival.b, rival.a, say::change(rival.numbers.difference), say::seeds(result.seeds.size()),
      open_interval(result, rival), how_to_tell(standing));
}

std::string answer_for(const CompareResult& result, const Standing& standing) {
  const LossPair& pair = *standing.winner;
  const auto mean = [&](const std::string& name) {
    return say::value(say::mean_in(say::row_named(result, name).test, result.metric));
  };
  return fmt::format(
      "Use {}: {} {} on {}, against {} with {} ({}, {}, {} after correction for {} comparison{}, "
      "{}){}.",
      pair.b, metric_words(result.metric), mean(pair.b), result.judged_on, mean(pair.a), pair.a,
      say::change(pair.numbers.difference), say::interval(pair.numbers, result.level),
      say::p(pair.p_corrected), result.pairs.size(), result.pairs.size() == 1 ? "" : "s",
      say::seeds(result.seeds.size()), rival_clause(result, standing));
}

// Something is better, but not by enough to change for.
std::string answer_slight(const CompareResult& result, const Standing& standing) {
  const LossPair& pair = *standing.slight;
  std::string rival;
  if (standing.rival != nullptr)
    rival = fmt::format("; {} differs by {}, which {} cannot tell from chance ({}); {}",
                        standing.rival->b, say::change(standing.rival->numbers.difference),
                        say::seeds(result.seeds.size()), open_interval(result, *standing.rival),
                        how_to_tell(standing));
  return fmt::format(
      "Stay with {}: {} is better in {} on {}, but only by {} ({}, {}), and a difference below {} "
      "does not matter (--matters){}.",
      result.baseline, pair.b, metric_words(result.metric), result.judged_on,
      say::change(pair.numbers.difference), say::interval(pair.numbers, result.level),
      say::seeds(result.seeds.size()), result.matters, rival);
}

std::string answer_stay(const CompareResult& result, const Standing& standing) {
  const LossPair* closest = nullptr;
  for (const LossPair& pair : result.pairs)
    if (pair.a == result.baseline && pair.numbers.p &&
        (closest == nullptr || gain_of(result, pair) > gain_of(result, *closest)))
      closest = &pair;
  if (closest == nullptr)
    return fmt::format("Nothing could be tested against {}: {}.", result.baseline,
                       result.pairs.empty() || result.pairs.front().numbers.reason.empty()
                           ? "no run of it or of the others finished"
                           : result.pairs.front().numbers.reason);
  return fmt::format(
      "Stay with {}: no other loss is detectably better in {} on {} ({}; the best of them, {}, "
      "differs by {}, {}; a true difference of {:.3f} would probably have been seen{}).",
      result.baseline, metric_words(result.metric), result.judged_on,
      say::seeds(result.seeds.size()), closest->b, say::change(closest->numbers.difference),
      open_interval(result, *closest), closest->numbers.detectable.value_or(0),
      standing.rival == closest ? "; " + how_to_tell(standing) : "");
}

std::string answer_untested(const CompareResult& result, const std::string& best) {
  const LossRow& row = say::row_named(result, best);
  const std::string head =
      fmt::format("{} has {} {} on {}", best, metric_words(result.metric),
                  say::value(say::mean_in(row.test, result.metric)), result.judged_on);
  if (result.losses.size() == 1) return head + ", alone: name more losses to compare.";
  return fmt::format(
      "No difference can be judged with {}: {}, the best on dev; use --seeds 3 or more.",
      say::seeds(result.seeds.size()), head);
}

// What a decision rule alone does for the winner and for the baseline.
void note_rules(CompareResult& result, const LossPair* winner) {
  const LossPair* tuned =
      winner != nullptr ? say::pair_of(result.pairs_tuned, result.baseline, winner->b) : nullptr;
  const std::string words = metric_words(result.metric);
  const auto tuned_mean = [&](const std::string& name) {
    return say::mean_in(say::row_named(result, name).test_tuned, result.metric);
  };
  if (tuned != nullptr && tuned->verdict == "no detectable difference")
    result.notes.push_back(fmt::format(
        "The gain of {} is a threshold effect: when the decision rule of both is tuned on dev, {} "
        "has {} {} and {} has {}, no detectable difference.",
        winner->b, winner->b, words, say::value(tuned_mean(winner->b)), result.baseline,
        say::value(tuned_mean(result.baseline))));
  const std::optional<double> fixed =
      say::mean_in(say::row_named(result, result.recommended).test, result.metric);
  const std::optional<double> plain = tuned_mean(result.baseline);
  if (fixed && plain && (result.higher_is_better ? *plain > *fixed : *plain < *fixed))
    result.notes.push_back(
        fmt::format("The decision rule matters here: {} with its rule tuned on dev (`tailgrad "
                    "adjust`) has {} {}.",
                    result.baseline, words, say::value(plain)));
}

}  // namespace

void state_answer(CompareResult& result, const std::string& train_command) {
  const std::vector<std::size_t> order = best_on_dev(result);
  const Standing standing = standing_of(result);
  if (standing.winner != nullptr) {
    result.recommended = standing.winner->b;
    result.answer = answer_for(result, standing);
  } else if (standing.tested) {
    result.recommended = result.baseline;
    result.answer = standing.slight != nullptr ? answer_slight(result, standing)
                                               : answer_stay(result, standing);
  } else {
    result.recommended = order.empty() ? result.baseline : result.losses[order.front()].name;
    result.answer = order.empty() ? "No loss can be recommended: training diverged with every one; "
                                    "a smaller learning rate may help."
                                  : answer_untested(result, result.recommended);
  }
  if (standing.rival != nullptr) result.undecided = standing.rival->b;
  result.seeds_to_decide = standing.seeds;
  note_rules(result, standing.winner);
  result.command = fmt::format("{} {} --out model", train_command,
                               say::row_named(result, result.recommended).options);
  result.predict = "tailgrad predict model NEW-DATA";
}

}  // namespace tailgrad

#include <tailgrad/study/studies/verdict.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tailgrad {
namespace {

constexpr double kPower = 0.8;

std::string number(const ClaimText& text, double value) {
  return fmt::format("{:.{}f}", text.scale * value, text.digits);
}

std::string with_unit(const ClaimText& text, double value) {
  return number(text, value) + (text.unit.empty() ? "" : " " + text.unit);
}

std::string interval(const ClaimText& text, double low, double high) {
  return number(text, low) + " to " + with_unit(text, high);
}

std::size_t count_of(const Summary& summary) {
  return static_cast<std::size_t>(std::ranges::count_if(
      summary.values, [](const std::optional<double>& value) { return value.has_value(); }));
}

// What the measurement could have seen, for a verdict that it could not give.
std::string power_words(const ClaimText& text, const Summary& measured, double distance) {
  const std::size_t count = count_of(measured);
  if (count < 2 || !measured.sd || !(*measured.sd > 0)) return "";
  const double freedom = static_cast<double>(count) - 1;
  const double error = *measured.sd / std::sqrt(static_cast<double>(count));
  const double reach = t_quantile(0.975, freedom) + t_quantile(kPower, freedom);
  std::string words = fmt::format(
      "; power: {} runs find a distance of {} from the bound in four of five repetitions", count,
      with_unit(text, reach * error));
  if (distance > 0) {
    const double needed = std::pow(2.8016 * *measured.sd / distance, 2);  // normal 0.975 and 0.8
    words +=
        fmt::format(", the measured distance of {} needs about {:.0f}", with_unit(text, distance),
                    std::ceil(std::max(needed, static_cast<double>(count) + 1)));
  }
  return words;
}

StudyClaim with_numbers(ClaimText text, const Summary& measured) {
  StudyClaim claim{.text = std::move(text)};
  claim.measured = measured.mean;
  claim.low = measured.low;
  claim.high = measured.high;
  return claim;
}

// [from, to] is where the claim is true.
StudyClaim judge(ClaimText text, const Summary& measured, double from, double to,
                 const std::string& region) {
  StudyClaim claim = with_numbers(std::move(text), measured);
  claim.rule = "holds when the whole 95 % interval is " + region +
               ", fails when all of it is not, else undecided";
  if (!measured.mean || !measured.low || !measured.high) {
    claim.verdict = "undecided";
    claim.why = "no interval: " + (measured.reason.empty() ? "nothing measured" : measured.reason);
    return claim;
  }
  const std::string range = interval(claim.text, *measured.low, *measured.high);
  if (*measured.low > from && *measured.high < to) {
    claim.verdict = "holds";
    claim.why = range + " is " + region;
  } else if (*measured.high <= from || *measured.low >= to) {
    claim.verdict = "fails";
    claim.why = range + " is not " + region;
  } else {
    claim.verdict = "undecided";
    const double distance =
        std::min(std::abs(*measured.mean - from), std::abs(*measured.mean - to));
    claim.why =
        range + " is neither, nor wholly outside" + power_words(claim.text, measured, distance);
  }
  return claim;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

StudyClaim claim_below(ClaimText text, const Summary& measured, double bound) {
  const std::string region = "below " + with_unit(text, bound);
  return judge(std::move(text), measured, -kInfinity, bound, region);
}

StudyClaim claim_above(ClaimText text, const Summary& measured, double bound) {
  const std::string region = "above " + with_unit(text, bound);
  return judge(std::move(text), measured, bound, kInfinity, region);
}

StudyClaim claim_within(ClaimText text, const Summary& measured, double target, double margin) {
  const std::string region =
      "between " + number(text, target - margin) + " and " + with_unit(text, target + margin);
  return judge(std::move(text), measured, target - margin, target + margin, region);
}

StudyClaim claim_agrees(ClaimText text, const Summary& measured, const PublishedMean& published,
                        double resolution) {
  StudyClaim claim = with_numbers(std::move(text), measured);
  claim.rule = "holds when the two means are at most three standard errors apart, else fails";
  if (!measured.mean || !measured.sd) {
    claim.verdict = "undecided";
    claim.why = "no standard error: " +
                (measured.reason.empty() ? std::string("nothing measured") : measured.reason);
    return claim;
  }
  const double sd = published.sd > 0 ? published.sd : *measured.sd;
  const double error =
      std::sqrt(*measured.sd * *measured.sd / static_cast<double>(count_of(measured)) +
                sd * sd / static_cast<double>(published.count));
  const double difference = *measured.mean - published.mean;
  const double reach = 3 * error;
  if (reach > resolution) {
    claim.verdict = "undecided";
    claim.why = fmt::format("three standard errors are {}, more than the {} that would matter",
                            with_unit(claim.text, reach), with_unit(claim.text, resolution));
    return claim;
  }
  claim.verdict = std::abs(difference) <= reach ? "holds" : "fails";
  claim.why =
      fmt::format("{} apart; three standard errors are {}",
                  with_unit(claim.text, std::abs(difference)), with_unit(claim.text, reach));
  return claim;
}

StudyClaim claim_exact(ClaimText text, bool holds, const std::string& rule,
                       const std::string& why) {
  StudyClaim claim{.text = std::move(text)};
  claim.rule = rule;
  claim.verdict = holds ? "holds" : "fails";
  claim.why = why;
  return claim;
}

StudyClaim claim_missing(ClaimText text, const std::string& reason) {
  StudyClaim claim{.text = std::move(text)};
  claim.rule = "nothing to judge without a measurement";
  claim.verdict = "undecided";
  claim.why = reason;
  return claim;
}

Summary exactly(double value) {
  return {.mean = value, .sd = 0, .low = value, .high = value, .values = {value}};
}

Summary summary_of_values(const std::vector<double>& values) {
  std::vector<std::optional<double>> all;
  for (const double value : values)
    all.push_back(std::isfinite(value) ? std::optional(value) : std::nullopt);
  return summarise(std::move(all));
}

std::vector<double> paired_differences(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) out.push_back(b[i] - a[i]);
  return out;
}

std::string shown(const ClaimText& text, std::optional<double> measured, std::optional<double> low,
                  std::optional<double> high) {
  if (!measured) return "n/a";
  std::string words = number(text, *measured);
  if (low && high && *high > *low) words += " ± " + number(text, 0.5 * (*high - *low));
  return words + (text.unit.empty() ? "" : " " + text.unit);
}

}  // namespace tailgrad

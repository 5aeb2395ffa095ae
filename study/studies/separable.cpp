// Study separable: do class weights and offsets matter once the data can be told apart?
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/random.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/study/correlation.h>
#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/linear_fit.h>

namespace tailgrad {
namespace separable {
namespace {

using nlohmann::json;

constexpr double kPrior = 0.05;
constexpr double kGap = 0.5;  // no point of the separable set is nearer to the line x1 + x2 = 0
constexpr double kPenalties[] = {1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6};
constexpr const char* kLosses[] = {"ce", "wce", "la"};
constexpr const char* kSets[] = {"separable", "overlapping"};

std::vector<std::uint64_t> seeds_of(const StudyPlan& plan) {
  return plan.seed_list(2, 20, 50);
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  if (!plan.data.empty()) fail("--data", "study separable draws its own data");
  std::vector<StudyCell> all;
  for (const char* set : kSets)
    for (const std::uint64_t seed : seeds_of(plan))
      all.push_back(
          {fmt::format("{} data {}", set, seed),
           json{{"set", set}, {"seed", seed}, {"items", plan.pick(100, 400, 400)}}.dump()});
  return all;
}

LinearData draw(const json& config) {
  const bool apart = config.at("set") == "separable";
  const std::size_t items = config.at("items");
  Random random(config.at("seed").get<std::uint64_t>(), "separable study");
  LinearData data;
  data.columns.resize(3);
  // A fixed number of positives: a set without any could not be separated.
  const auto positives = static_cast<std::size_t>(kPrior * static_cast<double>(items));
  while (data.size() < items) {
    const bool positive = data.size() < positives;
    const double side = positive ? 1 : -1;
    const double x1 = side + random.normal();
    const double x2 = side + random.normal();
    if (apart && side * (x1 + x2) / std::sqrt(2.0) < kGap) continue;
    data.columns[0].push_back(static_cast<Real>(x1));
    data.columns[1].push_back(static_cast<Real>(x2));
    data.columns[2].push_back(1);
    data.classes.push_back(positive ? 1 : 0);
  }
  return data;
}

// (w1, w2, b) of the difference of the two logits.
std::vector<double> separator(const LinearFit& fit) {
  std::vector<double> line(3);
  for (std::size_t f = 0; f < 3; ++f) line[f] = fit.weights[3 + f] - fit.weights[f];
  return line;
}

double length(const std::vector<double>& v) {
  return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

double degrees_between(const std::vector<double>& a, const std::vector<double>& b) {
  const double cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (length(a) * length(b));
  return std::acos(std::clamp(cosine, -1.0, 1.0)) * 180 / M_PI;
}

json run(const json& config, const StudyContext& context) {
  const LinearData data = draw(config);
  const ClassCounts counts = ClassCounts::of_labels(data.classes, 2);
  json out;
  std::vector<std::vector<double>> starts(std::size(kLosses));
  for (const double penalty : kPenalties) {
    context.check_stop();
    std::vector<std::vector<double>> lines;
    for (std::size_t l = 0; l < std::size(kLosses); ++l) {
      const std::unique_ptr<Loss> loss = make_loss(kLosses[l], counts);
      const LinearFit fit = fit_linear(*loss, data,
                                       {.start = starts[l],
                                        .l2 = penalty,
                                        .most_steps = 300,
                                        .tolerance = 1e-3 * penalty,
                                        .slack = 1e-6});
      starts[l] = fit.weights;
      lines.push_back(separator(fit));
      out["gradient"][kLosses[l]].push_back(fit.gradient);
      out["loss"][kLosses[l]].push_back(fit.loss);
    }
    out["length"].push_back(length(lines[0]));
    out["wce"].push_back(degrees_between(lines[0], lines[1]));
    out["la"].push_back(degrees_between(lines[0], lines[2]));
  }
  return out;
}

// Logarithms of the second half of a path, where the data has been told apart.
std::vector<double> logs_of_end(const std::vector<double>& path) {
  std::vector<double> out;
  for (std::size_t i = path.size() / 2; i < path.size(); ++i) out.push_back(std::log(path[i]));
  return out;
}

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"first", "angle at the strongest penalty", 1, 2},
                                 {"last", "at the weakest", 1, 2},
                                 {"slope", "exponent of the angle in the length", 1, 2}}};
  Chart angles{.title = "How far the separators of two losses are apart",
               .x = {"length of the weights of ce", true},
               .y = {"angle to ce, degrees", true}};
  for (const char* set : kSets)
    for (const char* loss : {"wce", "la"}) {
      std::vector<double> first;
      std::vector<double> last;
      std::vector<double> exponent;
      std::vector<double> mean_angle(std::size(kPenalties));
      std::vector<double> mean_length(std::size(kPenalties));
      double count = 0;
      for (const json& cell : cells) {
        if (cell.at("config").at("set") != set) continue;
        const std::vector<double> angle = cell.at("result").at(loss);
        const std::vector<double> norm = cell.at("result").at("length");
        first.push_back(angle.front());
        last.push_back(angle.back());
        exponent.push_back(slope(logs_of_end(norm), logs_of_end(angle)));
        for (std::size_t i = 0; i < angle.size(); ++i) {
          mean_angle[i] += angle[i];
          mean_length[i] += norm[i];
        }
        ++count;
      }
      for (std::size_t i = 0; i < mean_angle.size(); ++i) {
        mean_angle[i] /= count;
        mean_length[i] /= count;
      }
      angles.series.push_back(
          {.name = std::string(loss) + ", " + set, .x = mean_length, .y = mean_angle});
      StudyRow row{.group = std::string(set) + " data", .name = loss};
      row.metrics["first"] = summary_of_values(first);
      row.metrics["last"] = summary_of_values(last);
      if (std::string(set) == "separable") row.metrics["slope"] = summary_of_values(exponent);
      const std::string what =
          std::string(loss) == "wce" ? "Weighting by 1/frequency" : "The logit-adjusted loss";
      const auto text = [&](const std::string& id, const std::string& claim,
                            const std::string& published, const char* unit) {
        return ClaimText{.id = "C16." + id + "." + loss,
                         .claim = claim,
                         .published = published,
                         .unit = unit,
                         .digits = 2};
      };
      if (std::string(set) == "separable") {
        result.claims.push_back(claim_within(
            text("rate",
                 what + " moves the separator of separable data by an angle that falls as "
                        "1/length of the weights, so to nothing",
                 "theory: exponent -1", ""),
            row.metrics["slope"], -1, 0.25));
        result.claims.push_back(claim_below(
            text("limit", what + " has moved it by less than 5 degrees at the end of the path", "",
                 "degrees"),
            row.metrics["last"], 5));
      } else {
        result.claims.push_back(
            claim_above(text("control",
                             what + " does move the separator of overlapping data: more than 5 "
                                    "degrees are left at the end of the same path",
                             "", "degrees"),
                        row.metrics["last"], 5));
      }
      result.rows.push_back(std::move(row));
    }
  result.figures.push_back({.caption = angles.title,
                            .note = "Angle between (w, b) of the loss and of cross-entropy along "
                                    "the path of penalties; means over data sets.",
                            .svg = line_chart(angles),
                            .numbers = table_of(angles)});
  result.settings = {
      fmt::format("{} data sets of {} items each, {:g} % positives, x given y is N(y (1, 1), I); "
                  "separable: without the points nearer than {} to the line x1 + x2 = 0",
                  seeds_of(plan).size(), plan.pick(100, 400, 400), 100 * kPrior, kGap),
      fmt::format("mean loss + lambda/2 |weights|^2 with lambda from {:g} down to {:g}, each fit "
                  "until no component of the gradient exceeds lambda/1000 or 300 steps: the limit "
                  "of lambda to 0 is that of endless gradient descent (the largest margin)",
                  kPenalties[0], kPenalties[std::size(kPenalties) - 1])};
  result.notes = {
      "the angle goes to zero, but only as 1/length, and gradient descent lengthens the weights "
      "with the logarithm of time: at any loss that training reaches, weights still matter"};
  return result;
}

}  // namespace
}  // namespace separable

StudyEntry separable_study() {
  return {.name = "separable",
          .meaning =
              "Does weighting the loss by 1/frequency move the optimum when the training "
              "data can be separated?",
          .source = "Menon et al. 2021, section 3; Byrd and Lipton 2019; Rosset et al. 2003",
          .claims = "C16",
          .cells = separable::cells,
          .run = separable::run,
          .judge = separable::judge};
}

}  // namespace tailgrad

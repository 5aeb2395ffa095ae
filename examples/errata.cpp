// Where published code, or print, differs from the formula it stands for: both numbers, on a stated
// input. `tailgrad-errata` prints docs/errata.md's numbers; `tailgrad-errata --check FILE` exits
// with 4 unless FILE holds every line of them. The published side is written out here as its
// authors compute it; the other side is this library.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>

namespace {

// Smaller values are rounding, which differs from CPU to CPU.
constexpr double kRounding = 1e-9;

using namespace tailgrad;

struct Answer {
  double value;
  std::vector<double> gradient;
};

Answer ask(std::string_view form, const Shape& shape, const std::vector<double>& logits,
           const Targets& targets, const LossSetup& setup = {}) {
  Tensor z = Tensor::from(shape, std::span<const Real>(logits));
  z.require_grad();
  const Tensor mean = (*make_loss(form, setup))(z, targets).mean();
  backward(mean);
  return {mean.item(), {z.grad().begin(), z.grad().end()}};
}

double logit(double p) {
  return std::log(p) - std::log1p(-p);
}

class Page {
 public:
  void item(const std::string& id, const std::string& on, double published, double ours,
            const std::string& what) {
    lines_.push_back(fmt::format(
        "| {} | {} | {:.5g} | {} | {} |", id, on, published,
        std::isnan(ours) ? "error" : fmt::format("{:.5g}", std::abs(ours) < kRounding ? 0 : ours),
        what));
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

// E1: the repository's multi-class dice divides each item by sums over the batch.
void dice_denominator(Page& page) {
  const std::vector<Index> y = {0, 1, 2, 0, 1, 2, 0, 0};
  std::vector<double> z;
  for (const Index label : y)
    for (Index k = 0; k < 3; ++k) z.push_back(k == label ? 6 : 0);
  const Targets t{.classes = y};
  page.item("E1", "8 items, 3 classes, all right with p = 0.995",
            ask("dsc:variant=reference,smooth=1", {8, 3}, z, t).value,
            ask("dsc:alpha=0", {8, 3}, z, t).value, "value");
}

// E2: with the repository's recommended setting the loss of a positive rises towards p = 1.
void dice_not_monotone(Page& page) {
  const auto published = [](double p) {
    const double q = std::pow(1 - p, 0.01) * p;
    return 1 - (2 * q + 1) / (q * q + 1 + 1);
  };
  const auto slope = [](double p) {
    const double q = std::pow(1 - p, 0.01) * p;
    const double by_q = (-2 * (q * q + 2) + (2 * q + 1) * 2 * q) / ((q * q + 2) * (q * q + 2));
    return by_q * std::pow(1 - p, -0.99) * (1 - 1.01 * p);
  };
  const std::vector<std::uint8_t> mark = {1};
  const char* ours = "dsc:alpha=0.01,square=true,mode=sigmoid";
  const char* plain = "dice:mode=sigmoid";
  page.item("E2", "one positive, p = 0.99", published(0.99),
            ask(plain, {1, 1}, {logit(0.99)}, {.marks = mark}).value, "value (right: plain dice)");
  page.item("E2", "one positive, p = 1 - 1e-6", published(1 - 1e-6),
            ask(plain, {1, 1}, {-logit(1e-6)}, {.marks = mark}).value, "value (right: plain dice)");
  page.item("E2", "one positive, p = 1", published(1),
            ask(ours, {1, 1}, {1000}, {.marks = mark}).value, "value (right: 1-p floored at 1e-6)");
  for (const double rest : {1e-3, 1e-6}) {
    const double z = -logit(rest);
    const double by_z = ask(plain, {1, 1}, {z}, {.marks = mark}).gradient[0];
    page.item("E2", fmt::format("one positive, p = 1 - {:g}", rest), slope(1 - rest),
              by_z / (rest * (1 - rest)), "d loss / d p (right: plain dice)");
  }
}

// E3: hard negative mining keeps a number of negatives that its index does not say.
void mining(Page& page) {
  const std::vector<double> negatives = {0.9, 0.7, 0.5, 0.3, 0.1};
  const auto kept = [&](int keep) {
    std::vector<double> sorted = negatives;
    std::ranges::sort(sorted);
    const int size = static_cast<int>(sorted.size());
    const int index = (1 - keep + size) % size;  // as Python reads sorted[1 - keep]
    const double least = sorted[static_cast<std::size_t>(index)];
    return std::ranges::count_if(negatives, [&](double p) { return p >= least; });
  };
  for (const int keep : {0, 1, 2})
    page.item("E3", fmt::format("5 negatives, {} to be kept", keep),
              static_cast<double>(kept(keep)), keep, "negatives kept");
}

// E4: the focal loss of a margin loss's repository puts the class weight into the probability.
void weighted_focal(Page& page) {
  const auto published = [](double p, double w) {
    const double ce = -w * std::log(p);
    return std::pow(1 - std::exp(-ce), 2) * ce;
  };
  for (const auto& [p, w] : {std::pair{0.5, 4.0}, {0.9, 4.0}, {0.5, 0.25}}) {
    const Index y = 0;
    page.item("E4", fmt::format("focal gamma=2, p_t = {}, weight {}", p, w), published(p, w),
              ask("focal", {1, 2}, {logit(p), 0}, {.classes = {&y, 1}}, {.weights = {w, 1}}).value,
              "value");
  }
}

// E5: the asymmetric loss's code stops the gradient of the focusing weight.
void asymmetric(Page& page) {
  for (const double p : {0.3, 0.6, 0.9}) {
    const std::vector<std::uint8_t> mark = {0};
    page.item("E5", fmt::format("one negative, p = {}", p),
              ask("asl:variant=reference", {1, 1}, {logit(p)}, {.marks = mark}).gradient[0],
              ask("asl", {1, 1}, {logit(p)}, {.marks = mark}).gradient[0], "d loss / d logit");
  }
}

// E6: log(pi^tau + 1e-12) stops falling at -27.6.
void floored_prior(Page& page) {
  const double pi = 5 / 10847.0;
  for (const double tau : {1.0, 3.0, 4.0, 6.0})
    page.item("E6", fmt::format("prior 5/10847, tau = {}", tau),
              std::log(std::pow(pi, tau) + 1e-12), tau * std::log(pi), "adjustment of the logit");
}

// E7: Lemma 2 of the logit adjustment paper with the sigmoid it prints, 1/(1 + e^z).
void printed_sigmoid(Page& page) {
  const double pi = 0.05;
  const double margin = std::log((1 - pi) / pi);
  const auto threshold = [&](double sign) {
    const auto s = [&](double z) { return 1 / (1 + std::exp(sign * z)); };
    return 1 / (1 + s(margin) / s(-margin));
  };
  const LossSetup rare{.counts = ClassCounts(std::vector<double>{95, 5})};
  double slope[2];
  for (Index y = 0; y < 2; ++y)
    slope[y] = ask("la", {1, 1}, {0}, {.classes = {&y, 1}}, rare).gradient[0];
  page.item("E7", "logit adjustment, P(+) = 0.05", threshold(1), slope[0] / (slope[0] - slope[1]),
            "threshold on P(+) (consistent: 0.05)");
}

// E8: the margin between two classes as the same paper prints it.
void printed_margin(Page& page) {
  const std::vector<double> z = {2, 0.5, -1};
  const double pi[] = {0.7, 0.2, 0.1};
  double sum = 1;
  for (const std::size_t k : {1U, 2U}) sum += pi[0] / pi[k] * std::exp(z[k] - z[0]);
  const Index y = 0;
  const LossSetup setup{.counts = ClassCounts(std::vector<double>{700, 200, 100})};
  page.item("E8", "z = (2, 0.5, -1), priors (0.7, 0.2, 0.1), y = 0", std::log(sum),
            ask("pairwise:tau_true=1,tau_other=1", {1, 3}, z, {.classes = {&y, 1}}, setup).value,
            "value (eq. 10: 0.068466)");
}

// E9: the TensorFlow post's loss lets a label beyond the classes pass and is best at p = 1/2.
void blog(Page& page) {
  const std::vector<double> z = {.1, .2, .8, 1.2, 1.24, 2.96};
  const auto post = [&](std::size_t label) {
    double loss = 0;
    double sum = 0;
    for (const double x : z) sum += std::exp(x);
    for (std::size_t k = 0; k < z.size(); ++k) {
      const double y = k == label ? 1 : 0;
      const double p = std::exp(z[k]) / sum * y;
      const double q = (1 - p) * p;
      loss = std::max(loss, 1 - (2 * q * y + 1e-5) / (q + y + 1e-5));
    }
    return loss;
  };
  page.item("E9", "6 classes, label 6", post(6), std::nan(""), "value (right: an error)");
  const Index y = 0;
  for (const double p : {0.5, 0.99})
    page.item("E9", fmt::format("two classes, p_t = {}", p),
              ask("dsc:variant=blog", {1, 2}, {logit(p), 0}, {.classes = {&y, 1}}).value,
              ask("dice:square=false", {1, 2}, {logit(p), 0}, {.classes = {&y, 1}}).value,
              "value (right: plain dice)");
}

// E10: the factor that the dice paper's table of losses leaves out.
void factor(Page& page) {
  const std::vector<std::uint8_t> mark = {1};
  page.item("E10", "one positive, p = 0.5, alpha = 1, smooth = 1",
            ask("dsc:mode=sigmoid,factor=1", {1, 1}, {0}, {.marks = mark}).value,
            ask("dsc:mode=sigmoid", {1, 1}, {0}, {.marks = mark}).value, "value");
}

// E11: the mean of weighted means, as gradient accumulation takes it.
void weighted_mean(Page& page) {
  const std::vector<Index> y = {0, 0, 0, 1};
  const std::vector<double> z = {1, 0, 2, 0, 0.5, 0, 0.3, 0};
  const LossSetup setup{.weights = {1, 9}};
  const char* form = "wce:weights=file,normalise=weights";
  const double whole = ask(form, {4, 2}, z, {.classes = y}, setup).gradient[6];
  double parts = 0;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::vector<Index> labels(y.begin() + static_cast<long>(2 * half),
                                    y.begin() + static_cast<long>(2 * half + 2));
    const std::vector<double> rows(z.begin() + static_cast<long>(4 * half),
                                   z.begin() + static_cast<long>(4 * half + 4));
    const Answer part = ask(form, {2, 2}, rows, {.classes = labels}, setup);
    if (half == 1) parts = part.gradient[2] / 2;
  }
  page.item("E11", "4 items, weights 1 and 9, two micro-batches of 2", parts, whole,
            "gradient of the rare item's logit");
}

int check(const Page& page, const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << "error: cannot read " << path << "\n";
    return 2;
  }
  std::stringstream text;
  text << file.rdbuf();
  int missing = 0;
  for (const std::string& line : page.lines()) {
    if (text.str().find(line) != std::string::npos) continue;
    std::cerr << path << " does not hold: " << line << "\n";
    missing = 4;
  }
  return missing;
}

}  // namespace

int main(int argc, char** argv) try {
  Page page;
  dice_denominator(page);
  dice_not_monotone(page);
  mining(page);
  weighted_focal(page);
  asymmetric(page);
  floored_prior(page);
  printed_sigmoid(page);
  printed_margin(page);
  blog(page);
  factor(page);
  weighted_mean(page);
  if (argc == 3 && std::string(argv[1]) == "--check") return check(page, argv[2]);
  std::cout << "| | input | published | formula | what |\n|---|---|---|---|---|\n";
  for (const std::string& line : page.lines()) std::cout << line << "\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << "\n";
  return 2;
}

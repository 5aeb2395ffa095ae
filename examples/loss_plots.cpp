// Draws docs/losses/NAME.svg for every loss: value and derivative against the probability of the
// true class and of another one. `example_loss_plots DIR` writes the files.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/study/report/svg.h>

namespace {

using namespace tailgrad;

// Losses that need another setting than their default to show what they do.
const std::map<std::string, std::string> kForms = {{"eql", "eql:gamma=1,lambda=0.15"},
                                                   {"drw", "drw:start=0"}};

struct Curve {
  std::vector<double> p, loss, slope;
};

// Softmax: the first class of three has probability p, the others share the rest. `label` 0 is the
// curve of the true class, 1 that of another one.
Curve softmax_curve(const Loss& loss, Index label, double scale) {
  Curve curve;
  for (double p = 0.02; p < 0.99; p += 0.03) {
    const double rest = std::log((1 - p) / 2);
    const double mean = (std::log(p) + 2 * rest) / 3;
    std::vector<Real> z = {static_cast<Real>((std::log(p) - mean) / scale),
                           static_cast<Real>((rest - mean) / scale),
                           static_cast<Real>((rest - mean) / scale)};
    Tensor logits = Tensor::from({1, 3}, z);
    logits.require_grad();
    const Tensor value = loss(logits, {.classes = {&label, 1}}).mean();
    backward(value);
    curve.p.push_back(p);
    curve.loss.push_back(value.item());
    curve.slope.push_back(logits.grad()[0]);
  }
  return curve;
}

Curve sigmoid_curve(const Loss& loss, bool mark) {
  Curve curve;
  const auto target = static_cast<std::uint8_t>(mark);
  for (double p = 0.02; p < 0.99; p += 0.03) {
    Tensor logits =
        Tensor::from({1, 1}, std::vector<Real>{static_cast<Real>(std::log(p / (1 - p)))});
    logits.require_grad();
    const Tensor value = loss(logits, {.marks = {&target, 1}}).mean();
    backward(value);
    curve.p.push_back(p);
    curve.loss.push_back(value.item());
    curve.slope.push_back(logits.grad()[0]);
  }
  return curve;
}

std::string side_by_side(const std::string& left, const std::string& right) {
  const auto place = [](const std::string& svg, int x) {
    return "<svg x=\"" + std::to_string(x) + "\"" + svg.substr(std::string("<svg").size());
  };
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 980 300\" width=\"980\" "
         "height=\"300\">\n" +
         place(left, 0) + "\n" + place(right, 500) + "\n</svg>\n";
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: example_loss_plots DIR\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  // The true class of the solid curve has 200 items; as another class the same one is dashed.
  const std::vector<double> counts = {200, 700, 100};
  for (const LossEntry& entry : loss_table()) {
    if (entry.task == LossTask::sequences) continue;  // of one token: the curve of its base
    const std::string& name = entry.spec.name;
    const auto special = kForms.find(name);
    const std::string form = special == kForms.end() ? name : special->second;
    const bool marks = entry.task == LossTask::multi_label;
    const LossSetup setup = marks ? LossSetup{} : LossSetup{.counts = ClassCounts(counts)};
    const auto loss = make_loss(form, setup);
    const double scale = name == "ldam" ? 30 : 1;
    const Curve own = marks ? sigmoid_curve(*loss, true) : softmax_curve(*loss, 0, scale);
    const Curve other = marks ? sigmoid_curve(*loss, false) : softmax_curve(*loss, 1, scale);
    const std::string own_name = marks ? "mark 1" : "true class";
    const std::string other_name = marks ? "mark 0" : "another class";
    const auto chart = [&](const std::string& what, const std::vector<double>& a,
                           const std::vector<double>& b) {
      return line_chart({.title = form + ": " + what,
                         .x = {.label = "probability", .low = 0, .high = 1},
                         .y = {.label = what},
                         .series = {{.name = own_name, .x = own.p, .y = a},
                                    {.name = other_name, .x = other.p, .y = b}}});
    };
    std::ofstream(folder / (name + ".svg"))
        << side_by_side(chart("loss", own.loss, other.loss),
                        chart("derivative by its logit", own.slope, other.slope));
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << "\n";
  return 2;
}

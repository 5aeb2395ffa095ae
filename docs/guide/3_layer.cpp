// Chapter 3 of the guide: a layer.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/study/report/svg.h>

#include "figure.h"

using namespace tailgrad;

namespace {

// One number in, one number out, sixteen numbers in between.
struct Net : Module {
  Linear hidden{*this, "hidden", 1, 16, {.activation = Activation::tanh}};
  Linear out{*this, "out", 16, 1};
  explicit Net(std::uint64_t seed) : Module(seed) {}
  Tensor operator()(const Tensor& x) const { return out(hidden(x)); }
};

// The same without anything in between: a straight line.
struct Line : Module {
  Linear out{*this, "out", 1, 1};
  explicit Line(std::uint64_t seed) : Module(seed) {}
  Tensor operator()(const Tensor& x) const { return out(x); }
};

// Steps downhill until the model fits; returns the last mean squared error.
double fit(const Module& model, const std::function<Tensor()>& loss, double rate, int steps) {
  double last = 0;
  for (int step = 0; step < steps; ++step) {
    const Tensor value = loss();
    last = value.item();
    backward(value);
    for (Tensor& weight : std::vector<Tensor>(model.parameters())) {
      for (std::size_t i = 0; i < weight.size(); ++i)
        weight.mutable_values()[i] -= rate * weight.grad()[i];
      weight.clear_grad();
    }
  }
  return last;
}

}  // namespace

int main(int argc, char** argv) {
  // A layer by hand: two numbers in, three numbers out.
  const Tensor row = Tensor::from({1, 2}, std::vector<Real>{1, 2});
  const Tensor weight = Tensor::from({3, 2}, std::vector<Real>{0.5, -1, 2, 0.25, -1, 1});
  const Tensor bias = Tensor::from({3}, std::vector<Real>{0, 0.5, -1});
  const Tensor sums = linear(row, weight, bias);
  const Tensor cut = linear(row, weight, bias, Activation::relu);
  std::printf("sums: %.1f %.1f %.1f\n", sums.values()[0], sums.values()[1], sums.values()[2]);
  std::printf("relu: %.1f %.1f %.1f\n\n", cut.values()[0], cut.values()[1], cut.values()[2]);

  // Two layers with nothing in between are one layer.
  const Tensor second = Tensor::from({1, 3}, std::vector<Real>{1, -1, 2});
  const Tensor two = linear(linear(row, weight), second);
  const Tensor one = linear(row, matmul(second, weight));
  std::printf("two layers: %.2f, their product as one: %.2f\n\n", two.item(), one.item());

  // What a model is made of.
  const Net net(1);
  for (const NamedTensor& part : net.named_parameters())
    std::printf("%-13s %s\n", part.name.c_str(), part.tensor.shape().text().c_str());
  std::printf("%zu numbers in all\n\n", net.parameter_count());

  // Fit sin(3 x) at 41 points.
  std::vector<Real> xs, ys;
  for (int i = -20; i <= 20; ++i) {
    xs.push_back(0.05 * i);
    ys.push_back(std::sin(3 * xs.back()));
  }
  const Tensor x = Tensor::from({41, 1}, xs);
  const Tensor y = Tensor::from({41, 1}, ys);
  const Line line(1);
  const double line_error = fit(
      line, [&] { return mean(square(line(x) - y)); }, 0.1, 3000);
  const double net_error = fit(
      net, [&] { return mean(square(net(x) - y)); }, 0.1, 3000);
  std::printf("mean squared error: a line %.4f, sixteen tanh between %.4f\n", line_error,
              net_error);

  const NoGrad nothing_to_record;
  const Tensor by_line = line(x);
  const Tensor by_net = net(x);
  // To six digits: the line passes through zero but for the rounding of the last step.
  const auto drawn = [](const Tensor& t) {
    std::vector<double> values;
    for (const double value : t.values()) values.push_back(std::round(value * 1e6) / 1e6 + 0.0);
    return values;
  };
  write_figure(argc, argv, "3_layer",
               line_chart({.title = "sin(3 x), a line, and a net with sixteen hidden numbers",
                           .x = {.label = "x"},
                           .y = {.label = "y"},
                           .series = {{.name = "sin(3 x)", .x = xs, .y = ys},
                                      {.name = "line", .x = xs, .y = drawn(by_line)},
                                      {.name = "net", .x = xs, .y = drawn(by_net)}}}));
  return line_error > 10 * net_error && two.item() == one.item() ? 0 : 1;
}

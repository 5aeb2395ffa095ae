// Chapter 5 of the guide: optimisers.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/optim/optimizer.h>
#include <tailgrad/optim/schedule.h>
#include <tailgrad/study/report/svg.h>

#include "figure.h"

using namespace tailgrad;

namespace {

// A valley, 25 times as steep across (b) as along (a): (a^2 + 25 b^2) / 2.
Tensor valley(const Tensor& place) {
  const Tensor steepness = Tensor::from({2}, std::vector<Real>{1, 25});
  return sum(steepness * square(place)) / 2;
}

struct Walk {
  std::vector<double> a, b;
  double height = 0;       // at the end
  int steps_to_floor = 0;  // to the first height below 0.0001; 0: never
};

Walk walk(const std::string& rule, int steps) {
  Tensor place = Tensor::parameter({2});
  place.mutable_values()[0] = 1;
  place.mutable_values()[1] = 1;
  Optimizer optimizer({{"place", place}}, read_optimizer(rule));
  Walk walked;
  for (int step = 1; step <= steps; ++step) {
    walked.a.push_back(place.values()[0]);
    walked.b.push_back(place.values()[1]);
    backward(valley(place));
    optimizer.step();
    optimizer.clear_gradients();
    const NoGrad nothing_to_record;
    walked.height = valley(place).item();
    if (walked.steps_to_floor == 0 && walked.height < 1e-4) walked.steps_to_floor = step;
  }
  return walked;
}

// Two weights that both should become 1. The first has a gradient at every step, the second, like
// the row of a rare word, at every twentieth.
void common_and_rare(const std::string& rule) {
  Tensor weights = Tensor::parameter({2});
  weights.mutable_values()[0] = weights.mutable_values()[1] = 0;
  Optimizer optimizer({{"weights", weights}}, read_optimizer(rule));
  for (int step = 0; step < 200; ++step) {
    const Tensor seen =
        Tensor::from({2}, std::vector<Real>{1, static_cast<Real>(step % 20 == 0 ? 1 : 0)});
    backward(sum(seen * square(weights - 1)) / 2);
    optimizer.step();
    optimizer.clear_gradients();
  }
  std::printf("%-15s common %.3f, rare %.3f\n", rule.c_str(), weights.values()[0],
              weights.values()[1]);
}

// A weight that the loss does not care about, and what decay does with it.
double decayed(const std::string& rule) {
  Tensor weight = Tensor::parameter({1, 1});
  weight.mutable_values()[0] = 1;
  Optimizer optimizer({{"weight", weight}}, read_optimizer(rule));
  for (int step = 0; step < 100; ++step) {
    backward(sum(weight * 0));
    optimizer.step();
    optimizer.clear_gradients();
  }
  return weight.values()[0];
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("%-32s %22s  %s\n", "rule", "height after 100 steps", "steps to 0.0001");
  const std::vector<std::string> rules = {"sgd:lr=0.081", "sgd:lr=0.079", "sgd:lr=0.0769",
                                          "sgd:lr=0.1111,momentum=0.4444", "adam:lr=0.1"};
  std::vector<Walk> walks;
  for (const std::string& rule : rules) {
    walks.push_back(walk(rule, 100));
    const int steps = walks.back().steps_to_floor;
    std::printf("%-32s %22.5f  %s\n", rule.c_str(), walks.back().height,
                steps == 0 ? "never" : std::to_string(steps).c_str());
  }

  std::printf("\n");
  common_and_rare("sgd:lr=0.02");
  common_and_rare("adam:lr=0.02");

  std::printf("\nafter 100 steps of decay: adam %.3f, adamw %.3f\n",
              decayed("adam:lr=0.01,weight_decay=0.1"), decayed("adamw:lr=0.01,weight_decay=0.1"));

  const Schedule schedule("linear:warmup=0.1");
  std::printf("\nfactor at update");
  for (const std::uint64_t t : {0, 4, 9, 10, 55, 99})
    std::printf("  %d: %.3f", static_cast<int>(t), schedule.factor(t, 100));
  std::printf("\n");

  const auto path = [](const char* name, const Walk& walked) {
    return Series{.name = name,
                  .x = {walked.a.begin(), walked.a.begin() + 20},
                  .y = {walked.b.begin(), walked.b.begin() + 20}};
  };
  write_figure(argc, argv, "5_optimisers",
               line_chart({.title = "Twenty steps down a valley",
                           .x = {.label = "a, along the valley"},
                           .y = {.label = "b, across it"},
                           .series = {path("sgd", walks[2]), path("momentum", walks[3]),
                                      path("adam", walks[4])}}));
  return walks[0].height > 1000 && walks[3].steps_to_floor < walks[2].steps_to_floor ? 0 : 1;
}

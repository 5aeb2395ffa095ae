// Times every loss: value and gradient with respect to the logits, beside a plain copy of as many
// bytes as it must move (the logits in, the gradient out).
//
//   loss_steps [--threads N] [--row loss-ce-65536x16] [--json] [--seconds S] [--list]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/benchmarks/arguments.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>

namespace {

using namespace tailgrad;

struct Work {
  const char* name;
  const char* form;
};

// As in peers/rows.py.
constexpr Work kWorks[] = {
    {"ce", "ce"},
    {"wce", "wce"},
    {"focal", "focal"},
    {"cb", "cb"},
    {"dice", "dice"},
    {"dice-class", "dice:scope=class"},
    {"dice-batch", "dice:scope=batch"},
    {"tversky", "tversky:alpha=0.3,beta=0.7"},
    {"dsc", "dsc"},
    {"la", "la"},
    {"balanced-softmax", "balanced-softmax"},
    {"pairwise", "pairwise:weight_power=-0.5,tau_true=0.3,tau_other=0.7,adaptive=0.2"},
    {"adaptive", "adaptive"},
    {"equalised", "equalised"},
    {"eql", "eql"},
    {"ldam", "ldam"},
    {"vs", "vs"},
    {"seesaw", "seesaw"},
    {"lade", "lade"},
    {"poly", "poly"},
    {"gce", "gce"},
    {"logit-norm", "logit-norm"},
    {"bce", "bce"},
    {"focal-sigmoid", "focal:mode=sigmoid,alpha=0.25"},
    {"asl", "asl"},
};

struct Size {
  Index items;
  Index classes;
};
constexpr Size kSizes[] = {{65536, 16}, {8192, 1000}};

std::string row_name(const Work& work, const Size& size) {
  return fmt::format("loss-{}-{}x{}", work.name, size.items, size.classes);
}

// Class counts falling from 10000 to 10 by a constant factor.
ClassCounts counts_of(Index classes) {
  std::vector<double> counts;
  for (Index k = 0; k < classes; ++k)
    counts.push_back(std::round(10000 * std::pow(1000.0, -double{1.0} * k / (classes - 1))));
  return ClassCounts(counts);
}

struct Times {
  double median_ms;
  double min_ms;
  std::size_t repeats;
};

template <class Step>
Times measure(double seconds, Step step) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 5; ++i) step();
  std::vector<double> times;
  const auto begin = Clock::now();
  const auto since = [](Clock::time_point t) {
    return std::chrono::duration<double>(Clock::now() - t).count();
  };
  while (times.size() < 10 || since(begin) < seconds) {
    const auto start = Clock::now();
    step();
    times.push_back(since(start) * 1e3);
  }
  std::ranges::sort(times);
  return {times[times.size() / 2], times.front(), times.size()};
}

Times copy_time(std::size_t size, double seconds) {
  const Tensor from = Tensor::full({static_cast<Index>(size)}, 1);
  const Tensor to = Tensor::zeros({static_cast<Index>(size)});
  return measure(seconds, [&] {
    parallel_for(size, std::size_t{1} << 16, [&](std::size_t begin, std::size_t end) {
      std::memcpy(to.mutable_data() + begin, from.data() + begin, (end - begin) * sizeof(Real));
    });
  });
}

Times time_of(const Work& work, const Size& size, double seconds) {
  Random random(1, "loss_steps");
  Tensor logits = Tensor::empty({size.items, size.classes});
  for (Real& z : logits.mutable_values()) {
    z = static_cast<Real>(random.normal());
    if (std::string_view(work.name) == "ldam") z = std::tanh(z);
  }
  logits.require_grad();
  std::vector<Index> classes;
  std::vector<std::uint8_t> marks;
  const LossEntry& entry =
      find_loss(std::string_view(work.form).substr(0, std::string_view(work.form).find(':')));
  const bool multi_label = entry.task == LossTask::multi_label ||
                           std::string_view(work.form).find("sigmoid") != std::string_view::npos;
  if (multi_label)
    for (std::size_t i = 0; i < logits.size(); ++i) marks.push_back(random.below(10) == 0);
  else
    for (Index i = 0; i < size.items; ++i)
      classes.push_back(static_cast<Index>(random.below(static_cast<std::uint64_t>(size.classes))));
  const auto loss = make_loss(work.form, counts_of(size.classes));
  const Targets targets{.classes = classes, .marks = marks};
  LossPass pass;
  return measure(seconds, [&] {
    logits.clear_grad();
    backward((*loss)(logits, targets, pass).mean());
    ++pass.step;
  });
}

}  // namespace

int main(int argc, char** argv) try {
  const benchmarks::Arguments a = benchmarks::read_arguments(
      argc, argv, "Times value and gradient of every loss beside a copy of the same bytes.");
  set_threads(a.threads);

  std::size_t matched = 0;
  for (const Size& size : kSizes) {
    double copy_ms = 0;
    for (const Work& work : kWorks) {
      const std::string name = row_name(work, size);
      if (!a.wants(name)) continue;
      ++matched;
      if (a.list) {
        fmt::print("{}\n", name);
        continue;
      }
      if (copy_ms == 0)
        copy_ms =
            copy_time(static_cast<std::size_t>(size.items) * static_cast<std::size_t>(size.classes),
                      a.seconds / 4)
                .median_ms;
      const Times times = time_of(work, size, a.seconds);
      const double share = copy_ms / times.median_ms;
      if (a.json) {
        const nlohmann::json line = {{"row", name},
                                     {"threads", a.threads},
                                     {"median_ms", times.median_ms},
                                     {"min_ms", times.min_ms},
                                     {"repeats", times.repeats},
                                     {"limit", "copy bandwidth"},
                                     {"share", share}};
        fmt::print("{}\n", line.dump());
      } else {
        fmt::print("{:34} median {:8.3f} ms  min {:8.3f} ms  n={:<6} {:3.0f} % of copy bandwidth\n",
                   name, times.median_ms, times.min_ms, times.repeats, 100 * share);
      }
      std::fflush(stdout);
    }
  }
  if (matched == 0) {
    fmt::print(stderr, "error: no such row; --list prints them\n");
    return 2;
  }
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "error: {}\n", error.what());
  return 2;
}

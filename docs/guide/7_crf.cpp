// Chapter 7 of the guide: a conditional random field from the library's ops.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/optim/optimizer.h>
#include <tailgrad/study/report/svg.h>

#include "crf.h"
#include "figure.h"

using namespace tailgrad;

namespace {

constexpr Index kTags = 3;

// Tags that follow each other 0, 1, 2, 0, … and rarely stay; of each tag one noisy number a class.
struct Sentences {
  Tensor emissions;
  std::vector<Index> tags;
  std::vector<Index> offsets = {0};
};

Sentences make_sentences(int count, double noise, const char* purpose) {
  Random random(1, purpose);
  Sentences made;
  std::vector<Real> numbers;
  for (int s = 0; s < count; ++s) {
    auto tag = static_cast<Index>(random.below(kTags));
    const std::uint64_t length = 3 + random.below(8);
    for (std::uint64_t t = 0; t < length; ++t) {
      made.tags.push_back(tag);
      for (Index k = 0; k < kTags; ++k)
        numbers.push_back((k == tag ? 1 : 0) + noise * random.normal());
      if (random.uniform() < 0.9) tag = (tag + 1) % kTags;
    }
    made.offsets.push_back(static_cast<Index>(made.tags.size()));
  }
  made.emissions = Tensor::from({static_cast<Index>(made.tags.size()), kTags}, numbers);
  return made;
}

double share_right(const std::vector<Index>& tags, const std::vector<Index>& truth) {
  double right = 0;
  for (std::size_t t = 0; t < tags.size(); ++t) right += tags[t] == truth[t] ? 1 : 0;
  return right / static_cast<double>(tags.size());
}

// Emissions from a layer; with `chain` the tags of a sentence are judged together.
struct Tagger : Module {
  explicit Tagger(std::uint64_t seed) : Module(seed) {}
  Linear layer{*this, "layer", kTags, kTags};
  Tensor transitions = parameter("transitions", {kTags + 2, kTags + 2}, Init::zeros());
};

double accuracy(double noise, bool chain) {
  const Sentences train = make_sentences(60, noise, "train");
  const Sentences test = make_sentences(200, noise, "test");
  const Tagger tagger(1);
  const auto ce = make_loss("ce");
  Optimizer optimizer(tagger.named_parameters(), read_optimizer("adam:lr=0.1"));
  for (int step = 0; step < 60; ++step) {
    const Tensor scores = tagger.layer(train.emissions);
    const Tensor loss = chain ? crf_nll(scores, tagger.transitions, train.offsets, train.tags) /
                                    static_cast<Real>(train.tags.size())
                              : (*ce)(scores, {.classes = train.tags}).mean();
    backward(loss);
    optimizer.step();
    optimizer.clear_gradients();
  }
  const NoGrad nothing_to_record;
  return share_right(viterbi(tagger.layer(test.emissions), tagger.transitions, test.offsets),
                     test.tags);
}

}  // namespace

int main(int argc, char** argv) {
  // Three tokens, three tags: 27 ways to tag them.
  const Sentences one = make_sentences(1, 1, "check");
  const Index n = 3;
  Tensor emissions = Tensor::from({n, kTags}, one.emissions.values().subspan(0, 9));
  Tensor transitions = Tensor::zeros({kTags + 2, kTags + 2});
  for (std::size_t i = 0; i < transitions.size(); ++i)
    transitions.mutable_values()[i] = std::sin(static_cast<double>(i));
  const std::vector<Index> tags = {0, 1, 2};
  const std::vector<Index> offsets = {0, n};

  double sum_of_all = 0, most = 0;
  std::vector<Index> best;
  for (Index code = 0; code < 27; ++code) {
    const std::vector<Index> path = {code / 9, code / 3 % 3, code % 3};
    const double weight = std::exp(path_score(emissions, transitions, path).item());
    sum_of_all += weight;
    if (weight > most) {
      most = weight;
      best = path;
    }
  }
  std::printf("log Z, 27 paths one by one: %.6f\n", std::log(sum_of_all));
  std::printf("log Z, token by token:      %.6f\n",
              log_sum_of_paths(emissions, transitions).item());

  // The loss and its gradients, ours and the library's.
  emissions.require_grad();
  transitions.require_grad();
  const Tensor ours =
      log_sum_of_paths(emissions, transitions) - path_score(emissions, transitions, tags);
  backward(ours);
  const std::vector<Real> our_gradient(emissions.grad().begin(), emissions.grad().end());
  const std::vector<Real> our_moves(transitions.grad().begin(), transitions.grad().end());
  emissions.clear_grad();
  transitions.clear_grad();
  const Tensor library = crf_nll(emissions, transitions, offsets, tags);
  backward(library);
  double difference = std::abs(ours.item() - library.item());
  for (std::size_t i = 0; i < our_gradient.size(); ++i)
    difference = std::max(difference, std::abs(our_gradient[i] - emissions.grad()[i]));
  for (std::size_t i = 0; i < our_moves.size(); ++i)
    difference = std::max(difference, std::abs(our_moves[i] - transitions.grad()[i]));
  std::printf("loss %.6f; value and gradients against the library's: %s\n", ours.item(),
              difference < 1e-12 ? "equal to 1e-12" : "different");

  const std::vector<Index> found = best_path(emissions, transitions);
  const bool same = found == best && found == viterbi(emissions, transitions, offsets);
  std::printf("best path: %d %d %d, %s\n\n", found[0], found[1], found[2],
              same ? "the same by search, by our Viterbi and by the library's" : "different");

  std::printf("noise  each token alone  with a chain\n");
  Series alone{.name = "each token alone"}, chained{.name = "with a chain"};
  for (const double noise : {0.25, 0.5, 0.75, 1.0, 1.5}) {
    alone.x.push_back(noise);
    alone.y.push_back(accuracy(noise, false));
    chained.x.push_back(noise);
    chained.y.push_back(accuracy(noise, true));
    std::printf("%5.2f  %16.2f  %12.2f\n", noise, alone.y.back(), chained.y.back());
  }
  write_figure(argc, argv, "7_crf",
               line_chart({.title = "Share of tags that are right, by the noise",
                           .x = {.label = "noise", .low = 0},
                           .y = {.label = "share of tags that are right", .low = 0, .high = 1},
                           .series = {alone, chained}}));
  return difference < 1e-12 && same && chained.y[3] > alone.y[3] ? 0 : 1;
}

// Decoding and training of a linear-chain CRF: nanoseconds a token for sentences of 10 to 2,000
// tokens and 5 to 200 tags, to show that the work grows with the tokens alone.
// peers/crfsuite_peer.py is the same decoding by CRFsuite.
//
//   crf [--threads N]
#include <cstdio>
#include <vector>

#include <tailgrad/benchmarks/arguments.h>
#include <tailgrad/benchmarks/limits.h>
#include <tailgrad/core/ops/crf.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>

namespace {

using namespace tailgrad;

Tensor random_scores(const Shape& shape, std::uint64_t seed) {
  Tensor scores = Tensor::empty(shape);
  Random random(seed, "scores");
  for (Real& value : scores.mutable_values()) value = static_cast<Real>(random.normal());
  return scores.require_grad();
}

void row(Index length, Index tags, double seconds) {
  const Index sentences = 20000 / length;
  const Index tokens = sentences * length;
  const Tensor emissions = random_scores({tokens, tags}, 1);
  const Tensor transitions = random_scores({tags + 2, tags + 2}, 2);
  std::vector<Index> offsets{0};
  for (Index s = 0; s < sentences; ++s) offsets.push_back(offsets.back() + length);
  const std::vector<Index> gold = viterbi(emissions, transitions, offsets);
  const auto decode = benchmarks::time_steps(
      [&] { const auto path = viterbi(emissions, transitions, offsets); }, seconds);
  const auto train = benchmarks::time_steps(
      [&] { backward(crf_nll(emissions, transitions, offsets, gold)); }, seconds);
  std::printf("%6d %5d %14.0f %14.0f %16.2f\n", length, tags, decode.median_ms * 1e6 / tokens,
              train.median_ms * 1e6 / tokens, tokens / decode.median_ms * 1e-3);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const benchmarks::Arguments a = benchmarks::read_arguments(
      argc, argv, "Times decoding and training of a CRF.", {.threads = 1, .seconds = 0.2});
  set_threads(a.threads);
  std::printf("length  tags  decode ns/tok   train ns/tok  decode Mtokens/s\n");
  for (const Index tags : {5, 20, 50, 200})
    for (const Index length : {10, 100, 2000}) row(length, tags, a.seconds);
  return 0;
}

// The latency of one text through a trained model, from ids to logits, on one thread: what a
// server that answers one request at a time waits for.
//
//   inference --model DIR --text "words between spaces" [--seconds S] [--json]
//
// Words are numbered before the clock starts, as they are for the peers of
// inference_against_peers.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/benchmarks/arguments.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/fixed_weights.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/models/saved_model.h>

namespace {

using namespace tailgrad;

Examples encode(const SavedModel& saved, const std::string& text) {
  if (const auto* texts = std::get_if<TextEncoding>(&saved.about.encoding))
    return texts->encode({.path = "--text", .texts = {text}, .labels = {}, .lines = {}}, 0);
  const auto* sentences = std::get_if<SentenceEncoding>(&saved.about.encoding);
  if (sentences == nullptr) fail("inference", "is for texts and sentences");
  TaggedSentences data{.path = "--text", .words = {}, .tags = {}, .labels = {}, .lines = {}};
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    data.words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  data.offsets.push_back(static_cast<Index>(data.words.size()));
  return sentences->encode(data, 0);
}

// Milliseconds of each call, sorted.
std::vector<double> times(const Model& model, const Examples& examples, double seconds) {
  using Clock = std::chrono::steady_clock;
  const NoGrad no_grad;
  const FixedWeights fixed_weights;
  for (int warm_up = 0; warm_up < 20; ++warm_up) model.logits(examples);
  std::vector<double> all;
  for (const auto begin = Clock::now();
       std::chrono::duration<double>(Clock::now() - begin).count() < seconds;) {
    const auto start = Clock::now();
    model.logits(examples);
    all.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace

int main(int argc, char** argv) try {
  const benchmarks::Arguments arguments = benchmarks::read_arguments(
      argc, argv, "Latency of one text through a trained model, on one thread.", {.threads = 1});
  if (arguments.model.empty() || arguments.text.empty())
    fail("inference", "needs --model and --text");

  set_threads(1);
  const SavedModel saved = load_model(arguments.model);
  const std::vector<double> all =
      times(*saved.model, encode(saved, arguments.text), arguments.seconds);
  const double median = all[all.size() / 2];
  if (arguments.json) {
    const nlohmann::ordered_json out = {{"row", saved.about.model},
                                        {"threads", 1},
                                        {"median_ms", median},
                                        {"min_ms", all.front()},
                                        {"repeats", all.size()}};
    fmt::print("{}\n", out.dump());
  } else {
    fmt::print("median {:.4f} ms, least {:.4f} ms of {}\n", median, all.front(), all.size());
  }
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "error: {}\n", error.what());
  return 2;
}

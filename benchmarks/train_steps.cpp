// Whole training steps (forward, backward, update of all weights) beside their physical limit: the
// work of peers/rows.py, written with the classes that users write with (models::Mlp,
// nn::TransformerEncoder, Optimizer, Shards), so that against_peers can compare them.
//
// Where the work differs from the peers': they hold a batch as a rectangle and compute its padding
// too (about one token in nine at 32 steps), while packed sequences have none. Adam updates every
// weight in every step, as theirs does; the rows of an embedding that no batch has looked up yet,
// which our optimiser would leave out, are not left out here. GFLOP/s count the products of real
// tokens only.
//
//   train_steps [--threads N] [--row NAME]... [--shards N] [--seconds S] [--json]
#include <algorithm>
#include <cstdio>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/benchmarks/arguments.h>
#include <tailgrad/benchmarks/limits.h>
#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/shards.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/cnn.h>
#include <tailgrad/models/mlp.h>
#include <tailgrad/models/resnet.h>
#include <tailgrad/nn/embedding.h>
#include <tailgrad/nn/lstm.h>
#include <tailgrad/nn/position.h>
#include <tailgrad/nn/transformer.h>
#include <tailgrad/optim/optimizer.h>

namespace {

using namespace tailgrad;

constexpr std::uint64_t kSeed = 1;
constexpr double kDropout = 0.1;

// One row: the work of a step and the operations of its matrix products.
class Row {
 public:
  virtual ~Row() = default;
  virtual void step() = 0;
  double flops = 0;
};

// Forward, backward and update of any model that gives logits for a shard.
class Training {
 public:
  Training(const Module& model, const char* optimizer, int shards, const char* loss = "ce")
      : loss_(make_loss(loss)),
        optimizer_(model.named_parameters(), read_optimizer(optimizer)),
        shards_(model.parameters(), shards) {}

  template <class Logits>
  void step(std::span<const std::vector<Index>> labels, double items, Logits logits) {
    step_on(
        items,
        [&](int shard) { return Targets{.classes = labels[static_cast<std::size_t>(shard)]}; },
        logits);
  }

  // With any targets(shard).
  template <class TargetsOf, class Logits>
  void step_on(double normaliser, TargetsOf targets, Logits logits) {
    const double scale = 1 / normaliser;
    shards_.run([&](int shard) {
      const TrainingPass pass(kSeed, step_, static_cast<std::uint32_t>(shard));
      const LossOutput loss =
          (*loss_)(logits(shard), targets(shard), {.step = step_, .scale = scale});
      backward(multiply(loss.sum, static_cast<Real>(scale)));
    });
    optimizer_.step();
    optimizer_.clear_gradients();
    // An optimiser that goes on from a saved state takes every row as one that had a gradient.
    if (step_++ == 0) optimizer_.load_state(optimizer_.state());
  }

 private:
  std::unique_ptr<Loss> loss_;
  Optimizer optimizer_;
  Shards shards_;
  std::uint64_t step_ = 0;
};

// 2-64-64-2, relu, SGD with momentum.
class MlpRow : public Row {
 public:
  MlpRow(Index batch, int shards)
      : labels_(static_cast<std::size_t>(shards)),
        training_(model_, "sgd:lr=0.1,momentum=0.9", shards),
        batch_(batch) {
    Random random(kSeed, "data");
    for (int s = 0; s < shards; ++s) {
      const Index begin = batch * s / shards;
      const Index end = batch * (s + 1) / shards;
      inputs_.push_back(Tensor::empty({end - begin, 2}));
      for (Real& value : inputs_.back().mutable_values())
        value = static_cast<Real>(random.normal());
      for (Index i = begin; i < end; ++i)
        labels_[static_cast<std::size_t>(s)].push_back(static_cast<Index>(random.below(2)));
    }
    flops = 2.0 * batch * (2 * 64 * 2 + 64 * 64 * 3 + 64 * 2 * 3);
  }
  void step() override {
    training_.step(labels_, batch_,
                   [&](int shard) { return model_(inputs_[static_cast<std::size_t>(shard)]); });
  }

 private:
  Mlp model_{2, 2, kSeed};
  std::vector<Tensor> inputs_;
  std::vector<std::vector<Index>> labels_;
  Training training_;
  double batch_;
};

struct TaggerSize {
  Index vocabulary, width, heads, hidden, layers, tags, batch, steps;
};

// A post-norm transformer with learned positions and a tag for every word.
class Tagger : public Module {
 public:
  explicit Tagger(const TaggerSize& size)
      : Module(kSeed),
        embed_(*this, "embed", size.vocabulary, size.width),
        positions_(*this, "positions", size.steps, size.width),
        encoder_(*this, "encoder",
                 {.layers = size.layers,
                  .layer = {.width = size.width,
                            .heads = size.heads,
                            .feedforward = size.hidden,
                            .dropout = kDropout,
                            .activation = Activation::gelu}}),
        head_(*this, "head", size.width, size.tags) {}

  Tensor operator()(std::span<const Index> words, std::span<const Index> offsets) const {
    return head_(encoder_(positions_(embed_(words), offsets), offsets));
  }

 private:
  Embedding embed_;
  LearnedPositions positions_;
  TransformerEncoder encoder_;
  Linear head_;
};

// Packed sequences: sentence b has steps - b % 8 words.
class EncoderRow : public Row {
 public:
  EncoderRow(const TaggerSize& size, int shards)
      : model_(size), training_(model_, "adam:lr=1e-3", shards) {
    Random random(kSeed, "data");
    const auto below = [&](Index count) {
      return static_cast<Index>(random.below(static_cast<std::uint64_t>(count)));
    };
    const double width = size.width;
    const double weights = width * (4 * width + 2 * size.hidden);
    for (int s = 0; s < shards; ++s) {
      Batch batch;
      labels_.emplace_back();
      for (Index b = size.batch * s / shards; b < size.batch * (s + 1) / shards; ++b) {
        const Index length = size.steps - b % 8;
        for (Index t = 0; t < length; ++t) {
          batch.words.push_back(below(size.vocabulary));
          labels_.back().push_back(below(size.tags));
        }
        batch.offsets.push_back(batch.offsets.back() + length);
        // Two products of scores and values forward, four backward; weights three times.
        flops += size.layers * (6.0 * length * weights + 12.0 * length * length * width) +
                 6.0 * length * width * size.tags;
      }
      tokens_ += batch.offsets.back();
      batches_.push_back(std::move(batch));
    }
  }
  void step() override {
    training_.step(labels_, tokens_, [&](int shard) {
      const Batch& batch = batches_[static_cast<std::size_t>(shard)];
      return model_(batch.words, batch.offsets);
    });
  }

 private:
  struct Batch {
    std::vector<Index> words;
    std::vector<Index> offsets{0};
  };

  Tagger model_;
  Training training_;
  std::vector<Batch> batches_;
  std::vector<std::vector<Index>> labels_;
  double tokens_ = 0;
};

struct CrfTaggerSize {
  Index vocabulary, embedding, width, tags, batch, steps;
};

// Word vectors, one bidirectional LSTM, a score for every tag, and a CRF.
class CrfTagger : public Module {
 public:
  explicit CrfTagger(const CrfTaggerSize& size)
      : Module(kSeed),
        transitions(parameter("transitions", {size.tags + 2, size.tags + 2}, Init::normal(0, 0.1))),
        embed_(*this, "embed", size.vocabulary, size.embedding),
        rnn_(*this, "rnn", size.embedding, size.width, {.bidirectional = true}),
        head_(*this, "head", rnn_.width(), size.tags) {}

  Tensor operator()(std::span<const Index> words, std::span<const Index> offsets) const {
    return head_(rnn_(embed_(words), offsets));
  }

  Tensor transitions;

 private:
  Embedding embed_;
  Lstm rnn_;
  Linear head_;
};

// Packed sequences: sentence b has steps - b % (steps / 2) words. Shards take every n-th sentence,
// so that they are of like size.
class CrfTaggerRow : public Row {
 public:
  CrfTaggerRow(const CrfTaggerSize& size, int shards)
      : model_(size),
        training_(model_, "sgd:lr=0.01,momentum=0.9", shards, "crf"),
        sequences_(size.batch) {
    Random random(kSeed, "data");
    const auto below = [&](Index count) {
      return static_cast<Index>(random.below(static_cast<std::uint64_t>(count)));
    };
    const double width = size.width;
    for (int s = 0; s < shards; ++s) {
      Batch batch;
      for (Index b = s; b < size.batch; b += shards) {
        const Index length = size.steps - b % (size.steps / 2);
        for (Index t = 0; t < length; ++t) {
          batch.words.push_back(below(size.vocabulary));
          batch.tags.push_back(below(size.tags));
        }
        batch.offsets.push_back(batch.offsets.back() + length);
        flops += 6.0 * length * (2 * 4 * width * (size.embedding + width) + 2 * width * size.tags);
      }
      batches_.push_back(std::move(batch));
    }
  }
  void step() override {
    training_.step_on(
        sequences_,
        [&](int shard) {
          const Batch& batch = batches_[static_cast<std::size_t>(shard)];
          return Targets{
              .classes = batch.tags, .offsets = batch.offsets, .transitions = model_.transitions};
        },
        [&](int shard) {
          const Batch& batch = batches_[static_cast<std::size_t>(shard)];
          return model_(batch.words, batch.offsets);
        });
  }

 private:
  struct Batch {
    std::vector<Index> words;
    std::vector<Index> tags;
    std::vector<Index> offsets{0};
  };

  CrfTagger model_;
  Training training_;
  std::vector<Batch> batches_;
  double sequences_;
};

// An image net on 28 x 28 grey pixels in 10 classes, SGD with momentum. Its ops run on all threads,
// so one shard: batch norm sees the complete batch.
template <class Net>
class ImageRow : public Row {
 public:
  template <class Options>
  ImageRow(Index batch, const Options& options, double products)
      : model_({.classes = 10, .seed = kSeed, .height = 28, .width = 28, .channels = 1}, options),
        input_(Tensor::empty({batch, 28, 28, 1})),
        labels_(1),
        training_(model_, "sgd:lr=0.1,momentum=0.9", 1),
        batch_(batch) {
    Random random(kSeed, "data");
    for (Real& value : input_.mutable_values()) value = static_cast<Real>(random.normal());
    for (Index i = 0; i < batch; ++i) labels_[0].push_back(static_cast<Index>(random.below(10)));
    flops = 6.0 * batch * products;
  }
  void step() override {
    training_.step(labels_, batch_, [&](int) { return model_(input_); });
  }

 private:
  Net model_;
  Tensor input_;
  std::vector<std::vector<Index>> labels_;
  Training training_;
  double batch_;
};

// Multiplications forward of an image, without those of the first layer's input gradient.
constexpr double kCnnProducts =
    784 * 9 * 32 * (2.0 / 3) + 196 * 9 * 32 * 64 + 3136 * 128 + 128 * 10;
constexpr double kResNet8Products = 784 * 9 * 16 * (2.0 / 3) + 2 * 784 * 9 * 16 * 16 +
                                    196 * 9 * (16 * 32 + 32 * 32) + 49 * 9 * (32 * 64 + 64 * 64) +
                                    64 * 10;

struct RowEntry {
  const char* name;
  int shards;  ///< by default; belongs to the row, not to the machine
  std::unique_ptr<Row> (*make)(int shards);
};

// clang-format off
const RowEntry kRows[] = {
    {"mlp-b16", 1, [](int s) -> std::unique_ptr<Row> { return std::make_unique<MlpRow>(16, s); }},
    {"mlp-b256", 4, [](int s) -> std::unique_ptr<Row> { return std::make_unique<MlpRow>(256, s); }},
    {"encoder-d64", 4, [](int s) -> std::unique_ptr<Row> {
       return std::make_unique<EncoderRow>(TaggerSize{10000, 64, 4, 256, 2, 17, 32, 32}, s); }},
    {"encoder-d128", 4, [](int s) -> std::unique_ptr<Row> {
       return std::make_unique<EncoderRow>(TaggerSize{10000, 128, 4, 512, 2, 17, 32, 64}, s); }},
    {"encoder-d384", 4, [](int s) -> std::unique_ptr<Row> {
       return std::make_unique<EncoderRow>(TaggerSize{30000, 384, 12, 1536, 6, 9, 8, 128}, s); }},
    {"bilstm-crf-h100", 1, [](int s) -> std::unique_ptr<Row> {
       return std::make_unique<CrfTaggerRow>(CrfTaggerSize{10000, 100, 100, 17, 32, 32}, s); }},
    {"bilstm-crf-h200", 1, [](int s) -> std::unique_ptr<Row> {
       return std::make_unique<CrfTaggerRow>(CrfTaggerSize{10000, 100, 200, 9, 16, 64}, s); }},
    {"cnn", 1, [](int) -> std::unique_ptr<Row> {
       return std::make_unique<ImageRow<Cnn>>(128, CnnOptions{}, kCnnProducts); }},
    {"resnet-d8", 1, [](int) -> std::unique_ptr<Row> {
       return std::make_unique<ImageRow<ResNet>>(128, ResNetOptions{.depth = 8},
                                                 kResNet8Products); }},
};
// clang-format on

using benchmarks::Arguments;

void run(const RowEntry& entry, const Arguments& a, const benchmarks::Limits& limits) {
  const int shards = a.shards > 0 ? a.shards : entry.shards;
  const std::unique_ptr<Row> row = entry.make(shards);
  for (int i = 0; i < 5; ++i) row->step();
  const benchmarks::Times times = benchmarks::time_steps([&] { row->step(); }, a.seconds);
  const double gflops = row->flops / times.median_ms * 1e-6;
  const double share = gflops / limits.gemm_gflops;
  if (a.json) {
    std::printf(
        "{\"row\": \"%s\", \"threads\": %d, \"median_ms\": %.6g, \"min_ms\": %.6g, \"repeats\": "
        "%zu, \"limit\": \"GEMM peak %.0f GFLOP/s\", \"share\": %.3f, \"shards\": %d}\n",
        entry.name, a.threads, times.median_ms, times.min_ms, times.repeats, limits.gemm_gflops,
        share, shards);
  } else {
    std::printf(
        "%-14s median %9.3f ms  min %9.3f ms  n=%zu  %d shards, %.1f GFLOP/s, %.0f %% of the GEMM "
        "peak\n",
        entry.name, times.median_ms, times.min_ms, times.repeats, shards, gflops, 100 * share);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments a = benchmarks::read_arguments(argc, argv, "Times whole training steps.");
  for (const std::string& row : a.rows)
    if (std::ranges::none_of(kRows, [&](const RowEntry& entry) { return row == entry.name; }))
      fail("train_steps", "no row '" + row + "'; --list prints them");
  if (a.list) {
    for (const RowEntry& entry : kRows) std::printf("%s\n", entry.name);
    return 0;
  }
  set_threads(a.threads);
  const benchmarks::Limits limits = benchmarks::measure_limits();
  std::fprintf(stderr,
               "openblas %s, 1 thread of its own; %d threads; GEMM peak %.1f GFLOP/s, copy %.1f "
               "GB/s\n",
               blas_kernel_name().c_str(), a.threads, limits.gemm_gflops, limits.copy_gb);
  for (const RowEntry& entry : kRows)
    if (a.wants(entry.name)) run(entry, a, limits);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}

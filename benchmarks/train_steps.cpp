// Whole training steps (forward, backward, update of all weights) beside their physical limit: the
// very work of peers/rows.py, so that against_peers can compare them.
//
//   train_steps [--threads N] [--row NAME]... [--shards N] [--seconds S] [--json]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/benchmarks/limits.h>
#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/attention.h>
#include <tailgrad/core/ops/dropout.h>
#include <tailgrad/core/ops/layer_norm.h>
#include <tailgrad/core/ops/linear.h>
#include <tailgrad/core/ops/rows.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/shards.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/optim/optimizer.h>

namespace {

using namespace tailgrad;

constexpr std::uint64_t kSeed = 1;
constexpr double kDropout = 0.1;

// A model's parameters, with first values from their names.
class Parameters {
 public:
  Tensor uniform(const std::string& name, const Shape& shape, double bound) {
    Tensor tensor = constant(name, shape, 0);
    Random random(kSeed, name);
    for (Real& value : tensor.mutable_values())
      value = static_cast<Real>(random.uniform(-bound, bound));
    return tensor;
  }
  Tensor constant(const std::string& name, const Shape& shape, Real value) {
    Tensor tensor = Tensor::parameter(shape);
    std::ranges::fill(tensor.mutable_values(), value);
    all_.push_back({name, tensor});
    return tensor;
  }
  const std::vector<NamedTensor>& named() const { return all_; }
  std::vector<Tensor> tensors() const {
    std::vector<Tensor> list;
    for (const NamedTensor& parameter : all_) list.push_back(parameter.tensor);
    return list;
  }

 private:
  std::vector<NamedTensor> all_;
};

struct Projection {
  Tensor weight, bias;
  Projection(Parameters& p, const std::string& name, Index in, Index out)
      : weight(p.uniform(name + ".weight", {out, in}, 1 / std::sqrt(double(in)))),
        bias(p.uniform(name + ".bias", {out}, 1 / std::sqrt(double(in)))) {}
  Tensor operator()(const Tensor& x, Activation activation = Activation::none) const {
    return linear(x, weight, bias, activation);
  }
};

struct Norm {
  Tensor gain, bias;
  Norm(Parameters& p, const std::string& name, Index width)
      : gain(p.constant(name + ".weight", {width}, 1)),
        bias(p.constant(name + ".bias", {width}, 0)) {}
};

// One row: the work of a step, its multiplications and additions, and how it is cut.
class Row {
 public:
  virtual ~Row() = default;
  virtual void step() = 0;
  double flops = 0;  ///< of the matrix products of a step
  std::string model_limit;
};

// Forward, backward and update of any model that gives logits for a shard.
class Training {
 public:
  Training(const Parameters& parameters, const char* optimizer, int shards)
      : loss_(make_loss("ce")),
        optimizer_(parameters.named(), read_optimizer(optimizer)),
        shards_(parameters.tensors(), shards) {}

  template <class Logits>
  void step(std::span<const std::vector<Index>> labels, double items, Logits logits) {
    const double scale = 1 / items;
    shards_.run([&](int shard) {
      const TrainingPass pass(kSeed, step_, static_cast<std::uint32_t>(shard));
      const Tensor z = logits(shard);
      const LossOutput loss = (*loss_)(z, {.classes = labels[static_cast<std::size_t>(shard)]},
                                       {.step = step_, .scale = scale});
      backward(multiply(loss.sum, static_cast<Real>(scale)));
    });
    optimizer_.step();
    optimizer_.clear_gradients();
    ++step_;
  }

 private:
  std::unique_ptr<Loss> loss_;
  Optimizer optimizer_;
  Shards shards_;
  std::uint64_t step_ = 0;
};

// 2-64-64-2, relu, SGD with momentum.
class Mlp : public Row {
 public:
  Mlp(Index batch, int shards)
      : labels_(static_cast<std::size_t>(shards)),
        training_(parameters_, "sgd:lr=0.1,momentum=0.9", shards),
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
    training_.step(labels_, batch_, [&](int shard) {
      const Tensor h = first_(inputs_[static_cast<std::size_t>(shard)], Activation::relu);
      return last_(second_(h, Activation::relu));
    });
  }

 private:
  Parameters parameters_;
  Projection first_{parameters_, "0", 2, 64};
  Projection second_{parameters_, "2", 64, 64};
  Projection last_{parameters_, "4", 64, 2};
  std::vector<Tensor> inputs_;
  std::vector<std::vector<Index>> labels_;
  Training training_;
  double batch_;
};

struct EncoderSize {
  Index vocabulary, width, heads, hidden, layers, tags, batch, steps;
};

// A post-norm transformer tagger on packed sequences: sentence b has steps - b % 8 words.
class Encoder : public Row {
 public:
  Encoder(const EncoderSize& size, int shards) : size_(size) {
    embed_ = parameters_.uniform("embed", {size.vocabulary, size.width}, 1.7);
    position_ = parameters_.constant("position", {size.steps, size.width}, 0);
    for (Index l = 0; l < size.layers; ++l)
      layers_.push_back(Layer(parameters_, "layers." + std::to_string(l), size));
    head_ = std::make_unique<Projection>(parameters_, "head", size.width, size.tags);
    training_ = std::make_unique<Training>(parameters_, "adam:lr=1e-3", shards);
    Random random(kSeed, "data");
    const double width = size.width;
    const double weights = width * (4 * width + 2 * size.hidden);
    for (int s = 0; s < shards; ++s) {
      Batch batch;
      labels_.emplace_back();
      for (Index b = size.batch * s / shards; b < size.batch * (s + 1) / shards; ++b) {
        const Index length = size.steps - b % 8;
        for (Index t = 0; t < length; ++t) {
          batch.words.push_back(
              static_cast<Index>(random.below(static_cast<std::uint64_t>(size.vocabulary))));
          batch.positions.push_back(t);
          labels_.back().push_back(
              static_cast<Index>(random.below(static_cast<std::uint64_t>(size.tags))));
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
    training_->step(labels_, tokens_, [&](int shard) { return logits(shard); });
  }

 private:
  struct Layer {
    Layer(Parameters& p, const std::string& name, const EncoderSize& s)
        : in(p, name + ".in_proj", s.width, 3 * s.width),
          out(p, name + ".out_proj", s.width, s.width),
          up(p, name + ".linear1", s.width, s.hidden),
          down(p, name + ".linear2", s.hidden, s.width),
          norm1(p, name + ".norm1", s.width),
          norm2(p, name + ".norm2", s.width) {}
    Projection in, out, up, down;
    Norm norm1, norm2;
  };
  struct Batch {
    std::vector<Index> words, positions;
    std::vector<Index> offsets{0};
  };

  Tensor logits(int shard) const {
    const Batch& batch = batches_[static_cast<std::size_t>(shard)];
    Tensor x = add(gather_rows(embed_, batch.words), gather_rows(position_, batch.positions));
    for (const Layer& layer : layers_) {
      const Tensor heads = attention(layer.in(x), batch.offsets, size_.heads, kDropout);
      const Tensor y = add_layer_norm(dropout(layer.out(heads), kDropout), x, layer.norm1.gain,
                                      layer.norm1.bias);
      const Tensor hidden = dropout(layer.up(y, Activation::gelu), kDropout);
      x = add_layer_norm(dropout(layer.down(hidden), kDropout), y, layer.norm2.gain,
                         layer.norm2.bias);
    }
    return (*head_)(x);
  }

  EncoderSize size_;
  Parameters parameters_;
  Tensor embed_, position_;
  std::vector<Layer> layers_;
  std::unique_ptr<Projection> head_;
  std::unique_ptr<Training> training_;
  std::vector<Batch> batches_;
  std::vector<std::vector<Index>> labels_;
  double tokens_ = 0;
};

struct RowEntry {
  const char* name;
  int shards;  ///< by default; belongs to the row, not to the machine
  std::unique_ptr<Row> (*make)(int shards);
};

// clang-format off
const RowEntry kRows[] = {
    {"mlp-b16", 1, [](int s) -> std::unique_ptr<Row> { return std::make_unique<Mlp>(16, s); }},
    {"mlp-b256", 4, [](int s) -> std::unique_ptr<Row> { return std::make_unique<Mlp>(256, s); }},
    {"encoder-d64", 4, [](int s) -> std::unique_ptr<Row> {
       return std::make_unique<Encoder>(EncoderSize{10000, 64, 4, 256, 2, 17, 32, 32}, s); }},
    {"encoder-d128", 4, [](int s) -> std::unique_ptr<Row> {
       return std::make_unique<Encoder>(EncoderSize{10000, 128, 4, 512, 2, 17, 32, 64}, s); }},
    {"encoder-d384", 4, [](int s) -> std::unique_ptr<Row> {
       return std::make_unique<Encoder>(EncoderSize{30000, 384, 12, 1536, 6, 9, 8, 128}, s); }},
};
// clang-format on

struct Arguments {
  std::vector<std::string> rows;
  int threads = 2;
  int shards = 0;
  double seconds = 1;
  bool json = false;
};

Arguments parse(std::span<char*> args) {
  Arguments a;
  for (std::size_t i = 1; i < args.size(); ++i) {
    const std::string_view key = args[i];
    if (key == "--json") {
      a.json = true;
      continue;
    }
    if (i + 1 == args.size()) fail("train_steps", std::string(key) + " needs a value");
    const std::string value = args[++i];
    if (key == "--row") {
      a.rows.push_back(value);
    } else if (key == "--threads") {
      a.threads = std::stoi(value);
    } else if (key == "--shards") {
      a.shards = std::stoi(value);
    } else if (key == "--seconds") {
      a.seconds = std::stod(value);
    } else {
      fail("train_steps", "unknown option " + std::string(key) +
                              "; there are --row --threads --shards --seconds --json");
    }
  }
  for (const std::string& row : a.rows)
    if (std::ranges::none_of(kRows, [&](const RowEntry& entry) { return row == entry.name; }))
      fail("train_steps", "no row '" + row + "'");
  return a;
}

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
  const Arguments a = parse({argv, static_cast<std::size_t>(argc)});
  set_threads(a.threads);
  const benchmarks::Limits limits = benchmarks::measure_limits();
  std::fprintf(stderr,
               "openblas %s, 1 thread of its own; %d threads; GEMM peak %.1f GFLOP/s, copy %.1f "
               "GB/s\n",
               blas_kernel_name().c_str(), a.threads, limits.gemm_gflops, limits.copy_gb);
  for (const RowEntry& entry : kRows)
    if (a.rows.empty() || std::ranges::find(a.rows, entry.name) != a.rows.end())
      run(entry, a, limits);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}

#include <tailgrad/models/trainer.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/data/batches.h>
#include <tailgrad/metrics/multilabel.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Cuts a batch into runs of about equal work, one for each place in `runs`.
void cut(std::span<const Index> items, std::span<const Index> lengths,
         std::span<std::span<const Index>> runs) {
  std::int64_t total = 0;
  for (const Index item : items) total += lengths[static_cast<std::size_t>(item)];
  const auto count = static_cast<std::int64_t>(runs.size());
  std::size_t begin = 0;
  std::size_t end = 0;
  std::int64_t done = 0;
  for (std::int64_t run = 1; run <= count; ++run) {
    const std::int64_t target = total * run / count;
    while (end < items.size() && (done < target || run == count))
      done += lengths[static_cast<std::size_t>(items[end++])];
    runs[static_cast<std::size_t>(run - 1)] = items.subspan(begin, end - begin);
    begin = end;
  }
}

// One class an item, or any number.
Metrics judge(const Examples& split, std::span<const Real> logits, const MetricsContext& context) {
  if (split.marks.empty())
    return compute_metrics(
        predictions_from_logits(logits, split.classes, split.class_count, kIgnoredLabel), context);
  const std::vector<double> values(logits.begin(), logits.end());
  return compute_metrics(multilabel_from_logits(values, split.marks, split.class_count), context);
}

}  // namespace

struct Trainer::ShardScratch {
  Examples batch;
  Tensor logits;
  std::uint64_t first_row = 0;  ///< of the whole batch
  std::vector<double> statistics;
  double loss = 0;
};

Trainer::Trainer(Model& model, const Loss& loss, const Examples& train, const Examples& dev,
                 MetricsContext context, TrainerOptions options, Judge judge)
    : model_(model),
      loss_(loss),
      train_(train),
      dev_(dev),
      context_(context),
      options_(std::move(options)),
      judge_(std::move(judge)),
      lengths_(train.lengths()),
      optimizer_(model.named_parameters(), read_optimizer(options_.optimizer)),
      schedule_(options_.schedule),
      shards_(model.parameters(), options_.shards),
      scratch_(static_cast<std::size_t>(options_.shards)),
      runs_(static_cast<std::size_t>(options_.shards)) {
  if (options_.epochs < 1)
    fail("epochs", "needs at least 1, got " + std::to_string(options_.epochs));
  if (!(options_.clip_norm >= 0))
    fail("clip-norm", "needs 0 (no clipping) or more, got " + std::to_string(options_.clip_norm));
  higher_is_better(options_.select);  // throws for a metric that there is not
  if (train.size() == 0 || dev.size() == 0) fail("Trainer", "training and dev data need items");
  if (options_.sampler != "instance") {
    if (train.classes.empty() || train.is_tags())
      fail("sampler", "needs one class an item; only 'instance' works without");
    sampler_.emplace(options_.sampler, train.classes, train.class_count);
  }
  for (int epoch = 0; epoch < options_.epochs; ++epoch) total_steps_ += epoch_batches(epoch).size();
  fingerprint_ = fingerprint_of_run();
}

Trainer::~Trainer() = default;

Batches Trainer::epoch_batches(int epoch) const {
  const TokenBatchOptions budget{.tokens = options_.batch_tokens};
  const Epoch when{.seed = options_.seed, .number = static_cast<std::uint64_t>(epoch)};
  if (!sampler_) return token_batches(lengths_, budget, when);
  const auto drawn = sampler_->draw(when, static_cast<std::size_t>(options_.epochs));
  return token_batches(lengths_, drawn, budget, when);
}

bool Trainer::run(const TrainWatcher& watcher) {
  while (!finished()) {
    if (batches_.size() == 0) batches_ = epoch_batches(epoch_);
    while (next_batch_ < batches_.size()) {
      const Clock::time_point start = Clock::now();
      const std::span<const Index> items = batches_[next_batch_];
      loss_sum_ += step(items);
      ++next_batch_;
      ++total_step_;
      seconds_ += seconds_since(start);
      if (!watcher.after_step) continue;
      const TrainProgress progress{.epoch = epoch_ + 1,
                                   .step = next_batch_,
                                   .epoch_steps = batches_.size(),
                                   .total_step = total_step_,
                                   .total_steps = total_steps_,
                                   .items = static_cast<Index>(items.size()),
                                   .loss = loss_sum_ / static_cast<double>(next_batch_)};
      if (!watcher.after_step(progress)) return false;
    }
    finish_epoch(watcher);
  }
  return true;
}

double Trainer::step(std::span<const Index> items) {
  cut(items, lengths_, runs_);
  const std::span<const std::span<const Index>> runs = runs_;
  LossPass pass{.seed = options_.seed,
                .step = total_step_,
                .progress = static_cast<double>(total_step_) / static_cast<double>(total_steps_)};
  double normaliser = 0;
  std::uint64_t first_row = 0;
  for (std::size_t shard = 0; shard < runs.size(); ++shard) {
    select(train_, runs[shard], scratch_[shard].batch);
    scratch_[shard].first_row = first_row;
    first_row += static_cast<std::uint64_t>(scratch_[shard].batch.rows());
    normaliser += loss_.normaliser(model_.targets(scratch_[shard].batch), train_.class_count);
  }
  // All items ignored: nothing to learn from this batch.
  if (!(normaliser > 0)) return 0;
  const double scale = 1 / normaliser;
  const auto forward = [&](int shard) {
    ShardScratch& mine = scratch_[static_cast<std::size_t>(shard)];
    const TrainingPass training(options_.seed, total_step_, static_cast<std::uint32_t>(shard));
    mine.logits = model_.logits_for(loss_, mine.batch);
  };
  const auto backward = [&](int shard) {
    ShardScratch& mine = scratch_[static_cast<std::size_t>(shard)];
    LossPass own = pass;
    own.scale = scale;
    own.first_item = mine.first_row;
    const LossOutput out = loss_(mine.logits, model_.targets(mine.batch), own);
    mine.logits = Tensor();
    mine.loss = static_cast<double>(out.sum.item());
    if (out.sum.requires_grad())
      Tape::current().backward(out.sum, Tensor::scalar(static_cast<Real>(scale)));
  };
  try {
    if (loss_.decomposes()) {
      shards_.run([&](int shard) {
        scratch_[static_cast<std::size_t>(shard)].loss = 0;
        if (runs[static_cast<std::size_t>(shard)].empty()) return;
        forward(shard);
        backward(shard);
      });
    } else {
      run_whole_batch(runs, pass, forward, backward);
    }
  } catch (const Error&) {
    // A logit that is not finite, most likely: look for its origin before giving up.
    explain_divergence(total_step_ + 1);
    throw;
  }
  double loss = 0;
  for (const ShardScratch& shard : scratch_) loss += shard.loss;
  const double norm = optimizer_.gradient_norm();
  if (!std::isfinite(loss) || !std::isfinite(norm)) {
    explain_divergence(total_step_ + 1);
    throw Diverged("training diverged at step " + std::to_string(total_step_ + 1) +
                       ": the loss or a gradient is not finite; a smaller learning rate may help",
                   total_step_ + 1);
  }
  norm_sum_ += norm;
  optimizer_.step({.lr = schedule_.factor(total_step_, total_steps_),
                   .gradient = options_.clip_norm > 0 ? clip_factor(norm, options_.clip_norm) : 1});
  optimizer_.clear_gradients();
  return loss * scale;
}

void Trainer::run_whole_batch(std::span<const std::span<const Index>> runs, LossPass& pass,
                              FunctionRef<void(int)> forward, FunctionRef<void(int)> backward) {
  shards_.forward([&](int shard) {
    ShardScratch& mine = scratch_[static_cast<std::size_t>(shard)];
    mine.loss = 0;
    mine.statistics.clear();
    if (runs[static_cast<std::size_t>(shard)].empty()) return;
    forward(shard);
    mine.statistics = loss_.statistics(mine.logits, model_.targets(mine.batch));
  });
  std::vector<double> total;
  for (const ShardScratch& shard : scratch_) {
    total.resize(std::max(total.size(), shard.statistics.size()));
    for (std::size_t i = 0; i < shard.statistics.size(); ++i) total[i] += shard.statistics[i];
  }
  pass.statistics = total;
  shards_.run([&](int shard) {
    if (!runs[static_cast<std::size_t>(shard)].empty()) backward(shard);
  });
}

void Trainer::explain_divergence(std::uint64_t at) {
  optimizer_.clear_gradients();
  const NanFinder finder;
  std::string cause;
  for (std::size_t shard = 0; shard < scratch_.size() && cause.empty(); ++shard) {
    const Examples& batch = scratch_[shard].batch;
    if (batch.size() == 0) continue;
    try {
      const TrainingPass training(options_.seed, total_step_, static_cast<std::uint32_t>(shard));
      const Tensor logits = model_.logits_for(loss_, batch);
      if (loss_.decomposes()) backward(loss_(logits, model_.targets(batch)).mean());
    } catch (const Error& error) {
      cause = error.what();
    }
    Tape::current().clear();
  }
  optimizer_.clear_gradients();
  if (!cause.empty())
    throw Diverged("training diverged at step " + std::to_string(at) + ": " + cause +
                       "; a smaller learning rate may help",
                   at);
}

void Trainer::finish_epoch(const TrainWatcher& watcher) {
  const Clock::time_point start = Clock::now();
  const Outputs outputs = predict(model_, dev_);
  if (!std::ranges::all_of(outputs.logits, [](Real z) { return std::isfinite(z); })) {
    explain_divergence(total_step_);
    throw Diverged("training diverged at step " + std::to_string(total_step_) +
                       ": the logits of the dev data are not finite; a smaller learning rate may "
                       "help",
                   total_step_);
  }
  const Metrics metrics = judge_ ? judge_(dev_, outputs) : judge(dev_, outputs.logits, context_);
  EpochRecord record{.epoch = epoch_ + 1,
                     .steps = total_step_,
                     .train_loss = loss_sum_ / static_cast<double>(batches_.size()),
                     .lr_factor = schedule_.factor(total_step_ - 1, total_steps_),
                     .gradient_norm = norm_sum_ / static_cast<double>(batches_.size())};
  for (const std::string& name : scalar_metrics())
    if (const std::optional<double> value = scalar_metric(metrics, name)) record.dev[name] = *value;
  if (metrics.sequence)
    for (const std::string& name : sequence_scalar_metrics())
      if (const std::optional<double> value = scalar_metric(metrics, name))
        record.dev[name] = *value;
  const std::optional<double> score = scalar_metric(metrics, options_.select);
  if (!score)
    fail("select", options_.select + " is not available on the dev data; choose another metric");
  const bool up = higher_is_better(options_.select);
  record.best = !best_score_ || (up ? *score > *best_score_ : *score < *best_score_);
  if (record.best) {
    best_score_ = score;
    best_epoch_ = record.epoch;
    best_weights_.clear();
    for (const auto& [name, tensor] : model_.named_state())
      best_weights_.emplace_back(tensor.values().begin(), tensor.values().end());
  }
  record.seconds = seconds_ + seconds_since(start);
  history_.push_back(record);
  ++epoch_;
  next_batch_ = 0;
  batches_ = {};
  loss_sum_ = 0;
  norm_sum_ = 0;
  seconds_ = 0;
  if (watcher.after_epoch) watcher.after_epoch(record);
}

void Trainer::use_best_weights() {
  const std::vector<NamedTensor> state = model_.named_state();
  for (std::size_t i = 0; i < best_weights_.size(); ++i)
    std::ranges::copy(best_weights_[i], state[i].tensor.mutable_data());
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

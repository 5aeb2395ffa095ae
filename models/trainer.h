// The training loop: batches, shards, updates, the best epoch by dev, and how to stop and go on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/checkpoint_files.h>
#include <tailgrad/core/shards.h>
#include <tailgrad/data/batches.h>
#include <tailgrad/data/sampler.h>
#include <tailgrad/losses/loss.h>
#include <tailgrad/metrics/report.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/optim/optimizer.h>
#include <tailgrad/optim/schedule.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How a model is trained.
struct TrainerOptions {
  std::string optimizer = "adamw:lr=3e-3";     ///< text form, see optim/optimizer.h
  std::string schedule = "linear:warmup=0.1";  ///< text form, see optim/schedule.h
  std::string sampler = "instance";            ///< text form, see data/sampler.h
  int epochs = 4;                              ///< passes over the training data
  Index batch_tokens = 1024;        ///< a batch of texts; a row of numbers counts as one token
  int shards = 4;                   ///< of a batch, side by side; part of the result
  double clip_norm = 1;             ///< of all gradients together; 0: off
  std::string select = "macro_f1";  ///< dev metric that chooses the epoch (scalar_metrics())
  std::uint64_t seed = 1;           ///< of order, dropout and random losses
};

/// One line of history.jsonl.
struct EpochRecord {
  int epoch = 0;                           ///< from 1
  std::uint64_t steps = 0;                 ///< updates made so far
  double train_loss = 0;                   ///< mean of the training loss over the epoch's batches
  double lr_factor = 0;                    ///< of the schedule, at the last step
  double gradient_norm = 0;                ///< mean over steps, before clipping
  double seconds = 0;                      ///< for training and dev, of this epoch
  bool best = false;                       ///< best by TrainerOptions::select so far
  std::map<std::string, double> dev = {};  ///< scalar_metrics() that are available
};

/// Where a run is, for progress displays; after every step.
struct TrainProgress {
  int epoch = 0;                  ///< from 1
  std::uint64_t step = 0;         ///< within the epoch, from 1
  std::uint64_t epoch_steps = 0;  ///< steps of this epoch
  std::uint64_t total_step = 0;   ///< within the run, from 1
  std::uint64_t total_steps = 0;  ///< steps of the run
  Index items = 0;                ///< of this batch
  double loss = 0;                ///< running mean
};

/// What is called while a run is going on.
struct TrainWatcher {
  std::function<bool(const TrainProgress&)> after_step = {};  ///< false: stop after this step
  std::function<void(const EpochRecord&)> after_epoch = {};   ///< after its dev scores are known
};

/// The loss or a gradient became NaN or infinite.
class Diverged : public Error {
 public:
  /// `at` is the update at which it happened.
  Diverged(const std::string& message, std::uint64_t at) : Error(message), step(at) {}
  std::uint64_t step;  ///< update at which it happened, from 1
};

/// What is said about the dev data after an epoch, when it is not one class an item.
using Judge = std::function<Metrics(const Examples& split, const Outputs& outputs)>;

/// Trains one model. All that is random follows from the seed; the same bits for any number of
/// threads, and after any stop and resume.
class Trainer {
 public:
  /// Keeps references: model, loss and examples must outlive it. Throws Error for options out of
  /// range and for splits without items.
  Trainer(Model& model, const Loss& loss, const Examples& train, const Examples& dev,
          MetricsContext context, TrainerOptions options, Judge judge = {});
  ~Trainer();

  /// Goes on to the end (true) or until a watcher says stop (false). Throws Diverged with the step
  /// and the op where the first NaN or infinity appeared.
  bool run(const TrainWatcher& watcher = {});

  /// Whether all epochs are done.
  bool finished() const { return epoch_ >= options_.epochs; }
  /// Updates made so far.
  std::uint64_t steps_done() const { return total_step_; }
  /// One record an epoch.
  const std::vector<EpochRecord>& history() const { return history_; }
  int best_epoch() const { return best_epoch_; }  ///< from 1; 0 before the first
  /// Gives the model the weights of the best epoch by dev.
  void use_best_weights();
  /// Updates of a whole run.
  std::uint64_t total_steps() const { return total_steps_; }
  /// The items of every batch of an epoch (from 0): a function of data, sampler, batch size and
  /// seed.
  Batches epoch_batches(int epoch) const;

  /// All that a resumed run needs, as the next state of `files`.
  void save(CheckpointFiles& files) const;
  /// Goes on where the newest whole state of `files` was saved; false when nothing was. Throws
  /// Error when it is of another run (options, model or data differ) or no state is whole.
  bool load(CheckpointFiles& files);

 private:
  struct ShardScratch;
  double step(std::span<const Index> items);
  void run_whole_batch(std::span<const std::span<const Index>> runs, LossPass& pass,
                       FunctionRef<void(int)> forward, FunctionRef<void(int)> backward);
  void explain_divergence(std::uint64_t at);
  void finish_epoch(const TrainWatcher& watcher);
  std::string fingerprint_of_run() const;

  Model& model_;
  const Loss& loss_;
  const Examples& train_;
  const Examples& dev_;
  MetricsContext context_;
  TrainerOptions options_;
  Judge judge_;
  std::vector<Index> lengths_;
  std::string fingerprint_;  ///< hash of options, data and first weights: what run this is
  Optimizer optimizer_;
  Schedule schedule_;
  Shards shards_;
  std::vector<ShardScratch> scratch_;
  std::vector<std::span<const Index>> runs_;  ///< of a batch, one a shard

  int epoch_ = 0;
  std::size_t next_batch_ = 0;
  std::uint64_t total_step_ = 0;
  std::uint64_t total_steps_ = 0;
  std::optional<Sampler> sampler_;
  Batches batches_;
  double loss_sum_ = 0;
  double norm_sum_ = 0;
  double seconds_ = 0;
  std::vector<EpochRecord> history_;
  std::optional<double> best_score_;
  int best_epoch_ = 0;
  std::vector<std::vector<Real>> best_weights_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

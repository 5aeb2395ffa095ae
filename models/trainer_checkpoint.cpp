// Saving and loading a Trainer: weights, best weights, optimiser state, position and history.
#include <tailgrad/models/trainer.h>

#include <nlohmann/json.hpp>

#include <tailgrad/core/byte_hash.h>
#include <tailgrad/core/json_counts.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using nlohmann::json;

// The best weights as tensors under the names of parameters and buffers.
std::vector<NamedTensor> named_copies(std::span<const NamedTensor> like,
                                      const std::vector<std::vector<Real>>& values) {
  std::vector<NamedTensor> copies;
  for (std::size_t i = 0; i < values.size(); ++i)
    copies.push_back({like[i].name, Tensor::from(like[i].tensor.shape(), values[i])});
  return copies;
}

json record_json(const EpochRecord& record) {
  return {{"epoch", record.epoch},
          {"steps", record.steps},
          {"train_loss", record.train_loss},
          {"lr_factor", record.lr_factor},
          {"gradient_norm", record.gradient_norm},
          {"seconds", record.seconds},
          {"best", record.best},
          {"dev", record.dev}};
}

EpochRecord record_from(const json& line) {
  return {.epoch = index_at(line, "epoch"),
          .steps = static_cast<std::uint64_t>(count_at(line, "steps")),
          .train_loss = line.at("train_loss"),
          .lr_factor = line.at("lr_factor"),
          .gradient_norm = line.at("gradient_norm"),
          .seconds = line.at("seconds"),
          .best = line.at("best"),
          .dev = line.at("dev")};
}

}  // namespace

std::string Trainer::fingerprint_of_run() const {
  ByteHash hash;
  const auto add = [&hash](const std::string& text) { hash.update(text + "\n"); };
  add(optimizer_.text());
  add(schedule_.text());
  add(loss_.text());
  add(weights_hash(model_));  // also says the seed, and how the output's bias starts
  add(options_.select + " " + std::to_string(options_.epochs) + " " +
      std::to_string(options_.seed) + " " + std::to_string(options_.batch_tokens) + " " +
      std::to_string(options_.shards) + " " + std::to_string(options_.clip_norm) + " " +
      (sampler_ ? sampler_->text() : "instance"));
  for (const NamedTensor& parameter : model_.named_parameters())
    add(parameter.name + " " + parameter.tensor.shape().text());
  for (const Examples* split : {&train_, &dev_}) update_hash(hash, *split);
  return hex64(hash.value());
}

void Trainer::save(CheckpointFiles& files) const {
  const std::vector<NamedTensor> weights = model_.named_state();
  const std::vector<NamedTensor> best = named_copies(weights, best_weights_);
  const OptimizerState state = optimizer_.state();
  std::vector<StoredTensor> tensors = stored_tensors(weights, "model.");
  for (const StoredTensor& tensor : stored_tensors(best, "best.")) tensors.push_back(tensor);
  for (const StoredTensor& tensor : stored_tensors(state.buffers, "optimizer."))
    tensors.push_back(tensor);
  json position = {
      {"epoch", epoch_},           {"next_batch", next_batch_},      {"total_step", total_step_},
      {"loss_sum", loss_sum_},     {"norm_sum", norm_sum_},          {"seconds", seconds_},
      {"best_epoch", best_epoch_}, {"optimizer_steps", state.steps}, {"history", json::array()}};
  if (best_score_) position["best_score"] = *best_score_;
  for (const EpochRecord& record : history_) position["history"].push_back(record_json(record));
  files.write(tensors, {{"fingerprint", fingerprint_}, {"position", position.dump()}});
}

bool Trainer::load(CheckpointFiles& files) {
  const std::optional<Safetensors> newest = files.read();
  if (!newest) return false;
  const Safetensors& file = *newest;
  const auto found = file.metadata().find("fingerprint");
  if (found == file.metadata().end() || found->second != fingerprint_)
    fail_at(file.source(), 0, 0,
            "this checkpoint is of another run: data, model, loss or options have changed since; "
            "use the same ones, or --force to start anew");
  const std::vector<NamedTensor> weights = model_.named_state();
  OptimizerState state = optimizer_.state();
  for (NamedTensor& buffer : state.buffers) buffer.tensor = Tensor::empty(buffer.tensor.shape());
  read_tensors(file, weights, "model.");
  read_tensors(file, state.buffers, "optimizer.");
  try {
    const json position = json::parse(file.metadata().at("position"));
    state.steps = counts_at(position, "optimizer_steps");
    epoch_ = index_at(position, "epoch");
    next_batch_ = static_cast<std::size_t>(count_at(position, "next_batch"));
    total_step_ = static_cast<std::uint64_t>(count_at(position, "total_step"));
    loss_sum_ = position.at("loss_sum");
    norm_sum_ = position.at("norm_sum");
    seconds_ = position.at("seconds");
    best_epoch_ = index_at(position, "best_epoch");
    if (position.contains("best_score")) best_score_ = position.at("best_score").get<double>();
    history_.clear();
    for (const json& line : position.at("history")) history_.push_back(record_from(line));
  } catch (const std::exception& error) {
    fail_at(file.source(), 0, 0, std::string("the checkpoint is damaged: ") + error.what());
  }
  optimizer_.load_state(state);
  batches_ = {};
  best_weights_.clear();
  if (!best_score_) return true;
  std::vector<NamedTensor> best;
  for (const NamedTensor& parameter : weights)
    best.push_back({parameter.name, Tensor::empty(parameter.tensor.shape())});
  read_tensors(file, best, "best.");
  for (const NamedTensor& copy : best)
    best_weights_.emplace_back(copy.tensor.values().begin(), copy.tensor.values().end());
  return true;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

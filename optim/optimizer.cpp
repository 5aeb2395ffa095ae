#include <tailgrad/optim/optimizer.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <tailgrad/core/error.h>
#include <tailgrad/core/gradient.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/optim/glob.h>
#include <tailgrad/optim/update.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// Elements a block, and a piece of parallel work: with Adam in float 450 kB go through a block,
// tens of microseconds.
constexpr std::size_t kBlock = std::size_t{1} << 14;

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

Optimizer::Optimizer(std::vector<NamedTensor> parameters, const OptimizerOptions& options)
    : parameters_(std::move(parameters)), text_(optimizer_text(options)) {
  std::visit(Overloaded{[&](const SgdOptions& o) {
                          sgd_ = o;
                          rule_ = o.momentum > 0 ? Rule::momentum : Rule::sgd;
                        },
                        [&](const AdamOptions& o) {
                          adam_ = {o.lr, o.beta1, o.beta2, o.eps, o.weight_decay};
                          rule_ = Rule::adam;
                        },
                        [&](const AdamWOptions& o) {
                          adam_ = o;
                          rule_ = Rule::adam;
                          decoupled_ = true;
                        }},
             options.rule);
  std::set<std::string> names;
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    const auto& [name, tensor] = parameters_[k];
    if (!tensor.defined() || tensor.parameter_gradient() == nullptr)
      fail("Optimizer", "'" + name + "' is no parameter (made by Tensor::parameter)");
    if (!names.insert(name).second) fail("Optimizer", "two parameters are named '" + name + "'");
    for (std::size_t other = 0; other < k; ++other)
      if (tensor.same_as(parameters_[other].tensor))
        fail("Optimizer",
             "'" + name + "' and '" + parameters_[other].name + "' are the same parameter");
    Slot& slot = slots_.emplace_back();
    if (rule_ != Rule::sgd) slot.first = Tensor::zeros(tensor.shape());
    if (rule_ == Rule::adam) slot.second = Tensor::zeros(tensor.shape());
  }
  set_groups(options);
  cut_blocks();
}

void Optimizer::set_groups(const OptimizerOptions& options) {
  const double decay = rule_ == Rule::adam ? adam_.weight_decay : sgd_.weight_decay;
  std::vector<bool> matched(options.groups.size());
  for (std::size_t k = 0; k < slots_.size(); ++k) {
    const auto& [name, tensor] = parameters_[k];
    const bool decays = options.decay_all || tensor.shape().rank() > 1;
    slots_[k].weight_decay = decays ? decay : 0;
    bool chosen = false;
    for (std::size_t g = 0; g < options.groups.size(); ++g) {
      const ParameterGroup& group = options.groups[g];
      if (!glob_match(group.pattern, name)) continue;
      matched[g] = true;
      if (chosen) continue;
      chosen = true;
      slots_[k].lr_factor = group.lr_factor;
      slots_[k].weight_decay = group.weight_decay.value_or(slots_[k].weight_decay);
    }
  }
  for (std::size_t g = 0; g < options.groups.size(); ++g) {
    const ParameterGroup& group = options.groups[g];
    const std::string what = "Optimizer group '" + group.pattern + "'";
    if (!(group.lr_factor >= 0 && std::isfinite(group.lr_factor)))
      fail(what, "lr_factor must be >= 0; got " + shortest_text(group.lr_factor));
    if (group.weight_decay && !(*group.weight_decay >= 0 && std::isfinite(*group.weight_decay)))
      fail(what, "weight_decay must be >= 0; got " + shortest_text(*group.weight_decay));
    if (!matched[g]) {
      std::string names;
      for (const NamedTensor& parameter : parameters_) names += "\n  " + parameter.name;
      fail(what, "the pattern matches no parameter; there are:" + names);
    }
  }
}

// Blocks end between rows, so that a block can leave out rows. Small parameters share a piece.
void Optimizer::cut_blocks() {
  std::size_t in_piece = 0;
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    const Tensor& tensor = parameters_[k].tensor;
    const auto width = static_cast<std::size_t>(std::max<Index>(tensor.cols(), 1));
    const std::size_t length = std::max<std::size_t>(kBlock / width, 1) * width;
    for (std::size_t begin = 0; begin < tensor.size(); begin += length) {
      const std::size_t end = std::min(begin + length, tensor.size());
      if (blocks_.empty() || in_piece + (end - begin) > kBlock) {
        pieces_.push_back(blocks_.size());
        in_piece = 0;
      }
      in_piece += end - begin;
      blocks_.push_back({static_cast<std::uint32_t>(k), begin, end});
    }
  }
  pieces_.push_back(blocks_.size());
  sums_.resize(blocks_.size());
}

// Which parameters have a gradient, and which of their rows ever had one.
void Optimizer::note_gradients() {
  for (std::size_t k = 0; k < slots_.size(); ++k) {
    Slot& slot = slots_[k];
    const ParameterGradient& gradient = *parameters_[k].tensor.parameter_gradient();
    slot.skipped = !gradient.written();
    if (slot.skipped || slot.all_active) continue;
    // Weight decay moves every row.
    if (gradient.state() == ParameterGradient::State::dense || slot.weight_decay > 0) {
      slot.all_active = true;
      continue;
    }
    if (slot.active_rows.empty())
      slot.active_rows.resize(static_cast<std::size_t>(parameters_[k].tensor.rows()));
    for (Index row : gradient.rows()) slot.active_rows[static_cast<std::size_t>(row)] = 1;
  }
}

template <class Visit>
void Optimizer::for_runs(const Block& block, std::span<const std::uint8_t> rows,
                         Visit visit) const {
  const auto width = static_cast<std::size_t>(parameters_[block.parameter].tensor.cols());
  const std::size_t last = block.end / width;
  for (std::size_t row = block.begin / width; row < last;) {
    if (rows[row] == 0) {
      ++row;
      continue;
    }
    std::size_t stop = row + 1;
    while (stop < last && rows[stop] != 0) ++stop;
    visit(row * width, stop * width);
    row = stop;
  }
}

template <class Visit>
void Optimizer::for_active_runs(const Block& block, Visit visit) const {
  const Slot& slot = slots_[block.parameter];
  if (slot.skipped) return;
  if (slot.all_active) return visit(block.begin, block.end);
  for_runs(block, slot.active_rows, visit);
}

void Optimizer::update_block(const Block& block, const UpdateFactors& factors) const {
  const Slot& slot = slots_[block.parameter];
  const Tensor& tensor = parameters_[block.parameter].tensor;
  Real* p = tensor.mutable_data();
  const Real* g = tensor.parameter_gradient()->values().data();
  const double base = rule_ == Rule::adam ? adam_.lr : sgd_.lr;
  const double lr = base * slot.lr_factor * factors.lr;
  if (rule_ == Rule::adam) {
    Real* m = slot.first.mutable_data();
    Real* v = slot.second.mutable_data();
    const double decay = slot.weight_decay;
    const AdamUpdate u{.gradient_factor = static_cast<Real>(factors.gradient),
                       .l2 = static_cast<Real>(decoupled_ ? 0 : decay),
                       .shrink = static_cast<Real>(decoupled_ ? 1 - lr * decay : 1),
                       .take1 = static_cast<Real>(1 - adam_.beta1),
                       .keep2 = static_cast<Real>(adam_.beta2),
                       .take2 = static_cast<Real>(1 - adam_.beta2),
                       .step = static_cast<Real>(lr / slot.bias1),
                       .root_scale = static_cast<Real>(1 / std::sqrt(slot.bias2)),
                       .eps = static_cast<Real>(adam_.eps)};
    for_active_runs(block, [&](std::size_t begin, std::size_t end) {
      adam_update(u, end - begin, p + begin, g + begin, m + begin, v + begin);
    });
    return;
  }
  const bool first = slot.steps == 1;
  const SgdUpdate u{.gradient_factor = static_cast<Real>(factors.gradient),
                    .l2 = static_cast<Real>(slot.weight_decay),
                    .keep = static_cast<Real>(first ? 0 : sgd_.momentum),
                    .gain = static_cast<Real>(first ? 1 : 1 - sgd_.dampening),
                    .ahead_gradient = static_cast<Real>(sgd_.nesterov ? 1 : 0),
                    .ahead_direction = static_cast<Real>(sgd_.nesterov ? sgd_.momentum : 1),
                    .lr = static_cast<Real>(lr)};
  Real* direction = rule_ == Rule::momentum ? slot.first.mutable_data() : nullptr;
  for_active_runs(block, [&](std::size_t begin, std::size_t end) {
    if (direction != nullptr) {
      momentum_update(u, end - begin, p + begin, g + begin, direction + begin);
    } else {
      sgd_update(u, end - begin, p + begin, g + begin);
    }
  });
}

void Optimizer::step(const UpdateFactors& factors) {
  note_gradients();
  for (Slot& slot : slots_) {
    if (slot.skipped) continue;
    const auto t = static_cast<double>(++slot.steps);
    slot.bias1 = 1 - std::pow(adam_.beta1, t);
    slot.bias2 = 1 - std::pow(adam_.beta2, t);
  }
  parallel_for(pieces_.size() - 1, 1, [&](std::size_t piece, std::size_t) {
    for (std::size_t b = pieces_[piece]; b < pieces_[piece + 1]; ++b)
      update_block(blocks_[b], factors);
  });
}

double Optimizer::gradient_norm() {
  parallel_for(pieces_.size() - 1, 1, [&](std::size_t piece, std::size_t) {
    for (std::size_t b = pieces_[piece]; b < pieces_[piece + 1]; ++b) {
      const Block& block = blocks_[b];
      const ParameterGradient& gradient = *parameters_[block.parameter].tensor.parameter_gradient();
      double lanes[8] = {};
      const auto add = [&](std::size_t begin, std::size_t end) {
        add_squares(gradient.values().data(), begin, end, lanes);
      };
      if (gradient.state() == ParameterGradient::State::rows) {
        for_runs(block, gradient.row_marks(), add);  // the other rows are zeros
      } else if (gradient.written()) {
        add(block.begin, block.end);
      }
      sums_[b] = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
                 ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    }
  });
  double sum = 0;
  for (double part : sums_) sum += part;
  return std::sqrt(sum);
}

void Optimizer::clear_gradients() {
  for (NamedTensor& parameter : parameters_) parameter.tensor.clear_grad();
}

OptimizerState Optimizer::state() const {
  OptimizerState state;
  const char* first = rule_ == Rule::adam ? ".exp_avg" : ".momentum_buffer";
  for (std::size_t k = 0; k < slots_.size(); ++k) {
    const Slot& slot = slots_[k];
    if (slot.first.defined()) state.buffers.push_back({parameters_[k].name + first, slot.first});
    if (slot.second.defined())
      state.buffers.push_back({parameters_[k].name + ".exp_avg_sq", slot.second});
    state.steps.push_back(slot.steps);
  }
  return state;
}

void Optimizer::load_state(const OptimizerState& saved) {
  const std::string what = "Optimizer::load_state";
  const OptimizerState mine = state();
  if (saved.steps.size() != slots_.size())
    fail(what, "needs steps of " + std::to_string(slots_.size()) + " parameters; got " +
                   std::to_string(saved.steps.size()));
  const auto find = [&](const std::vector<NamedTensor>& in, const std::string& name) {
    return std::ranges::find(in, name, &NamedTensor::name);
  };
  for (const NamedTensor& buffer : saved.buffers)
    if (find(mine.buffers, buffer.name) == mine.buffers.end())
      fail(what, "'" + buffer.name + "' belongs to no parameter of this optimizer (" + text_ + ")");
  for (const NamedTensor& buffer : mine.buffers) {
    const auto from = find(saved.buffers, buffer.name);
    if (from == saved.buffers.end()) fail(what, "'" + buffer.name + "' is missing");
    if (from->tensor.shape() != buffer.tensor.shape())
      fail(what, "'" + buffer.name + "' has another shape",
           {{"needed", buffer.tensor.shape()}, {"saved", from->tensor.shape()}});
  }
  for (const NamedTensor& buffer : mine.buffers)
    std::ranges::copy(find(saved.buffers, buffer.name)->tensor.values(),
                      buffer.tensor.mutable_data());
  for (std::size_t k = 0; k < slots_.size(); ++k) {
    slots_[k].steps = saved.steps[k];
    // Which rows ever had a gradient is not saved; all of them are a safe answer.
    slots_[k].all_active = saved.steps[k] > 0;
  }
}

double clip_factor(double norm, double max_norm) {
  if (!(max_norm > 0)) fail("clip_factor", "needs max_norm > 0; got " + shortest_text(max_norm));
  if (!std::isfinite(norm)) return 1;
  return std::min(1.0, max_norm / (norm + 1e-6));
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

#include <tailgrad/losses/frame.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

LossFrame::LossFrame(const Settings& settings, const LossSetup& setup)
    : name_(settings.name()), text_(settings.full_text()), ignored_(setup.ignored_label) {
  if (ignored_ >= 0)
    tailgrad::fail(name_, fmt::format("the ignored label must be negative; got {}", ignored_));
  classes_ = setup.counts.raw().size();
  if (setup.weights.empty()) return;
  if (classes_ != 0 && classes_ != setup.weights.size())
    tailgrad::fail(name_, fmt::format("needs one weight a class; got {} weights for {} counts",
                                      setup.weights.size(), classes_));
  multiply_weights(setup.weights);
}

void LossFrame::multiply_weights(const std::vector<double>& factors) {
  classes_ = factors.size();
  if (weights_.empty()) weights_.assign(factors.size(), 1);
  for (std::size_t k = 0; k < factors.size(); ++k) {
    if (!std::isfinite(factors[k]) || factors[k] < 0)
      tailgrad::fail(name_, fmt::format("the weight of class {} is {}; allowed are finite "
                                        "numbers >= 0",
                                        k, factors[k]));
    weights_[k] = static_cast<Real>(static_cast<double>(weights_[k]) * factors[k]);
  }
}

void LossFrame::need_counts(const LossSetup& setup, const char* what) {
  if (setup.counts.empty())
    tailgrad::fail(name_,
                   fmt::format("needs the class counts of the training data for {}: --counts "
                               "N.npy of `tailgrad loss`, LossSetup::counts of a program",
                               what));
  for (const std::string& warning : setup.counts.warnings()) warn(warning);
}

void LossFrame::weigh_by_counts(const LossSetup& setup, const WeightOptions& options) {
  need_counts(setup, "its class weights");
  const ClassWeights weights = class_weights(setup.counts, options);
  for (const std::string& warning : weights.warnings) warn(warning);
  multiply_weights(weights.values);
}

void LossFrame::refuse_weights(const char* why) const {
  if (weights_.empty()) return;
  tailgrad::fail(name_, fmt::format("takes no class weights: {}", why));
}

void LossFrame::fail(const std::string& rule, const Where& where) const {
  tailgrad::fail(name_, rule, {}, where);
}

void LossFrame::check_shape(const Tensor& logits, const Where& where) const {
  if (logits.defined() && logits.shape().rank() == 2) return;
  tailgrad::fail(name_, "needs logits [items, classes]",
                 {{"logits", logits.defined() ? logits.shape() : Shape{}}}, where);
}

// One column of logits means two classes; the counts of a multi-label loss may then be those of
// the positive class alone.
void LossFrame::check_width(std::size_t columns, bool multi_label, const Where& where) const {
  if (columns < 1) fail("needs at least one column of logits", where);
  const bool fits =
      columns == 1 ? classes_ == 2 || (multi_label && classes_ == 1) : classes_ == columns;
  if (classes_ != 0 && !fits)
    fail(fmt::format("was made for {} classes; the logits have {} columns", classes_, columns),
         where);
}

LossFrame::Call LossFrame::check_classes(const Tensor& logits, const Targets& targets,
                                         const Where& where) const {
  check_shape(logits, where);
  const Call call = check_classes(targets, logits.cols(), where);
  if (call.items != static_cast<std::size_t>(logits.rows()))
    tailgrad::fail(name_, fmt::format("needs one label a row of logits, not {}", call.items),
                   {{"logits", logits.shape()}}, where);
  return call;
}

LossFrame::Call LossFrame::check_classes(const Targets& targets, Index columns,
                                         const Where& where) const {
  if (targets.classes.empty() && !targets.marks.empty())
    fail("needs one class label an item, not marks [items, classes]", where);
  check_width(static_cast<std::size_t>(std::max(columns, 0)), false, where);
  return check_labels(targets, columns, where);
}

LossFrame::Call LossFrame::check_labels(const Targets& targets, Index columns,
                                        const Where& where) const {
  Call call{.items = targets.classes.size(), .columns = static_cast<std::size_t>(columns)};
  call.classes = std::max<std::size_t>(call.columns, 2);
  if (classes_ != 0 && classes_ != call.classes)
    fail(fmt::format("was made for {} classes; the logits have {} columns", classes_, columns),
         where);
  const Index* label = targets.classes.data();
  const auto classes = static_cast<std::uint32_t>(call.classes);
  std::size_t ignored = 0;
  std::size_t outside = 0;
  for (std::size_t i = 0; i < call.items; ++i) {
    ignored += label[i] == ignored_;
    outside += static_cast<std::uint32_t>(label[i]) >= classes;
  }
  if (outside != ignored) {
    for (std::size_t i = 0; i < call.items; ++i)
      if (label[i] != ignored_ && static_cast<std::uint32_t>(label[i]) >= classes)
        fail(fmt::format("the label of item {} is {}; allowed are 0 .. {} and {} (ignored)", i,
                         label[i], call.classes - 1, ignored_),
             where);
  }
  call.counted = static_cast<double>(call.items - ignored);
  return call;
}

double LossFrame::weight_of(const Targets& targets) const {
  double sum = 0;
  for (const Index label : targets.classes)
    if (label != ignored_)
      sum += weights_.empty() ? 1 : static_cast<double>(weights_[static_cast<std::size_t>(label)]);
  return sum;
}

LossFrame::Call LossFrame::check_marks(const Tensor& logits, const Targets& targets,
                                       const Where& where) const {
  check_shape(logits, where);
  const Call call = check_marks(targets, logits.cols(), where);
  if (call.items != static_cast<std::size_t>(logits.rows()))
    tailgrad::fail(name_,
                   fmt::format("needs targets for every row of logits, not for {}", call.items),
                   {{"logits", logits.shape()}}, where);
  return call;
}

LossFrame::Call LossFrame::check_marks(const Targets& targets, Index columns,
                                       const Where& where) const {
  if (!targets.marks.empty() && !targets.classes.empty())
    fail("needs class labels or marks, not both", where);
  const auto width = static_cast<std::size_t>(std::max(columns, 0));
  check_width(width, true, where);
  if (targets.marks.empty()) return check_labels(targets, columns, where);
  if (targets.marks.size() % width != 0)
    fail(fmt::format("{} marks do not make rows of {} classes", targets.marks.size(), columns),
         where);
  // The largest mark first: that loop vectorises, a search that may stop does not.
  std::uint8_t largest = 0;
  for (const std::uint8_t mark : targets.marks) largest = std::max(largest, mark);
  if (largest > 1) {
    const auto bad =
        std::ranges::find_if(targets.marks, [](std::uint8_t mark) { return mark > 1; });
    const auto at = static_cast<std::size_t>(bad - targets.marks.begin());
    fail(fmt::format("the target of item {}, class {} is {}; allowed are 0 and 1", at / width,
                     at % width, static_cast<int>(*bad)),
         where);
  }
  const double items = static_cast<double>(targets.marks.size() / width);
  return {
      .items = targets.marks.size() / width, .columns = width, .classes = width, .counted = items};
}

void LossFrame::check_statistics(const LossPass& pass, std::size_t size, const Where& where) const {
  if (pass.statistics.empty() && pass.first_item > 0)
    fail(
        "is a loss of the whole batch and does not decompose: a shard needs the statistics() of "
        "all shards, added up, in LossPass::statistics",
        where);
  if (!pass.statistics.empty() && pass.statistics.size() != size)
    fail(fmt::format("needs {} statistics, the sum of statistics() over all shards; got {}", size,
                     pass.statistics.size()),
         where);
}

void LossFrame::fail_not_finite(const Tensor& logits, const Targets& targets, std::size_t first_row,
                                std::size_t last_row, const Where& where) const {
  const auto columns = static_cast<std::size_t>(logits.cols());
  for (std::size_t i = first_row; i < last_row; ++i) {
    if (!targets.classes.empty() && targets.classes[i] == ignored_) continue;
    for (std::size_t k = 0; k < columns; ++k) {
      const Real value = logits.data()[i * columns + k];
      if (!std::isfinite(value))
        fail(fmt::format("the logit of item {}, class {} is {}; logits must be finite", i, k,
                         static_cast<double>(value)),
             where);
    }
  }
  fail(fmt::format("the loss of an item in {} .. {} is not finite although its logits are: they "
                   "are too large for this precision",
                   first_row, last_row - 1),
       where);
}

bool wants_gradient(const Tensor& logits) {
  return Tape::current().enabled() && logits.requires_grad();
}

double stored_scale(const LossPass& pass, double normaliser) {
  const double scale = pass.scale.value_or(normaliser > 0 ? 1 / normaliser : 1);
  // A gradient stored as zeros or infinities could not be scaled again.
  return std::isnormal(static_cast<Real>(scale)) ? scale : 1;
}

LossOutput finish_loss(const char* op, const Tensor& logits, double sum, double normaliser,
                       Scratch<Real> gradient, double scale) {
  LossOutput output{.sum = Tensor::scalar(static_cast<Real>(sum)), .normaliser = normaliser};
  const bool stored = gradient.data() != nullptr;
  if (!stored) return output;
  Tape::current().record(
      op, output.sum, {&logits},
      [logits, out = output.sum, stored_gradient = std::move(gradient), scale]() mutable {
        const Real upstream = out.grad()[0];
        if (upstream == static_cast<Real>(scale)) {
          logits.take_gradient(stored_gradient.give());
          return;
        }
        const auto factor = static_cast<Real>(static_cast<double>(upstream) / scale);
        const GradientTarget target = logits.gradient_target();
        const Real* from = stored_gradient.data();
        parallel_for(logits.size(), std::size_t{1} << 15, [&](std::size_t begin, std::size_t end) {
          if (target.fresh) {
            for (std::size_t i = begin; i < end; ++i) target.data[i] = factor * from[i];
          } else {
            for (std::size_t i = begin; i < end; ++i) target.data[i] += factor * from[i];
          }
        });
      });
  return output;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

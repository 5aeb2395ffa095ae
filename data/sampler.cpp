#include <tailgrad/data/sampler.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>

namespace tailgrad {
namespace {

OptionSpec replacement_option() {
  return {.name = "replacement",
          .kind = OptionKind::flag,
          .fallback = "true",
          .meaning = "independent draws; false: no item of a class again before all its others"};
}

OptionSpec items_option() {
  return {.name = "items",
          .kind = OptionKind::word,
          .fallback = "all",
          .words = {"all", "smallest"},
          .meaning = "draws an epoch: the number of items, or as many as need no item twice"};
}

Settings read_sampler(std::string_view text) {
  const TextForm form = parse_text_form(text);
  const std::vector<FormSpec>& forms = sampler_forms();
  const auto spec = std::ranges::find(forms, form.name, &FormSpec::name);
  if (spec == forms.end()) {
    std::vector<std::string> names;
    for (const FormSpec& known : forms) names.push_back(known.name);
    fail_unknown_name("sampler", form.name, names);
  }
  return read_settings(*spec, form);
}

// Whole numbers that add up to `total`, each chances[k] * total rounded up or down: the largest
// remainders are rounded up, chance deciding between equal ones.
std::vector<std::size_t> apportion(std::span<const double> chances, std::size_t total,
                                   Random random) {
  std::vector<std::size_t> shares(chances.size());
  std::vector<double> remainders(chances.size());
  std::size_t given = 0;
  for (std::size_t k = 0; k < chances.size(); ++k) {
    const double exact = chances[k] * static_cast<double>(total);
    shares[k] = static_cast<std::size_t>(exact);
    remainders[k] = exact - std::floor(exact);
    given += shares[k];
  }
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k < chances.size(); ++k) {
    if (chances[k] > 0) order.push_back(k);
  }
  random.shuffle(order);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; given < total; ++i, ++given) ++shares[order[i % order.size()]];
  return shares;
}

}  // namespace

const std::vector<FormSpec>& sampler_forms() {
  static const std::vector<FormSpec> forms = {
      {.name = "instance", .meaning = "every item once an epoch", .formula = "p_k = n_k / n"},
      {.name = "class-balanced",
       .meaning = "every class equally often",
       .formula = "p_k = 1 / C",
       .source = "Kang et al. 2020, eq. 1 with q = 0",
       .options = {replacement_option(), items_option()}},
      {.name = "square-root",
       .meaning = "between instance and class-balanced",
       .formula = "p_k = sqrt(n_k) / sum_j sqrt(n_j)",
       .source = "Kang et al. 2020, eq. 1 with q = 1/2",
       .options = {replacement_option(), items_option()}},
      {.name = "progressive",
       .meaning = "from instance in the first epoch towards class-balanced after the last",
       .formula = "p_k = (1 - t/T) n_k / n + (t/T) / C in epoch t of T",
       .source = "Kang et al. 2020, eq. 2",
       .options = {replacement_option(), items_option()}},
  };
  return forms;
}

Sampler::Sampler(std::string_view form, std::span<const Index> labels, Index classes)
    : settings_(read_sampler(form)),
      members_(static_cast<std::size_t>(std::max(classes, Index{0}))),
      items_(labels.size()) {
  if (labels.empty()) fail("sampler", "needs at least one item");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      fail("sampler", fmt::format("needs labels from 0 to {}; got {}", classes - 1, labels[i]));
    }
    members_[static_cast<std::size_t>(labels[i])].push_back(static_cast<Index>(i));
  }
}

std::vector<double> Sampler::class_probabilities(std::size_t epoch, std::size_t epochs) const {
  if (epochs == 0 || epoch >= epochs) {
    fail("sampler",
         fmt::format("needs an epoch below the number of epochs; got {} of {}", epoch, epochs));
  }
  const auto present = static_cast<double>(
      std::ranges::count_if(members_, [](const auto& members) { return !members.empty(); }));
  const double progress = static_cast<double>(epoch) / static_cast<double>(epochs);
  std::vector<double> chances(members_.size(), 0.0);
  double sum = 0;
  for (std::size_t k = 0; k < members_.size(); ++k) {
    if (members_[k].empty()) continue;
    const auto count = static_cast<double>(members_[k].size());
    const double instance = count / static_cast<double>(items_);
    if (settings_.name() == "instance") chances[k] = instance;
    if (settings_.name() == "class-balanced") chances[k] = 1.0 / present;
    if (settings_.name() == "square-root") chances[k] = std::sqrt(count);
    if (settings_.name() == "progressive") {
      chances[k] = (1.0 - progress) * instance + progress / present;
    }
    sum += chances[k];
  }
  for (double& chance : chances) chance /= sum;
  return chances;
}

std::size_t Sampler::draws(std::size_t epoch, std::size_t epochs) const {
  if (settings_.name() == "instance" || settings_.is("items", "all")) return items_;
  const std::vector<double> chances = class_probabilities(epoch, epochs);
  double most = static_cast<double>(items_);
  for (std::size_t k = 0; k < members_.size(); ++k) {
    if (members_[k].empty()) continue;
    most = std::min(most, static_cast<double>(members_[k].size()) / chances[k]);
  }
  return std::max(std::size_t{1}, static_cast<std::size_t>(most + 1e-6));  // 3 / (1/3) is below 9
}

std::vector<Index> Sampler::draw(Epoch epoch, std::size_t epochs) const {
  const auto number = static_cast<std::size_t>(epoch.number);
  const std::vector<double> chances = class_probabilities(number, epochs);
  if (settings_.name() == "instance") {
    std::vector<Index> items(items_);
    std::iota(items.begin(), items.end(), 0);
    return items;
  }
  const std::size_t count = draws(number, epochs);
  return settings_.flag("replacement") ? draw_independent(chances, count, epoch)
                                       : draw_in_turn(chances, count, epoch);
}

std::vector<Index> Sampler::draw_independent(std::span<const double> chances, std::size_t count,
                                             Epoch epoch) const {
  std::vector<double> upto;  // cumulative chances of the classes that have items
  std::vector<std::size_t> present;
  double sum = 0;
  for (std::size_t k = 0; k < members_.size(); ++k) {
    if (members_[k].empty()) continue;
    present.push_back(k);
    upto.push_back(sum += chances[k]);
  }
  Random random(epoch.seed, "sampler", epoch.number);
  std::vector<Index> items(count);
  for (Index& item : items) {
    const auto found = std::upper_bound(upto.begin(), upto.end(), random.uniform());
    const auto k = std::min(static_cast<std::size_t>(found - upto.begin()), upto.size() - 1);
    const std::vector<Index>& members = members_[present[k]];
    item = members[static_cast<std::size_t>(random.below(members.size()))];
  }
  return items;
}

std::vector<Index> Sampler::draw_in_turn(std::span<const double> chances, std::size_t count,
                                         Epoch epoch) const {
  Random random(epoch.seed, "sampler", epoch.number);
  const std::vector<std::size_t> shares =
      apportion(chances, count, Random(epoch.seed, "sampler rounding", epoch.number));
  std::vector<Index> items;
  items.reserve(count);
  for (std::size_t k = 0; k < members_.size(); ++k) {
    std::vector<Index> turn = members_[k];
    for (std::size_t left = shares[k]; left > 0;) {
      random.shuffle(turn);
      const std::size_t taken = std::min(left, turn.size());
      items.insert(items.end(), turn.begin(), turn.begin() + static_cast<std::ptrdiff_t>(taken));
      left -= taken;
    }
  }
  return items;
}

}  // namespace tailgrad

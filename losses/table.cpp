#include <tailgrad/losses/table.h>

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/text_form.h>
#include <tailgrad/losses/asl.h>
#include <tailgrad/losses/bce.h>
#include <tailgrad/losses/cb.h>
#include <tailgrad/losses/ce.h>
#include <tailgrad/losses/compound.h>
#include <tailgrad/losses/crf.h>
#include <tailgrad/losses/eql.h>
#include <tailgrad/losses/focal.h>
#include <tailgrad/losses/gce.h>
#include <tailgrad/losses/la.h>
#include <tailgrad/losses/lade.h>
#include <tailgrad/losses/ldam.h>
#include <tailgrad/losses/logit_norm.h>
#include <tailgrad/losses/overlap.h>
#include <tailgrad/losses/pairwise.h>
#include <tailgrad/losses/poly.h>
#include <tailgrad/losses/seesaw.h>
#include <tailgrad/losses/vs.h>
#include <tailgrad/losses/wce.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

std::string_view task_text(LossTask task) {
  switch (task) {
    case LossTask::classes:
      return "classes";
    case LossTask::multi_label:
      return "multi-label";
    case LossTask::sequences:
      return "tags of sequences";
    default:
      return "classes or multi-label";
  }
}

}  // namespace

const std::vector<LossEntry>& loss_table() {
  static const std::vector<LossEntry> table = {
      ce_entry(),
      wce_entry(),
      bce_entry(),
      focal_entry(),
      cb_entry(),
      dice_entry(),
      tversky_entry(),
      dsc_entry(),
      la_entry(),
      balanced_softmax_entry(),
      pairwise_entry(),
      adaptive_entry(),
      equalised_entry(),
      eql_entry(),
      ldam_entry(),
      vs_entry(),
      seesaw_entry(),
      lade_entry(),
      asl_entry(),
      poly_entry(),
      gce_entry(),
      logit_norm_entry(),
      ce_dice_entry(),
      mix_entry(),
      drw_entry(),
      crf_entry(),
      crf_marginals_entry(),
  };
  return table;
}

const LossEntry& find_loss(std::string_view name, std::span<const LossEntry> table) {
  const auto row =
      std::ranges::find_if(table, [&](const LossEntry& entry) { return entry.spec.name == name; });
  if (row != table.end()) return *row;
  std::vector<std::string> known;
  for (const LossEntry& entry : table) known.push_back(entry.spec.name);
  fail_unknown_name("loss", name, known);
}

std::unique_ptr<Loss> make_loss(std::string_view text, const LossSetup& setup,
                                std::span<const LossEntry> table) {
  const TextForm form = parse_text_form(text);
  const LossEntry& entry = find_loss(form.name, table);
  return entry.make(read_settings(entry.spec, form), setup);
}

std::unique_ptr<Loss> make_loss(std::string_view text, const ClassCounts& counts) {
  return make_loss(text, LossSetup{.counts = counts});
}

std::string losses_text(std::span<const LossEntry> table) {
  std::string text;
  for (const LossEntry& entry : table) {
    text += help_text(entry.spec);
    text += fmt::format("    labels: {}{}{}\n\n", task_text(entry.task),
                        entry.needs_counts ? "; needs class counts" : "",
                        entry.decomposes ? "" : "; may be a loss of the whole batch");
  }
  return text;
}

nlohmann::json losses_json(std::span<const LossEntry> table) {
  nlohmann::json rows = nlohmann::json::array();
  for (const LossEntry& entry : table) {
    nlohmann::json row = help_json(entry.spec);
    row["task"] = task_text(entry.task);
    row["decomposes"] = entry.decomposes;
    row["needs_counts"] = entry.needs_counts;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

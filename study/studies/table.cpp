// The table of studies.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/text_form.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/study.h>

namespace tailgrad {

const std::vector<StudyEntry>& study_table() {
  static const std::vector<StudyEntry> table = {
      gaussian_study(),        consistency_study(), separable_study(),
      negative_scores_study(), calibration_study(), absorb_prior_study(),
      weight_norms_study(),    optimisers_study(),  long_tail_images_study(),
  };
  return table;
}

const StudyEntry& find_study(const std::string& name) {
  std::vector<std::string> known;
  for (const StudyEntry& entry : study_table()) {
    if (entry.name == name) return entry;
    known.push_back(entry.name);
  }
  known.push_back("list");
  fail_unknown_name("study", name, known);
}

std::string studies_text() {
  std::string text;
  for (const StudyEntry& entry : study_table())
    text += fmt::format("{}\n    {}\n    claims: {}\n    source: {}\n\n", entry.name, entry.meaning,
                        entry.claims, entry.source);
  return text;
}

nlohmann::json studies_json() {
  nlohmann::json rows = nlohmann::json::array();
  for (const StudyEntry& entry : study_table())
    rows.push_back({{"name", entry.name},
                    {"meaning", entry.meaning},
                    {"claims", entry.claims},
                    {"source", entry.source}});
  return rows;
}

}  // namespace tailgrad

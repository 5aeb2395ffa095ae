// The losses of study gaussian.
#include <tailgrad/study/studies/gaussian.h>

#include <map>

#include <tailgrad/losses/table.h>

namespace tailgrad::gaussian {
namespace {

// Options of these losses beside the defaults of the whole table.
const std::vector<LossLine>& special_lines() {
  static const std::vector<LossLine> lines = {
      {"la:tau=0.5", 2, Reference{10.61, 0.27}},
      {"la:tau=2", 2, Reference{18.21, 1.13}},
      {"pairwise:weight_power=-0.5,tau_true=0.5,tau_other=0.5", 2, Reference{7.883, 0.016}},
      {"pairwise:weight_power=1,tau_true=2,tau_other=2", 2, Reference{7.897, 0.036}},
      {"pairwise:weight_power=-1,tau_true=1,tau_other=1", 2, Reference{18.19, 1.22}},
      {"pairwise:tau_true=1,tau_other=1,adaptive=1", 2, Reference{8.42, 0.14}},
      {"dice:scope=batch,square=false,mode=sigmoid", 1, Reference{15.1}},
      {"dice:scope=batch,mode=sigmoid", 1, Reference{14.8}},
      {"dsc:alpha=0.01,square=true,scope=batch,mode=sigmoid", 1, Reference{14.8}},
      {"dsc:alpha=0.1,square=true,scope=batch,mode=sigmoid", 1, Reference{16.1}},
      {"dsc:alpha=0.5,square=true,scope=batch,mode=sigmoid", 1, Reference{24.2}},
      {"dsc:scope=batch,mode=sigmoid", 1, Reference{35.1}},
      {"dsc:square=true,scope=batch,mode=sigmoid", 1, Reference{34.5}},
      {"dice:mode=sigmoid", 1, Reference{20.7}},
      {"dice:square=false,mode=sigmoid", 1, Reference{22.1}},
      {"dsc:mode=sigmoid", 1, Reference{40.5}},
  };
  return lines;
}

}  // namespace

std::vector<LossLine> loss_lines() {
  const std::map<std::string, std::pair<Reference, std::optional<Reference>>> known = {
      {"ce", {{18.08, 0.54}, Reference{10.33}}}, {"wce", {{7.886, 0.018}, Reference{7.87}}},
      {"adaptive", {{16.22, 0.49}, {}}},         {"equalised", {{8.71, 0.17}, {}}},
      {"la", {{7.883, 0.015}, Reference{7.87}}}, {"focal", {{18.4}, {}}}};
  std::vector<LossLine> lines;
  for (const LossEntry& entry : loss_table()) {
    if (entry.task == LossTask::sequences) continue;
    LossLine line{.name = entry.spec.name};
    if (const auto found = known.find(line.name); found != known.end()) {
      line.at5 = found->second.first;
      line.at20 = found->second.second;
    }
    lines.push_back(std::move(line));
  }
  for (const LossLine& line : special_lines()) lines.push_back(line);
  return lines;
}

}  // namespace tailgrad::gaussian

// Comparisons whose truth is known.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include <tailgrad/core/random.h>
#include <tailgrad/study/resample.h>
#include <tailgrad/study/statistics.h>

namespace tailgrad::test {

// A simulated comparison: items of three unequal classes; each system finds some items easier than
// others (shared, and of its own) and some seeds luckier than others.
struct World {
  std::size_t items = 200;
  std::size_t seeds = 5;
  double gain = 0;      // of the last system, in log-odds
  double own_item = 1;  // sd of what a system finds easier than the other does
  double own_seed = 0.3;
  std::size_t systems = 2;
};

class Simulation {
 public:
  Simulation(const World& world, std::uint64_t seed) : world_(world), seed_(seed) {
    Random random(seed, "simulated items");
    for (std::size_t i = 0; i < world.items; ++i) {
      const double u = random.uniform();
      labels_.push_back(u < 0.7 ? 0 : u < 0.9 ? 1 : 2);
      shared_.push_back(random.normal());
    }
    for (std::uint64_t system = 0; system < world.systems; ++system) {
      std::vector<double> own;
      Random of_items(seed, "simulated system", system);
      for (std::size_t i = 0; i < world.items; ++i)
        own.push_back(world.own_item * of_items.normal());
      for (std::size_t s = 0; s < world.seeds; ++s) systems_.push_back(run(own, system, s));
    }
  }

  // Each later system against the first, as `compare` does it.
  std::vector<Comparison> compare_all(std::string_view metric, int resamples) const {
    std::vector<const Outcomes*> all;
    for (const Outcomes& one : systems_) all.push_back(&one);
    const std::vector<double> values = resample_metric(all, metric, {}, resamples, seed_);
    std::vector<Comparison> out;
    for (std::size_t system = 1; system < world_.systems; ++system) {
      const std::size_t first = system * world_.seeds;
      std::vector<double> per_seed;
      for (std::size_t s = 0; s < world_.seeds; ++s)
        per_seed.push_back(*outcome_metric(systems_[first + s], metric) -
                           *outcome_metric(systems_[s], metric));
      std::vector<double> resampled;
      for (int r = 0; r < resamples; ++r)
        for (std::size_t s = 0; s < world_.seeds; ++s) {
          const double* line = values.data() + static_cast<std::size_t>(r) * all.size();
          resampled.push_back(line[first + s] - line[s]);
        }
      out.push_back(compare_paired(per_seed, resampled, world_.items, 0.95, world_.systems - 1));
    }
    return out;
  }
  Comparison compare(std::string_view metric, int resamples) const {
    return compare_all(metric, resamples).front();
  }

 private:
  Outcomes run(const std::vector<double>& own, std::uint64_t system, std::size_t s) const {
    Random random(seed_, "simulated run", 100 * system + s);
    const double lucky =
        world_.own_seed * random.normal() + (system + 1 == world_.systems ? world_.gain : 0);
    Outcomes out;
    out.items.classes = 3;
    for (std::size_t i = 0; i < world_.items; ++i) {
      const double odds = 0.8 - 0.5 * labels_[i] + shared_[i] + own[i] + lucky;
      const bool right = random.uniform() < 1 / (1 + std::exp(-odds));
      const auto other = static_cast<Index>(1 + random.below(2));
      out.items.add_answer(labels_[i], right ? labels_[i] : (labels_[i] + other) % 3);
      out.items.end_unit();
    }
    return out;
  }

  World world_;
  std::uint64_t seed_;
  std::vector<Index> labels_;
  std::vector<double> shared_;
  std::vector<Outcomes> systems_;  // the seeds of the first, then those of the next
};

}  // namespace tailgrad::test

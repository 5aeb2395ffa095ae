#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/data/sampler.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/optim/optimizer_options.h>
#include <tailgrad/optim/schedule.h>

#include "targets.h"

namespace tailgrad::fuzz {

void loss_form(Input bytes) {
  const std::vector<double> counts = {900, 70, 0};
  const std::string text = make_loss(bytes, ClassCounts(counts))->text();
  ensure(make_loss(text, ClassCounts(counts))->text() == text, "a loss is read back");
}

void optimizer_form(Input bytes) {
  accepts([&] {
    const std::string text = print_text_form(parse_text_form(bytes));
    ensure(print_text_form(parse_text_form(text)) == text, "a form is read back");
  });
  accepts([&] {
    const std::string text = optimizer_text(read_optimizer(bytes));
    ensure(optimizer_text(read_optimizer(text)) == text, "an optimizer is read back");
  });
  accepts([&] {
    const Schedule schedule(bytes);
    ensure(Schedule(schedule.text()).factor(3, 10) == schedule.factor(3, 10), "so is a schedule");
  });
  const std::vector<Index> labels = {0, 1, 0};
  const Sampler sampler(bytes, labels, 2);
  ensure(Sampler(sampler.text(), labels, 2).text() == sampler.text(), "so is a sampler");
}

void model_form(Input bytes) {
  const std::string text = model_text(bytes);
  ensure(model_text(text) == text, "a model's form is read back");
}

}  // namespace tailgrad::fuzz

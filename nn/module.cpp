#include <tailgrad/nn/module.h>

#include <algorithm>

#include <tailgrad/core/error.h>
#include <tailgrad/nn/value_budget.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Module::Module(Module& parent, std::string_view name)
    : parent_(&parent), seed_(parent.seed_), path_(parent.full_name(name)) {
  parent.register_part({.name = std::string(name), .tensor = {}, .child = this});
}

// A module may go before its parent does (a layer that is replaced); its parent forgets it.
Module::~Module() {
  if (parent_ != nullptr)
    std::erase_if(parent_->entries_, [&](const Entry& entry) { return entry.child == this; });
}

std::string Module::full_name(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void Module::register_part(Entry entry) {
  const std::string what = "Module '" + path_ + "'";
  if (entry.name.empty() || entry.name.find('.') != std::string::npos)
    fail(what, "the name of a part must not be empty or have a dot; got '" + entry.name + "'");
  if (std::ranges::find(entries_, entry.name, &Entry::name) != entries_.end())
    fail(what, "has two parts named '" + entry.name + "'");
  entries_.push_back(std::move(entry));
}

Tensor Module::parameter(std::string_view name, const Shape& shape, const Init& init) {
  ValueBudget::take(shape);
  Tensor tensor = Tensor::parameter(shape);
  init.fill(tensor, seed_, full_name(name));
  register_part({.name = std::string(name), .tensor = tensor});
  return tensor;
}

Tensor Module::buffer(std::string_view name, const Shape& shape, const Init& init) {
  ValueBudget::take(shape);
  const Tensor tensor = Tensor::empty(shape);
  init.fill(tensor, seed_, full_name(name));
  register_part({.name = std::string(name), .tensor = tensor, .trained = false});
  return tensor;
}

void Module::collect(bool parameters, bool buffers, std::vector<NamedTensor>& into) const {
  for (const Entry& entry : entries_) {
    if (entry.child != nullptr) {
      entry.child->collect(parameters, buffers, into);
    } else if (entry.trained ? parameters : buffers) {
      into.push_back({full_name(entry.name), entry.tensor});
    }
  }
}

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> all;
  collect(true, false, all);
  return all;
}

std::vector<NamedTensor> Module::named_buffers() const {
  std::vector<NamedTensor> all;
  collect(false, true, all);
  return all;
}

std::vector<NamedTensor> Module::named_state() const {
  std::vector<NamedTensor> all;
  collect(true, true, all);
  return all;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> all;
  for (NamedTensor& named : named_parameters()) all.push_back(std::move(named.tensor));
  return all;
}

std::size_t Module::parameter_count() const {
  std::size_t count = 0;
  for (const NamedTensor& named : named_parameters()) count += named.tensor.size();
  return count;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

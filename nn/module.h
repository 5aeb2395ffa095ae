// Module: the parts of a model, each with a name, in a tree that builds itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tailgrad/core/named_tensor.h>
#include <tailgrad/core/tensor.h>
#include <tailgrad/nn/init.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// A node of a model: it owns parameters and is the parent of other modules. Parts register
/// themselves in their constructors, so nothing can be forgotten:
///
///   struct Classifier : Module {
///     Embedding embed{*this, "embed", 10000, 64};
///     Linear    out  {*this, "out", 64, 45};
///     explicit Classifier(std::uint64_t seed) : Module(seed) {}
///   };
///
/// Parameters have dotted names ("embed.weight"). The first values of a parameter depend on the
/// seed and its own dotted name alone: not on the order of construction, and not on what else the
/// model has.
///
/// Modules keep nothing between calls: a forward pass is const, and whether it trains is a property
/// of the pass, not of the module. So one model may run in several threads at once.
class Module {
 public:
  /// The root of a model.
  explicit Module(std::uint64_t seed) : seed_(seed) {}
  /// Throws Error for a name that is empty, has a dot, or that a sibling has already.
  Module(Module& parent, std::string_view name);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// "encoder.layers.0"; empty for the root.
  const std::string& path() const { return path_; }
  std::uint64_t seed() const { return seed_; }  ///< of the root, for first values

  /// All parameters of this module and of the modules under it, in the order in which they were
  /// declared, with their full names.
  std::vector<NamedTensor> named_parameters() const;
  /// All values that are not trained but belong to the model (running moments).
  std::vector<NamedTensor> named_buffers() const;
  /// Parameters and buffers: all that is saved, hashed and put back.
  std::vector<NamedTensor> named_state() const;
  /// In the order of named_parameters().
  std::vector<Tensor> parameters() const;
  /// How many numbers all parameters have.
  std::size_t parameter_count() const;

 protected:
  /// A new parameter of this module, with its first values. Throws Error for a bad name, as above.
  Tensor parameter(std::string_view name, const Shape& shape, const Init& init);
  /// A new buffer of this module: no optimiser sees it, but it is saved with the parameters.
  Tensor buffer(std::string_view name, const Shape& shape, const Init& init);

 private:
  struct Entry {  // a parameter, a buffer or a child
    std::string name;
    Tensor tensor;
    const Module* child = nullptr;
    bool trained = true;
  };
  std::string full_name(std::string_view name) const;
  void register_part(Entry entry);
  void collect(bool parameters, bool buffers, std::vector<NamedTensor>& into) const;

  Module* parent_ = nullptr;
  std::uint64_t seed_;
  std::string path_;
  std::vector<Entry> entries_;
};

/// Modules of one type, named "0", "1", ….
template <class T>
class ModuleList : public Module {
 public:
  using Module::Module;

  /// Makes T(*this, "k", arguments...).
  template <class... Arguments>
  T& add(Arguments&&... arguments) {
    return items_.emplace_back(static_cast<Module&>(*this), std::to_string(items_.size()),
                               std::forward<Arguments>(arguments)...);
  }
  std::size_t size() const { return items_.size(); }              ///< number of items
  const T& operator[](std::size_t k) const { return items_[k]; }  ///< item k, from 0
  /// For loops over the items.
  auto begin() const { return items_.begin(); }
  /// For loops over the items.
  auto end() const { return items_.end(); }

 private:
  std::deque<T> items_;  // never moves an item
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

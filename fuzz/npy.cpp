#include <cstring>
#include <type_traits>

#include <tailgrad/core/error.h>
#include <tailgrad/core/npz.h>

#include "targets.h"

namespace tailgrad::fuzz {
namespace {

void use(const NpyArray& array) {
  accepts([&] { array.as_doubles(); });
  accepts([&] { array.as_floats(); });
  accepts([&] { array.as_indices(); });
}

// Of floating-point numbers the bits: a NaN equals nothing.
bool same_values(const NpyArray& a, const NpyArray& b) {
  return std::visit(
      [&](const auto& values) {
        const auto* const others = std::get_if<std::decay_t<decltype(values)>>(&b.values);
        return others != nullptr && others->size() == values.size() &&
               (values.empty() ||
                std::memcmp(others->data(), values.data(), values.size() * sizeof values[0]) == 0);
      },
      a.values);
}

StoredTensor view_of(const std::string& name, const NpyArray& array) {
  return std::visit(
      [&](const auto& values) { return stored(name, array.shape, std::span(values)); },
      array.values);
}

}  // namespace

void npy(Input bytes) {
  const NpyArray array = parse_npy(bytes_of(bytes), "input");
  use(array);
  const std::string path = folder().at("written.npy");
  std::visit([&](const auto& values) { write_npy(path, std::span(values), array.shape); },
             array.values);
  const NpyArray again = read_npy(path);
  ensure(again.shape == array.shape && same_values(again, array), "an array is read back");
}

void npz(Input bytes) {
  const Npz file = Npz::parse({bytes_of(bytes).begin(), bytes_of(bytes).end()}, "input");
  std::vector<NpyArray> arrays;
  for (const std::string& name : file.names()) arrays.push_back(file.at(name));
  std::vector<StoredTensor> views;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    use(arrays[i]);
    views.push_back(view_of(file.names()[i], arrays[i]));
  }
  const std::string path = folder().at("written.npz");
  write_npz(path, views);  // Error: names that we do not write, with '/'
  const Npz again = Npz::read(path);
  ensure(again.names() == file.names(), "names are read back");
  for (const NpyArray& array : arrays) {
    const std::string& name = file.names()[static_cast<std::size_t>(&array - arrays.data())];
    ensure(again.at(name).shape == array.shape && same_values(again.at(name), array),
           "an array is read back");
  }
}

}  // namespace tailgrad::fuzz

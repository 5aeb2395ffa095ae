// The readers of files and texts, each as a function of some bytes that nobody checked before.
//
// A target may return, or throw Error: these bytes are refused. Whatever else happens is a fault of
// the reader. Where there is a writer, what was read is written and read again, and must be the
// same (ensure() throws InternalError).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <support/temporary_folder.h>

namespace tailgrad::fuzz {

using Input = std::string_view;

void checkpoint(Input bytes);
void cifar(Input bytes);
void conll(Input bytes);
void conllu(Input bytes);
void csv(Input bytes);
void gz(Input bytes);
void idx(Input bytes);
void loss_form(Input bytes);
void model_form(Input bytes);
void model_json(Input bytes);
void npy(Input bytes);
void npz(Input bytes);
void optimizer_form(Input bytes);
void recipe_json(Input bytes);
void safetensors(Input bytes);
void toml(Input bytes);
void word_vectors(Input bytes);
void wordnet(Input bytes);

/// A target and the name of its folder in fuzz/corpus.
struct Target {
  std::string_view name;
  void (*read)(Input bytes);
};

inline constexpr Target kTargets[] = {
    {"checkpoint", checkpoint},
    {"cifar", cifar},
    {"conll", conll},
    {"conllu", conllu},
    {"csv", csv},
    {"gz", gz},
    {"idx", idx},
    {"loss_form", loss_form},
    {"model_form", model_form},
    {"model_json", model_json},
    {"npy", npy},
    {"npz", npz},
    {"optimizer_form", optimizer_form},
    {"recipe_json", recipe_json},
    {"safetensors", safetensors},
    {"toml", toml},
    {"word_vectors", word_vectors},
    {"wordnet", wordnet},
};

/// Whether `read` returns; false: it throws Error. Anything else gets out.
bool accepts(const std::function<void()>& read);

/// A folder for readers of files and for writers: in TMPDIR, or in memory.
const test::TemporaryFolder& folder();

/// The same bytes as a reader of binary files takes them.
inline std::span<const std::byte> bytes_of(Input bytes) {
  return std::as_bytes(std::span(bytes));
}

}  // namespace tailgrad::fuzz

#include <tailgrad/data/wordnet.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/hash.h>
#include <tailgrad/data/file.h>

namespace tailgrad {
namespace {

struct Synset {
  std::size_t file;  // lexicographer file
  std::string_view gloss;
};

// A line is "offset number type … | gloss", with two digits of number.
Synset parse(const TextFile& file, const Line& line) {
  const std::string_view text = line.text;
  const std::size_t space = text.find(' ');
  const auto digit = [&](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -1;
  };
  if (space == std::string_view::npos || digit(space + 1) < 0 || digit(space + 2) < 0 ||
      text.substr(space + 3, 1) != " ") {
    file.fail_here(line.offset,
                   "is not a line of a WordNet data file: needs \"offset number type … | gloss\"");
  }
  const auto number = static_cast<std::size_t>(digit(space + 1) * 10 + digit(space + 2));
  if (number >= kLexicographerFiles.size()) {
    file.fail_here(line.offset + space + 1,
                   fmt::format("there is no lexicographer file {}; 0 to 44 exist", number));
  }
  const std::size_t bar = text.find(" | ");
  std::string_view gloss = bar == std::string_view::npos ? "" : text.substr(bar + 3);
  gloss.remove_prefix(std::min(gloss.find_first_not_of(' '), gloss.size()));
  gloss = gloss.substr(0, gloss.find_last_not_of(' ') + 1);
  if (gloss.empty()) file.fail_here(line.offset, "this synset has no gloss");
  return {number, gloss};
}

}  // namespace

const std::array<std::string_view, 45> kLexicographerFiles = {
    "adj.all",          "adj.pert",           "adv.all",
    "noun.Tops",        "noun.act",           "noun.animal",
    "noun.artifact",    "noun.attribute",     "noun.body",
    "noun.cognition",   "noun.communication", "noun.event",
    "noun.feeling",     "noun.food",          "noun.group",
    "noun.location",    "noun.motive",        "noun.object",
    "noun.person",      "noun.phenomenon",    "noun.plant",
    "noun.possession",  "noun.process",       "noun.quantity",
    "noun.relation",    "noun.shape",         "noun.state",
    "noun.substance",   "noun.time",          "verb.body",
    "verb.change",      "verb.cognition",     "verb.communication",
    "verb.competition", "verb.consumption",   "verb.contact",
    "verb.creation",    "verb.emotion",       "verb.motion",
    "verb.perception",  "verb.possession",    "verb.social",
    "verb.stative",     "verb.weather",       "adj.ppl"};

int wordnet_part(std::string_view gloss) {
  return static_cast<int>(fnv1a(gloss) % 10);
}

TextSplits load_wordnet(const std::string& folder) {
  TextSplits splits;
  splits.labels = LabelSet::of(std::span<const std::string_view>(kLexicographerFiles));
  std::array<Index, kLexicographerFiles.size()> label_of{};
  for (std::size_t i = 0; i < label_of.size(); ++i) {
    label_of[i] = *splits.labels.find(kLexicographerFiles[i]);
  }
  for (TextDataset* part : {&splits.train, &splits.dev, &splits.test}) part->path = folder;
  for (const std::string_view kind : {"noun", "verb", "adj", "adv"}) {
    const std::string path = fmt::format("{}/data.{}", folder, kind);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      fail_at(path, 0, 0,
              "there is no such file; the Debian package wordnet-base holds it (apt-get install "
              "wordnet-base)");
    }
    const TextFile file = TextFile::read(path);
    LineReader lines(file.text());
    for (Line line; lines.next(line);) {
      if (line.text.empty() || line.text.starts_with("  ")) continue;  // the licence
      const Synset synset = parse(file, line);
      const int part = wordnet_part(synset.gloss);
      TextDataset& data = part < 8 ? splits.train : part == 8 ? splits.dev : splits.test;
      data.texts.emplace_back(synset.gloss);
      data.labels.push_back(label_of[synset.file]);
      data.lines.push_back(line.number);
    }
  }
  if (splits.train.texts.empty()) fail_at(folder, 0, 0, "its WordNet data files hold no glosses");
  return splits;
}

}  // namespace tailgrad

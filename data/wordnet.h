// WordNet's glosses as a text classification data set with a natural long tail.
//
// Of each synset in data.noun, data.verb, data.adj and data.adv the text is the gloss (definition
// and examples, all that follows " | ") and the class is the lexicographer file it was written in,
// one of 45 such as noun.animal. Debian's package wordnet-base holds 117,659 glosses, 14,435 of
// class adj.all and 42 of class noun.motive. Formats: wndb(5WN), lexnames(5WN).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <tailgrad/data/text_dataset.h>

namespace tailgrad {

/// The names of the lexicographer files, by number (lexnames(5WN)).
extern const std::array<std::string_view, 45> kLexicographerFiles;

/// Where Debian's package wordnet-base puts its files.
inline constexpr std::string_view kWordNetFolder = "/usr/share/wordnet";

/// Which part a gloss belongs to: 0 … 7 training, 8 development, 9 test. It is fnv1a(gloss) mod 10,
/// so equal glosses are in the same part, on every machine and for every seed.
int wordnet_part(std::string_view gloss);

/// Reads the four files of a folder. The classes are those of kLexicographerFiles, sorted by name.
/// Throws Error naming the package to install if there is no such folder, and with the line for a
/// line that is not in the format.
TextSplits load_wordnet(const std::string& folder = std::string(kWordNetFolder));

}  // namespace tailgrad

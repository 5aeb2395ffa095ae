// Sequence labelling problems from files: classes, schemes, held-out sentences, warnings, real
// data.
#include <tailgrad/data/tag_splits.h>

#include <cstdlib>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/data/tag_faults.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LoadTags : public testing::Test {
 protected:
  TagOptions options(std::string_view train, std::string_view dev = {}) const {
    TagOptions out{.train = folder_.write("train.conll", train)};
    if (!dev.empty()) out.dev = folder_.write("dev.conll", dev);
    return out;
  }
  TemporaryFolder folder_;
};

std::vector<std::string> names(const TaggedSentences& data, const TagSet& tags) {
  std::vector<std::string> out;
  for (const Index label : data.labels) out.push_back(tags.labels().name(label));
  return out;
}

TEST_F(LoadTags, ClassesAreSortedAndTheSchemeIsSaid) {
  const TagSplits splits =
      load_tags(options("a B-x\nb I-x\n\nc O\nd B-x\n", "e O\nf B-x\ng I-x\n\nh O\n"));
  EXPECT_THAT(splits.tags.labels().names(), ElementsAre("B-x", "I-x", "O"));
  EXPECT_EQ(splits.file_scheme, TagScheme::iob2);
  EXPECT_EQ(splits.tags.scheme(), TagScheme::iob2);
  EXPECT_THAT(splits.train.labels, ElementsAre(0, 1, 2, 0));
  EXPECT_THAT(splits.dev.labels, ElementsAre(2, 0, 1, 2));
  EXPECT_FALSE(splits.held_out);
  EXPECT_EQ(splits.test.sentences(), 0U);
  EXPECT_THAT(splits.notes, ElementsAre(HasSubstr("tag scheme iob2: every span begins with B-")));
  EXPECT_THAT(splits.warnings, IsEmpty());
  EXPECT_TRUE(splits.train.tags.empty());
  const TagCounts counts = count_tags(splits.train, splits.tags);
  EXPECT_THAT(counts.tokens, ElementsAre(2, 1, 1));
  EXPECT_THAT(counts.spans, ElementsAre(2));
  EXPECT_THAT(sentence_lengths(splits.dev), ElementsAre(1, 3));
}

TEST_F(LoadTags, TrainsInAnotherScheme) {
  TagOptions opts = options("a B-x\nb I-x\n\nc O\nd B-x\n", "e O\nf B-x\n\nh O\n");
  opts.train_scheme = "iobes";
  const TagSplits splits = load_tags(opts);
  EXPECT_EQ(splits.file_scheme, TagScheme::iob2);
  EXPECT_EQ(splits.tags.scheme(), TagScheme::iobes);
  EXPECT_THAT(names(splits.train, splits.tags), ElementsAre("B-x", "E-x", "O", "S-x"));
  EXPECT_THAT(names(splits.dev, splits.tags), ElementsAre("O", "S-x", "O"));
}

TEST_F(LoadTags, FaultsAreNamedAndRepairedOnRequestOnly) {
  TagOptions opts = options("a B-x\nb I-x\n\nc O\nd I-x\n\ne B-x\n", "e O\nf B-x\n\nh O\n");
  opts.scheme = "iob2";
  const TagSplits kept = load_tags(opts);
  EXPECT_THAT(kept.warnings, ElementsAre(HasSubstr(
                                 "train.conll: 1 fault of the scheme iob2: line 5: I-x after O: a "
                                 "span begins with B-; the tags are kept as they are")));
  EXPECT_EQ(names(kept.train, kept.tags)[3], "I-x");
  opts.train_scheme = "iobes";
  EXPECT_THAT(message_of([&] { load_tags(opts); }),
              HasSubstr("must be repaired before the tags can be converted to iobes"));
  opts.repair = true;
  const TagSplits repaired = load_tags(opts);
  EXPECT_EQ(names(repaired.train, repaired.tags)[3], "S-x");
  EXPECT_THAT(repaired.warnings, IsEmpty());
  EXPECT_THAT(repaired.notes, ElementsAre(HasSubstr("line 5: I-x after O: a span begins with B-; "
                                                    "repaired, 1 tag changed")));
}

TEST_F(LoadTags, WarnsOfWhatCannotBeLearned) {
  const TagSplits splits =
      load_tags(options("a B-x\nb B-y\n\nc B-x\nd O\n", "e O\nf B-z\n\nh O\ni B-z\n"));
  EXPECT_THAT(splits.warnings,
              ElementsAre(HasSubstr("train.conll: there is one span of type 'y' only"),
                          HasSubstr("dev.conll:2: the tag 'B-z' (2 tokens) does not occur in the "
                                    "training data: it cannot be learned")));
  const TagSplits no_span = load_tags(options("a O\n\nb O\n", "c B-x\n\n"));
  EXPECT_THAT(no_span.warnings, Contains(HasSubstr("every tag is O: there is no span to tell by")));
  EXPECT_THAT(no_span.warnings, Contains(HasSubstr("there is no span at all, every tag is O")));
  EXPECT_THAT(message_of([&] { load_tags(options("a O\n\nb O\n", "c O\n\n")); }),
              HasSubstr("every token has the tag 'O'; at least two different tags are needed"));
}

TEST_F(LoadTags, BadInput) {
  EXPECT_THAT(message_of([&] { load_tags(options("a O\nb B-x\n")); }),
              HasSubstr("holds one sentence only"));
  TagOptions opts = options("a O\n\nb B-x\n");
  opts.scheme = "iob9";
  EXPECT_THAT(message_of([&] { load_tags(opts); }), HasSubstr("tag scheme: unknown name 'iob9'"));
  opts.scheme.clear();
  opts.columns.tag = "7";
  EXPECT_THAT(message_of([&] { load_tags(opts); }), HasSubstr("there is no column 7"));
  EXPECT_THAT(message_of([&] { load_tags({.train = folder_.at("none.conll")}); }),
              HasSubstr("none.conll: there is no such file"));
  TagOptions pos = options("a NN\n\nb VB\n");
  pos.train_scheme = "iobes";
  EXPECT_THAT(message_of([&] { load_tags(pos); }), HasSubstr("cannot convert none to iobes"));
}

TEST_F(LoadTags, HoldsOutWholeSentencesByTheirRarestTag) {
  // 100 sentences without a span, 40 with x, 20 with y and x: a tenth of each.
  std::string text;
  for (int i = 0; i < 100; ++i) text += "a" + std::to_string(i) + " O\nb O\n\n";
  for (int i = 0; i < 40; ++i) text += "x" + std::to_string(i) + " B-x\nb O\n\n";
  for (int i = 0; i < 20; ++i) text += "y" + std::to_string(i) + " B-y\nb B-x\nc O\n\n";
  TagOptions opts = options(text);
  const TagSplits splits = load_tags(opts);
  EXPECT_TRUE(splits.held_out);
  EXPECT_EQ(splits.dev.sentences(), 16U);
  EXPECT_EQ(splits.train.sentences(), 144U);
  EXPECT_THAT(count_tags(splits.dev, splits.tags).spans, ElementsAre(4 + 2, 2));
  EXPECT_THAT(splits.notes, Contains(HasSubstr("16 of 160 sentences are held out")));
  std::set<std::string> words;
  for (const TaggedSentences* part : {&splits.train, &splits.dev}) {
    for (std::size_t s = 0; s < part->sentences(); ++s)
      words.insert(part->words[static_cast<std::size_t>(part->offsets[s])]);
  }
  EXPECT_EQ(words.size(), 160U);
  EXPECT_EQ(load_tags(opts).dev.words, splits.dev.words);
  opts.seed = 2;
  EXPECT_NE(load_tags(opts).dev.words, splits.dev.words);
}

TEST(TaggedSentences, SelectAndUnknownWords) {
  const ColumnFile file(TextFile("t.conll", "a O\nb B\n\nC O\n\nd E\n"), ColumnFormat::conll);
  const TaggedSentences data = read_tagged(file);
  const TaggedSentences part = select_sentences(data, std::vector<Index>{2, 0});
  EXPECT_THAT(part.words, ElementsAre("d", "a", "b"));
  EXPECT_THAT(part.tags, ElementsAre("E", "O", "B"));
  EXPECT_THAT(part.lines, ElementsAre(6, 1, 2));
  EXPECT_THAT(part.offsets, ElementsAre(0, 1, 3));
  EXPECT_THAT(mark_unknown_words(data, part), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(message_of([&] { select_sentences(data, std::vector<Index>{3}); }),
              HasSubstr("needs sentences below 3; got 3"));
  EXPECT_THAT(message_of([&] { split_sentences(data, 0.1, 1); }),
              HasSubstr("needs a label for each of the 4 tokens; got 0"));
}

struct RealSet {
  const char* path;
  std::size_t sentences;
  std::size_t tokens;
  std::size_t tags;  // distinct
};

std::string without_last_column(std::string_view text, bool comments) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos &&
        !(comments && line.front() == '#'))
      line = line.substr(0, line.rfind('\t'));
    out.append(line);
    if (end < text.size()) out += '\n';
    at = end + 1;
  }
  return out;
}

TEST(TaggedSentences, RealSetsAreReadAndWrittenBack) {
  const char* folder = std::getenv("TAILGRAD_DATA");
  if (folder == nullptr) GTEST_SKIP() << "TAILGRAD_DATA is not set";
  // Counted with grep and awk from the files.
  const std::vector<RealSet> sets = {
      {"ner_bc5cdr/train.tsv", 4560, 118170, 5},
      {"ner_bc5cdr/devel.tsv", 4581, 117453, 5},
      {"ner_bc5cdr/test.tsv", 4797, 124750, 5},
      {"ner_bionlp13cg/train.tsv", 3033, 83467, 33},
      {"ner_bionlp13cg/devel.tsv", 1003, 27599, 31},
      {"ner_bionlp13cg/test.tsv", 1906, 52771, 33},
      {"ner_wnut17/train.conll", 3394, 62730, 13},
      {"ner_wnut17/dev.conll", 1009, 15733, 13},
      {"ner_wnut17/test.conll", 1287, 23394, 13},
      {"pos_ud_english_ewt/en_ewt-ud-train.conllu", 12544, 204577, 17},
      {"pos_ud_english_ewt/en_ewt-ud-dev.conllu", 2001, 25147, 17},
      {"pos_ud_english_ewt/en_ewt-ud-test.conllu", 2077, 25094, 17},
      {"pos_ud_chinese_1.4/zh-ud-train.conllu", 3997, 98608, 15},
      {"pos_ud_chinese_1.4/zh-ud-dev.conllu", 500, 12663, 15},
      {"pos_ud_chinese_1.4/zh-ud-test.conllu", 500, 12012, 15},
  };
  for (const RealSet& set : sets) {
    const std::string path = std::string(folder) + "/" + set.path;
    const ColumnFile file = ColumnFile::read(path, column_format(path));
    const TaggedSentences data = read_tagged(file);
    EXPECT_EQ(data.sentences(), set.sentences) << set.path;
    EXPECT_EQ(data.tokens(), set.tokens) << set.path;
    EXPECT_EQ(std::set<std::string>(data.tags.begin(), data.tags.end()).size(), set.tags)
        << set.path;
    EXPECT_THAT(file.warnings(), IsEmpty()) << set.path;
    const SchemeGuess guess = detect_scheme(data.tags, data.offsets);
    EXPECT_EQ(guess.scheme,
              path.find("ner_") != std::string::npos ? TagScheme::iob2 : TagScheme::none);
    EXPECT_TRUE(find_tag_faults(data, guess.scheme).empty()) << set.path;
    if (guess.scheme == TagScheme::iob2) {
      TaggedSentences copy = data;
      convert_tags(copy, TagScheme::iob2, TagScheme::iobes);
      convert_tags(copy, TagScheme::iobes, TagScheme::iob1);
      convert_tags(copy, TagScheme::iob1, TagScheme::bmes);
      convert_tags(copy, TagScheme::bmes, TagScheme::iob2);
      EXPECT_EQ(copy.tags, data.tags) << set.path;
    }
    const std::string written = file.with_column(data.tags);
    EXPECT_TRUE(without_last_column(written, file.format() == ColumnFormat::conllu) ==
                read_bytes(path))
        << set.path;
    const ColumnFile again(TextFile("again", written), file.format());
    EXPECT_EQ(again.columns(), file.columns() + 1) << set.path;
    EXPECT_EQ(read_tagged(again, {.tag = "last"}).tags, data.tags) << set.path;
  }
}

}  // namespace
}  // namespace tailgrad

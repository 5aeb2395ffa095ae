// CoNLL columns and CoNLL-U: what is a token, what is refused, and writing back byte for byte.
#include <tailgrad/data/column_file.h>

#include <zlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/data/tagged_sentences.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ColumnFile conll(std::string text) {
  return ColumnFile(TextFile("t.conll", std::move(text)), ColumnFormat::conll);
}
ColumnFile conllu(std::string text) {
  return ColumnFile(TextFile("t.conllu", std::move(text)), ColumnFormat::conllu);
}
std::vector<std::string> words(const ColumnFile& file) {
  return read_tagged(file, {}, false).words;
}
std::string conll_fault(std::string text) {
  return message_of([&] { read_tagged(conll(std::move(text))); });
}
std::string conllu_fault(std::string text) {
  return message_of([&] { read_tagged(conllu(std::move(text))); });
}
// A line of CoNLL-U.
std::string node(const std::string& id, const std::string& form, const std::string& upos = "NOUN") {
  return id + "\t" + form + "\t_\t" + upos + "\tNN\tNumber=Sing\t0\troot\t_\t_\n";
}
std::vector<std::string> numbers(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back("P" + std::to_string(i));
  return out;
}

TEST(ColumnFile, FormatByNameAndEnding) {
  EXPECT_EQ(column_format("a.conllu.gz"), ColumnFormat::conllu);
  for (const char* path : {"a.conll", "a.tsv", "a.bio", "a.txt", "a.iob2", "a.conll.gz"})
    EXPECT_EQ(column_format(path), ColumnFormat::conll) << path;
  EXPECT_EQ(column_format("a.csv", "conll"), ColumnFormat::conll);
  EXPECT_THAT(message_of([] { column_format("a.csv"); }),
              HasSubstr("a.csv: the ending does not say what the file is"));
  EXPECT_THAT(message_of([] { column_format("a", "csv"); }), HasSubstr("there is no format 'csv'"));
}

TEST(Conll, SentencesOfConll2003) {
  const ColumnFile file = conll(
      "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\n-DOCSTART- -X- O O\nPeter "
      "NNP "
      "I-NP B-PER");
  EXPECT_EQ(file.columns(), 4U);
  EXPECT_EQ(file.separator(), ' ');
  EXPECT_THAT(file.offsets(), ElementsAre(0, 2, 3));
  EXPECT_EQ(file.cell(1, 2), "I-VP");
  EXPECT_EQ(file.line(2), 7U);
  const TaggedSentences data = read_tagged(file);
  EXPECT_THAT(data.words, ElementsAre("EU", "rejects", "Peter"));
  EXPECT_THAT(data.tags, ElementsAre("B-ORG", "O", "B-PER"));
  EXPECT_THAT(data.lines, ElementsAre(3, 4, 7));
  EXPECT_THAT(read_tagged(file, {.tag = "2"}).tags, ElementsAre("NNP", "VBZ", "NNP"));
  EXPECT_THAT(read_tagged(file, {.word = "3", .tag = "last"}).words,
              ElementsAre("I-NP", "I-VP", "I-NP"));
  EXPECT_THAT(file.warnings(), IsEmpty());
}

TEST(Conll, SeparatorsAndBlankLines) {
  for (const char* text :
       {"a\tO\nb\tB-x\n\nc\tO\n", "a O\nb B-x\n\nc O", "a   O \n b  B-x\n \t\nc O\n\n\n",
        "a\tO\r\nb\tB-x\r\n\r\nc\tO\r\n", "\n\na\tO\nb\tB-x\n\t\n\nc\tO\t",
        "\xef\xbb\xbf"
        "a O\nb B-x\n\nc O\n"}) {
    const TaggedSentences data = read_tagged(conll(text));
    EXPECT_THAT(data.words, ElementsAre("a", "b", "c")) << text;
    EXPECT_THAT(data.tags, ElementsAre("O", "B-x", "O")) << text;
    EXPECT_THAT(data.offsets, ElementsAre(0, 2, 3)) << text;
  }
}

TEST(Conll, Comments) {
  const ColumnFile file = conll(
      "# id 5239d808\tdomain=train\nthe _ _ O\n\n# a = b\n#begin document (x); part 000\n# _ _ "
      "O\n#tag _ _ O\n");
  EXPECT_THAT(words(file), ElementsAre("the", "#", "#tag"));
  EXPECT_EQ(file.comments(), 3U);
  EXPECT_THAT(file.warnings(), IsEmpty());
  const ColumnFile two = conll("# id 5\na NN O\n\n# # O\n\n# id 6\nb NN O\n");
  EXPECT_THAT(words(two), ElementsAre("a", "#", "b"));
  EXPECT_THAT(
      two.warnings(),
      ElementsAre("t.conll:1: 2 lines that begin with '# ' are taken for a comment (this is the "
                  "first): as many columns as a token, but no token has such a last column"));
  EXPECT_THAT(words(conll("# O\n\n# x\n\n# O\n")), ElementsAre("#", "#"));
  // A faulty token with a # is no comment, nor is one inside a sentence.
  EXPECT_THAT(conll_fault("a O\n\n#tag\n"),
              HasSubstr("t.conll:3: found 1 column; line 1, the first "
                        "of a token, has 2 columns (comments begin"));
  EXPECT_THAT(conll_fault("a O\n# note on b\nb O\n"), HasSubstr("t.conll:2: found 4 columns"));
}

TEST(Conll, ColumnsByName) {
  const ColumnFile file = conll("# global.columns = FORM POS NER\na DT O\nb NN B-x\n");
  EXPECT_THAT(read_tagged(file, {.tag = "pos"}).tags, ElementsAre("DT", "NN"));
  EXPECT_EQ(message_of([&] { file.column("upos"); }),
            "t.conll: there is no column 'upos'; a column is a number from 1 to 3, last or one of "
            "form, pos, ner");
  EXPECT_EQ(message_of([&] { file.column("4"); }),
            "t.conll: there is no column 4; the file has columns 1 to 3");
  EXPECT_THAT(message_of([&] { file.column("0"); }), HasSubstr("columns 1 to 3"));
}

TEST(Conll, OneColumnIsEnoughWithoutTags) {
  const ColumnFile file = conll("a\n\n#\nb\n");
  EXPECT_THAT(words(file), ElementsAre("a", "#", "b"));
  EXPECT_EQ(message_of([&] { read_tagged(file); }),
            "t.conll:1: has one column, 'a'; a column of tags is needed beside the words");
}

TEST(Conll, BadInput) {
  EXPECT_EQ(conll_fault("a\tO\nb\tNN\tO\n"),
            "t.conll:2: found 3 columns; line 1, the first of a token, has 2 columns");
  EXPECT_EQ(
      conll_fault("a\tO\n\nb O\n"),
      "t.conll:3:2: tabs mixed with spaces: columns are separated by tabs in line 1, by spaces "
      "here; use one of them in all lines");
  EXPECT_EQ(
      conll_fault("a NN O\nb NN\tO\n"),
      "t.conll:2:5: tabs mixed with spaces: columns are separated by spaces in line 1, by tabs "
      "here; use one of them in all lines");
  EXPECT_THAT(conll_fault("a O\nb\tO\n"), HasSubstr("t.conll:2:2: tabs mixed with spaces"));
  EXPECT_EQ(conll_fault("a\tO\t\t\n"),
            "t.conll:1:4: several tabs at the end of the line open columns that are empty");
  EXPECT_EQ(conll_fault("a\tO\n\tO\n"), "t.conll:2: the word in column 1 is empty");
  EXPECT_EQ(message_of([] { read_tagged(conll("a\tx\tO\nb\t\tO\n"), {.tag = "2"}); }),
            "t.conll:2: the tag in column 2 is empty");
  for (const char* text : {"", "\n \n", "\r\n"})
    EXPECT_THAT(conll_fault(text), HasSubstr("t.conll: is empty; one token a line is needed"));
  EXPECT_THAT(conll_fault("-DOCSTART- O\n\n"), HasSubstr("t.conll: has no token"));
  EXPECT_THAT(conll_fault("na\xefve O\n"),
              HasSubstr("t.conll:1:3: byte 0xef is not valid UTF-8 (if "
                        "the file is Latin-1, iconv"));
}

TEST(Conll, Warnings) {
  EXPECT_THAT(
      conll("a O\nb O\nc O\n").warnings(),
      ElementsAre("t.conll: there is no blank line, which would end a sentence: all is read "
                  "as one sentence of 3 tokens"));
  EXPECT_THAT(conll("a O\nb O\n\n").warnings(), IsEmpty());
  EXPECT_THAT(conll("a\tO\nb NN\tO\nc d\tO\n\n").warnings(),
              ElementsAre(HasSubstr("t.conll:2: 2 words with spaces inside")));
}

TEST(Conll, ALongSentence) {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "w" + std::to_string(i) + " O\n";
  const ColumnFile file = conll(text + "\nend O\n");
  EXPECT_THAT(file.offsets(), ElementsAre(0, 10000, 10001));
  EXPECT_EQ(file.cell(9999, 0), "w9999");
}

TEST(Conll, Gzip) {
  TemporaryFolder folder;
  const std::string path = folder.at("a.conll.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  gzputs(file, "a O\nb B-x\n");
  gzclose(file);
  EXPECT_THAT(read_tagged(ColumnFile::read(path, column_format(path))).tags,
              ElementsAre("O", "B-x"));
}

TEST(Conllu, WordsRangesAndEmptyNodes) {
  const ColumnFile file =
      conllu("# sent_id = 1\n# text = x\n" + node("1-2", "vámonos") + node("1", "vamos", "VERB") +
             node("2", "nos", "PRON") + node("2.1", "nada") + "\n" + node("0.1", "e") +
             node("1", "New York", "PROPN"));
  EXPECT_THAT(words(file), ElementsAre("vamos", "nos", "New York"));
  EXPECT_THAT(file.offsets(), ElementsAre(0, 2, 3));
  EXPECT_EQ(file.comments(), 2U);
  EXPECT_THAT(read_tagged(file).tags, ElementsAre("VERB", "PRON", "PROPN"));
  EXPECT_THAT(read_tagged(file, {.tag = "xpos"}).tags, ElementsAre("NN", "NN", "NN"));
  EXPECT_EQ(read_tagged(file, {.tag = "FEATS"}).tags[0], "Number=Sing");
  EXPECT_THAT(file.warnings(), IsEmpty());
  EXPECT_THAT(message_of([&] { file.column("ner"); }),
              HasSubstr("last or one of id, form, lemma, upos"));
}

TEST(Conllu, BadInput) {
  EXPECT_EQ(conllu_fault("1\ta\tb\n"),
            "t.conllu:1: needs 10 columns separated by single tabs, found 3 columns");
  EXPECT_THAT(conllu_fault("1 a _ NOUN _ _ 0 root _ _\n"),
              HasSubstr("found 1 column (the line has spaces instead of tabs)"));
  EXPECT_THAT(conllu_fault(node("x", "a")),
              HasSubstr("t.conllu:1:1: an ID must be a number such as 7"));
  EXPECT_EQ(conllu_fault(node("1", "a") + node("3", "b")), "t.conllu:2:1: expected ID 2, found 3");
  EXPECT_EQ(conllu_fault(node("1", "a") + node("1", "b")),
            "t.conllu:2:1: expected ID 2, found 1 (a blank line ends a sentence)");
  EXPECT_EQ(conllu_fault(node("1", "")),
            "t.conllu:1: column 2 (form) is empty; '_' stands for nothing");
  EXPECT_THAT(conllu_fault(node("1", "a") + "# note\n"),
              HasSubstr("t.conllu:2:1: a comment inside a sentence"));
  EXPECT_THAT(conllu_fault("# text = x\n\n"), HasSubstr("has no token"));
}

TEST(WithColumn, KeepsEveryOtherByte) {
  EXPECT_EQ(conll("a O\nb O\n\nc O").with_column(numbers(3)), "a O P0\nb O P1\n\nc O P2");
  EXPECT_EQ(conll("\xef\xbb\xbf\r\na\tO\r\n \t\r\n# x\r\nb\tO  \r\n").with_column(numbers(2)),
            "\xef\xbb\xbf\r\na\tO\tP0\r\n \t\r\n# x\r\nb\tO  \tP1\r\n");
  EXPECT_EQ(conll("-DOCSTART- -X- O\n\na  b  O \n").with_column(numbers(1)),
            "-DOCSTART- -X- O O\n\na  b  O  P0\n");
  EXPECT_EQ(conll("-DOCSTART-\na\n").with_column(numbers(1)), "-DOCSTART-\tO\na\tP0\n");
  EXPECT_EQ(conll("-DOCSTART-\na x\n").with_column(numbers(1)), "-DOCSTART-\na x P0\n");
  EXPECT_EQ(conll("a\tO\t\nb\tO\n").with_column(numbers(2)), "a\tO\tP0\nb\tO\tP1\n");
}

TEST(WithColumn, ConlluGetsAnEleventhColumn) {
  const std::string text = "# text = x\n" + node("1-2", "ab") + node("1", "a") + node("2", "b") +
                           node("2.1", "e") + "\n";
  const std::string out = conllu(text).with_column(numbers(2));
  EXPECT_THAT(out,
              HasSubstr("# text = x\n1-2\tab\t_\tNOUN\tNN\tNumber=Sing\t0\troot\t_\t_\t_\n1\ta"));
  EXPECT_THAT(out, HasSubstr("\t_\tP0\n2\tb"));
  EXPECT_THAT(out, HasSubstr("\t_\tP1\n2.1\te\t_\tNOUN\tNN\tNumber=Sing\t0\troot\t_\t_\t_\n\n"));
  const ColumnFile again = conllu(out);
  EXPECT_EQ(again.columns(), 11U);
  EXPECT_THAT(read_tagged(again, {.tag = "predicted"}).tags, ElementsAre("P0", "P1"));
  EXPECT_THAT(read_tagged(again, {.tag = "last"}).tags, ElementsAre("P0", "P1"));
  EXPECT_THAT(read_tagged(again).tags, ElementsAre("NOUN", "NOUN"));
}

TEST(WithColumn, IsReadBack) {
  for (const char* text : {"a O\nb O \n\nc O", "a\tO \nb\tO\n\nc\tO\t\n", "a\nb\n\nc\n"}) {
    const ColumnFile again = conll(conll(text).with_column(numbers(3)));
    EXPECT_THAT(words(again), ElementsAre("a", "b", "c")) << text;
    EXPECT_THAT(read_tagged(again).tags, ElementsAre("P0", "P1", "P2")) << text;
    EXPECT_THAT(again.offsets(), ElementsAre(0, 2, 3)) << text;
  }
}

// Found by libFuzzer: a comment of the narrow file was a token of the wider one.
TEST(WithColumn, ACommentThatWouldBecomeATokenIsRefused) {
  EXPECT_EQ(message_of([] { conll("a\n\n# b\tP0\nc\n").with_column(numbers(2)); }),
            "t.conll:3: this comment would be read as a token when a column is added: it has 2 "
            "columns and ends with 'P0', a value of the new one; write it as '# name = …'");
  for (const char* comment : {"# b\tP2", "# b = P0"}) {
    const std::string end = "\n\n" + std::string(comment) + "\nc";
    EXPECT_EQ(conll("a" + end).with_column(numbers(2)), "a\tP0" + end + "\tP1");
  }
}

TEST(WithColumn, BadInput) {
  const ColumnFile file = conll("a O\nb O\n");
  EXPECT_EQ(message_of([&] { file.with_column(numbers(1)); }),
            "with_column: needs a value for each of the 2 tokens; got 1");
  EXPECT_EQ(message_of([&] {
              file.with_column(std::vector<std::string>{"x", "y z"});
            }),
            "with_column: a value must fit into one column; got 'y z' for token 1");
  EXPECT_THAT(message_of([&] {
                file.with_column(std::vector<std::string>{"", "y"});
              }),
              HasSubstr("got '' for token 0"));
}

}  // namespace
}  // namespace tailgrad

#include <tailgrad/data/csv.h>

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Rows = std::vector<std::vector<std::string>>;

Table csv(std::string text) {
  return Table(TextFile("t.csv", std::move(text)), kCsv);
}
Table tsv(std::string text) {
  return Table(TextFile("t.tsv", std::move(text)), kTsv);
}

Rows rows_of(const Table& table) {
  Rows rows;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    rows.emplace_back(table.row(row).begin(), table.row(row).end());
  }
  return rows;
}

TEST(Csv, HeaderRowsAndLines) {
  const Table table = csv("text,label\none,1\ntwo,2\n");
  EXPECT_THAT(table.columns(), ElementsAre("text", "label"));
  EXPECT_EQ(rows_of(table), (Rows{{"one", "1"}, {"two", "2"}}));
  EXPECT_EQ(table.line(1), 3U);
  EXPECT_EQ(table.column("label"), 1U);
  EXPECT_TRUE(table.has_column("text"));
  EXPECT_FALSE(table.has_column("Text"));
}

TEST(Csv, EndsOfLinesAndByteOrderMark) {
  for (const char* text :
       {"a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r\n1,2\r\n3,4",
        "\xef\xbb\xbf"
        "a,b\n1,2\r\n3,4\r",
        "\n\na,b\n\n1,2\r\n\r\n3,4\n\n\n", "\"a\",\"b\"\r\n\"1\",2\n3,\"4\"\r"}) {
    const Table table = csv(text);
    EXPECT_THAT(table.columns(), ElementsAre("a", "b")) << text;
    EXPECT_EQ(rows_of(table), (Rows{{"1", "2"}, {"3", "4"}})) << text;
  }
}

TEST(Csv, Rfc4180Quotes) {
  const Table table =
      csv("text,label\n"
          "\"a, b\",x\n"
          "\"he said \"\"no\"\"\",\"\"\n"
          "\"two\nlines\r\nthree\",y\r\n"
          "\"\"\"\",\"\"\"\"\"\"\n"
          "bare \"quotes\" inside,it's\n");
  EXPECT_EQ(rows_of(table), (Rows{{"a, b", "x"},
                                  {"he said \"no\"", ""},
                                  {"two\nlines\r\nthree", "y"},
                                  {"\"", "\"\""},
                                  {"bare \"quotes\" inside", "it's"}}));
  EXPECT_EQ(table.line(2), 4U);
  EXPECT_EQ(table.line(3), 7U);  // the lines inside the quotes count
}

TEST(Csv, EmptyCells) {
  EXPECT_EQ(rows_of(csv("a,b,c\n,,\n1,,\n,,3")),
            (Rows{{"", "", ""}, {"1", "", ""}, {"", "", "3"}}));
  EXPECT_EQ(rows_of(csv("a,b\n1,")), (Rows{{"1", ""}}));
}

TEST(Csv, OneColumnKeepsEmptyLines) {
  EXPECT_EQ(rows_of(csv("text\none\n\ntwo\n\"\"\n")), (Rows{{"one"}, {""}, {"two"}, {""}}));
}

TEST(Csv, HeaderOnly) {
  EXPECT_EQ(csv("text,label\n").rows(), 0U);
  EXPECT_EQ(csv("text,label").rows(), 0U);
}

TEST(Csv, EmptyFile) {
  for (const char* text : {"", "\n\n", "\xef\xbb\xbf", "\r\n"}) {
    EXPECT_EQ(message_of([&] { csv(text); }),
              "t.csv: is empty; a header line with the column names is needed");
  }
}

TEST(Csv, QuoteNeverClosedNamesItsOpening) {
  EXPECT_THAT(message_of([] { csv("text,label\n\"ok\",1\nx,\"open\nmore,2\nmore,3\n"); }),
              StartsWith("t.csv:3:3: a quote opens a cell here and is never closed"));
  EXPECT_THAT(message_of([] { csv("text,label\n\""); }), StartsWith("t.csv:2:1: a quote opens"));
  EXPECT_THAT(message_of([] { csv("text,label\n\"\"\"\n"); }), StartsWith("t.csv:2:1: a quote"));
}

TEST(Csv, CharactersAfterAClosingQuote) {
  EXPECT_THAT(message_of([] { csv("text,label\n\"a\"b,1\n"); }),
              StartsWith("t.csv:2:4: after the closing quote of a cell comes neither ','"));
}

TEST(Csv, RaggedRows) {
  EXPECT_EQ(message_of([] { csv("a,b\n1,2\n\"x\ny\",2\n3\n"); }),
            "t.csv:5: this row has 1 cell, the header has 2 cells");
  EXPECT_THAT(message_of([] { csv("a,b\n1,2,3\n"); }),
              StartsWith("t.csv:2: this row has 3 cells, the header has 2 cells (a cell that "
                         "contains ',' needs quotes"));
}

TEST(Csv, ColumnNames) {
  EXPECT_EQ(message_of([] { csv("a,b\n").column("label"); }),
            "t.csv: there is no column 'label'; the columns are 'a', 'b'");
  EXPECT_THAT(message_of([] { csv("a\tb\n").column("a"); }), HasSubstr("is the format tsv?"));
  EXPECT_THAT(message_of([] { csv("a;b\n").column("a"); }), HasSubstr("semicolons"));
  EXPECT_THAT(message_of([] { tsv("a,b\n").column("a"); }), HasSubstr("is the format csv?"));
  EXPECT_EQ(message_of([] { csv("a,b,a\n1,2,3\n"); }), "t.csv:1: the column name 'a' occurs twice");
  EXPECT_EQ(csv(",,x\n1,2,3\n").column("x"), 2U);  // pandas leaves the name of an index empty
}

TEST(Tsv, BareQuotesAreCharacters) {
  const Table table =
      tsv("text\tlabel\n"
          "\"I came,\" he said\t1\n"
          "he said \"no\"\t\"\n"
          "\"open on this line\t2\n"
          "closed on that\"\t3\n"
          "say \"\"\t4\n");
  EXPECT_EQ(rows_of(table), (Rows{{"\"I came,\" he said", "1"},
                                  {"he said \"no\"", "\""},
                                  {"\"open on this line", "2"},
                                  {"closed on that\"", "3"},
                                  {"say \"\"", "4"}}));
}

TEST(Tsv, WellFormedQuotesAreRead) {
  const Table table =
      tsv("\"text\"\t\"label\"\n"
          "\"a\tb\"\t\"1\"\r\n"
          "\"two\nlines\"\t2\n"
          "3\t\"last\ncell\"\n"
          "\"he said \"\"no\"\"\"\t4\n"
          "a, b\t\"\"");
  EXPECT_EQ(table.format().quotes, Quotes::rfc);
  EXPECT_THAT(table.columns(), ElementsAre("text", "label"));
  EXPECT_EQ(rows_of(table), (Rows{{"a\tb", "1"},
                                  {"two\nlines", "2"},
                                  {"3", "last\ncell"},
                                  {"he said \"no\"", "4"},
                                  {"a, b", ""}}));
  EXPECT_EQ(table.line(2), 5U);
}

TEST(Tsv, RowsThatAreCompleteAreNotJoined) {
  // Read as quotes, the first cell would run to the end of the next line.
  EXPECT_EQ(rows_of(tsv("a\tb\n1\t\"x\n2\ty\"\n")), (Rows{{"1", "\"x"}, {"2", "y\""}}));
}

TEST(Tsv, BareQuotesAroundADelimiter) {
  EXPECT_EQ(rows_of(tsv("a\tb\n\"open\tclosed\"\n")), (Rows{{"\"open", "closed\""}}));
}

TEST(Tsv, EchoesItsOwnKindOfQuotes) {
  const std::string bare = "a\tb\n\"I came,\" he said\t\"x\"\n";
  EXPECT_EQ(with_column(tsv(bare), "c", std::vector<std::string>{"z"}),
            "a\tb\tc\n\"I came,\" he said\t\"x\"\tz\n");
  const std::string quoted = "a\tb\n\"x\ty\"\t2\n";
  EXPECT_EQ(with_column(tsv(quoted), "c", std::vector<std::string>{"z"}),
            "a\tb\tc\n\"x\ty\"\t2\tz\n");
}

TEST(Tsv, ReportsTheReadingThatWentFurther) {
  // As quoted cells, line 4 is short; with bare quotes, line 2 is.
  EXPECT_EQ(message_of([] { tsv("a\tb\n\"x\ny\"\t1\n2\n"); }),
            "t.tsv:4: this row has 1 cell, the header has 2 cells");
  // As quoted cells, the first row never ends.
  EXPECT_EQ(message_of([] { tsv("a\tb\n\"x\t1\n2\n"); }),
            "t.tsv:3: this row has 1 cell, the header has 2 cells");
}

TEST(Tsv, LiteralQuotes) {
  const Table table(TextFile("t", "a\tb\n\"1\"\t\"\"2\n"), {'\t', Quotes::literal});
  EXPECT_EQ(rows_of(table), (Rows{{"\"1\"", "\"\"2"}}));
}

TEST(TableFormat, ByEndingOrName) {
  EXPECT_EQ(table_format("a.csv").delimiter, ',');
  EXPECT_EQ(table_format("a.tsv.gz").delimiter, '\t');
  EXPECT_EQ(table_format("a.b/c.tab").delimiter, '\t');
  EXPECT_EQ(table_format("train.txt", "tsv").delimiter, '\t');
  EXPECT_EQ(table_format("a.tsv", "csv").delimiter, ',');
  EXPECT_THAT(message_of([] { table_format("train.txt"); }), StartsWith("train.txt: the ending"));
  EXPECT_THAT(message_of([] { table_format("a.csv", "xlsx"); }),
              HasSubstr("no table format 'xlsx'; csv and tsv are known"));
}

TEST(TableWriter, QuotesWhatNeedsIt) {
  const auto row = [](std::vector<std::string> cells, TableFormat format) {
    std::string out;
    append_row(out, std::span<const std::string>(cells), format);
    return out;
  };
  EXPECT_EQ(row({"a", "b c", ""}, kCsv), "a,b c,\n");
  EXPECT_EQ(row({"a,b", "\"q\"", "x\ny", "\r"}, kCsv), "\"a,b\",\"\"\"q\"\"\",\"x\ny\",\"\r\"\n");
  EXPECT_EQ(row({""}, kCsv), "\"\"\n");
  EXPECT_EQ(row({"a,b", "say \"q\"", "\"q\"", "x\ty"}, kTsv),
            "a,b\t\"say \"\"q\"\"\"\t\"\"\"q\"\"\"\t\"x\ty\"\n");
  EXPECT_EQ(row({"\"q\"", "a,b"}, {'\t', Quotes::literal}), "\"q\"\ta,b\n");
  EXPECT_THROW(row({"x\ty"}, {'\t', Quotes::literal}), Error);
  EXPECT_THROW(row({"x\ny"}, {'\t', Quotes::literal}), Error);
}

// What is written is read back, for cells made of the characters that matter.
TEST(TableWriter, RoundTrip) {
  const std::vector<std::string> pieces = {"\"", "\"\"",     ",",  "\t",   "x",
                                           " ",  "\xc3\xa9", "\n", "\r\n", "\r"};
  for (const TableFormat format : {kCsv, kTsv}) {
    // No line ends in a TSV here: its lines could be rows of their own.
    const std::size_t kinds = format.quotes == Quotes::rfc ? pieces.size() : 7;
    for (std::uint64_t trial = 0; trial < 300; ++trial) {
      Random random(trial, "table");
      const std::size_t columns = 1 + static_cast<std::size_t>(random.below(4));
      Rows rows(1 + static_cast<std::size_t>(random.below(5)));
      std::string text;
      std::vector<std::string> header;
      for (std::size_t c = 0; c < columns; ++c) header.push_back(std::to_string(c));
      append_row(text, std::span<const std::string>(header), format);
      for (auto& row : rows) {
        row.resize(columns);
        for (std::string& cell : row) {
          for (auto left = random.below(5); left > 0; --left) {
            cell += pieces[static_cast<std::size_t>(random.below(kinds))];
          }
        }
        append_row(text, std::span<const std::string>(row), format);
      }
      ASSERT_EQ(rows_of(Table(TextFile("t", text), format)), rows) << text;
    }
  }
}

TEST(TableWriter, WithColumnEchoesTheRows) {
  const Table table = csv("text,label\r\n\"a, b\",1\r\n\"x\"\"y\",2\r\n");
  const std::vector<std::string> values = {"yes", "no, never"};
  EXPECT_EQ(with_column(table, "predicted", values),
            "text,label,predicted\n\"a, b\",1,yes\n\"x\"\"y\",2,\"no, never\"\n");
  EXPECT_EQ(with_column(csv("predicted\nx\n"), "predicted", std::vector<std::string>{"y"}),
            "predicted,predicted_2\nx,y\n");
  EXPECT_THROW(with_column(table, "predicted", std::vector<std::string>{"one"}), Error);
}

TEST(Table, ShortTextSurvivesMovesAndCopies) {
  Table first = csv("a\nx\n");
  const Table copy = first;
  const Table moved = std::move(first);
  EXPECT_EQ(copy.at(0, 0), "x");
  EXPECT_EQ(moved.at(0, 0), "x");
}

TEST(Table, ReadsGzipByName) {
  EXPECT_EQ(message_of([] { Table::read("/nowhere/x.csv.gz", kCsv); }),
            "/nowhere/x.csv.gz: there is no such file");
}

TEST(Table, RealParaphrasePairs) {
  const char* data = std::getenv("TAILGRAD_DATA");
  if (data == nullptr) GTEST_SKIP() << "TAILGRAD_DATA is not set";
  const std::string folder = std::string(data) + "/pair_mrpc/msr_paraphrase_";
  const Table train = Table::read(folder + "train.txt", kTsv);
  EXPECT_THAT(train.columns(), ElementsAre("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"));
  EXPECT_EQ(train.rows(), 4076U);
  EXPECT_EQ(train.line(4075), 4077U);
  EXPECT_EQ(Table::read(folder + "test.txt", kTsv).rows(), 1725U);
}

}  // namespace
}  // namespace tailgrad

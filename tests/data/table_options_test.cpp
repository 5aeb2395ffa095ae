// Tables as a user describes them: without header, with or without quotes, Latin-1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/data/csv.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(TableOptions, WithoutHeaderColumnsAreNumbered) {
  const TemporaryFolder folder;
  const std::string path = folder.write("t.tsv", "a b\t3\n\nc\t4,5\n");
  const Table table = Table::read(path, TableOptions{.header = false});
  EXPECT_THAT(table.columns(), ElementsAre("1", "2"));
  ASSERT_EQ(table.rows(), 2U);
  EXPECT_EQ(table.at(0, 0), "a b");
  EXPECT_EQ(table.at(1, table.column("2")), "4,5");
  EXPECT_EQ(table.line(0), 1U);
  EXPECT_EQ(table.line(1), 3U);
  const std::vector<std::string> added = {"x", "y"};
  EXPECT_EQ(with_column(table, "predicted", added), "a b\t3\tx\nc\t4,5\ty\n");
}

TEST(TableOptions, WithoutHeaderFaultsSayWhatTheFirstRowHas) {
  const TemporaryFolder folder;
  const TableOptions bare{.header = false};
  EXPECT_THAT(message_of([&] { Table::read(folder.write("a.tsv", "1\t2\n3\n"), bare); }),
              HasSubstr("a.tsv:2: this row has 1 cell, the first one has 2 cells"));
  EXPECT_THAT(message_of([&] { Table::read(folder.write("b.tsv", ""), bare); }),
              HasSubstr("is empty; at least one row is needed"));
  const Table numbered = Table::read(folder.write("c.tsv", "1\t2\n"), bare);
  EXPECT_THAT(
      message_of([&] { numbered.column("text"); }),
      HasSubstr("there is no column 'text'; the columns are '1', '2' (without a header they "
                "are numbered)"));
  const Table named = Table::read(folder.at("c.tsv"), TableOptions{});
  EXPECT_THAT(message_of([&] { named.column("7"); }), HasSubstr("--no-header"));
}

TEST(TableOptions, QuotesByName) {
  const TemporaryFolder folder;
  const std::string path = folder.write("t.tsv", "a\tb\n\"x\"\ty\n");
  EXPECT_EQ(Table::read(path, TableOptions{}).at(0, 0), "x");
  EXPECT_EQ(Table::read(path, TableOptions{.quotes = "double"}).at(0, 0), "x");
  EXPECT_EQ(Table::read(path, TableOptions{.quotes = "none"}).at(0, 0), "\"x\"");
  const std::string csv = folder.write("t.csv", "a,b\n\"x,y\n");
  EXPECT_EQ(Table::read(csv, TableOptions{.quotes = "none"}).at(0, 0), "\"x");
  EXPECT_THAT(message_of([&] { Table::read(csv, TableOptions{}); }), HasSubstr("--quotes none"));
  EXPECT_THAT(message_of([&] { Table::read(path, TableOptions{.quotes = "single"}); }),
              HasSubstr("there is no rule 'single'; double and none are known"));
}

TEST(TableOptions, Latin1) {
  const TemporaryFolder folder;
  const std::string path = folder.write("t.csv", "text,n\ncaf\xe9 \xff\x80,1\n");
  EXPECT_EQ(Table::read(path, TableOptions{.encoding = "latin-1"}).at(0, 0),
            "caf\xc3\xa9 \xc3\xbf\xc2\x80");
  EXPECT_THAT(message_of([&] { Table::read(path, TableOptions{}); }),
              HasSubstr("t.csv:2:4: byte 0xe9 is not valid UTF-8"));
  EXPECT_THAT(message_of([&] { Table::read(path, TableOptions{.encoding = "ascii"}); }),
              HasSubstr("there is no encoding 'ascii'; utf-8 and latin-1 are known"));
}

TEST(TableOptions, WhatIsNotLatin1IsRefused) {
  const TemporaryFolder folder;
  const TableOptions latin1{.encoding = "latin-1"};
  EXPECT_THAT(message_of([&] {
                Table::read(folder.write("a.csv",
                                         "\xef\xbb\xbf"
                                         "a,b\n1,2\n"),
                            latin1);
              }),
              HasSubstr("a.csv:1:1: begins with the byte order mark of UTF-8"));
  EXPECT_THAT(message_of([&] {
                Table::read(folder.write("b.csv",
                                         "\xff\xfe"
                                         "a,b\n"),
                            latin1);
              }),
              HasSubstr("is UTF-16"));
}

// Every byte is one character of the same number, and no two are the same.
TEST(Latin1, EveryByte) {
  std::string bytes;
  for (int b = 0; b < 256; ++b) bytes += static_cast<char>(b);
  const std::string text = utf8_from_latin1(bytes);
  EXPECT_EQ(text.size(), 128U + 2 * 128U);
  EXPECT_EQ(find_invalid_utf8(text), std::nullopt);
  EXPECT_EQ(text.substr(0, 128), bytes.substr(0, 128));
  for (std::size_t b = 128; b < 256; ++b) {
    const auto lead = static_cast<unsigned char>(text[128 + 2 * (b - 128)]);
    const auto rest = static_cast<unsigned char>(text[129 + 2 * (b - 128)]);
    EXPECT_EQ(static_cast<std::size_t>((lead & 0x1f) << 6 | (rest & 0x3f)), b);
  }
}

}  // namespace
}  // namespace tailgrad

#include <tailgrad/data/file.h>

#include <unistd.h>
#include <zlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::HasSubstr;
using testing::StartsWith;

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(text.size() + 100, '\0');
  std::string copy(text);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return packed.substr(0, packed.size() - stream.avail_out);
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i * i) + "\n";
  return text;
}

TEST(ReadBytes, ReadsAnySize) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_bytes(folder.write("empty", "")), "");
  EXPECT_EQ(read_bytes(folder.write("one", "x")), "x");
  const std::string text = long_text();
  EXPECT_EQ(read_bytes(folder.write("long", text)), text);
  const std::string exact(std::size_t{1} << 16, 'y');
  EXPECT_EQ(read_bytes(folder.write("chunk", exact)), exact);
}

TEST(ReadBytes, MissingFile) {
  EXPECT_THROW(read_bytes("/nowhere/a.csv"), Error);
  EXPECT_EQ(message_of([] { read_bytes("/nowhere/a.csv"); }),
            "/nowhere/a.csv: there is no such file");
}

TEST(ReadBytes, FolderForAFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of([&] { read_bytes(folder.at("")); }),
            folder.at("") + ": is a folder; a file is needed");
}

TEST(ReadBytes, UnreadableFile) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const TemporaryFolder folder;
  const std::string path = folder.write("secret", "x");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  EXPECT_THAT(message_of([&] { read_bytes(path); }), HasSubstr("Permission denied"));
}

TEST(ReadBytes, Gzip) {
  const TemporaryFolder folder;
  const std::string text = long_text();
  EXPECT_EQ(read_bytes(folder.write("a.gz", gzip(text))), text);
  EXPECT_EQ(read_bytes(folder.write("empty-text.gz", gzip(""))), "");
  EXPECT_EQ(read_bytes(folder.write("two.gz", gzip("one\n") + gzip("two\n"))), "one\ntwo\n");
  EXPECT_EQ(read_bytes(folder.write("padded.gz", gzip("x") + std::string(512, '\0'))), "x");
  // Only the name asks for decompression: an .npy or IDX reader gets what is there.
  EXPECT_EQ(read_bytes(folder.write("raw", gzip("x"))), gzip("x"));
}

TEST(ReadBytes, GzipCutShortAtEveryByte) {
  const TemporaryFolder folder;
  const std::string packed = gzip("text,label\nyes,1\nno,0\n");
  for (std::size_t size = 2; size < packed.size(); ++size) {
    const std::string path = folder.write("cut.gz", packed.substr(0, size));
    EXPECT_THROW(read_bytes(path), Error) << size;
    EXPECT_THAT(message_of([&] { read_bytes(path); }), HasSubstr("cut.gz: is cut short")) << size;
  }
}

TEST(ReadBytes, BadGzip) {
  const TemporaryFolder folder;
  std::string packed = gzip(long_text());
  EXPECT_THAT(message_of([&] { read_bytes(folder.write("a.gz", packed + "tail")); }),
              HasSubstr("bytes after the end"));
  packed[packed.size() - 6] ^= 1;  // the checksum
  EXPECT_THAT(message_of([&] { read_bytes(folder.write("a.gz", packed)); }),
              HasSubstr("damaged gzip data (incorrect data check)"));
  EXPECT_THAT(message_of([&] { read_bytes(folder.write("a.gz", "text,label\n")); }),
              HasSubstr("is named .gz but does not hold gzip data"));
  EXPECT_THAT(message_of([&] { read_bytes(folder.write("a.gz", "")); }),
              HasSubstr("is empty: no gzip data"));
}

TEST(Utf8, AcceptsTheEdgesOfEveryLength) {
  for (const char* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "0123456789\xc3\xa9 0123456789"}) {
    EXPECT_EQ(find_invalid_utf8(text), std::nullopt) << text;
  }
}

TEST(Utf8, RefusesMalformedSequences) {
  const std::vector<std::string> bad = {"\x80",
                                        "\xbf",  // continuation without a lead
                                        "\xc0\xaf",
                                        "\xc1\xbf",  // overlong, two bytes
                                        "\xe0\x9f\xbf",
                                        "\xf0\x8f\xbf\xbf",  // overlong, three and four
                                        "\xed\xa0\x80",
                                        "\xed\xbf\xbf",  // surrogates
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff",
                                        "\xc3",
                                        "\xe2\x82",
                                        "\xf0\x9f\x98",  // cut short
                                        "\xc3(",
                                        "\xe2(\xa1",
                                        "\xe2\x82(",
                                        "\xf0\x9f(\x80"};
  for (const std::string& sequence : bad) {
    for (const std::size_t before : {0U, 1U, 7U, 8U, 9U}) {
      EXPECT_EQ(find_invalid_utf8(std::string(before, 'x') + sequence), before);
      EXPECT_EQ(find_invalid_utf8(std::string(before, 'x') + sequence + "tail of ASCII"), before);
    }
  }
}

TEST(TextFile, NamesLineColumnAndByteOfInvalidUtf8) {
  EXPECT_THAT(message_of([] { TextFile("a.csv", "text\ncaf\xe9 noir\n"); }),
              StartsWith("a.csv:2:4: byte 0xe9 is not valid UTF-8"));
  EXPECT_THAT(message_of([] { TextFile("a.csv", "\xef\xbb\xbf\xff"); }),
              StartsWith("a.csv:1:1: byte 0xff"));
}

TEST(TextFile, RecognisesOtherEncodings) {
  EXPECT_THAT(message_of([] { TextFile("a.csv", std::string("\xff\xfet\0e\0", 6)); }),
              HasSubstr("is UTF-16"));
  EXPECT_THAT(message_of([] { TextFile("a.csv", gzip("text")); }),
              HasSubstr("a name that ends in .gz"));
}

TEST(TextFile, StripsTheByteOrderMark) {
  const TextFile file("a.csv", "\xef\xbb\xbftext\nx\n");
  EXPECT_EQ(file.text(), "text\nx\n");
  EXPECT_EQ(file.place(0).column, 1U);
  EXPECT_EQ(TextFile("a.csv", "\xef\xbb\xbf").text(), "");
}

TEST(TextFile, Places) {
  const TextFile file("f", "ab\ncd\n\nx");
  const auto place = [&](std::size_t offset) {
    return std::pair(file.place(offset).line, file.place(offset).column);
  };
  EXPECT_EQ(place(0), std::pair(std::size_t{1}, std::size_t{1}));
  EXPECT_EQ(place(2), std::pair(std::size_t{1}, std::size_t{3}));
  EXPECT_EQ(place(4), std::pair(std::size_t{2}, std::size_t{2}));
  EXPECT_EQ(place(7), std::pair(std::size_t{4}, std::size_t{1}));
  EXPECT_EQ(message_of([&] { file.fail_here(4, "odd"); }), "f:2:2: odd");
}

TEST(LineReader, HandlesBothEndsAndAMissingOne) {
  LineReader lines("one\r\n\ntwo\r\nthree");
  std::vector<std::string> texts;
  std::vector<std::size_t> offsets;
  for (Line line; lines.next(line);) {
    texts.emplace_back(line.text);
    offsets.push_back(line.offset);
    EXPECT_EQ(line.number, texts.size());
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"one", "", "two", "three"}));
  EXPECT_EQ(offsets, (std::vector<std::size_t>{0, 5, 6, 11}));
}

TEST(LineReader, NoLines) {
  LineReader lines("");
  Line line;
  EXPECT_FALSE(lines.next(line));
  LineReader one("\n");
  EXPECT_TRUE(one.next(line));
  EXPECT_EQ(line.text, "");
  EXPECT_FALSE(one.next(line));
}

}  // namespace
}  // namespace tailgrad

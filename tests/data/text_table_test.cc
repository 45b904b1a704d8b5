#include "engine/data/text_table.h"

#include <gtest/gtest.h>

#include "engine/data/sql.h"
#include "tests/base/temp_folder.h"
#include "tests/data/compress.h"

namespace millrace::data {
namespace {

class TextTableTest : public ::testing::Test {
 protected:
  /// "BIGINT VARCHAR | 1 a | 2 NULL": the types and all values as DuckDB writes them, or the error.
  std::string read(std::string_view name, std::string_view text) {
    options_.files = {folder_.write(name, text)};
    return read();
  }
  std::string read() {
    auto table = TextTable::open(options_);
    if (!table) return failed(table.error());
    auto session = Session::open();
    EXPECT_TRUE(table->attach(*session, "rows").ok());
    std::string out;
    std::vector<std::string> items;
    for (const auto& column : table->columns()) {
      out += (out.empty() ? "" : " ") + column.type;
      items.push_back("coalesce(CAST(" + quote_identifier(column.name) +
                      " AS VARCHAR), 'NULL') AS " + quote_identifier(column.name));
    }
    auto rows = session->query("SELECT " + join(items, ", ") + " FROM rows()");
    if (!rows) return failed(rows.error());
    for (std::size_t i = 0; i < rows->rows(); ++i) {
      out += " |";
      for (const auto& column : rows->columns) out += " " + column.cells[i].as_string();
    }
    findings_ = table->findings();
    hints_ = table->hints();
    return out;
  }
  std::string json(std::string_view text) {
    options_.json = true;
    const std::string out = read("a.jsonl", text);
    options_.json = false;
    return out;
  }
  static std::string failed(const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::data_invalid) << error.message;
    return "error: " + error.message;
  }

  TempFolder folder_;
  TextOptions options_;
  TextFindings findings_;
  std::vector<std::string> hints_;
};

/// `count` rows "1,2", then `last`.
std::string late(const std::string& last) {
  std::string text = "a,b\n";
  for (int i = 0; i < 30'000; ++i) text += "1,2\n";
  return text + last;
}

std::string tail(const std::string& text, std::size_t size) {
  return text.size() < size ? text : text.substr(text.size() - size);
}

TEST_F(TextTableTest, ReadsEverySeparator) {
  const std::string expected = "BIGINT VARCHAR | 1 a \"q\", b | 2 NULL";
  EXPECT_EQ(read("a.csv", "id,what\n1,\"a \"\"q\"\", b\"\n2,\n"), expected);
  EXPECT_EQ(read("b.csv", "id;what\r\n1;\"a \"\"q\"\", b\"\r\n2;\r\n"), expected);
  EXPECT_EQ(read("c.tsv", "id\twhat\n1\t\"a \"\"q\"\", b\"\n2\t\n"), expected);
  EXPECT_EQ(read("d.csv", "\xef\xbb\xbfid|what\r1|\"a \"\"q\"\", b\"\r2|"), expected);
  EXPECT_EQ(read("e.csv", "sep=;\r\nid;what\r\n1;\"a \"\"q\"\", b\"\r\n2;\r\n"), expected);
}

TEST_F(TextTableTest, KeepsLateValuesAsWritten) {
  // The text is the value; types from a sample of 20,480 rows made 4, 3 and 0 of these.
  const std::string mixed = read("a.csv", late("3.7,2.5\n0.49,3\n"));
  EXPECT_EQ(mixed.substr(0, 27), "DECIMAL(18,2) DECIMAL(18,1)");
  EXPECT_EQ(tail(mixed, 21), "| 3.70 2.5 | 0.49 3.0");
  EXPECT_EQ(tail(read("a.csv", late("00501,1e-3\n")), 13), "| 00501 0.001");
}

TEST_F(TextTableTest, ChoosesExactTypes) {
  EXPECT_EQ(read("a.csv", "k\n12345678901234567890\n12345678901234567891\n"),
            "DECIMAL(38,0) | 12345678901234567890 | 12345678901234567891");
  EXPECT_EQ(read("a.csv", "k\n9223372036854775807\n-9223372036854775808\n"),
            "BIGINT | 9223372036854775807 | -9223372036854775808");
  EXPECT_EQ(read("a.csv", "k\n99999999999999999999999999999999999999\n1\n"),
            "DECIMAL(38,0) | 99999999999999999999999999999999999999 | 1");
  EXPECT_EQ(read("a.csv", "k\n999999999999999999999999999999999999999\n1\n"),
            "VARCHAR | 999999999999999999999999999999999999999 | 1");
  EXPECT_EQ(read("a.csv", "zip\n00501\n10115\n"), "VARCHAR | 00501 | 10115");
  EXPECT_EQ(read("a.csv", "x\n1e-3\n2\n"), "DOUBLE | 0.001 | 2.0");
  EXPECT_EQ(read("a.csv", "x\n0.1\n-12.25\n"), "DECIMAL(18,2) | 0.10 | -12.25");
  EXPECT_EQ(read("a.csv", "x\n5e-324\n1.7976931348623157e308\ninf\n"),
            "DOUBLE | 5e-324 | 1.7976931348623157e+308 | inf");
  // 17 digits that no double has: 0.1 is 0.10000000000000001 with 17 digits, not …002.
  EXPECT_EQ(read("a.csv", "x\n1e3\n0.10000000000000002000001\n"),
            "DECIMAL(38,23) | 1000.00000000000000000000000 | 0.10000000000000002000001");
  EXPECT_EQ(read("a.csv", "x\n12345678901234567890\n1e-3\n"),
            "DECIMAL(38,3) | 12345678901234567890.000 | 0.001");
  EXPECT_EQ(read("a.csv", "x\ntrue\nFALSE\n"), "BOOLEAN | true | false");
  EXPECT_EQ(read("a.csv", "x\nyes\nno\n"), "VARCHAR | yes | no");
  EXPECT_EQ(read("a.csv", "x\n+49151\n1\n"), "VARCHAR | +49151 | 1");
  EXPECT_EQ(read("a.csv", "x\n1\nabc\n"), "VARCHAR | 1 | abc");
  EXPECT_EQ(hints_.size(), 1u);
}

TEST_F(TextTableTest, ReadsTimesAlikeInCsvAndJson) {
  // RFC 3339, section 5.8: 23:30 at -05:00 is 04:30 of the next day in UTC.
  EXPECT_EQ(read("a.csv", "t\n2024-01-01T23:30:00-05:00\n"),
            "TIMESTAMP WITH TIME ZONE | 2024-01-02 04:30:00+00");
  EXPECT_EQ(json("{\"t\":\"2024-01-01T23:30:00-05:00\"}\n"),
            "TIMESTAMP WITH TIME ZONE | 2024-01-02 04:30:00+00");
  EXPECT_EQ(read("a.csv", "t\n2024-01-01\n2024-01-02 10:15:00.5\n"),
            "TIMESTAMP | 2024-01-01 00:00:00 | 2024-01-02 10:15:00.5");
  EXPECT_EQ(read("a.csv", "t\n2024-01-01\n0099-12-31\n"), "DATE | 2024-01-01 | 0099-12-31");
  EXPECT_EQ(read("a.csv", "t\n2024-02-30\n"), "VARCHAR | 2024-02-30");
  EXPECT_EQ(read("a.csv", "t\n2024-01-01T00:00:00.123456789\n"),
            "VARCHAR | 2024-01-01T00:00:00.123456789");
  EXPECT_EQ(read("a.csv", "t\n2024-01-01T00:00:00Z\n2024-01-01T00:00:00\n"),
            "VARCHAR | 2024-01-01T00:00:00Z | 2024-01-01T00:00:00");
}

TEST_F(TextTableTest, DecidesDayAndMonthForTheWholeDataSet) {
  EXPECT_EQ(read("a.csv", "d\n03/04/2024\n"),
            "error: a.csv:2: column 'd': '03/04/2024' may have the day or the month first, and no "
            "value of the data tells; set date_format, e.g. '%d/%m/%Y' or '%m/%d/%Y', or give the "
            "column the type VARCHAR");
  EXPECT_EQ(read("a.csv", "d\n03/04/2024\n03/14/2024\n"), "DATE | 2024-03-04 | 2024-03-14");
  EXPECT_EQ(read("a.csv", "d\n03.04.2024\n14.03.2024 10:00\n"),
            "TIMESTAMP | 2024-04-03 00:00:00 | 2024-03-14 10:00:00");
  EXPECT_EQ(read("a.csv", "d\n03/14/2024\n14/03/2024\n"), "VARCHAR | 03/14/2024 | 14/03/2024");
  options_.files = {folder_.write("1.csv", "d\n03/04/2024\n"),
                    folder_.write("2.csv", "d\n03/14/2024\n")};
  EXPECT_EQ(read(), "DATE | 2024-03-04 | 2024-03-14");
  options_.date_format = "%d/%m/%Y";
  EXPECT_EQ(read("a.csv", "d\n03/04/2024\n"), "DATE | 2024-04-03");
  EXPECT_NE(read("a.csv", "d\n03/14/2024\n").find("a.csv:2: column 'd': '03/14/2024' does not fit"),
            std::string::npos);
  options_.date_format.clear();
  options_.date_formats["d"] = "%d %b %y %I:%M %p";
  EXPECT_EQ(read("a.csv", "d\n3 Apr 24 01:05 PM\n"), "TIMESTAMP | 2024-04-03 13:05:00");
  options_.date_formats["d"] = "%Y%m%d";
  EXPECT_EQ(read("a.csv", "d\n20240403\n"), "DATE | 2024-04-03");
}

TEST_F(TextTableTest, DecompressesBeforeItJudges) {
  const std::string text = "id,t\n1,\"a;b;c\"\n2,x\n";
  const std::string expected = "BIGINT VARCHAR | 1 a;b;c | 2 x";
  EXPECT_EQ(read("a.csv.gz", gzipped(text)), expected);
  EXPECT_EQ(read("b.csv", gzipped("id,t\n1,\"a") + gzipped(";b;c\"\n2,x\n")), expected);
  EXPECT_EQ(read("c.csv.zst", zstd_packed(text)), expected);
  const std::string cut = gzipped(text);
  EXPECT_NE(read("d.csv.gz", cut.substr(0, cut.size() - 9)).find("cut off"), std::string::npos);
  options_.json = true;
  EXPECT_EQ(read("a.jsonl.gz", gzipped("{\"id\":1}\n")), "BIGINT | 1");
}

TEST_F(TextTableTest, StopsAtABombOfCompression) {
  options_.files = {folder_.write("a.csv.gz", gzipped("a\n" + std::string(1 << 20, '1') + "\n"))};
  options_.bytes.max_bytes = 1000;
  const auto table = TextTable::open(options_);
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().code, ErrorCode::resource_exhausted);
}

TEST_F(TextTableTest, FilesOfOneTableMustAgree) {
  options_.files = {folder_.write("1.csv", "a,b\n1,x\n"), folder_.write("2.csv", "b;a\ny;2.5\n")};
  EXPECT_EQ(read(), "DECIMAL(18,1) VARCHAR | 1.0 x | 2.5 y");
  options_.files[1] = folder_.write("2.csv", "a,c\n2,z\n");
  EXPECT_NE(read().find("2.csv has a column 'c' that 1.csv has not"), std::string::npos);
  options_.files[1] = folder_.write("2.csv", "a\n2\n");
  EXPECT_NE(read().find("2.csv has no column 'b'"), std::string::npos);
  options_.union_by_name = true;
  options_.source_column = "file";
  EXPECT_EQ(read(), "BIGINT VARCHAR VARCHAR | 1 x 1.csv | 2 NULL 2.csv");
}

TEST_F(TextTableTest, NamesFileLineColumnValueAndCure) {
  const std::string cure = "; correct it, or set bad_rows to quarantine or count";
  options_.types = {{"amount", "DOUBLE"}};
  EXPECT_EQ(read("sales.csv", "id,amount\n1,2.5\n2,oops\n"),
            "error: sales.csv:3: column 'amount': 'oops' is not a DOUBLE" + cure);
  options_.types = {{"a", "BIGINT"}};
  EXPECT_EQ(read("late.csv", late("1.5,2\n")),
            "error: late.csv:30002: column 'a': '1.5' is not a BIGINT" + cure);
  options_.types.clear();
  EXPECT_EQ(read("ragged.csv", "id,amount\n1,2\n2\n"),
            "error: ragged.csv:3: 1 field where the header has 2" + cure);
  EXPECT_EQ(read("wide.csv", late("1,2,3\n")),
            "error: wide.csv:30002: 3 fields where the header has 2" + cure);
  EXPECT_NE(
      read("bytes.csv", "id,name\n1,a\xff\xfe\n").find("bytes.csv:2: bytes that are no UTF-8"),
      std::string::npos);
  EXPECT_NE(
      read("open.csv", "id,name\n1,\"a\n2,b\n").find("open.csv:2: the quote that opens field 2"),
      std::string::npos);
  EXPECT_NE(read("two.csv", "a;b,c;d\n1;2,3;4\n").find("set delimiter"), std::string::npos);
  EXPECT_EQ(json("{\"a\":1}\n{\"a\":\n").substr(0, 18), "error: a.jsonl:2: ");
  EXPECT_EQ(json("{\"a\":1}\n[1]\n").substr(0, 18), "error: a.jsonl:2: ");
  EXPECT_EQ(json("[{\"a\":1},\n{\"a\" 2}]").substr(0, 18), "error: a.jsonl:2: ");
}

TEST_F(TextTableTest, QuarantinesAndCountsBadRows) {
  options_.types = {{"n", "BIGINT"}};
  options_.bad_rows = BadRows::quarantine;
  EXPECT_EQ(read("a.csv", "n,t\n1,a\n2\nx,\"c\nd\"\n4,e\n"), "BIGINT VARCHAR | 1 a | 4 e");
  EXPECT_EQ(findings_.rows, 2u);
  EXPECT_EQ(findings_.bad_rows, 2u);
  ASSERT_EQ(findings_.bad.size(), 2u);
  EXPECT_EQ(findings_.bad[0].text, "2");
  EXPECT_EQ(findings_.bad[1].line, 4u);
  EXPECT_EQ(findings_.bad[1].text, "x,\"c\nd\"");
  EXPECT_EQ(findings_.bad[1].reason, "column 'n': 'x' is not a BIGINT");
}

TEST_F(TextTableTest, ReadsOtherDialects) {
  options_.csv.nulls = {"", "NA", "N/A", "null"};
  EXPECT_EQ(read("a.csv", "n,t\nNA,\"NA\"\n2,null\n,N/A\n"),
            "BIGINT VARCHAR | NULL NA | 2 NULL | NULL NULL");
  options_.csv.quoted_nulls = true;
  EXPECT_EQ(read("a.csv", "n,t\nNA,\"NA\"\n2,x\n"), "BIGINT VARCHAR | NULL NULL | 2 x");
  options_ = {};
  options_.numbers = {',', '.'};
  options_.csv.delimiter = ';';
  EXPECT_EQ(read("a.csv", "n;m\n1.234,5;7\n-2,25;1.000\n"),
            "DECIMAL(18,2) BIGINT | 1234.50 7 | -2.25 1000");
  options_ = {};
  options_.csv.quote = '\'';
  options_.csv.escape = '\\';
  options_.csv.comment = '#';
  options_.csv.skip = 1;
  EXPECT_EQ(read("a.csv", "title\n# c\nn,t\n1,'it\\'s, \\\\'\n#2,x\n"),
            "BIGINT VARCHAR | 1 it's, \\");
  options_ = {};
  options_.csv.header = false;
  options_.csv.names = {"x", "y"};
  EXPECT_EQ(read("a.csv", "1,a\n2,b\n"), "BIGINT VARCHAR | 1 a | 2 b");
  options_ = {};
  options_.bytes.encoding = "windows-1252";
  EXPECT_EQ(read("a.csv", "t\n\x80 \xe9\n"), "VARCHAR | € é");
  options_ = {};
  EXPECT_EQ(read("a.csv", std::string("\xff\xfe"
                                      "t\0\n\0\xac\x20\n\0",
                                      10)),
            "VARCHAR | €");
}

TEST_F(TextTableTest, ToldNullsFromEmptyTexts) {
  EXPECT_EQ(read("a.csv", "n,t\n\"\",\"\"\n1,\n2,x\n"), "BIGINT VARCHAR | NULL  | 1 NULL | 2 x");
  // The rows of one column are not lost where they are blank.
  EXPECT_EQ(read("a.csv", "n\n1\n\n2\n"), "BIGINT | 1 | NULL | 2");
  EXPECT_EQ(read("a.csv", "n,m\n1,2\n\n3,4\n\n"), "BIGINT BIGINT | 1 2 | 3 4");
}

TEST_F(TextTableTest, LosesNoRowToASeparatorInAName) {
  // Blank lines are the nulls of one column, or nothing between the rows of two.
  EXPECT_NE(read("a.csv", "a;b\n\n\n").find("may separate the fields; set delimiter"),
            std::string::npos);
  EXPECT_EQ(read("a.csv", "a;b\n1;2\n\n"), "BIGINT BIGINT | 1 2");
  options_.csv.header = false;
  options_.csv.names = {"t"};
  EXPECT_EQ(read("a.csv", "sep=;\nx\n"),
            "error: a.csv:1: 2 fields, but names lists 1; set names or "
            "delimiter");
  options_.csv.delimiter = ',';
  EXPECT_EQ(read("a.csv", "sep=;\nx\n"), "VARCHAR | sep=; | x");
}

TEST_F(TextTableTest, MakesNanNullAndCountsIt) {
  EXPECT_EQ(read("a.csv", "x,t\n1.5,nan\nNaN,a\n"), "DECIMAL(18,1) VARCHAR | 1.5 nan | NULL a");
  EXPECT_EQ(findings_.nans.size(), 1u);
  EXPECT_EQ(findings_.nans["x"], 1u);
  EXPECT_EQ(json("{\"x\":1e0}\n{\"x\":NaN}\n{\"x\":-Infinity}\n"), "DOUBLE | 1.0 | NULL | -inf");
  EXPECT_EQ(findings_.nans["x"], 1u);
  options_.refuse_nan = true;
  EXPECT_NE(read("a.csv", "x\n1.5\nNaN\n").find("a.csv:3: column 'x': 'NaN'"), std::string::npos);
}

TEST_F(TextTableTest, TakesTypesOfContracts) {
  options_.types = {{"a", "integer"}, {"b", "number"}, {"c", "timestamp"}, {"d", "string"}};
  EXPECT_EQ(read("a.csv", "a,b,c,d\n,,,\n"),
            "BIGINT DOUBLE TIMESTAMP VARCHAR | NULL NULL NULL NULL");
  EXPECT_EQ(read("a.csv", "a,b,c,d\n1.0,2.5,2024-01-01,7\n"),
            "BIGINT DECIMAL(18,1) TIMESTAMP VARCHAR | 1 2.5 2024-01-01 00:00:00 7");
  EXPECT_NE(read("a.csv", "a,b,c,d\n1.5,2,2024-01-01,7\n").find("'1.5' is not a BIGINT"),
            std::string::npos);
}

TEST_F(TextTableTest, ReadsJson) {
  EXPECT_EQ(json("{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\n"), "BIGINT VARCHAR | 1 x | 2 NULL");
  EXPECT_EQ(json("[\n{\"a\":0.30000000000000004},{\"a\":2}\n]"),
            "DECIMAL(18,17) | 0.30000000000000004 | 2.00000000000000000");
  EXPECT_EQ(json("{\"k\":12345678901234567890}\n{\"k\":null}\n"),
            "DECIMAL(38,0) | 12345678901234567890 | NULL");
  EXPECT_EQ(json("{\"s\":\"1\"}\n{\"s\":\"\"}\n"), "VARCHAR | 1 | ");
  EXPECT_EQ(json("{\"s\":\"\\u20ac \\ud83d\\ude00\"}\n"), "VARCHAR | € 😀");
  EXPECT_EQ(json("{\"n\":[1, {\"x\":\"]\"}]}\n{\"n\":2}\n"), "VARCHAR | [1, {\"x\":\"]\"}] | 2");
  EXPECT_NE(json("{\"a\":1,\"a\":2}\n").find("twice"), std::string::npos);
  EXPECT_EQ(json("{\"Id\":1,\"ID\":2}\n"), "BIGINT BIGINT | 1 2");
}

TEST_F(TextTableTest, KeepsTheColumnsOfSparseJson) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "{\"id\":" + std::to_string(i) + ",\"k" + std::to_string(i) + "\":1}\n";
  options_.json = true;
  options_.files = {folder_.write("a.jsonl", text)};
  const auto table = TextTable::open(options_);
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->columns().size(), 301u);
  EXPECT_EQ(table->columns()[0].name, "id");
  EXPECT_EQ(table->columns()[0].type, "BIGINT");
}

TEST_F(TextTableTest, RefusesDeepJsonAtOnce) {
  for (const std::size_t depth : {std::size_t{17}, std::size_t{10'000}, std::size_t{1'000'000}})
    EXPECT_NE(json("{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}\n")
                  .find("nested more than 16 levels deep"),
              std::string::npos);
}

TEST_F(TextTableTest, StopsWhenAsked) {
  options_.files = {folder_.write("a.csv", "a\n1\n")};
  options_.cancelled = [] { return true; };
  const auto table = TextTable::open(options_);
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace millrace::data

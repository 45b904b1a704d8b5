#include "engine/data/scan.h"

#include <gtest/gtest.h>

#include "engine/data/session.h"
#include "tests/base/temp_folder.h"

namespace millrace::data {
namespace {

class Scan : public ::testing::Test {
 protected:
  std::string format(std::string_view name, std::string_view text,
                     std::string_view given = "auto") {
    const auto found = format_of(given, folder_.write(name, text));
    if (found) return std::string(to_string(*found));
    EXPECT_EQ(found.error().code, ErrorCode::data_invalid) << found.error().message;
    return found.error().message;
  }
  TempFolder folder_;
};

TEST_F(Scan, JudgesByNameAndContent) {
  EXPECT_EQ(format("a.csv", "a,b\n"), "csv");
  EXPECT_EQ(format("b.jsonl", "{\"a\":1}\n"), "jsonl");
  EXPECT_EQ(format("c.jsonl.gz", "{\"a\":1}\n"), "jsonl");  // the name without .gz
  EXPECT_EQ(format("download", "\n [{\"a\":1}]"), "jsonl");
  EXPECT_EQ(format("download", "a;b\n1;2\n"), "csv");
  EXPECT_EQ(format("e.csv", "{x},y\n1,2\n"), "csv");  // a brace alone is not JSON
}

TEST_F(Scan, RefusesWhatIsNoTable) {
  EXPECT_NE(format("a.csv", "\n<!DOCTYPE html>\n<html>").find("page of HTML"), std::string::npos);
  EXPECT_NE(format("a.csv", "<html>", "csv").find("page of HTML"), std::string::npos);
  EXPECT_NE(format("b.csv", "{\"error\":\"token expired\"}").find("holds JSON"), std::string::npos);
  EXPECT_EQ(format("b.csv", "{\"error\":\"token expired\"}", "jsonl"), "jsonl");
  EXPECT_NE(format("c.xlsx", std::string("PK\x03\x04xx")).find("save it as CSV"),
            std::string::npos);
  EXPECT_NE(format("d.jsonl", "a,b\n1,2\n").find("not JSON"), std::string::npos);
}

TEST_F(Scan, RefusesWhatIsNoParquet) {
  for (const char* text : {"PAR1garbage", "a,b\n1,2\n"}) {
    const auto file = folder_.write("fake.parquet", text);
    auto session = Session::open({.files = {file}});
    ASSERT_TRUE(session.ok());
    const auto read = session->query("SELECT * FROM " + parquet_relation(file));
    ASSERT_FALSE(read.ok());
    const Error error = explain_read_error(read.error(), Format::parquet);
    EXPECT_EQ(error.code, ErrorCode::data_invalid);
    EXPECT_NE(error.message.find("fake.parquet"), std::string::npos) << error.message;
  }
}

TEST_F(Scan, RefusesUnknownFormats) { EXPECT_FALSE(format_of("xlsx", "a.xlsx").ok()); }

}  // namespace
}  // namespace millrace::data

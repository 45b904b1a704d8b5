#include "tests/tidy/source.h"

#include <gtest/gtest.h>

namespace millrace::tidy {
namespace {

TEST(TidySource, BlanksCommentsAndLiteralsColumnForColumn) {
  const SourceFile file = make_source("engine/x/a.cc",
                                      "int a = 1'000;  // sleep \"not a literal\n"
                                      "auto s = \"x \\\" // y\"; char c = '\"'; /* one\n"
                                      "two */ int b; auto r = R\"q(SELECT \"1\"\n)q\"; int d;\n");
  ASSERT_EQ(file.code.size(), 4u);
  EXPECT_EQ(file.code[0].substr(0, 14), "int a = 1'000;");
  EXPECT_EQ(file.code[0].find("sleep"), std::string::npos);
  EXPECT_EQ(file.code[1].find("//"), std::string::npos);
  EXPECT_EQ(file.code[1].size(), file.lines[1].size());
  EXPECT_EQ(file.code[2].find("two"), std::string::npos);
  EXPECT_NE(file.code[2].find("int b;"), std::string::npos);
  EXPECT_NE(file.code[3].find("int d;"), std::string::npos);
  ASSERT_EQ(file.literals.size(), 2u);
  EXPECT_EQ(file.literals[0].text, "x \\\" // y");
  EXPECT_EQ(file.literals[1].text, "SELECT \"1\"\n");
  EXPECT_EQ(file.literals[1].line, 3);
}

TEST(TidySource, ReadsIncludesAndNotThoseInComments) {
  const SourceFile file = make_source(
      "engine/x/a.cc", "#include \"engine/base/json.h\"\n#  include <vector>\n// #include <map>\n");
  ASSERT_EQ(file.includes.size(), 2u);
  EXPECT_EQ(file.includes[0].target, "engine/base/json.h");
  EXPECT_TRUE(file.includes[0].quoted);
  EXPECT_EQ(file.includes[1].target, "vector");
  EXPECT_EQ(file.includes[1].line, 2);
}

TEST(TidySource, NamesTheModuleOfAPath) {
  EXPECT_EQ(module_of("engine/pg/journal.cc"), "pg");
  EXPECT_EQ(module_of("operators/ml/train.cc"), "operators");
  EXPECT_EQ(module_of("engine/CMakeLists.txt"), "");
  EXPECT_EQ(module_of("tests/pg/journal_test.cc"), "");
}

TEST(TidySource, FindsWholeWordsOnly) {
  EXPECT_EQ(find_word("my_run run", "run"), 7u);
  EXPECT_EQ(find_word("runs", "run"), std::string_view::npos);
}

TEST(TidySource, TheProjectIsRead) {
  EXPECT_NE(project().find("engine/base/result.h"), nullptr);
  EXPECT_NE(project().find("run"), nullptr);
  for (const SourceFile& file : project().files)
    EXPECT_EQ(file.path.find("node_modules/"), std::string::npos) << file.path;
}

}  // namespace
}  // namespace millrace::tidy

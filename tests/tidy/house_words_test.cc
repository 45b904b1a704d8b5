#include "tests/tidy/house_words.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace millrace::tidy {
namespace {

// ------------------------------------------------------------------------------ the project's own

TEST(TidyWords, WallClockIsReadInOnePlace) {
  const Findings found = check_wall_clock(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyWords, TestsDoNotSleep) {
  const Findings found = check_sleep(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyWords, SqlStandsInSqlFiles) {
  const Findings found = check_sql(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyWords, NothingIsUnfinishedSwitchedOffOrTiedToAMachine) {
  const Findings found = check_words(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyWords, NamesSayWhatAThingIs) {
  const Findings found = check_names(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyWords, HeadersOpenWithTheirContract) {
  const Findings found = check_headers(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyWords, LinesFitInAHundredColumns) {
  const Findings found = check_columns(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyWords, FilesAreShort) {
  std::ifstream in(MILLRACE_SOURCE_DIR "/tests/tidy/long_files.txt");
  ASSERT_TRUE(in.good());
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const Findings found = check_lengths(project(), parse_long_files(text));
  EXPECT_TRUE(found.empty()) << listing(found);
}

// ----------------------------------------------------------------------- each rule finds its
// sample

Tree one(std::string path, std::string_view text) {
  return {{make_source(std::move(path), text)}, {}};
}

TEST(TidyWordsSample, WallClock) {
  const std::string_view text = "\nauto t = std::chrono::system_clock::now();\n";
  const Findings found = check_wall_clock(one("engine/core/a.cc", text));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("engine/core/a.cc:2:")) << found[0];
  EXPECT_TRUE(check_wall_clock(one("engine/base/clock.cc", text)).empty());
  EXPECT_TRUE(
      check_wall_clock(one("engine/core/a.cc", "// system_clock::now is banned\n")).empty());
}

TEST(TidyWordsSample, Sleep) {
  EXPECT_EQ(check_sleep(one("tests/a.cc", "std::this_thread::sleep_for(1s);\n")).size(), 1u);
  EXPECT_EQ(check_sleep(one("tests/a.cc", "::sleep(1);\n")).size(), 1u);
  EXPECT_TRUE(check_sleep(one("tests/a.cc", "run(\"sleep 10\"); int sleep = 0;\n")).empty());
  EXPECT_TRUE(check_sleep(one("engine/exec/a.cc", "std::this_thread::sleep_for(1s);\n")).empty());
  EXPECT_TRUE(check_sleep(one("tests/chaos/a.cc", "std::this_thread::sleep_for(1s);\n")).empty());
}

TEST(TidyWordsSample, Sql) {
  EXPECT_EQ(check_sql(one("engine/serve/a.cc", "q(\"SELECT id FROM run\");\n")).size(), 1u);
  EXPECT_EQ(check_sql(one("engine/pg/a.cc", "q(R\"(UPDATE run SET a = 1)\");\n")).size(), 1u);
  EXPECT_EQ(
      check_sql(one("engine/pg/a.cc", "q(\"DELETE FROM run\" \"INSERT INTO run\");\n")).size(), 2u);
  EXPECT_TRUE(check_sql(one("engine/pg/a.cc", "q(\"UPDATE the row\"); // SELECT it\n")).empty());
  EXPECT_TRUE(check_sql(one("engine/app/a.cc",
                            "#include \"engine/data/session.h\"\nq(\"SELECT id FROM t\");\n"))
                  .empty());
  EXPECT_TRUE(check_sql(one("operators/data/a.cc", "q(\"SELECT id FROM t\");\n")).empty());
}

TEST(TidyWordsSample, Words) {
  EXPECT_EQ(check_words(one("docs/a.md", "TODO: more\nit works for now\n")).size(), 2u);
  EXPECT_EQ(check_words(one("tests/a.cc", "TEST(A, DISABLED_b) { GTEST_SKIP(); }\n")).size(), 2u);
  EXPECT_EQ(check_words(one("dags/a.yaml", "path: /root/data\npath: /work/x\n")).size(), 2u);
  EXPECT_TRUE(check_words(one("docs/a.md", "TODOS build/work/x network/root/\n")).empty());
}

TEST(TidyWordsSample, Names) {
  EXPECT_EQ(check_names(one("engine/x/a.h", "class TaskManager final {\n")).size(), 1u);
  EXPECT_EQ(check_names(one("engine/x/a.h", "struct Impl;\n")).size(), 1u);
  EXPECT_EQ(check_names(one("engine/utils/a.h", "\n")).size(), 1u);
  EXPECT_TRUE(check_names(one("engine/x/a.h", "class Journal {\n")).empty());
}

TEST(TidyWordsSample, Headers) {
  EXPECT_EQ(check_headers(one("engine/x/a.h", "int a;\nusing namespace std;\n")).size(), 3u);
  EXPECT_TRUE(check_headers(one("engine/x/a.h",
                                "// A.\n#pragma once\nusing namespace std::chrono_literals;\n"))
                  .empty());
}

TEST(TidyWordsSample, ColumnsCountCharactersNotBytes) {
  std::string dashes;
  for (int i = 0; i < 100; ++i) dashes += "–";
  EXPECT_TRUE(check_columns(one("engine/x/a.cc", dashes + "\n")).empty());
  EXPECT_EQ(check_columns(one("engine/x/a.cc", dashes + "x\n")).size(), 1u);
}

TEST(TidyWordsSample, LengthsAndTheirExceptions) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "int a;\n";
  const Tree tree = one("engine/x/a.cc", text);
  EXPECT_EQ(check_lengths(tree, {}).size(), 1u);
  EXPECT_TRUE(check_lengths(one("web/src/a.gen.ts", text), {}).empty());
  EXPECT_TRUE(
      check_lengths(tree, {{"engine/x/a.cc", 600, "one table that nobody would split"}}).empty());
  EXPECT_EQ(
      check_lengths(tree, {{"engine/x/a.cc", 599, "one table that nobody would split"}}).size(),
      1u);
  EXPECT_EQ(check_lengths(tree, {{"engine/x/a.cc", 600, "because"}}).size(), 1u);
  EXPECT_EQ(
      check_lengths(one("engine/x/a.cc", "\n"), {{"engine/x/a.cc", 600, "a reason of four words"}})
          .size(),
      1u);
}

}  // namespace
}  // namespace millrace::tidy

#include "tests/tidy/functions.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace millrace::tidy {
namespace {

Tree tree_of(std::vector<std::pair<std::string, std::string>> files) {
  Tree tree;
  for (const auto& [path, text] : files) tree.files.push_back(make_source(path, text));
  return tree;
}

std::string body(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += "  x();\n";
  return text;
}

std::string text_of(const std::string& name) {
  std::ifstream in(std::string(MILLRACE_SOURCE_DIR "/tests/tidy/") + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(TidyFunctions, CountsFromBraceToBrace) {
  const std::string head = "#include <a>\n\nnamespace {\n\nint f(int a,\n      int b) {\n";
  EXPECT_TRUE(check_function_lengths(tree_of({{"a.cc", head + body(68) + "}\n}\n"}}), {}).empty());
  const auto found = check_function_lengths(tree_of({{"a.cc", head + body(69) + "}\n}\n"}}), {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], "a.cc:6: f has 71 lines; at most 70 fit: split it");
}

TEST(TidyFunctions, FindsMembersAndLeavesTablesAndClasses) {
  EXPECT_TRUE(
      check_function_lengths(tree_of({{"a.cc", "struct A {\n" + body(90) + "};\n" +
                                                   "const int k[] = {\n" + body(90) + "};\n"}}),
                             {})
          .empty());
  const std::string member = "struct A {\n  int f() const {\n" + body(90) + "  }\n};\n";
  EXPECT_EQ(check_function_lengths(tree_of({{"a.h", member}}), {}).size(), 1u);
}

TEST(TidyFunctions, AnEntryAllowsAndIsNotKeptForNothing) {
  const Tree tree = tree_of({{"a.cc", "int f() {\n" + body(80) + "}\n"}});
  EXPECT_TRUE(check_function_lengths(tree, parse_long_functions("a.cc f 82 a table")).empty());
  EXPECT_EQ(check_function_lengths(tree, parse_long_functions("a.cc f 81 a table")).size(), 1u);
  EXPECT_EQ(check_function_lengths(tree_of({}), parse_long_functions("a.cc f 81 a table")).size(),
            1u);
}

TEST(TidyFunctions, TheProjectsAreShort) {
  const auto found =
      check_function_lengths(project(), parse_long_functions(text_of("long_functions.txt")));
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyNames, FindsATypeAndAFileOfTwoModules) {
  const Tree tree = tree_of({{"engine/a/x.h", "struct Session {\n};\nstruct Other;\n"},
                             {"engine/b/y.h", "class Session final : Base {\n};\n"},
                             {"engine/c/x.h", "template <>\nstruct Session<int> {\n};\n"}});
  const auto found = check_names_are_unique(tree, {});
  ASSERT_EQ(found.size(), 2u) << listing(found);
  EXPECT_EQ(check_names_are_unique(tree, parse_double_names("Session r\nx.h r")).size(), 0u);
  EXPECT_EQ(check_names_are_unique(tree_of({}), parse_double_names("Session r")).size(), 1u);
}

TEST(TidyNames, TheProjectsAreUnique) {
  const auto found =
      check_names_are_unique(project(), parse_double_names(text_of("double_names.txt")));
  EXPECT_TRUE(found.empty()) << listing(found);
}

}  // namespace
}  // namespace millrace::tidy

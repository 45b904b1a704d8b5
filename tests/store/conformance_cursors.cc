// How far followers of the journal have come.
#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

TEST_P(StoreTest, ACursorIsWhereItsFollowerSavedItLast) {
  Cursors& cursors = stores().cursors;
  EXPECT_EQ(std::nullopt, *cursors.cursor("lineage"));
  ASSERT_OK(cursors.save_cursor("lineage", 0));
  EXPECT_EQ(0, **cursors.cursor("lineage"));
  ASSERT_OK(cursors.save_cursor("lineage", 7));
  ASSERT_OK(cursors.save_cursor("webhooks", 3));
  EXPECT_EQ(7, **cursors.cursor("lineage"));
  EXPECT_EQ(3, **cursors.cursor("webhooks"));
}

TEST_P(StoreTest, ACursorNeverMovesBack) {
  Cursors& cursors = stores().cursors;
  ASSERT_OK(cursors.save_cursor("lineage", 7));
  ASSERT_OK(cursors.save_cursor("lineage", 5));  // by an engine that no longer leads
  ASSERT_OK(cursors.save_cursor("lineage", 7));
  EXPECT_EQ(7, **cursors.cursor("lineage"));
}

}  // namespace
}  // namespace millrace::testing

// What a power cut leaves of small files and folders.
#include "engine/base/file.h"

#include <gtest/gtest.h>

#include "tests/base/lossy_disk.h"
#include "tests/base/temp_folder.h"

namespace millrace {
namespace {

class FileTest : public ::testing::Test {
 protected:
  FileTest() : disk_(temp_.path() / "notes") { std::filesystem::create_directory(root_); }
  std::filesystem::path after_power_cut() {
    const auto to = temp_.path() / "after";
    disk_.after_power_cut(root_, to);
    return to;
  }

  TempFolder temp_;
  LossyDisk disk_;
  const std::filesystem::path root_ = temp_.path() / "root";
};

// The harness itself: what was not flushed is gone.
TEST_F(FileTest, APlainFileIsLostWithThePower) {
  ASSERT_TRUE(write_file(root_ / "plain", "text").ok());
  EXPECT_FALSE(std::filesystem::exists(after_power_cut() / "plain"));
}

TEST_F(FileTest, AFileWithoutItsFolderIsLostWithThePower) {
  ASSERT_TRUE(write_file(root_ / "plain", "text").ok());
  ASSERT_TRUE(flush_file(root_ / "plain").ok());
  EXPECT_FALSE(std::filesystem::exists(after_power_cut() / "plain"));
}

TEST_F(FileTest, WhatAPowerCutHasLeftSurvivesTheNextOne) {
  ASSERT_TRUE(make_durable_folders(root_ / "a").ok());
  ASSERT_TRUE(write_file_atomic(root_ / "a" / "kept", "text").ok());
  const auto left = after_power_cut();
  disk_.keep(left);
  ASSERT_TRUE(write_file_atomic(left / "a" / "fresh", "more").ok());
  const auto again = temp_.path() / "again";
  disk_.after_power_cut(left, again);
  EXPECT_EQ(read_file(again / "a" / "kept", 100).value_or("(none)"), "text");
  EXPECT_EQ(read_file(again / "a" / "fresh", 100).value_or("(none)"), "more");
}

TEST_F(FileTest, AnAtomicWriteSurvivesAPowerCut) {
  ASSERT_TRUE(write_file_atomic(root_ / "kept", "old").ok());
  ASSERT_TRUE(write_file_atomic(root_ / "kept", "new").ok());
  EXPECT_EQ(read_file(after_power_cut() / "kept", 100).value_or("(none)"), "new");
}

TEST_F(FileTest, MadeFoldersSurviveAPowerCut) {
  ASSERT_TRUE(make_durable_folders(root_ / "a" / "b" / "c").ok());
  ASSERT_TRUE(make_durable_folders(root_ / "a" / "b" / "c").ok());
  EXPECT_TRUE(std::filesystem::is_directory(after_power_cut() / "a" / "b" / "c"));
}

// Another process made it, and died before it could flush the name.
TEST_F(FileTest, AFolderThatIsThereAlreadyIsFlushedAsWell) {
  std::filesystem::create_directory(root_ / "a");
  ASSERT_TRUE(make_durable_folders(root_ / "a").ok());
  EXPECT_TRUE(std::filesystem::is_directory(after_power_cut() / "a"));
}

TEST_F(FileTest, AFileInTheWayOfAFolderIsNamed) {
  ASSERT_TRUE(write_file(root_ / "file", "x").ok());
  const Status made = make_durable_folders(root_ / "file" / "below");
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find((root_ / "file").string()), std::string::npos)
      << made.error().message;
}

}  // namespace
}  // namespace millrace

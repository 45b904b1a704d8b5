// Power cuts, damage, full disks and links: an artifact is what its digest says, or an error says
// so.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "engine/artifact/artifact_store.h"
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "tests/base/lossy_disk.h"
#include "tests/base/temp_folder.h"

namespace {
bool g_disk_is_full = false;
}

/// A disk without room, for the process's own writes to files.
extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  struct stat info {};
  if (g_disk_is_full && ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    errno = ENOSPC;
    return -1;
  }
  return ::syscall(SYS_write, fd, bytes, size);
}

namespace millrace {
namespace {

namespace fs = std::filesystem;

class ArtifactDamageTest : public ::testing::Test {
 protected:
  static ArtifactStore store(const fs::path& root) {
    auto opened = ArtifactStore::open(root);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return *std::move(opened);
  }
  ArtifactStore store() { return store(root_); }
  /// Changes one bit.
  static void flip(const fs::path& path, std::uint64_t bit) {
    fs::permissions(path, fs::perms::owner_all);
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(bit / 8));
    const int byte = file.get() ^ (1 << (bit % 8));
    file.seekp(static_cast<std::streamoff>(bit / 8));
    file.put(static_cast<char>(byte));
  }

  TempFolder temp_;
  const fs::path root_ = temp_.path() / "state" / "artifacts";
};

TEST_F(ArtifactDamageTest, WhatWasPutSurvivesAPowerCut) {
  const LossyDisk disk(temp_.path() / "notes");
  std::vector<std::string> digests;
  {
    ArtifactStore store = this->store();
    for (int i = 0; i < 40; ++i) {
      digests.push_back(store.put_text("text " + std::to_string(i))->digest);
      digests.push_back(store.put_file(temp_.write("file", "file " + std::to_string(i)))->digest);
    }
  }
  disk.after_power_cut(temp_.path(), temp_.path() / "after");
  const ArtifactStore after = store(temp_.path() / "after" / "state" / "artifacts");
  for (const auto& digest : digests) EXPECT_TRUE(after.verify(digest).ok()) << digest;
}

// The folder of a prefix was made by a process that died before it could flush the name.
TEST_F(ArtifactDamageTest, APrefixThatAnotherMadeIsFlushedAsWell) {
  const LossyDisk disk(temp_.path() / "notes");
  ArtifactStore store = this->store();
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  fs::create_directory(root_ / "ba");
  ASSERT_TRUE(store.put_text("abc").ok());
  disk.after_power_cut(temp_.path(), temp_.path() / "after");
  const ArtifactStore after = this->store(temp_.path() / "after" / "state" / "artifacts");
  EXPECT_TRUE(after.verify(abc).ok());
}

TEST_F(ArtifactDamageTest, EachFlippedBitIsNamedAsDamage) {
  ArtifactStore store = this->store();
  std::string text(5000, 'x');
  Rng rng(17);
  for (char& c : text) c = static_cast<char>(rng.below(256));
  const auto put = store.put_text(text);
  ASSERT_TRUE(put.ok());
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t bit = rng.below(text.size() * 8);
    flip(put->path, bit);
    CheckedArtifacts attempt(store);
    for (const Error& error :
         {attempt.get(put->digest).error(), attempt.read(put->digest, 1 << 20).error(),
          store.verify(put->digest).error()}) {
      EXPECT_EQ(error.code, ErrorCode::data_damaged);
      EXPECT_NE(error.message.find(put->digest), std::string::npos) << error.message;
      EXPECT_NE(error.message.find(put->path.string()), std::string::npos) << error.message;
      EXPECT_FALSE(error.transient());
    }
    flip(put->path, bit);
  }
  CheckedArtifacts attempt(store);
  EXPECT_TRUE(attempt.get(put->digest).ok());
  EXPECT_EQ(*attempt.read(put->digest, 1 << 20), text);
}

TEST_F(ArtifactDamageTest, AnAttemptHashesAnArtifactOnce) {
  ArtifactStore store = this->store();
  const auto put = store.put_text("abc");
  CheckedArtifacts attempt(store), next(store);
  ASSERT_TRUE(attempt.get(put->digest).ok());
  flip(put->path, 0);
  EXPECT_TRUE(attempt.get(put->digest).ok());  // it has been compared
  EXPECT_EQ(next.get(put->digest).error().code, ErrorCode::data_damaged);
}

TEST_F(ArtifactDamageTest, ACopyIsComparedAndRepaired) {
  ArtifactStore from = store(), to = store(temp_.path() / "copy");
  const StoredArtifact put = *from.put_text("abc");
  EXPECT_TRUE(*to.copy_from(put));
  EXPECT_FALSE(*to.copy_from(put));
  // What a full disk cut short under its final name.
  fs::permissions(to.get(put.digest)->path, fs::perms::owner_all);
  fs::resize_file(to.get(put.digest)->path, 0);
  EXPECT_TRUE(*to.copy_from(put));
  EXPECT_TRUE(to.verify(put.digest).ok());
  // A damaged source is not copied over.
  const StoredArtifact other = *from.put_text("other");
  flip(other.path, 3);
  EXPECT_EQ(to.copy_from(other).error().code, ErrorCode::data_damaged);
  EXPECT_EQ(to.get(other.digest).error().code, ErrorCode::not_found);
}

TEST_F(ArtifactDamageTest, AFullDiskMayHaveRoomAgainLater) {
  ArtifactStore store = this->store();
  const StoredArtifact other = *this->store(temp_.path() / "other").put_text("other");
  g_disk_is_full = true;
  const auto put = store.put_text("abc");
  const auto copied = store.copy_from(other);
  g_disk_is_full = false;
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error().code, ErrorCode::resource_exhausted);
  EXPECT_TRUE(put.error().transient());
  EXPECT_FALSE(copied.ok());
  EXPECT_TRUE(store.list()->empty());
  EXPECT_TRUE(store.put_text("abc").ok());
}

TEST_F(ArtifactDamageTest, TheRootMayBeASymbolicLink) {
  fs::create_directories(temp_.path() / "shared");
  fs::create_directories(root_.parent_path());
  fs::create_directory_symlink(temp_.path() / "shared", root_);
  ArtifactStore store = this->store();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store.put_text(std::to_string(i)).ok());
  EXPECT_EQ(this->store(temp_.path() / "shared").list()->size(), 20u);
}

TEST_F(ArtifactDamageTest, ALinkToNothingIsNamed) {
  fs::create_directories(root_.parent_path());
  fs::create_directory_symlink(temp_.path() / "absent", root_);
  const auto opened = ArtifactStore::open(root_);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("cannot follow the link"), std::string::npos)
      << opened.error().message;
}

TEST_F(ArtifactDamageTest, WhatAKilledWriterLeftIsRemoved) {
  ArtifactStore store = this->store();
  std::ofstream(root_ / "tmp" / "put-dead") << "half";
  std::ofstream(root_ / "tmp" / "put-alive") << "half";
  const int alive = ::open((root_ / "tmp" / "put-alive").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(alive, LOCK_EX), 0);
  EXPECT_EQ(*store.remove_leavings(), 1);
  EXPECT_FALSE(fs::exists(root_ / "tmp" / "put-dead"));
  EXPECT_TRUE(fs::exists(root_ / "tmp" / "put-alive"));
  ::close(alive);
}

}  // namespace
}  // namespace millrace

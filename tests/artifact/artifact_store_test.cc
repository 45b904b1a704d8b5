#include "engine/artifact/artifact_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <thread>

#include "engine/base/file.h"
#include "tests/base/temp_folder.h"

namespace millrace {
namespace {

// SHA-256 of "abc": FIPS 180-2, appendix B.1.
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class ArtifactStoreTest : public ::testing::Test {
 protected:
  ArtifactStore store() {
    auto opened = ArtifactStore::open(folder_.path() / "artifacts");
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return *std::move(opened);
  }
  static void make_old(const std::filesystem::path& path) {
    const timespec times[2] = {{1000, 0}, {1000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  TempFolder folder_;
};

TEST_F(ArtifactStoreTest, NamesFilesByTheirContent) {
  ArtifactStore store = this->store();
  const auto put = store.put_text("abc");
  ASSERT_TRUE(put.ok()) << put.error().message;
  EXPECT_EQ(put->digest, kAbc);
  EXPECT_EQ(put->path, store.root() / "ba" / kAbc.substr(2));
  EXPECT_EQ(put->bytes, 3);
  EXPECT_EQ(*read_file(put->path, 100), "abc");
  struct stat info {};
  ASSERT_EQ(::stat(put->path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0400u);
  ASSERT_EQ(::stat(store.root().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(ArtifactStoreTest, TakesFilesAndKeepsOneOfEqualContent) {
  ArtifactStore store = this->store();
  const auto file = folder_.write("made.txt", "abc");
  const auto put = store.put_file(file);
  ASSERT_TRUE(put.ok()) << put.error().message;
  EXPECT_EQ(put->digest, kAbc);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(store.put_text("abc")->digest, kAbc);
  EXPECT_EQ(store.put_file(folder_.write("again.txt", "abc"))->digest, kAbc);
  EXPECT_EQ(store.list()->size(), 1u);
  for (const auto& left : std::filesystem::directory_iterator(store.root() / "tmp"))
    EXPECT_EQ(left.path().filename(), ".lock");
}

TEST_F(ArtifactStoreTest, NeverMakesAPathOfABadDigest) {
  const ArtifactStore store = this->store();
  folder_.write("secret", "x");
  for (const std::string& bad :
       {std::string(), std::string("../secret"), std::string("/etc/passwd"), kAbc.substr(1),
        kAbc + "0", "BA" + kAbc.substr(2), "../" + kAbc.substr(3), std::string(64, '/')}) {
    const auto got = store.get(bad);
    ASSERT_FALSE(got.ok()) << bad;
    EXPECT_EQ(got.error().code, ErrorCode::invalid_argument) << bad;
  }
  EXPECT_EQ(store.get(kAbc).error().code, ErrorCode::not_found);
}

TEST_F(ArtifactStoreTest, RefusesWhatIsNoFile) {
  ArtifactStore store = this->store();
  EXPECT_FALSE(store.put_file(folder_.path() / "absent").ok());
  EXPECT_FALSE(store.put_file(folder_.path()).ok());
  std::filesystem::create_symlink("/etc/passwd", folder_.path() / "link");
  EXPECT_FALSE(store.put_file(folder_.path() / "link").ok());
  folder_.write("plain", "x");
  EXPECT_FALSE(ArtifactStore::open(folder_.path() / "plain").ok());
}

TEST_F(ArtifactStoreTest, FindsDamageAndHealsItByAPut) {
  ArtifactStore store = this->store();
  const auto put = store.put_text("abc");
  ASSERT_TRUE(store.verify(kAbc).ok());
  std::filesystem::permissions(put->path, std::filesystem::perms::owner_all);
  std::ofstream(put->path) << "abd";
  EXPECT_EQ(store.verify(kAbc).error().code, ErrorCode::data_damaged);
  ASSERT_TRUE(store.put_text("abc").ok());
  EXPECT_TRUE(store.verify(kAbc).ok());
}

TEST_F(ArtifactStoreTest, EqualPutsAtOnceAreOneArtifact) {
  ArtifactStore store = this->store();
  const std::string text(1 << 20, 'x');
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      ArtifactStore other = this->store();  // as another process would
      for (int j = 0; j < 20; ++j) {
        const auto put = i % 2 == 0 ? store.put_text(text) : other.put_text(text);
        ASSERT_TRUE(put.ok()) << put.error().message;
        ASSERT_TRUE(store.get(put->digest).ok());
      }
    });
  threads.clear();
  ASSERT_EQ(store.list()->size(), 1u);
  EXPECT_TRUE(store.verify(store.list()->front().artifact.digest).ok());
}

TEST_F(ArtifactStoreTest, CollectsWhatIsOldAndNotLive) {
  ArtifactStore store = this->store();
  const auto live = store.put_text("live");
  const auto dead = store.put_text("dead");
  const auto young = store.put_text("young");
  const auto revived = store.put_text("revived");
  for (const auto& put : {live, dead, revived}) make_old(put->path);
  ASSERT_TRUE(store.put_text("revived").ok());
  std::ofstream(store.root() / "tmp" / "put-crash") << "half";
  make_old(store.root() / "tmp" / "put-crash");
  std::ofstream(store.root() / "README") << "not ours";

  const auto is_live = [&](const std::string& digest) { return digest == live->digest; };
  const Time before = from_micros(2'000'000'000);  // 2000 s; the old ones are of 1000 s
  const auto planned = store.collect(is_live, before, true);
  ASSERT_TRUE(planned.ok());
  EXPECT_EQ(planned->digests, std::vector<std::string>{dead->digest});
  EXPECT_TRUE(store.get(dead->digest).ok());

  const auto done = store.collect(is_live, before);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->digests, std::vector<std::string>{dead->digest});
  EXPECT_EQ(done->bytes, 4);
  EXPECT_EQ(done->staged, 1);
  EXPECT_FALSE(store.get(dead->digest).ok());
  for (const auto& put : {live, young, revived}) EXPECT_TRUE(store.get(put->digest).ok());
  EXPECT_TRUE(std::filesystem::exists(store.root() / "README"));
}

}  // namespace
}  // namespace millrace

#include "operators/sensors/sensor_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/base/digest.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

using std::chrono::seconds;

class SensorFileTest : public ::testing::Test {
 protected:
  /// The next look; a deferral's checkpoint is what the look after it finds.
  Result<Outcome> look(Json with) {
    auto outcome = Catalog::of<SensorFile>().run("sensor.file", with, ctx_);
    if (outcome)
      if (const auto* defer = std::get_if<Defer>(&*outcome)) {
        ctx_.info.checkpoint = defer->checkpoint;
        ctx_.time += defer->after;
        after_ = defer->after;
      }
    return outcome;
  }
  FakeContext ctx_;
  Duration after_{};
};

TEST_F(SensorFileTest, WaitsUntilTheFileIsThere) {
  const Json with = Json::object({{"path", "in/sales.csv"}, {"interval", "5s"}});
  expect_outcome<Defer>(look(with));
  EXPECT_EQ(after_, seconds{5});
  const auto file = ctx_.write("in/sales.csv", "id\n1\n");
  const Done done = expect_outcome<Done>(look(with));
  EXPECT_EQ(done.outputs["paths"], Json::array({file.string()}));
  EXPECT_EQ(done.outputs["files"].at(0)["bytes"], Json(5));
  EXPECT_TRUE(parse_rfc3339(done.outputs["files"].at(0)["modified"].as_view()).ok());
  EXPECT_EQ(done.outputs["bytes"], Json(5));
  EXPECT_EQ(done.outputs["waited"], Json(5.0));
  EXPECT_EQ(done.outputs["looks"], Json(2));
  EXPECT_EQ(ctx_.lines, (std::vector<std::string>{"waiting for the file 'in/sales.csv'",
                                                  "no file matches", "1 file matches"}));
}

TEST_F(SensorFileTest, ListsTheFilesOfAPatternSorted) {
  for (const char* name : {"in/b.csv", "in/a.csv", "in/c.txt"}) ctx_.write(name, "x");
  const Done done = expect_outcome<Done>(look(Json::object({{"path", "in/*.csv"}})));
  EXPECT_EQ(done.outputs["paths"], Json::array({(ctx_.base() / "in/a.csv").string(),
                                                (ctx_.base() / "in/b.csv").string()}));
  EXPECT_EQ(done.outputs["count"], Json(2));
}

TEST_F(SensorFileTest, CountsNeitherSmallNorOldFiles) {
  ctx_.write("in/a.csv", "x");
  ctx_.write("in/b.csv", "long enough");
  ctx_.write("in/c.csv", "long enough");
  std::filesystem::last_write_time(
      ctx_.base() / "in/c.csv",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours{48});
  const std::string yesterday = format_rfc3339(SystemClock().now() - std::chrono::hours{24});
  const Json with = Json::object(
      {{"path", "in/*"}, {"min_bytes", 5}, {"newer_than", yesterday}, {"min_files", 2}});
  const Defer defer = expect_outcome<Defer>(look(with));
  EXPECT_EQ(defer.checkpoint["answer"],
            Json("1 file matches; 1 file below min_bytes; 1 file not modified after newer_than; "
                 "min_files is 2"));
  ctx_.write("in/a.csv", "now it is long");
  const Done done = expect_outcome<Done>(look(with));
  EXPECT_EQ(done.outputs["paths"], Json::array({(ctx_.base() / "in/a.csv").string(),
                                                (ctx_.base() / "in/b.csv").string()}));
}

// Two looks have to see the same; a write in between starts the time again.
TEST_F(SensorFileTest, DoesNotTakeAFileThatIsStillBeingWritten) {
  const Json with = Json::object({{"path", "in/a.csv"}, {"stable_for", "10s"}});
  ctx_.write("in/a.csv", "1");
  expect_outcome<Defer>(look(with));
  EXPECT_EQ(after_, seconds{10});
  ctx_.write("in/a.csv", "12");
  expect_outcome<Defer>(look(with));
  EXPECT_EQ(after_, seconds{10});
  const Done done = expect_outcome<Done>(look(with));
  EXPECT_EQ(done.outputs["bytes"], Json(2));
  EXPECT_EQ(done.outputs["waited"], Json(20.0));
  EXPECT_EQ(ctx_.lines.at(1), "1 file matches; not yet unchanged for 10s");
  EXPECT_EQ(ctx_.lines.size(), 3u);
}

TEST_F(SensorFileTest, AnotherFileStartsTheQuietTimeAgain) {
  const Json with = Json::object({{"path", "in/*"}, {"stable_for", "10s"}});
  ctx_.write("in/a.csv", "1");
  expect_outcome<Defer>(look(with));
  ctx_.write("in/b.csv", "1");
  expect_outcome<Defer>(look(with));
  EXPECT_EQ(expect_outcome<Done>(look(with)).outputs["count"], Json(2));
}

TEST_F(SensorFileTest, AFolderIsNotWaitedFor) {
  ctx_.write("in/sub/a.csv", "1");
  EXPECT_EQ(look(Json::object({{"path", "in/sub"}})).error().message,
            "path 'in/sub' is a folder; name a file, or its files as 'in/sub/*'");
}

TEST_F(SensorFileTest, APatternDoesNotCountFolders) {
  ctx_.write("in/sub/a.csv", "1");
  ctx_.write("in/b.csv", "1");
  EXPECT_EQ(expect_outcome<Done>(look(Json::object({{"path", "in/*"}}))).outputs["count"], Json(1));
}

TEST_F(SensorFileTest, ASetWithoutItsEndIsNotWaitedFor) {
  EXPECT_EQ(look(Json::object({{"path", "in/[0-9.csv"}})).error().message,
            "path 'in/[0-9.csv' has a '[' without a ']'; write \\[ for the character itself");
  EXPECT_EQ(look(Json::object({{"path", "in/[0-9/a].csv"}})).error().code,
            ErrorCode::invalid_argument);
}

// glob(3): a ']' right after '[' or '[!' is a member of the set; a backslash takes the meaning
// away.
TEST_F(SensorFileTest, FindsFilesOfASetWithABracketAndOfAnEscapedBracket) {
  ctx_.write("in/a].csv", "1");
  ctx_.write("in/b[.csv", "1");
  EXPECT_EQ(expect_outcome<Done>(look(Json::object({{"path", "in/a[]].csv"}}))).outputs["count"],
            Json(1));
  EXPECT_EQ(expect_outcome<Done>(look(Json::object({{"path", "in/b\\[.csv"}}))).outputs["paths"],
            Json::array({(ctx_.base() / "in/b[.csv").string()}));
}

TEST_F(SensorFileTest, NamesTheFileThatItSawBehindALink) {
  const auto file = ctx_.write("far/x.csv", "1");
  ctx_.write("far/sub/y.csv", "1");
  std::filesystem::create_directory_symlink(ctx_.base() / "far/sub", ctx_.base() / "link");
  const std::string path = (ctx_.base() / "link/../x.csv").string();
  const Done done = expect_outcome<Done>(look(Json::object({{"path", path}})));
  EXPECT_TRUE(std::filesystem::equivalent(done.outputs["paths"].at(0).as_string(), file));
}

TEST_F(SensorFileTest, SaysAtOnceWhatIsWrongWithItsParameters) {
  EXPECT_EQ(look(Json::object({{"path", "../x"}})).error().message,
            "path '../x' leaves the DAG file's folder; give an absolute path instead");
  EXPECT_EQ(look(Json::object({{"path", "x"}, {"interval", "200ms"}})).error().message,
            "parameter 'interval': 200ms is out of range; it must be at least 1s");
}

}  // namespace
}  // namespace millrace::operators

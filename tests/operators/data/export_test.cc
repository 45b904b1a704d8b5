// export.file and export.http: the bytes that other programs get.
#include <httplib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "engine/base/file.h"
#include "engine/base/unique_fd.h"
#include "engine/op/catalog.h"
#include "operators/data/export_file.h"
#include "operators/data/export_http.h"
#include "operators/data/ingest_file.h"
#include "tests/operators/read_artifact.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

class ExportTest : public ::testing::Test {
 protected:
  Result<Outcome> run(const std::string& op, Json with) {
    if (!with.contains("input")) with.set("input", sales_);
    return catalog_.run(op, with, ctx_);
  }
  Done done(const std::string& op, Json with) {
    return expect_outcome<Done>(run(op, std::move(with)));
  }
  std::string error(const std::string& op, Json with) {
    const auto outcome = run(op, std::move(with));
    return outcome ? "no error" : outcome.error().message;
  }
  std::string text(const std::string& name) const {
    return read_file(ctx_.base() / name, 1 << 20).value_or("(no file)");
  }
  std::set<std::string> names(const std::string& folder) const {
    std::set<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(ctx_.base() / folder))
      if (entry.is_regular_file())
        out.insert(fs::relative(entry.path(), ctx_.base() / folder).string());
    return out;
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<ExportFile, ExportHttp, IngestFile>();
  std::string sales_ = put_table(
      ctx_,
      "SELECT * FROM (VALUES (1, 'NL', 10.50::DECIMAL(9,2), TIMESTAMPTZ '2024-03-01 12:00:00+02', "
      "0.1::DOUBLE, 'say \"hi\", you'), (2, 'DE', 0.10, NULL, 'nan', ''), (3, 'NL', NULL, "
      "'2024-03-02 00:00:00.000001+00', 1e300, NULL)) AS t(id, country, amount, paid, w, note)");
};

// RFC 4180. A null is an empty field, an empty text is in quotes, a NaN is a null.
TEST_F(ExportTest, WritesCsv) {
  const Done out = done("export.file", Json::object({{"path", "out/sales.csv"}}));
  EXPECT_EQ(text("out/sales.csv"),
            "id,country,amount,paid,w,note\n"
            "1,NL,10.50,2024-03-01 10:00:00+00,0.1,\"say \"\"hi\"\", you\"\n"
            "2,DE,0.10,,,\"\"\n"
            "3,NL,,2024-03-02 00:00:00.000001+00,1e+300,\n");
  EXPECT_EQ(out.outputs["rows"], Json(3));
  EXPECT_EQ(out.outputs["files"], Json(1));
  EXPECT_EQ(out.outputs["bytes"], Json(text("out/sales.csv").size()));
  EXPECT_EQ(out.outputs["path"], Json((ctx_.base() / "out/sales.csv").string()));
}

TEST_F(ExportTest, WritesJsonLines) {
  done("export.file", Json::object({{"path", "sales.jsonl"},
                                    {"columns", Json::array({"amount", "id", "note", "w"})}}));
  EXPECT_EQ(text("sales.jsonl"),
            "{\"amount\":10.5,\"id\":1,\"note\":\"say \\\"hi\\\", you\",\"w\":0.1}\n"
            "{\"amount\":0.1,\"id\":2,\"note\":\"\",\"w\":null}\n"
            "{\"amount\":null,\"id\":3,\"note\":null,\"w\":1e300}\n");
  const std::string infinite = put_table(ctx_, "SELECT 'inf'::DOUBLE AS x");
  EXPECT_EQ(error("export.file", Json::object({{"path", "x.jsonl"}, {"input", infinite}})),
            "column 'x' has an infinity, and JSON has none; write csv or parquet, or make it null "
            "in transform.sql");
  EXPECT_EQ(names(""), std::set<std::string>{"sales.jsonl"});
}

TEST_F(ExportTest, WritesWhatIngestReadsBack) {
  for (const char* path : {"a.csv.gz", "a.jsonl.zst", "a.parquet"}) {
    done("export.file", Json::object({{"path", path}, {"columns", Json::array({"id", "amount"})}}));
    const Done read =
        expect_outcome<Done>(catalog_.run("ingest.file", Json::object({{"path", path}}), ctx_));
    EXPECT_EQ(query_artifact(ctx_, read.outputs["table"],
                             "SELECT id, amount::DECIMAL(9,2)::VARCHAR AS amount FROM $table")
                  .to_json()
                  .dump(),
              R"([{"id":1,"amount":"10.50"},{"id":2,"amount":"0.10"},{"id":3,"amount":null}])")
        << path;
  }
}

TEST_F(ExportTest, ReplacesTheFileAndLeavesNothingNextToIt) {
  ctx_.write("out.csv", "old");
  done("export.file", Json::object({{"path", "out.csv"}, {"columns", Json::array({"id"})}}));
  EXPECT_EQ(text("out.csv"), "id\n1\n2\n3\n");
  // A failure keeps what was there.
  EXPECT_EQ(
      error("export.file", Json::object({{"path", "out.csv"}, {"columns", Json::array({"ix"})}})),
      "the table has no column 'ix'; did you mean 'id'?; it has id, country, amount, paid, "
      "w, note");
  EXPECT_EQ(text("out.csv"), "id\n1\n2\n3\n");
  EXPECT_EQ(names(""), std::set<std::string>{"out.csv"});
}

TEST_F(ExportTest, PartitionsByColumns) {
  const Json with = Json::object({{"path", "lake/sales"},
                                  {"partition_by", Json::array({"country"})},
                                  {"columns", Json::array({"id", "country"})}});
  const Done out = done("export.file", with);
  EXPECT_EQ(names("lake"),
            (std::set<std::string>{"sales/_millrace.json", "sales/country=DE/data_0.parquet",
                                   "sales/country=NL/data_0.parquet"}));
  EXPECT_EQ(out.outputs["files"], Json(2));
  EXPECT_EQ(out.outputs["format"], Json("parquet"));
  // Once more with other rows: the folder is exchanged as a whole.
  Json other = with;
  other.set("input", put_table(ctx_, "SELECT 9 AS id, '../a/b' AS country"));
  done("export.file", other);
  EXPECT_EQ(names("lake"), (std::set<std::string>{"sales/_millrace.json",
                                                  "sales/country=..%2Fa%2Fb/data_0.parquet"}));
}

TEST_F(ExportTest, RefusesPartitionsThatNameNoFolder) {
  Json with = Json::object({{"path", "p"}, {"partition_by", Json::array({"note"})}});
  EXPECT_TRUE(
      error("export.file", with)
          .starts_with("column 'note' of partition_by has 2 rows that cannot name a folder"))
      << error("export.file", with);
  with.set("partition_by", Json::array({"id"}));
  with.set("max_partitions", 2);
  EXPECT_EQ(error("export.file", with), "partition_by makes 3 folders; max_partitions is 2");
  with.set("partition_by", Json::array({"nope"}));
  EXPECT_TRUE(
      error("export.file", with).starts_with("partition_by: the table has no column 'nope'"));
  EXPECT_EQ(names(""), std::set<std::string>{});
}

TEST_F(ExportTest, RemovesNoFilesOfOthers) {
  ctx_.write("mine/notes.txt", "precious");
  EXPECT_TRUE(error("export.file",
                    Json::object({{"path", "mine"}, {"partition_by", Json::array({"country"})}}))
                  .ends_with("holds other files, which this would remove; name a new folder"));
  EXPECT_EQ(text("mine/notes.txt"), "precious");
  EXPECT_TRUE(error("export.file", Json::object({{"path", "mine"}, {"format", "csv"}}))
                  .ends_with("is a folder; name a file in it, or give partition_by"));
}

TEST_F(ExportTest, RefusesPathsAndFormatsThatDoNotFit) {
  EXPECT_TRUE(error("export.file", Json::object({{"path", "../x.csv"}}))
                  .starts_with("path '../x.csv' leaves the DAG file's folder"));
  EXPECT_TRUE(error("export.file", Json::object({{"path", "x.dat"}}))
                  .starts_with("'x.dat' does not tell the format"));
  EXPECT_TRUE(error("export.file", Json::object({{"path", "x.parquet.gz"}}))
                  .starts_with("Parquet is compressed within the file"));
  const auto report = ctx_.store().put_text("no table");
  EXPECT_EQ(error("export.file", Json::object({{"path", "x.csv"}, {"input", report->digest}})),
            "artifact " + report->digest + " is not a table");
}

// What is not a regular file is no place for a table: renaming would replace the device itself.
TEST_F(ExportTest, RefusesPipesAndSockets) {
  const std::string pipe = (ctx_.base() / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket_path = (ctx_.base() / "socket").string();
  ASSERT_LT(socket_path.size(), sizeof address.sun_path);
  socket_path.copy(address.sun_path, socket_path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  for (const auto& path : {pipe, socket_path})
    for (const Json& by : {Json::array(), Json::array({"country"})})
      EXPECT_EQ(
          error("export.file",
                Json::object({{"path", path}, {"format", "csv"}, {"partition_by", by}})),
          "'" + path + "' is a device, a socket or a pipe, which this would replace; name a file");
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_TRUE(fs::is_socket(socket_path));
}

TEST_F(ExportTest, WritesThroughASymbolicLink) {
  ctx_.write("share/old.csv", "old");
  fs::create_symlink("share/old.csv", ctx_.base() / "link.csv");
  fs::create_symlink("share/new.csv", ctx_.base() / "dangling.csv");
  fs::create_directories(ctx_.base() / "share/lake");
  fs::create_symlink("share/lake/", ctx_.base() / "lake");
  fs::create_symlink("ring.csv", ctx_.base() / "ring.csv");
  const auto with = [](const char* path) {
    return Json::object({{"path", path}, {"columns", Json::array({"id"})}});
  };
  done("export.file", with("link.csv"));
  done("export.file", with("dangling.csv"));
  done("export.file", Json::object({{"path", "lake"}, {"partition_by", Json::array({"country"})}}));
  for (const char* link : {"link.csv", "dangling.csv", "lake"})
    EXPECT_TRUE(fs::is_symlink(ctx_.base() / link)) << link;
  EXPECT_EQ(text("share/old.csv"), "id\n1\n2\n3\n");
  EXPECT_EQ(text("share/new.csv"), "id\n1\n2\n3\n");
  EXPECT_EQ(names("share"),
            (std::set<std::string>{"lake/_millrace.json", "lake/country=DE/data_0.parquet",
                                   "lake/country=NL/data_0.parquet", "new.csv", "old.csv"}));
  EXPECT_TRUE(error("export.file", with("ring.csv"))
                  .ends_with("ring.csv' leads through more than 40 symbolic links"));
}

// RFC 4180: a line break ends a record, and a quote begins a quoted field.
TEST_F(ExportTest, RefusesADelimiterThatCannotSeparate) {
  for (const char* bad : {"\n", "\r", "\"", "ab", ""})
    EXPECT_EQ(error("export.file", Json::object({{"path", "x.csv"}, {"delimiter", bad}})),
              "delimiter must be one character, and not a quote or a line break; it is " +
                  Json(bad).dump());
  EXPECT_EQ(names(""), std::set<std::string>{});
  done("export.file",
       Json::object(
           {{"path", "x.csv"}, {"delimiter", "\t"}, {"columns", Json::array({"id", "country"})}}));
  EXPECT_EQ(text("x.csv"), "id\tcountry\n1\tNL\n2\tDE\n3\tNL\n");
}

/// A server that keeps what it is sent, and answers with the given statuses in turn.
class Sink {
 public:
  explicit Sink(std::vector<int> statuses) : statuses_(std::move(statuses)) {
    server_.Post("/rows", [this](const httplib::Request& request, httplib::Response& response) {
      response.status = statuses_.at(requests.size());
      response.set_header("Retry-After", "0");
      if (response.status / 100 == 3) response.set_header("Location", "/login");
      requests.push_back(request);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() would come too early
  }
  ~Sink() {
    server_.stop();
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/rows"; }
  std::vector<httplib::Request> requests;

 private:
  std::vector<int> statuses_;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(ExportTest, SendsTheSameKeyWithEveryTry) {
  Sink sink({503, 201});
  ASSERT_EQ(setenv("EXPORT_TEST_AUTHORIZATION", "Bearer s3cr3t", 1), 0);
  const Done out = done(
      "export.http",
      Json::object({{"url", sink.url()},
                    {"columns", Json::array({"id"})},
                    {"headers", Json::object({{"X-Team", "sales"}})},
                    {"headers_env", Json::object({{"Authorization", "EXPORT_TEST_AUTHORIZATION"}})},
                    {"retry_initial", "1ms"}}));
  EXPECT_EQ(out.outputs["status"], Json(201));
  EXPECT_EQ(out.outputs["rows"], Json(3));
  ASSERT_EQ(sink.requests.size(), 2u);
  for (const auto& request : sink.requests) {
    EXPECT_EQ(request.body, "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    EXPECT_EQ(request.get_header_value("Idempotency-Key"), ctx_.info.idempotency_key());
    EXPECT_EQ(request.get_header_value("Authorization"), "Bearer s3cr3t");
    EXPECT_EQ(request.get_header_value("X-Team"), "sales");
    EXPECT_EQ(request.get_header_value("Content-Type"), "application/x-ndjson");
  }
  for (const auto& line : ctx_.lines) EXPECT_EQ(line.find("s3cr3t"), std::string::npos) << line;
}

TEST_F(ExportTest, FailsWhereARedirectWouldLoseTheRows) {
  for (const int status : {301, 302, 303}) {
    Sink sink({status});
    const std::string said = error("export.http", Json::object({{"url", sink.url()}}));
    EXPECT_TRUE(said.starts_with("the server answered POST with status " + std::to_string(status)))
        << said;
    EXPECT_NE(said.find("/login'"), said.npos) << said;
    EXPECT_EQ(sink.requests.size(), 1u);
  }
}

TEST_F(ExportTest, ReportsARefusalWithoutSecrets) {
  Sink sink({400});
  ASSERT_EQ(setenv("EXPORT_TEST_URL", (sink.url() + "?token=s3cr3t").c_str(), 1), 0);
  const auto outcome = run("export.http", Json::object({{"url_env", "EXPORT_TEST_URL"}}));
  ASSERT_FALSE(outcome.ok());
  EXPECT_FALSE(outcome.error().transient());
  EXPECT_EQ(outcome.error().to_string().find("s3cr3t"), std::string::npos);
  EXPECT_EQ(error("export.http", Json::object({{"url_env", "EXPORT_TEST_NOT_SET"}})),
            "the environment variable 'EXPORT_TEST_NOT_SET' is not set");
  EXPECT_EQ(error("export.http", Json::object({{"url", sink.url()}, {"max_bytes", 10}})),
            "the body of 3 rows has more than max_bytes = 10 bytes");
}

}  // namespace
}  // namespace millrace

// command with artifacts: files that a program gets and those that it hands on.
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/op/catalog.h"
#include "operators/control/command.h"
#include "tests/operators/read_artifact.h"

namespace millrace::operators {
namespace {

class CommandFilesTest : public ::testing::Test {
 protected:
  Result<Outcome> shell(const std::string& script, const Json& more) {
    Json with = Json::object({{"run", script}});
    for (const auto& [name, value] : more.members()) with.set(name, value);
    return catalog_.run("command", with, ctx_);
  }
  Done done(const std::string& script, const Json& more) {
    return expect_outcome<Done>(shell(script, more));
  }
  std::string error(const std::string& script, const Json& more) {
    const auto outcome = shell(script, more);
    return outcome ? "no error" : outcome.error().message;
  }
  std::string put(std::string_view text) { return ctx_.store().put_text(text)->digest; }
  std::string written(const std::string& name) {
    return read_file(ctx_.base() / name, 100'000).value_or("(none)");
  }
  static Json one(const std::string& name, Json value) {
    return Json::object({{name, std::move(value)}});
  }
  static Json output(const std::string& path, const std::string& type) {
    return Json::object({{"path", path}, {"type", type}});
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<Command>();
  std::string sales_ = put_table(
      ctx_, "SELECT * FROM (VALUES (1, 'x', 2.5::DOUBLE), (2, 'y', NULL)) AS t(id, name, amount)");
};

TEST_F(CommandFilesTest, GivesTablesAsParquetOrText) {
  done(
      "head -c 4 $MILLRACE_INPUT_SALES > magic; cp $MILLRACE_INPUT_AS_CSV csv; "
      "cp $MILLRACE_INPUT_LINES lines; sha256sum < $MILLRACE_INPUT_SALES | cut -c1-64 > digest",
      one("tables",
          Json::object({{"sales", sales_},
                        {"as_csv", Json::object({{"from", sales_}, {"format", "csv"}})},
                        {"lines", Json::object({{"from", sales_}, {"format", "jsonl"}})}})));
  EXPECT_EQ(written("magic"), "PAR1");
  EXPECT_EQ(written("digest"), sales_ + "\n");
  EXPECT_EQ(written("csv"), "id,name,amount\n1,x,2.5\n2,y,\n");
  EXPECT_EQ(
      written("lines"),
      "{\"id\":1,\"name\":\"x\",\"amount\":2.5}\n{\"id\":2,\"name\":\"y\",\"amount\":null}\n");
}

TEST_F(CommandFilesTest, GivesOtherArtifactsUnderANameOfChoice) {
  const std::string model = put("weights");
  done("cat $MILLRACE_INPUT_MODEL > model; basename $MILLRACE_INPUT_NAMED > name",
       one("files", Json::object({{"model", model},
                                  {"named", Json::object({{"from", model}, {"as", "m.json"}})}})));
  EXPECT_EQ(written("model"), "weights");
  EXPECT_EQ(written("name"), "m.json\n");
}

// The same user may write to a file of mode 0400, so a link into the store would not do.
TEST_F(CommandFilesTest, NothingThatAProgramDoesToItsInputsReachesTheStore) {
  const std::string model = put("weights");
  done(
      "stat -c %a $MILLRACE_INPUT_MODEL > mode; chmod u+w $MILLRACE_INPUT_MODEL "
      "$MILLRACE_INPUT_SALES; echo changed > $MILLRACE_INPUT_MODEL; echo x > $MILLRACE_INPUT_SALES",
      Json::object({{"files", one("model", model)}, {"tables", one("sales", sales_)}}));
  EXPECT_EQ(written("mode"), "400\n");
  EXPECT_TRUE(ctx_.store().verify(model).ok());
  EXPECT_TRUE(ctx_.store().verify(sales_).ok());
}

TEST_F(CommandFilesTest, ListsAllFilesInOneJsonFile) {
  done("cp $MILLRACE_FILES files; echo a,b > $MILLRACE_OUTPUT_T",
       Json::object({{"tables", one("sales", sales_)},
                     {"output_files", one("t", output("sub/t.csv", "table"))}}));
  const Json files = *Json::parse(written("files"));
  EXPECT_EQ(files["inputs"]["sales"]["digest"], Json(sales_));
  EXPECT_EQ(files["inputs"]["sales"]["format"], Json("parquet"));
  EXPECT_EQ(files["inputs"]["sales"]["type"], Json("table"));
  EXPECT_EQ(files["outputs"]["t"]["type"], Json("table"));
  EXPECT_TRUE(files["outputs"]["t"]["path"].as_string().ends_with("/sub/t.csv"));
}

TEST_F(CommandFilesTest, InputErrorsNameTheInputAndTheRightForm) {
  const auto tables = [&](Json value) { return error("true", one("tables", one("t", value))); };
  const std::string missing(64, 'a');
  EXPECT_EQ(tables(missing), "input 't': there is no artifact " + missing);
  EXPECT_EQ(tables("out.csv"),
            "parameter 'tables': 't': 'out.csv' is not the digest of an artifact; write ${{ "
            "tasks.x.outputs.table }}, or {from: …, format: csv}");
  EXPECT_EQ(tables(Json()),
            "parameter 'tables': 't': it is empty; expected the digest of an artifact, such as "
            "${{ tasks.x.outputs.table }}, or {from: …, format: csv}");
  EXPECT_EQ(tables(Json::object({{"from", sales_}, {"format", "xls"}})),
            "parameter 'tables': 't': format: 'xls' is not one of parquet, csv, jsonl");
  EXPECT_EQ(tables(Json::object({{"from", sales_}, {"fromat", "csv"}})),
            "parameter 'tables': 't': there is no 'fromat' here; did you mean 'format'?; write "
            "${{ tasks.x.outputs.table }}, or {from: …, format: csv}");
  const std::string text = put("no table");
  EXPECT_EQ(tables(text),
            "input 't': artifact " + text + " is not a table (Parquet); give it under `files`");
  EXPECT_EQ(error("true", one("files", one("m", Json::object({{"from", text}, {"as", "../m"}})))),
            "parameter 'files': 'm': as: '../m' is not the name of a file; write one without a "
            "folder, such as model.pkl");
  EXPECT_EQ(error("true", one("tables", one("a-b", sales_))),
            "parameter 'tables': 'a-b' is not a name; use letters, digits and _");
  EXPECT_EQ(error("true", Json::object({{"tables", one("t", sales_)}, {"files", one("T", text)}})),
            "files: 'T' is there twice; names that differ only in case are equal");
}

// The rows, types and counts are those of the file by hand.
TEST_F(CommandFilesTest, ADeclaredFileBecomesATableWithItsSchemaAndWhatItWasMadeFrom) {
  const Done out =
      done("printf 'day,n\\n2024-03-01,7\\n2024-03-02,8\\n' > $MILLRACE_OUTPUT_CLEANED",
           Json::object({{"tables", one("sales", sales_)},
                         {"output_files", one("cleaned", output("c.csv", "table"))}}));
  EXPECT_EQ(rows_of(ctx_, out.outputs["cleaned"]),
            R"([{"day":"2024-03-01","n":7},{"day":"2024-03-02","n":8}])");
  const auto published = effects_of<PublishArtifact>(out.effects);
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0].digest, out.outputs["cleaned"].as_string());
  EXPECT_EQ(published[0].artifact_kind, "table");
  EXPECT_EQ(published[0].name, "cleaned");
  EXPECT_EQ(published[0].rows, 2);
  EXPECT_EQ(published[0].schema.at(0)["name"], Json("day"));
  EXPECT_EQ(published[0].schema.at(0)["type"], Json("DATE"));
  EXPECT_EQ(published[0].inputs, std::vector<std::string>{sales_});
}

TEST_F(CommandFilesTest, ReadsParquetAndJsonLinesAsTables) {
  const Done out = done(
      "cp $MILLRACE_INPUT_SALES $MILLRACE_OUTPUT_SAME; "
      "printf '{\"a\":1}\\n{\"a\":2}\\n' > $MILLRACE_OUTPUT_LINES",
      Json::object({{"tables", one("sales", sales_)},
                    {"output_files", Json::object({{"same", output("table.parquet", "table")},
                                                   {"lines", output("l.jsonl", "table")}})}}));
  EXPECT_EQ(rows_of(ctx_, out.outputs["same"]), rows_of(ctx_, Json(sales_)));
  EXPECT_EQ(rows_of(ctx_, out.outputs["lines"]), R"([{"a":1},{"a":2}])");
}

TEST_F(CommandFilesTest, AModelIsStoredAsItIs) {
  const Done out = done("printf weights > $MILLRACE_OUTPUT_MODEL",
                        one("output_files", one("model", output("model.bin", "model"))));
  EXPECT_EQ(out.outputs["model"], Json(sha256_hex("weights")));
  const auto published = effects_of<PublishArtifact>(out.effects);
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0].artifact_kind, "model");
  EXPECT_EQ(published[0].bytes, 7);
  EXPECT_EQ(published[0].rows, -1);
}

// A process that is left behind holds the file open, and the file has a second name.
TEST_F(CommandFilesTest, WhatIsWrittenLaterDoesNotReachTheStore) {
  const Done out = done("printf weights > $MILLRACE_OUTPUT_MODEL; ln $MILLRACE_OUTPUT_MODEL link",
                        one("output_files", one("model", output("model.bin", "model"))));
  ASSERT_TRUE(write_file(ctx_.base() / "link", "changed").ok());
  EXPECT_TRUE(ctx_.store().verify(out.outputs["model"].as_view()).ok());
}

TEST_F(CommandFilesTest, AnOutputFileThatIsMissingOrUnreadableIsAnError) {
  const auto table = [&](const std::string& script) {
    const auto outcome = shell(script, one("output_files", one("t", output("t.csv", "table"))));
    EXPECT_FALSE(outcome.ok());
    if (!outcome) EXPECT_EQ(outcome.error().code, ErrorCode::data_invalid);
    return outcome ? "no error" : outcome.error().message;
  };
  EXPECT_EQ(table("true"),
            "output file 't' (t.csv): the program wrote no such file; expected a table as CSV, "
            "JSON lines or Parquet at $MILLRACE_OUTPUT_T, which is " +
                (ctx_.work_dir() / "out/t.csv").string());
  EXPECT_EQ(table("mkdir $MILLRACE_OUTPUT_T"),
            "output file 't' (t.csv): the program made something else than a regular file; "
            "expected a table as CSV, JSON lines or Parquet");
}

TEST_F(CommandFilesTest, AnOutputFileThatIsALinkOrAPipeIsRefusedAtOnce) {
  for (const std::string make : {"mkfifo $MILLRACE_OUTPUT_F", "ln -s /dev/zero $MILLRACE_OUTPUT_F"})
    EXPECT_EQ(error("rm -f $MILLRACE_OUTPUT_F; " + make,
                    one("output_files", one("f", output("f.bin", "file")))),
              "output file 'f' (f.bin): the program made something else than a regular file; "
              "expected a regular file");
}

TEST_F(CommandFilesTest, ATableThatCannotBeReadNamesTheLine) {
  const std::string message = error("printf 'a,b\\n1,2\\n3\\n' > $MILLRACE_OUTPUT_T",
                                    one("output_files", one("t", output("t.csv", "table"))));
  EXPECT_TRUE(message.starts_with("output file 't' (t.csv): ")) << message;
  EXPECT_NE(message.find("t.csv:3"), std::string::npos) << message;
  EXPECT_EQ(message.find("bad_rows"), std::string::npos) << "an output file has no such setting";
}

TEST_F(CommandFilesTest, AFailedProgramHandsNothingOn) {
  EXPECT_EQ(error("printf x > $MILLRACE_OUTPUT_F; exit 3",
                  one("output_files", one("f", output("f.bin", "file")))),
            "'run' ended with exit code 3; its output is in the log");
}

TEST_F(CommandFilesTest, DeclarationsOfOutputFilesAreChecked) {
  const auto files = [&](Json value) {
    return error("true", one("output_files", one("t", value)));
  };
  EXPECT_EQ(files("t.csv"),
            "parameter 'output_files': 't': 't.csv' is not a file; write {path: out.parquet, type: "
            "table}");
  EXPECT_EQ(files(Json::object({{"path", "t.csv"}})),
            "parameter 'output_files': 't': type is missing; it is one of table, model, file; "
            "write {path: out.parquet, type: table}");
  EXPECT_EQ(files(output("t.csv", "tabel")),
            "parameter 'output_files': 't': type: 'tabel' is not one of table, model, file; did "
            "you mean 'table'?");
  for (const std::string path : {"/etc/passwd", "../t.csv", "a/../../t.csv", "a/", "."})
    EXPECT_TRUE(files(output(path, "table"))
                    .starts_with("parameter 'output_files': 't': path: '" + path +
                                 "' does not name a file in the attempt's folder"))
        << path;
  EXPECT_EQ(error("true", one("output_files", Json::object({{"a", output("x", "file")},
                                                            {"b", output("./x", "file")}}))),
            "parameter 'output_files': 'b': another output has the path 'x' as well");
}

TEST_F(CommandFilesTest, DeclaredValuesMustBeThereAndFit) {
  const Json types = one("outputs", Json::object({{"mae", "number"}, {"rows", "integer"}}));
  const auto write = [&](const std::string& json) {
    return error("echo '" + json + "' > $MILLRACE_OUTPUTS", types);
  };
  EXPECT_EQ(write(R"({"mae": 2, "rows": 3, "more": 1})"), "no error");
  EXPECT_EQ(write(R"({"mae": 2})"),
            "the program did not write the output 'rows' to $MILLRACE_OUTPUTS; expected a value of "
            "type integer");
  EXPECT_EQ(write(R"({"mae": "2", "rows": 3})"),
            "the program wrote '2' as the output 'mae'; expected a value of type number");
  EXPECT_EQ(error("true", one("outputs", one("mae", "float"))),
            "parameter 'outputs': 'mae': 'float' is not one of string, number, integer, boolean, "
            "array, object, any");
}

TEST_F(CommandFilesTest, AValueMustNotHaveTheNameOfAnOutputFile) {
  EXPECT_EQ(error("echo '{\"f\": 1}' > $MILLRACE_OUTPUTS; printf x > $MILLRACE_OUTPUT_F",
                  one("output_files", one("f", output("f.bin", "file")))),
            "the program wrote 'f' to $MILLRACE_OUTPUTS, but that is the name of an output file");
}

}  // namespace
}  // namespace millrace::operators

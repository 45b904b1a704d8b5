#include "operators/control/command.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "operators/control/subprocess.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

class CommandTest : public ::testing::Test {
 protected:
  Result<Outcome> run(Json with) { return catalog_.run("command", with, ctx_); }
  Result<Outcome> shell(std::string script, Json::Member more = {"env", Json::object()}) {
    return run(Json::object({{"run", std::move(script)}, std::move(more)}));
  }
  std::string written(const std::string& name) {
    return read_file(ctx_.base() / name, 100'000).value_or("(none)");
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<Command>();
};

TEST_F(CommandTest, RunsAProgramWithItsArgumentsUntouched) {
  const Json argv =
      Json::array({"/bin/sh", "-c", "printf '%s|' \"$@\" > args", "sh", "a b", "$HOME"});
  expect_outcome<Done>(run(Json::object({{"argv", argv}})));
  EXPECT_EQ(written("args"), "a b|$HOME|");
}

TEST_F(CommandTest, TakesInputsAndGivesOutputsByFile) {
  const auto done = expect_outcome<Done>(
      shell("printf '{\"got\": %s}' \"$(cat $MILLRACE_INPUTS)\" > $MILLRACE_OUTPUTS",
            {"inputs", Json::object({{"month", 2}})}));
  EXPECT_EQ(done.outputs["got"]["month"], Json(2));
}

TEST_F(CommandTest, WithoutOutputsGivesNone) {
  EXPECT_EQ(expect_outcome<Done>(shell("true")).outputs, Json::object());
  EXPECT_EQ(expect_outcome<Done>(shell(": > $MILLRACE_OUTPUTS")).outputs, Json::object());
}

TEST_F(CommandTest, OutputsThatAreNoObjectAreAnError) {
  const auto list = shell("echo '[1]' > $MILLRACE_OUTPUTS");
  ASSERT_FALSE(list.ok());
  EXPECT_EQ(list.error().code, ErrorCode::data_invalid);
  EXPECT_EQ(list.error().message,
            "the program wrote a list to $MILLRACE_OUTPUTS; expected an object");
  EXPECT_EQ(shell("echo nonsense > $MILLRACE_OUTPUTS").error().code, ErrorCode::data_invalid);
}

TEST_F(CommandTest, TellsTheProgramWhoItIs) {
  ctx_.info.trace_id = std::string(32, 'a');
  ctx_.info.attempt = 3;
  ctx_.info.has_interval = true;
  ctx_.info.logical_date = parse_rfc3339("2001-02-01").value_or(Time{});
  expect_outcome<Done>(
      shell("echo $MILLRACE_IDEMPOTENCY_KEY $MILLRACE_ATTEMPT $MILLRACE_TRACE_ID "
            "$MILLRACE_LOGICAL_DATE $COLOUR $NUMBER > who; echo $TRACEPARENT > parent",
            {"env", Json::object({{"COLOUR", "blue"}, {"NUMBER", 7}})}));
  EXPECT_EQ(written("who"),
            "run1/task1/-1 3 " + std::string(32, 'a') + " 2001-02-01T00:00:00Z blue 7\n");
  EXPECT_EQ(written("parent").size(), 56u);  // W3C Trace Context: 55 characters
  EXPECT_EQ(written("parent").substr(0, 36), "00-" + std::string(32, 'a') + "-");
  const std::string third = written("parent");
  ctx_.info.attempt = 4;
  expect_outcome<Done>(shell("echo $TRACEPARENT > parent"));
  EXPECT_NE(written("parent"), third) << "another attempt is another span";
}

TEST_F(CommandTest, ScalarsBecomeTextWithoutLoss) {
  const Json argv = Json::array({"/bin/sh", "-c", "printf '%s|' \"$@\" > args", "sh", 2, true,
                                 Json(), 2.5, 1e20, 100000.0, 9223372036854775807});
  expect_outcome<Done>(run(Json::object({{"argv", argv}})));
  EXPECT_EQ(written("args"), "2|true||2.5|100000000000000000000|100000|9223372036854775807|");
  const auto list = run(Json::object({{"argv", Json::array({"echo", Json::array({1})})}}));
  EXPECT_EQ(list.error().message, "parameter 'argv': [1] is a list; expected a string");
  const auto nul = run(Json::object({{"argv", Json::array({"echo", std::string("a\0b", 3)})}}));
  EXPECT_EQ(nul.error().message, "parameter 'argv': a text must not hold a NUL byte");
}

TEST_F(CommandTest, EnvironmentKeepsValuesAndNullRemovesOne) {
  ASSERT_EQ(setenv("MILLRACE_TEST_INHERITED", "ours", 1), 0);
  expect_outcome<Done>(
      shell("env | grep -E '^(VERSION|COUNT|ON|EMPTY|NONE|MILLRACE_TEST_INHERITED)=' | sort > env",
            {"env", Json::object({{"VERSION", "1.10"},
                                  {"COUNT", 7},
                                  {"ON", true},
                                  {"EMPTY", ""},
                                  {"NONE", Json()},
                                  {"MILLRACE_TEST_INHERITED", Json()}})}));
  unsetenv("MILLRACE_TEST_INHERITED");
  EXPECT_EQ(written("env"), "COUNT=7\nEMPTY=\nON=true\nVERSION=1.10\n");
  EXPECT_EQ(shell("true", {"env", Json::object({{"A", Json::array({1})}})}).error().message,
            "parameter 'env': 'A': [1] is a list; expected a string");
  EXPECT_EQ(shell("true", {"env", Json(3)}).error().message,
            "parameter 'env': 3 is an integer; expected a mapping of names to texts");
}

// Python's json.dumps writes NaN, and integers of any length.
TEST_F(CommandTest, OutputsKeepTheirNumbersOrSayWhichOneCannotBeKept) {
  const auto outputs = [&](const std::string& json) {
    return shell("printf '%s' \"$JSON\" > $MILLRACE_OUTPUTS",
                 {"env", Json::object({{"JSON", json}})});
  };
  EXPECT_EQ(expect_outcome<Done>(outputs(R"({"n": 9223372036854775807})")).outputs["n"].dump(),
            "9223372036854775807");
  const auto big = outputs(R"({"keys": {"id": 12345678901234567890}})");
  EXPECT_EQ(big.error().code, ErrorCode::data_invalid);
  EXPECT_EQ(big.error().message,
            "the program wrote to $MILLRACE_OUTPUTS, but not valid JSON: the integer "
            "12345678901234567890 does not fit 64 bits (/keys/id); write it as a text to keep it "
            "exactly");
  EXPECT_EQ(
      outputs(R"({"auc": NaN})").error().message,
      "the program wrote to $MILLRACE_OUTPUTS, but not valid JSON: JSON has no NaN; found at line "
      "1, column 9 (/auc); write null or a text");
}

TEST_F(CommandTest, ARetryMayCureEveryExitCode) {
  for (const int code : {1, 3, 75, 255}) {
    const auto failed = shell("exit " + std::to_string(code));
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().message,
              "'run' ended with exit code " + std::to_string(code) + "; its output is in the log");
    EXPECT_EQ(failed.error().code, ErrorCode::program_failed);
    EXPECT_EQ(failed.error().exit_code, code);
    EXPECT_TRUE(failed.error().transient());
  }
}

TEST_F(CommandTest, WithRetryOnExitOnlyTheListedCodesAreRetried) {
  const auto listed = [&](std::string script) {
    return shell(std::move(script), {"retry_on_exit", Json::array({3, 4})}).error();
  };
  EXPECT_FALSE(listed("exit 3").permanent);
  EXPECT_TRUE(listed("exit 75").permanent);
  EXPECT_FALSE(listed("exit 75").transient());
  EXPECT_FALSE(listed("kill -9 $$").permanent) << "a signal is no exit code";
}

// 99 is the code with which Airflow's BashOperator skips (skip_on_exit_code).
TEST_F(CommandTest, AnExitCodeSkipsTheTask) {
  EXPECT_EQ(expect_outcome<Skip>(shell("exit 99")).reason, "'run' ended with exit code 99");
  EXPECT_EQ(expect_outcome<Skip>(shell("exit 3", {"skip_on_exit", Json::array({3})})).reason,
            "'run' ended with exit code 3");
  EXPECT_FALSE(shell("exit 99", {"skip_on_exit", Json::array()}).ok());
  EXPECT_TRUE(shell("exit 99", {"retry_on_exit", Json::array({99})}).error().transient());
}

TEST_F(CommandTest, ReadsItsStdin) {
  expect_outcome<Done>(shell("cat > in", {"stdin", "two\nlines\n"}));
  EXPECT_EQ(written("in"), "two\nlines\n");
}

TEST_F(CommandTest, RunsInANewFolderAndFindsThatOfTheDag) {
  expect_outcome<Done>(
      shell("ls -A | wc -l > $MILLRACE_DAG_DIR/count; basename $(pwd) > $MILLRACE_DAG_DIR/name",
            {"new_folder", true}));
  EXPECT_EQ(written("count"), "0\n");
  EXPECT_EQ(written("name"), "out\n");
  const auto both = run(Json::object({{"run", "true"}, {"new_folder", true}, {"folder", "a"}}));
  EXPECT_EQ(both.error().message, "folder is 'a', but new_folder is true; give only one");
}

TEST_F(CommandTest, FindsItsNamespace) {
  ctx_.info.namespace_ = "team";
  expect_outcome<Done>(shell("echo $MILLRACE_NAMESPACE > seen"));
  EXPECT_EQ(written("seen"), "team\n");
}

TEST_F(CommandTest, AFailedAttemptLeavesItsStateToTheNextOne) {
  EXPECT_FALSE(shell("[ ! -e $MILLRACE_STATE ]; printf job-7 > $MILLRACE_STATE; exit 75").ok());
  EXPECT_EQ(ctx_.saved, std::vector<std::string>{"job-7"});
  ctx_.info.saved_state = "job-7";
  expect_outcome<Done>(shell("cp $MILLRACE_STATE seen"));
  EXPECT_EQ(written("seen"), "job-7");
  EXPECT_EQ(ctx_.saved.size(), 1u) << "unchanged";
  EXPECT_FALSE(shell("rm $MILLRACE_STATE; exit 1").ok());
  EXPECT_EQ(ctx_.saved.back(), "");
}

// A lost attempt reports nothing at its end.
TEST_F(CommandTest, StateIsSavedWhileTheProgramRuns) {
  // The task is cancelled, which ends the program, only when its state was saved.
  ctx_.stop = [this] { return ctx_.saves > 0; };
  const auto ended = shell(
      "trap 'exit 1' TERM; printf job-7 > $MILLRACE_STATE.new; "
      "mv $MILLRACE_STATE.new $MILLRACE_STATE; while true; do sleep 0.05; done");
  EXPECT_FALSE(ended.ok());
  EXPECT_EQ(ctx_.saved, std::vector<std::string>{"job-7"});
}

// A runner watches one folder for all its attempts, because the kernel needs long to end a watch.
TEST_F(CommandTest, AnAttemptSeesNothingOfTheStateFilesOfOthers) {
  EXPECT_FALSE(shell("printf job-7 > $MILLRACE_STATE; mkdir $(dirname $MILLRACE_STATE)/extra; "
                     "echo $MILLRACE_STATE > first; exit 1")
                   .ok());
  ctx_.saved.clear();
  expect_outcome<Done>(
      shell("[ ! -e $(cat first) ]; [ $MILLRACE_STATE != $(cat first) ]; "
            "[ -z \"$(ls -A $(dirname $MILLRACE_STATE))\" ]"));
  // A program may remove the folder.
  expect_outcome<Done>(shell("rm -r $(dirname $MILLRACE_STATE)"));
  EXPECT_FALSE(shell("printf job-8 > $MILLRACE_STATE; exit 1").ok());
  EXPECT_EQ(ctx_.saved, std::vector<std::string>{"job-8"});
}

TEST_F(CommandTest, StateThatCannotBeKeptIsNamedInTheLog) {
  const auto fail_with = [&](const std::string& write) {
    ctx_.lines.clear();
    EXPECT_FALSE(shell("rm -rf $MILLRACE_STATE; " + write + "; exit 1").ok());
    return ctx_.lines.empty() ? "" : ctx_.lines.front();
  };
  EXPECT_EQ(
      fail_with("head -c 65537 /dev/zero | tr '\\0' x > $MILLRACE_STATE"),
      "$MILLRACE_STATE cannot be read, or has more than 65536 bytes; the next attempt will not "
      "get it");
  EXPECT_EQ(fail_with("head -c 3 /dev/zero > $MILLRACE_STATE"),
            "$MILLRACE_STATE is not text in UTF-8; the next attempt will not get it");
  EXPECT_EQ(fail_with("mkfifo $MILLRACE_STATE"),
            "$MILLRACE_STATE is not a regular file; the next attempt will not get it");
  EXPECT_TRUE(ctx_.saved.empty());
  EXPECT_FALSE(
      shell("rm -rf $MILLRACE_STATE; head -c 65536 /dev/zero | tr '\\0' x > $MILLRACE_STATE; "
            "exit 1")
          .ok());
  ASSERT_EQ(ctx_.saved.size(), 1u);
  EXPECT_EQ(ctx_.saved[0].size(), 65536u);
}

TEST_F(CommandTest, StopsAtTheFirstFailureOfAScript) {
  EXPECT_FALSE(shell("false\ntouch after").ok());
  EXPECT_FALSE(std::filesystem::exists(ctx_.base() / "after"));
}

TEST_F(CommandTest, ASignalIsATransientFailure) {
  const auto outcome = shell("kill -9 $$");
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message,
            "'run' was ended by signal 9 (Killed); its output is in the log");
  EXPECT_TRUE(outcome.error().transient());
  EXPECT_EQ(outcome.error().signal, 9);
  EXPECT_FALSE(outcome.error().exit_code);
}

TEST_F(CommandTest, AProgramOrFolderThatIsNotThereIsNamed) {
  const auto program = run(Json::object({{"argv", Json::array({"no-such-program"})}}));
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.error().code, ErrorCode::not_found);
  EXPECT_NE(program.error().message.find("'no-such-program'"), std::string::npos);
  const auto folder =
      run(Json::object({{"argv", Json::array({"true"})}, {"folder", "no-such-folder"}}));
  ASSERT_FALSE(folder.ok());
  EXPECT_NE(folder.error().message.find("no-such-folder"), std::string::npos);
}

TEST_F(CommandTest, NeedsExactlyOneProgram) {
  EXPECT_EQ(run(Json::object()).error().message,
            "'command' needs one of the parameters 'argv' and 'run'");
  EXPECT_EQ(
      run(Json::object({{"run", "true"}, {"argv", Json::array({"true"})}})).error().message,
      "'command' takes only one of the parameters 'argv' and 'run'; 'argv' and 'run' are given");
  EXPECT_EQ(shell("true", {"env", Json::object({{"A=B", "x"}})}).error().message,
            "'A=B' is not a name of an environment variable");
}

TEST_F(CommandTest, AsksTheProgramToEndWhenItIsCancelled) {
  // The program says that it runs; then the task is cancelled.
  ctx_.stop = [this] { return std::filesystem::exists(ctx_.base() / "running"); };
  const auto outcome =
      shell("trap 'touch asked; exit 1' TERM; touch running; while true; do sleep 0.05; done");
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::cancelled);
  EXPECT_TRUE(std::filesystem::exists(ctx_.base() / "asked"));
}

// The shell itself does not wait for what it has put into the background.
TEST_F(CommandTest, AsksAllProcessesOfTheProgramToEnd) {
  ctx_.stop = [this] { return std::filesystem::exists(ctx_.base() / "running"); };
  const auto outcome = shell(
      "(trap 'touch asked; exit 0' TERM; while [ ! -e deaf ]; do sleep 0.05; done\n"
      "touch running; while true; do sleep 0.05; done) &\n"
      "trap '' TERM; touch deaf; wait");
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::cancelled);
  EXPECT_TRUE(std::filesystem::exists(ctx_.base() / "asked"));
}

TEST_F(CommandTest, OutputsThatAreNoRegularFileAreRefusedAtOnce) {
  for (const std::string make : {"mkfifo $MILLRACE_OUTPUTS", "mkdir $MILLRACE_OUTPUTS",
                                 "ln -s /dev/zero $MILLRACE_OUTPUTS"}) {
    const auto outcome = shell("rm -rf $MILLRACE_OUTPUTS; " + make);
    ASSERT_FALSE(outcome.ok()) << make;
    EXPECT_EQ(outcome.error().code, ErrorCode::data_invalid);
    EXPECT_EQ(outcome.error().message,
              "the program made $MILLRACE_OUTPUTS something else than a regular file");
  }
}

TEST_F(CommandTest, WhatPythonPrintsIsNotHeldBack) {
  expect_outcome<Done>(shell("printf '%s' \"$PYTHONUNBUFFERED\" > seen"));
  EXPECT_EQ(written("seen"), "1");
  expect_outcome<Done>(shell("printf '%s' \"$PYTHONUNBUFFERED\" > seen",
                             {"env", Json::object({{"PYTHONUNBUFFERED", ""}})}));
  EXPECT_EQ(written("seen"), "");
}

TEST_F(CommandTest, TheProgramSeesNoDescriptorOfOurs) {
  const int fd = open("/dev/null", O_RDONLY);  // not closed on exec
  expect_outcome<Done>(shell("ls /proc/self/fd | tr '\\n' ' ' > fds"));
  close(fd);
  // 3 is the listing's own.
  EXPECT_EQ(written("fds"), "0 1 2 3 ");
}

TEST(Subprocess, IsNotDisturbedByIgnoredSignals) {
  FakeContext ctx;
  signal(SIGINT, SIG_IGN);
  const auto status = run_subprocess({{"/bin/sh", "-c", "kill -INT $$; exit 0"}, {}, ""}, ctx);
  signal(SIGINT, SIG_DFL);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->signal, SIGINT);
}

}  // namespace
}  // namespace millrace::operators

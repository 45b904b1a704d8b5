// Conformance of the worker's client: a scripted worker plays each message of the protocol, right
// and wrong, and dies at each point.
#include "operators/control/call.h"

#include <signal.h>

#include <filesystem>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/op/catalog.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

// argv[1] is Python code that is run for each task; argv[2], if there, instead of the hello.
constexpr std::string_view kScript = R"(
import json, os, signal, sys, time
def send(message):
    raw((json.dumps(message) if not isinstance(message, str) else message) + '\n')
def raw(text):
    data = text.encode()
    while data:
        data = data[os.write(3, data):]
def lines():
    rest = b''
    while True:
        part = os.read(3, 65536)
        if not part: sys.exit(0)
        *whole, rest = (rest + part).split(b'\n')
        yield from map(json.loads, whole)
def done(id=None, **outputs):
    send({'type': 'done', 'id': id or task['id'], 'outputs': outputs})
task = None
if len(sys.argv) > 2:
    exec(sys.argv[2])
else:
    send({'type': 'hello', 'protocol': [1, 7], 'later': {'unknown': 'members'}})
for message in lines():
    if message['type'] == 'welcome':
        welcome = message
    else:
        task = message
        exec(sys.argv[1])
)";

class CallTest : public ::testing::Test {
 protected:
  CallTest() {
    ctx_.time = SystemClock().now();
    ctx_.write("worker.py", kScript);
  }
  Result<Outcome> run(const std::string& for_each_task, const std::string& instead_of_hello = "",
                      std::vector<Json::Member> more = {}) {
    Json argv = Json::array({"python3", "worker.py", for_each_task});
    if (!instead_of_hello.empty()) argv.push_back(instead_of_hello);
    Json with = Json::object({{"argv", std::move(argv)}, {"function", "f"}});
    for (auto& [name, value] : more) with.set(name, std::move(value));
    return catalog_.run("call", with, ctx_);
  }
  Json outputs(const std::string& for_each_task, const std::string& instead_of_hello = "",
               std::vector<Json::Member> more = {}) {
    return expect_outcome<Done>(run(for_each_task, instead_of_hello, std::move(more))).outputs;
  }
  Error error(const std::string& for_each_task, const std::string& instead_of_hello = "",
              std::vector<Json::Member> more = {}) {
    const auto outcome = run(for_each_task, instead_of_hello, std::move(more));
    EXPECT_FALSE(outcome.ok()) << outcome_text(outcome);
    return outcome ? Error() : outcome.error();
  }
  /// What follows "the worker 'python3' " in the error.
  std::string wrong(const std::string& for_each_task, const std::string& instead_of_hello = "") {
    const std::string begin = "the worker 'python3' ", end =
                                                           ". It was ended; docs/programs.md "
                                                           "describes the protocol";
    const Error failed = error(for_each_task, instead_of_hello);
    EXPECT_EQ(failed.code, ErrorCode::program_failed);
    EXPECT_TRUE(failed.message.starts_with(begin) && failed.message.ends_with(end))
        << failed.message;
    if (failed.message.size() < begin.size() + end.size()) return failed.message;
    return failed.message.substr(begin.size(), failed.message.size() - begin.size() - end.size());
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<CallWorker>();
};

TEST_F(CallTest, AWorkerGetsTheTaskAndAnswersWithOutputs) {
  ctx_.info.attempt = 2;
  const Json got =
      outputs("done(task=task, welcome=welcome)", "", {{"inputs", Json::object({{"month", 2}})}});
  EXPECT_EQ(got["welcome"]["protocol"], Json(1));
  const Json& task = got["task"];
  EXPECT_EQ(task["function"], Json("f"));
  EXPECT_EQ(task["inputs"], Json::object({{"month", 2}}));
  EXPECT_EQ(task["idempotency_key"], Json("run1/task1/-1"));
  EXPECT_EQ(task["attempt"], Json(2));
  EXPECT_EQ(task["input_files"], Json::object());
}

TEST_F(CallTest, AWorkerServesManyTasksUnlessIsolationIsProcess) {
  const std::string script = "done(pid=os.getpid(), id_=task['id'])";
  const Json first = outputs(script), second = outputs(script);
  EXPECT_EQ(first["pid"], second["pid"]);
  EXPECT_EQ(second["id_"], Json(2));
  EXPECT_NE(outputs(script, "", {{"isolation", "process"}})["pid"],
            outputs(script, "", {{"isolation", "process"}})["pid"]);
}

TEST_F(CallTest, FourWorkersAreKeptAndTheOneUsedLongestAgoEnds) {
  const auto pid = [&](int key) {
    return outputs("done(pid=os.getpid())", "", {{"env", Json::object({{"KEY", key}})}})["pid"];
  };
  const Json first = pid(0), second = pid(1);
  pid(2);
  pid(3);
  EXPECT_EQ(pid(0), first);
  pid(4);  // the fifth
  EXPECT_EQ(ctx_.kept_processes.pids().size(), 4u);
  EXPECT_EQ(pid(0), first);
  EXPECT_NE(pid(1), second);
}

TEST_F(CallTest, AWorkerThatHasBeenIdleForLongEnds) {
  const std::string script = "done(pid=os.getpid())";
  const Json first = outputs(script);
  ctx_.time += std::chrono::minutes(6);
  EXPECT_EQ(outputs(script), first) << "it is asked for";
  ctx_.time += std::chrono::minutes(6);
  outputs("done()");
  EXPECT_EQ(ctx_.kept_processes.pids().size(), 1u);
}

TEST_F(CallTest, FailuresSayWhetherARetryHelps) {
  const std::string begin = "send({'type': 'failed', 'id': task['id'], 'error': ";
  const Error yes = error(begin + "{'class': 'Busy', 'message': 'later', 'retry': 'yes'}})");
  EXPECT_EQ(yes.message, "'f' failed: Busy: later");
  EXPECT_FALSE(yes.permanent);
  EXPECT_TRUE(error(begin + "{'class': 'Bad', 'message': 'no', 'retry': 'no'}})").permanent);
  EXPECT_EQ(error(begin + "{'class': 'Busy', 'retry': 'after', 'after_ms': 50}})").retry_after,
            std::chrono::milliseconds(50));
  EXPECT_EQ(
      expect_outcome<Skip>(run("send({'type': 'skipped', 'id': task['id'], 'reason': 'no data'})"))
          .reason,
      "no data");
}

TEST_F(CallTest, AFunctionThatTheHelloDoesNotListIsPermanent) {
  const Error missing = error(
      "done()", "send({'type': 'hello', 'protocol': [1], 'functions': ['g', {'name': 'score'}]})");
  EXPECT_TRUE(missing.permanent);
  EXPECT_EQ(missing.message,
            "the worker 'python3' has no function 'f'; it has: g, score; did you mean 'g'?");
}

// --- wrong messages ------------------------------------------------------------------------------

TEST_F(CallTest, AWorkerMustSayHelloFirst) {
  EXPECT_EQ(wrong("done()", "send({'type': 'done', 'id': 1})"), "sent 'done' before hello");
  EXPECT_EQ(wrong("done()", "send({'type': 'hello', 'protocol': [2]})"),
            "speaks the protocol [2]; this engine speaks [1]");
  EXPECT_EQ(error("done()", "send({'type': 'failed_to_start', 'error': {'message': 'no model'}})")
                .message,
            "the worker 'python3' failed to start: no model");
  EXPECT_EQ(error("done()", "raise SystemExit(7)").message,
            "the worker 'python3' ended with exit code 7; its output is in the log");
}

TEST_F(CallTest, AHelloMustComeInTime) {
  const Error late = error("done()", "signal.pause()", {{"start_timeout", "50ms"}});
  EXPECT_TRUE(late.message.starts_with("the worker 'python3' sent no hello within 50 ms"))
      << late.message;
}

TEST_F(CallTest, LinesMayComeInParts) {
  EXPECT_EQ(outputs(R"(
text = json.dumps({'type': 'done', 'id': task['id'], 'outputs': {'text': 'x' * 300_000}}) + '\n'
for i in range(0, len(text), 100_001): raw(text[i:i + 100_001])
)")["text"]
                .as_string()
                .size(),
            300'000u);
}

TEST_F(CallTest, LinesThatCannotBeReadEndTheWorker) {
  EXPECT_EQ(wrong("send('nonsense')").rfind("sent a line that is not valid JSON: ", 0), 0u);
  EXPECT_EQ(wrong("send('[1]')"), "sent a list as a line; expected an object");
  EXPECT_EQ(wrong("send({'type': 'query', 'id': task['id']})"),
            "sent a message of the unknown type 'query'");
  EXPECT_NE(error("done(text='x' * 5_000_000)").message.find("at most 4 MiB fit"),
            std::string::npos);
  EXPECT_EQ(wrong("raw('x' * 9_000_000)"), "sent a line of more than 8 MiB (too_large)");
  EXPECT_EQ(wrong("raw('{\"type\": \"done\", \"a\": \"' + 'x' * 9_000_000 + '\"}\\n')"),
            "sent a line of more than 8 MiB (too_large)");
  EXPECT_EQ(wrong("raw(chr(0xff) + '\\n')").rfind("sent a line that is not valid JSON: ", 0), 0u);
}

TEST_F(CallTest, AnAnswerToAnEarlierTaskIsIgnoredOneToALaterTaskEndsTheWorker) {
  const std::string twice = "done(n=task['id']); done(n=task['id'])";
  EXPECT_EQ(outputs(twice)["n"], Json(1));
  EXPECT_EQ(outputs(twice)["n"], Json(2));
  EXPECT_EQ(ctx_.lines, std::vector<std::string>{"the worker answered task 1 again; ignored"});
  EXPECT_EQ(wrong("done(id=7)"), "answered task 7, which it was not given");
  EXPECT_EQ(wrong("send({'type': 'done', 'outputs': {}})"),
            "answered task null, which it was not given");
}

TEST_F(CallTest, OutputsThatAreNoObjectAreAnError) {
  EXPECT_EQ(error("send({'type': 'done', 'id': task['id'], 'outputs': [1]})").message,
            "the worker sent a list as the outputs; expected an object");
  EXPECT_EQ(outputs("send({'type': 'done', 'id': task['id']})"), Json::object());
}

// --- death ---------------------------------------------------------------------------------------

TEST_F(CallTest, AWorkerThatDiesFailsOnlyItsAttempt) {
  const std::string script =
      "if os.path.exists('die'): os.remove('die'); os.kill(os.getpid(), signal.SIGSEGV)\n"
      "done(pid=os.getpid())";
  const Json first = outputs(script);
  ctx_.write("die", "");
  const Error died = error(script);
  EXPECT_EQ(died.signal, SIGSEGV);
  EXPECT_EQ(died.message,
            "the worker 'python3' was ended by signal 11 (Segmentation fault); its output is in "
            "the log");
  EXPECT_NE(outputs(script), first);
}

TEST_F(CallTest, AnAnswerBeforeTheEndCounts) {
  const std::string script = "done(pid=os.getpid()); os._exit(0)";
  const Json first = outputs(script);
  // The next task has a new worker, also if the old one was not quite dead when it was sent.
  EXPECT_NE(outputs(script), first);
}

TEST_F(CallTest, HalfALineBeforeTheEndIsNoAnswer) {
  EXPECT_EQ(error("raw('{\"type\": \"done\"'); os._exit(4)").exit_code, 4);
}

TEST_F(CallTest, AWorkerThatClosesItsConnectionIsEnded) {
  EXPECT_EQ(wrong("os.close(3); signal.pause()"), "closed its connection and went on");
}

TEST_F(CallTest, AChildThatHoldsTheConnectionDoesNotHideTheEndOfTheWorker) {
  EXPECT_EQ(error("os.fork() or signal.pause(); os._exit(6)").exit_code, 6);
}

TEST_F(CallTest, AWorkerThatIgnoresTheCancellationIsLeftToTheEngine) {
  ctx_.stop = [&] { return std::filesystem::exists(ctx_.base() / "began"); };
  const Error cancelled = error(
      "signal.signal(signal.SIGTERM, lambda *_: done())\nopen('began', 'w').close()\n"
      "signal.pause()");
  EXPECT_EQ(cancelled.code, ErrorCode::cancelled);
  EXPECT_TRUE(ctx_.kept_processes.pids().empty());
}

TEST_F(CallTest, AChangedScriptReplacesTheWorker) {
  const Json first = outputs("done(pid=os.getpid())");
  ctx_.write("worker.py", std::string(kScript) + "# another text\n");
  EXPECT_NE(outputs("done(pid=os.getpid())"), first);
}

}  // namespace
}  // namespace millrace::operators

#include "operators/control/python.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/process.h"
#include "engine/op/catalog.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

namespace fs = std::filesystem;

class PythonTest : public ::testing::Test {
 protected:
  PythonTest() { ctx_.time = SystemClock().now(); }
  Result<Outcome> run(const std::string& function, Json args = Json::object(),
                      std::vector<Json::Member> more = {}) {
    Json with = Json::object({{"function", "code:" + function}, {"args", std::move(args)}});
    for (auto& [name, value] : more) with.set(name, std::move(value));
    return catalog_.run("python", with, ctx_);
  }
  /// Replaces the module.
  void code(const std::string& text) { ctx_.write("code.py", text); }
  /// As if the files had been written some time ago.
  void age_files() { ctx_.time = SystemClock().now() + std::chrono::seconds(1); }
  Json outputs(const std::string& function, Json args = Json::object(),
               std::vector<Json::Member> more = {}) {
    return expect_outcome<Done>(run(function, std::move(args), std::move(more))).outputs;
  }
  Error error(const std::string& function, Json args = Json::object(),
              std::vector<Json::Member> more = {}) {
    const auto outcome = run(function, std::move(args), std::move(more));
    EXPECT_FALSE(outcome.ok()) << outcome_text(outcome);
    return outcome ? Error() : outcome.error();
  }
  /// "code:f failed: …" for a body of f that fails.
  Error error_of(const std::string& body) {
    code("import os, sys, signal\nfrom millrace_worker import *\ndef f():\n    " + body + "\n");
    return error("f");
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<Python>();
};

TEST_F(PythonTest, CallsAFunctionWithArgumentsByNameAndTakesItsDict) {
  code("def add(a, b=10):\n    return {'sum': a + b, 'text': 'é\\n'}\n");
  EXPECT_EQ(outputs("add", Json::object({{"a", 3}})), Json::object({{"sum", 13}, {"text", "é\n"}}));
  EXPECT_EQ(outputs("add", Json::object({{"a", 3}, {"b", 4}}))["sum"], Json(7));
}

TEST_F(PythonTest, TakesNoneAsNoOutputsAndAwaitsCoroutines) {
  code("def nothing(): pass\nasync def later(): return {'done': True}\n");
  EXPECT_EQ(outputs("nothing"), Json::object());
  EXPECT_EQ(outputs("later")["done"], Json(true));
}

TEST_F(PythonTest, OneProcessServesManyTasks) {
  code("import os\ndef f(): return {'pid': os.getpid()}\n");
  const Json first = outputs("f");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(outputs("f"), first);
  EXPECT_NE(first["pid"], Json(getpid()));
}

TEST_F(PythonTest, IsolationSaysWhatTasksShare) {
  code(R"(
import os
from millrace_worker import warm
count = 0
@warm
def model():
    return []
def f():
    global count
    count += 1
    model().append(1)
    return {'count': count, 'warm': len(model()), 'pid': os.getpid()}
)");
  const auto after_two = [&](const char* isolation) {
    const Json first = outputs("f", Json::object(), {{"isolation", isolation}});
    Json second = outputs("f", Json::object(), {{"isolation", isolation}});
    return second.set("same", first["pid"] == second["pid"]);
  };
  const Json module = after_two("module"), none = after_two("none"), process = after_two("process");
  EXPECT_EQ(module["count"], Json(1));
  EXPECT_EQ(module["warm"], Json(2));
  EXPECT_EQ(module["same"], Json(true));
  EXPECT_EQ(none["count"], Json(2));
  EXPECT_EQ(none["warm"], Json(2));
  EXPECT_EQ(none["same"], Json(true));
  EXPECT_EQ(process["count"], Json(1));
  EXPECT_EQ(process["warm"], Json(1));
  EXPECT_EQ(process["same"], Json(false));
}

TEST_F(PythonTest, ChangedCodeRunsInANewProcessBeforeTheNextTask) {
  code("import os, part\ndef f(): return {'v': 1, 'part': part.v(), 'pid': os.getpid()}\n");
  ctx_.write("part.py", "def v(): return 'a'\n");
  age_files();
  const Json first = outputs("f");
  EXPECT_EQ(outputs("f"), first);
  code("import os, part\ndef f(): return {'v': 22, 'part': part.v(), 'pid': os.getpid()}\n");
  age_files();
  const Json second = outputs("f");
  EXPECT_EQ(outputs("f"), second);
  EXPECT_EQ(second["v"], Json(22));
  EXPECT_NE(second["pid"], first["pid"]);
  // A module that the first one imports, found without being named.
  ctx_.write("part.py", "def v(): return 'bb'\n");
  EXPECT_EQ(outputs("f")["part"], Json("bb"));
}

// The file may have been read before it was changed.
TEST_F(PythonTest, AModuleThatChangedWhileItsFirstTaskRanIsReadAgain) {
  code("import os, part\ndef f(): return {'part': part.v(), 'pid': os.getpid()}\n");
  ctx_.write("part.py",
             "def v():\n"
             "    open('part.py', 'w').write(\"def v(): return 'new'\\n\")\n"
             "    return 'old'\n");
  EXPECT_EQ(outputs("f")["part"], Json("old"));
  EXPECT_EQ(outputs("f")["part"], Json("new"));
}

TEST_F(PythonTest, AWatchedFileThatChangesReplacesTheProcess) {
  code("text = open('words.txt').read()\ndef f(): return {'text': text}\n");
  ctx_.write("words.txt", "one");
  const std::vector<Json::Member> with = {{"isolation", "none"},
                                          {"watch", Json::array({"words.txt"})}};
  EXPECT_EQ(outputs("f", Json::object(), with)["text"], Json("one"));
  ctx_.write("words.txt", "three");
  EXPECT_EQ(outputs("f", Json::object(), with)["text"], Json("three"));
}

TEST_F(PythonTest, AProcessIsReplacedAfterTheTasksOfRecycle) {
  code("import os\ndef f(): return {'pid': os.getpid()}\n");
  const std::vector<Json::Member> with = {{"recycle", Json::object({{"tasks", 2}})}};
  const Json first = outputs("f", Json::object(), with);
  EXPECT_EQ(outputs("f", Json::object(), with), first);
  EXPECT_NE(outputs("f", Json::object(), with), first);
}

TEST_F(PythonTest, TheAttemptIsKnownToTheFunction) {
  ctx_.info.attempt = 3;
  ctx_.info.epoch = 7;
  code(R"(
from millrace_worker import attempt
def f():
    return {'key': attempt.idempotency_key, 'n': attempt.attempt, 'epoch': attempt.epoch,
            'dag': attempt.dag}
)");
  EXPECT_EQ(outputs("f"),
            Json::object({{"key", "run1/task1/-1"}, {"n", 3}, {"epoch", 7}, {"dag", "test_dag"}}));
}

// --- failures ------------------------------------------------------------------------------------

TEST_F(PythonTest, AnExceptionFailsTheAttemptWithItsClassAndMessage) {
  const Error failed = error_of("raise ValueError('no such month: 13')");
  EXPECT_EQ(failed.code, ErrorCode::program_failed);
  EXPECT_EQ(failed.message, "'code:f' failed: ValueError: no such month: 13");
  EXPECT_FALSE(failed.permanent);
}

TEST_F(PythonTest, RetryPermanentAndSkipSayWhatFollows) {
  const Error later = error_of("raise Retry('busy', after=2.5)");
  EXPECT_EQ(later.retry_after, std::chrono::milliseconds(2500));
  EXPECT_FALSE(later.permanent);
  EXPECT_TRUE(error_of("raise Permanent('no')").permanent);
  code("from millrace_worker import Skip\ndef f(): raise Skip('nothing new')\n");
  EXPECT_EQ(expect_outcome<Skip>(run("f")).reason, "nothing new");
}

TEST_F(PythonTest, SysExitIsAResult) {
  code("import sys, os\ndef f(n): sys.exit(n)\ndef pid(): return {'pid': os.getpid()}\n");
  const Json before = outputs("pid");
  expect_outcome<Done>(run("f", Json::object({{"n", 0}})));
  expect_outcome<Skip>(run("f", Json::object({{"n", 99}})));
  const Error failed = error("f", Json::object({{"n", 3}}));
  EXPECT_EQ(failed.message, "'code:f' failed: SystemExit: 3");
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_EQ(outputs("pid"), before) << "the process stays";
}

TEST_F(PythonTest, AnExitFailsTheAttemptAloneAndTheNextTaskHasANewProcess) {
  code(
      "import os\ndef f(): os._exit(5)\ndef g(): return {'ok': 1}\n"
      "def k(): os.kill(os.getpid(), 9)\n");
  const Error exited = error("f");
  EXPECT_EQ(exited.code, ErrorCode::program_failed);
  EXPECT_EQ(exited.message,
            "the worker 'python3' ended with exit code 5; its output is in the log");
  EXPECT_EQ(exited.exit_code, 5);
  EXPECT_EQ(outputs("g")["ok"], Json(1));
  const Error killed = error("k");
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_EQ(outputs("g")["ok"], Json(1));
}

TEST_F(PythonTest, AMissingModuleOrFunctionIsPermanentAndNamesTheNearest) {
  code("def train(): pass\ndef load(): pass\n");
  const auto of = [&](const char* function) {
    const auto outcome = catalog_.run("python", Json::object({{"function", function}}), ctx_);
    EXPECT_FALSE(outcome.ok());
    EXPECT_TRUE(outcome.error().permanent);
    return outcome.error().message;
  };
  EXPECT_EQ(of("coed:train"), "there is no module 'coed' in " + ctx_.base().string() +
                                  " or among the installed ones; did you mean 'code'?");
  EXPECT_EQ(of("code:trian"),
            "module 'code' has no function 'trian'; it has: load, train; did you mean 'train'?");
  EXPECT_EQ(of("train"),
            "function: 'train' does not name a function; write module:function, such "
            "as pipeline:train for `def train` in pipeline.py");
}

TEST_F(PythonTest, WrongArgumentsArePermanentBeforeTheCall) {
  code("def f(month, year=2000): raise SystemError('called')\n");
  const Error unknown = error("f", Json::object({{"moth", 1}}));
  EXPECT_TRUE(unknown.permanent);
  EXPECT_EQ(unknown.message,
            "'code:f' does not take these arguments: missing a required argument: 'month'; it is "
            "f(month, year=2000); did you mean 'month'?");
  code("def g(month, attempt): return {}\n");
  EXPECT_NE(error("g", Json::object({{"month", 1}}))
                .message.find("the attempt is no argument: from millrace_worker import attempt"),
            std::string::npos);
}

TEST_F(PythonTest, AModuleThatCannotBeImportedSaysWhatItLacks) {
  code("import no_such_library\ndef f(): pass\n");
  const Error missing = error("f");
  EXPECT_EQ(missing.message,
            "'code:f' failed: ModuleNotFoundError: No module named 'no_such_library'");
  code("def f(:\n");
  EXPECT_NE(error("f").message.find("SyntaxError"), std::string::npos);
}

// --- values --------------------------------------------------------------------------------------

TEST_F(PythonTest, NumbersAreKeptExactlyOrRefused) {
  code(
      "def f(x): return {'n': x, 'next': x + 1}\n"
      "def nan(): return {'scores': [1.0, {'auc': float('nan')}]}\n"
      "def big(): return {'id': 12345678901234567890}\n");
  EXPECT_EQ(outputs("f", Json::object({{"x", std::int64_t{9007199254740993}}})).dump(),
            R"({"n":9007199254740993,"next":9007199254740994})");  // beyond 2^53
  EXPECT_EQ(error("nan").message,
            "output scores/1/auc is nan, which JSON does not have; return None or a text");
  EXPECT_NE(error("big").message.find("12345678901234567890 does not fit 64 bits"),
            std::string::npos);
}

TEST_F(PythonTest, WhatIsNoDictOrNoJsonIsRefused) {
  EXPECT_EQ(error_of("return [1]").message,
            "'code:f' returned a list; expected a dict with the names of outputs, or None");
  EXPECT_EQ(error_of("return {'s': {1, 2}}").message,
            "an output holds a set, which is no JSON value; write it to a file of output_files, "
            "and return its path");
  // docs/dags.md: the outputs of a task have at most 4 MiB.
  EXPECT_EQ(error_of("return {'s': 'x' * 4_500_000}").message,
            "the outputs have 4.3 MiB as JSON; at most 4 MiB fit. Write them to a file of "
            "output_files, and return its path");
  EXPECT_EQ(error_of("return {1: 2}").message,
            "'code:f' returned a dict with the key 1; the names of outputs are texts");
  EXPECT_EQ(
      error_of("return {'n': {'m': [2**63]}}").message,
      "output n/m/0: 9223372036854775808 does not fit 64 bits; return a text to keep it exactly");
}

TEST_F(PythonTest, WrongTextsAndDelaysAreNamed) {
  EXPECT_EQ(error_of("return {'s': chr(0xd800)}").message.rfind("the outputs are not JSON: ", 0),
            0u);
  code("def g(): return {'s': chr(0x1f600)}\n");
  EXPECT_EQ(outputs("g")["s"], Json("\U0001F600"));
  EXPECT_NE(error_of("raise Retry('busy', after='soon')")
                .message.find("Retry: after='soon' is not a number of seconds"),
            std::string::npos);
}

// The helper itself uses this module: that of the user cannot take its place.
TEST_F(PythonTest, AModuleWithTheNameOfAnotherOneIsNamed) {
  ctx_.write("json.py", "def f(): return {}\n");
  const auto outcome = catalog_.run("python", Json::object({{"function", "json:f"}}), ctx_);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.error().message.find("json.py has the name of another module"),
            std::string::npos)
      << outcome.error().message;
}

TEST_F(PythonTest, InputsThatAreTooLongAreRefused) {
  code("def f(text): pass\n");
  const Error refused = error("f", Json::object({{"text", std::string(9'000'000, 'x')}}));
  EXPECT_TRUE(refused.permanent);
  EXPECT_EQ(refused.message.rfind("too_large: the inputs of the task have 9000", 0), 0u);
}

TEST_F(PythonTest, DeclaredOutputsAreChecked) {
  code("def f(): return {'mae': 'low'}\ndef g(): return {}\n");
  const std::vector<Json::Member> with = {{"outputs", Json::object({{"mae", "number"}})}};
  EXPECT_EQ(error("f", Json::object(), with).message,
            "the function returned 'low' as the output 'mae'; expected a value of type number");
  EXPECT_EQ(error("g", Json::object(), with).message,
            "the function did not return the output 'mae'; expected a value of type number");
}

TEST_F(PythonTest, FilesComeInAsPathsAndGoOutAsArtifacts) {
  const auto stored = ctx_.store().put_text("three\nlines\nhere\n");
  ASSERT_TRUE(stored.ok());
  code(R"(
from pathlib import Path
from millrace_worker import output_path
def f(text):
    lines = open(text).read().split()
    with open(output_path('model'), 'w') as out:
        out.write('a model')
    table = Path('table.csv')
    table.write_text('word\n' + '\n'.join(lines))
    return {'lines': len(lines), 'words': table}
)");
  const auto done = expect_outcome<Done>(
      run("f", Json::object(),
          {{"files", Json::object({{"text", stored->digest}})},
           {"output_files",
            Json::object({{"model", Json::object({{"path", "m.bin"}, {"type", "model"}})},
                          {"words", Json::object({{"path", "w.csv"}, {"type", "table"}})}})}}));
  EXPECT_EQ(done.outputs["lines"], Json(3));
  const auto made = effects_of<PublishArtifact>(done.effects);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].artifact_kind, "model");
  EXPECT_EQ(made[0].digest, done.outputs["model"].as_string());
  EXPECT_EQ(made[1].rows, 3);
  EXPECT_EQ(made[1].inputs, std::vector<std::string>{stored->digest});
}

// --- what a task does to its process -------------------------------------------------------------

TEST_F(PythonTest, WhatATaskChangesInItsProcessIsPutBack) {
  code(R"(
import os, signal
def change():
    os.environ['CHANGED'] = 'yes'
    os.environ.pop('PATH', None)
    os.chdir('/')
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return {'pid': os.getpid()}
def look():
    return {'env': 'CHANGED' in os.environ, 'path': 'PATH' in os.environ, 'cwd': os.getcwd(),
            'ignored': signal.getsignal(signal.SIGTERM) == signal.SIG_IGN, 'pid': os.getpid()}
)");
  const Json changed = outputs("change"), seen = outputs("look");
  EXPECT_EQ(seen, Json::object({{"env", false},
                                {"path", true},
                                {"cwd", fs::canonical(ctx_.base()).string()},
                                {"ignored", false},
                                {"pid", changed["pid"]}}));
}

TEST_F(PythonTest, AProcessWithALeftThreadOrChildIsReplaced) {
  code(R"(
import os, threading, subprocess
def pid(): return {'pid': os.getpid()}
def thread():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return pid()
def child():
    subprocess.Popen(['sleep', '60'])
    return pid()
)");
  for (const char* function : {"thread", "child"}) {
    const Json left = outputs(function);
    EXPECT_NE(outputs("pid"), left) << function;
    const Json kept = outputs(function, Json::object(), {{"isolation", "none"}});
    EXPECT_EQ(outputs("pid", Json::object(), {{"isolation", "none"}}), kept) << function;
  }
}

TEST_F(PythonTest, AChildThatIsLeftBehindEndsWithItsAttempt) {
  code("import subprocess\ndef f(): return {'child': subprocess.Popen(['sleep', '600']).pid}\n");
  const auto child = static_cast<pid_t>(outputs("f")["child"].as_int());
  EXPECT_TRUE(wait_for_exit(child, std::chrono::seconds(20)));
  EXPECT_TRUE(ctx_.kept_processes.pids().empty());
}

TEST_F(PythonTest, AThreadOfAnImportedLibraryStays) {
  ctx_.write("library.py",
             "import threading\n"
             "threading.Thread(target=threading.Event().wait, daemon=True).start()\n");
  code("import os, library\ndef f(): return {'pid': os.getpid()}\n");
  age_files();
  const Json first = outputs("f");
  EXPECT_EQ(outputs("f"), first);
}

TEST_F(PythonTest, NeitherDescriptorThreeNorStdinReachesTheProtocol) {
  code(R"(
import os, sys
def write():
    try:
        os.write(3, b'{"type":"done","id":1,"outputs":{"forged":1}}\n')
    except OSError:
        pass
    os.close(0)
    return {'read': 'x'}
def read():
    return {'read': sys.stdin.read()}
def close():
    os.closerange(0, 1000)
)");
  EXPECT_EQ(outputs("read")["read"], Json(""));
  EXPECT_EQ(outputs("write"), Json::object({{"read", "x"}}));
  EXPECT_EQ(error("close").code, ErrorCode::program_failed);
  EXPECT_EQ(outputs("write")["read"], Json("x"));
}

TEST_F(PythonTest, ACancelledTaskGetsCancelledAndItsProcessEnds) {
  code(R"(
import os, time
from millrace_worker import Cancelled
def f():
    try:
        open('began', 'w').close()
        time.sleep(600)
    except Cancelled:
        open('cancelled', 'w').close()
        raise
def g(): return {}
)");
  ctx_.stop = [&] { return fs::exists(ctx_.base() / "began"); };
  EXPECT_EQ(error("f").code, ErrorCode::cancelled);
  EXPECT_TRUE(fs::exists(ctx_.base() / "cancelled"));
  ctx_.stop = [] { return false; };
  EXPECT_EQ(outputs("g"), Json::object());
}

TEST_F(PythonTest, AnInterpreterThatIsNotThereIsNamed) {
  code("def f(): pass\n");
  const Error missing = error("f", Json::object(), {{"python", "python9"}});
  EXPECT_EQ(missing.code, ErrorCode::not_found);
  EXPECT_NE(missing.message.find("'python9'"), std::string::npos);
}

// scikit-learn itself writes models in tests/e2e/sales_test.cc.
TEST_F(PythonTest, SaveModelNamesWhatItCannotWrite) {
  code(
      "from millrace_worker import save_model\n"
      "class RandomForestClassifier: pass\n"
      "class PCA: pass\n"
      "class Ridge: pass\n"
      "class Pipeline:\n"
      "    steps = [('pca', PCA()), ('model', Ridge())]\n"
      "def forest(): save_model(RandomForestClassifier(), 'model.json')\n"
      "def pipeline(): save_model(Pipeline(), 'model.json')\n");
  const std::string cure =
      "; it writes a model of xgboost, or a linear or logistic regression of scikit-learn, alone "
      "or after a StandardScaler";
  EXPECT_EQ(
      error("forest").message,
      "'code:forest' failed: TypeError: save_model cannot write RandomForestClassifier" + cure);
  EXPECT_EQ(error("pipeline").message,
            "'code:pipeline' failed: TypeError: save_model cannot write PCA and Ridge" + cure);
}

}  // namespace
}  // namespace millrace::operators

// The helper for workers in Node.js, with the operator `call`.
#include <filesystem>

#include "engine/base/clock.h"
#include "engine/op/catalog.h"
#include "operators/control/call.h"
#include "operators/control/sdk_files.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

constexpr std::string_view kFunctions = R"(
import { writeFileSync } from "node:fs";
import { serve, Permanent, Retry, Skip } from "./millrace_worker.mjs";
serve({
  add: ({ a, b }) => ({ sum: a + b, pid: process.pid }),
  later: async (_, attempt) => ({ key: await Promise.resolve(attempt.idempotency_key) }),
  nothing() {},
  throws() { throw new RangeError("no such month: 13"); },
  permanent() { throw new Permanent("no"); },
  retry() { throw new Retry("busy", { after: 0.5 }); },
  skip() { throw new Skip("nothing new"); },
  nan: () => ({ auc: NaN }),
  same: ({ n }) => ({ n }),
  large: () => ({ n: 2 ** 60 }),
  soon() { throw new Retry("busy", { after: "soon" }); },
  list: () => [1],
  wait: (_, { signal }) => new Promise((_, reject) => {
    writeFileSync("began", "");
    const alive = setInterval(() => {}, 1000);
    signal.addEventListener("abort", () => {
      clearInterval(alive);
      writeFileSync("aborted", "");
      reject(signal.reason);
    });
  }),
});
)";

class NodeSdk : public ::testing::Test {
 protected:
  NodeSdk() {
    ctx_.time = SystemClock().now();
    ctx_.write("millrace_worker.mjs", node_sdk());
    ctx_.write("functions.mjs", kFunctions);
  }
  Result<Outcome> run(const std::string& function, Json inputs = Json::object()) {
    return catalog_.run("call",
                        Json::object({{"argv", Json::array({"node", "functions.mjs"})},
                                      {"function", function},
                                      {"inputs", std::move(inputs)}}),
                        ctx_);
  }
  Error error(const std::string& function) {
    const auto outcome = run(function);
    EXPECT_FALSE(outcome.ok()) << outcome_text(outcome);
    return outcome ? Error() : outcome.error();
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<CallWorker>();
};

TEST_F(NodeSdk, ServesFunctionsInOneProcess) {
  const Json inputs = Json::object({{"a", 3}, {"b", 4}});
  const Json first = expect_outcome<Done>(run("add", inputs)).outputs;
  EXPECT_EQ(first["sum"], Json(7));
  EXPECT_EQ(expect_outcome<Done>(run("add", inputs)).outputs, first);
  EXPECT_EQ(expect_outcome<Done>(run("later")).outputs["key"], Json("run1/task1/-1"));
  EXPECT_EQ(expect_outcome<Done>(run("nothing")).outputs, Json::object());
}

TEST_F(NodeSdk, ErrorsSayWhatFollows) {
  EXPECT_EQ(error("throws").message, "'throws' failed: RangeError: no such month: 13");
  EXPECT_TRUE(error("permanent").permanent);
  EXPECT_EQ(error("retry").retry_after, std::chrono::milliseconds(500));
  EXPECT_EQ(expect_outcome<Skip>(run("skip")).reason, "nothing new");
  EXPECT_EQ(error("nan").message,
            "'nan' failed: Permanent: output auc is NaN, which JSON does not have; return null or "
            "a text");
  EXPECT_EQ(error("list").message,
            "'list' failed: Permanent: 'list' returned [ 1 ]; expected an object with the names of "
            "outputs");
  const Error missing = error("throw");
  EXPECT_TRUE(missing.permanent);
  EXPECT_NE(missing.message.find("did you mean 'throws'?"), std::string::npos) << missing.message;
}

// JavaScript keeps whole numbers up to 2^53 - 1.
TEST_F(NodeSdk, NumbersThatItWouldRoundAreRefused) {
  const auto same = [this](std::int64_t n) { return run("same", Json::object({{"n", n}})); };
  EXPECT_EQ(expect_outcome<Done>(same(9007199254740991)).outputs["n"], Json(9007199254740991));
  const auto rounded = same(9007199254740993);
  ASSERT_FALSE(rounded.ok());
  EXPECT_EQ(rounded.error().message,
            "'same' failed: Permanent: an input holds 9007199254740993, which JavaScript would "
            "round; pass a text");
  const Json text = Json::object({{"n", "9007199254740993"}});
  EXPECT_EQ(expect_outcome<Done>(run("same", text)).outputs, text);
  EXPECT_NE(error("large").message.find("which JavaScript may have rounded; return a text"),
            std::string::npos);
  EXPECT_NE(error("soon").message.find("after: 'soon' is not a number of seconds"),
            std::string::npos);
}

TEST_F(NodeSdk, ACancellationAbortsTheSignal) {
  ctx_.stop = [&] { return std::filesystem::exists(ctx_.base() / "began"); };
  EXPECT_EQ(error("wait").code, ErrorCode::cancelled);
  EXPECT_TRUE(std::filesystem::exists(ctx_.base() / "aborted"));
}

}  // namespace
}  // namespace millrace::operators

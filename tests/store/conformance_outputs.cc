// What a run leaves at its end.
#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

TEST_P(StoreTest, ARunHasItsOutputsAndErrorFromItsEndUntilItIsOpenedAgain) {
  lead();
  const RunRow run = start_run(), other = start_run();
  EXPECT_TRUE(stores().runs.run(run.run)->outputs.is_null());
  RunRow done = run, failed = other;
  done.status = RunStatus::success;
  done.outputs = Json::object({{"auc", 0.9}, {"text", "a \"b\", {c} \\"}});
  failed.status = RunStatus::failed;
  failed.error = "outputs/auc: too \"bad\", {x}";
  done.finished_at = failed.finished_at = now();
  Batch ends = batch({event(run.run, RunFinished{RunStatus::success, done.outputs, ""}),
                      event(other.run, RunFinished{RunStatus::failed, {}, failed.error})});
  ends.runs_finished = {done, failed};
  ASSERT_OK(stores().journal.append(ends));
  EXPECT_EQ(done.outputs, stores().runs.run(run.run)->outputs);
  EXPECT_EQ("", stores().runs.run(run.run)->error);
  EXPECT_TRUE(stores().runs.run(other.run)->outputs.is_null());
  EXPECT_EQ(failed.error, stores().runs.run(other.run)->error);

  Batch clear = batch({event(run.run, TasksCleared{{{0, -1}}, {}}),
                       event(other.run, TasksCleared{{{0, -1}}, {}})});
  clear.runs_reopened = {run.run, other.run};
  ASSERT_OK(stores().journal.append(clear));
  EXPECT_TRUE(stores().runs.run(run.run)->outputs.is_null());
  EXPECT_EQ("", stores().runs.run(other.run)->error);
}

}  // namespace
}  // namespace millrace::testing

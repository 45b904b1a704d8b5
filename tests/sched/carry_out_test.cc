// Commands as the release before this form wrote them stay readable, and answers keep their form:
// clients read them. The bodies below are written by hand on purpose.
#include <gtest/gtest.h>

#include "engine/sched/command.h"
#include "engine/store/command.h"
#include "engine/store/mem_store.h"

namespace millrace {
namespace {

const std::string kRun = "01890a5d-ac96-774b-bcce-b302099a8057";
const std::string kDigest(64, 'a');

class CarryOut : public ::testing::Test {
 protected:
  CarryOut() {
    DagSpec spec;
    spec.id = "etl";
    spec.schedule = CronSpec{"0 * * * *", "America/New_York", DstPolicy::skip};
    spec.on_event = Json::object({{"type", "news"}});
    spec.tasks.resize(1);
    spec.tasks[0].id = "only";
    spec.tasks[0].op = "fake";
    auto dag = Dag::make(std::move(spec));
    EXPECT_TRUE(dag.ok());
    EXPECT_TRUE(
        planner_.register_dag({std::make_shared<const Dag>(*std::move(dag)), "", "", {}}, now())
            .ok());
  }
  Time now() const { return *parse_rfc3339("2026-03-01T10:30:00Z"); }

  Result<Json> send(const std::string& kind, const std::string& body) {
    Command command;
    command.id = Uuid{7, ++commands_};
    command.kind = kind;
    command.body = *Json::parse(body);
    command.origin = {"ada", "why"};
    return carry_out(command, planner_, store_.stores(), now());
  }
  std::string answer(const std::string& kind, const std::string& body) {
    const auto result = send(kind, body);
    return result ? result->dump() : "refused: " + result.error().message;
  }
  const RunCreated& created() const { return planner_.find_run(*Uuid::parse(kRun))->created; }

  SystemClock clock_;
  MemStore store_{clock_};
  Planner planner_{PlannerOptions{}, 1, Rng(1)};
  std::uint64_t commands_ = 0;
};

TEST_F(CarryOut, ATriggerNamesItsRun) {
  EXPECT_EQ(answer("trigger_run", R"({"dag": "etl", "run": ")" + kRun +
                                      R"(", "params": {}, "trace_id": "0af7",
                                          "logical_date": "2026-03-01"})"),
            R"({"run":")" + kRun + R"("})");
  // Midnight in New York, as the DAG's schedule has it.
  EXPECT_EQ(format_rfc3339(*created().logical_date), "2026-03-01T05:00:00Z");
  EXPECT_EQ(created().trace_id, "0af7");
  EXPECT_EQ(created().origin.principal.who, "ada");
}

TEST_F(CarryOut, ATriggerWithoutARunIsNamedByTheCommand) {
  const Uuid first{7, 1};
  EXPECT_EQ(answer("trigger_run", R"({"dag": "etl"})"),
            R"({"run":")" + first.to_string() + R"("})");
}

TEST_F(CarryOut, EveryOtherAnswerKeepsItsForm) {
  const std::string of_run = R"({"run": ")" + kRun + R"(")";
  const std::string names_run = R"({"run":")" + kRun + R"("})";
  answer("trigger_run", R"({"dag": "etl", "run": ")" + kRun + R"("})");
  EXPECT_EQ(answer("cancel_task", of_run + R"(, "task": "only", "map_index": null})"),
            R"({"run":")" + kRun + R"(","task":"only"})");
  EXPECT_EQ(answer("retry_run", of_run + R"(, "tasks": ["only"]})"), names_run);
  EXPECT_EQ(answer("cancel_run", of_run + R"(, "force": true})"), names_run);
  EXPECT_EQ(answer("pause_dag", R"({"dag": "etl", "paused": true})"),
            R"({"namespace":"default","dag":"etl","paused":true})");
  EXPECT_EQ(answer("reset_schedule", R"({"dag": "etl"})"),
            R"({"namespace":"default","dag":"etl","from":"2026-03-01T10:30:00Z"})");
  EXPECT_EQ(answer("publish_event", R"({"name": "news", "event": {"id": "1"}})"),
            R"({"name":"news","runs":[],"not_started":[{"dag":"etl","reason":"it is paused"}]})");
}

TEST_F(CarryOut, AModelIsRolledBackAndReleased) {
  ModelState state;
  state.serving = {.champion = std::string(64, 'b'), .candidate = kDigest, .weight = 10};
  planner_.restore_model("m", state);
  const std::string trip = R"({"model": "m", "reason": "the circuit breaker opened",
      "evidence": {"errors": 9}, "artifact": ")" +
                           kDigest + R"(", "candidate_only": true})";
  EXPECT_EQ(answer("rollback_model", trip), R"({"namespace":"default","model":"m"})");
  // The breaker names its artifact: the champion never pays for a candidate that is gone.
  EXPECT_EQ(answer("rollback_model", trip),
            "refused: model 'm' is not rolled back: the artifact is no longer the candidate");
  EXPECT_EQ(answer("release_model",
                   R"({"model": "m", "artifact": ")" + kDigest + R"(", "reason": "fixed"})"),
            R"({"namespace":"default","model":"m","artifact":")" + kDigest + R"("})");
}

TEST_F(CarryOut, ABadBodyIsRefusedByItsMember) {
  EXPECT_EQ(answer("cancel_run", R"({"run": "x"})"), "refused: 'run' is \"x\"; expected a UUID");
  EXPECT_EQ(answer("cancel_run", "{}"), "refused: 'run' is missing");
  EXPECT_EQ(answer("publish_event", R"({"name": ""})"), "refused: 'name' is \"\"; expected a name");
  EXPECT_EQ(answer("trigger_runs", "{}"),
            "refused: unknown command 'trigger_runs'; did you mean 'trigger_run'?");
}

TEST_F(CarryOut, ABodyIsWrittenAsItWas) {
  EXPECT_EQ(make_command(TriggerRun{.dag = "etl"}, {}).body.dump(), R"({"dag":"etl"})");
  TriggerRun dated{.dag = "etl"};
  dated.params = Json::object({{"rows", 3}});
  dated.logical_date = "2026-03-01";
  EXPECT_EQ(make_command(dated, {}).body,
            *Json::parse(R"({"dag": "etl", "params": {"rows": 3}, "logical_date": "2026-03-01"})"))
      << "an idempotency key of before still means the same request";
  EXPECT_EQ(make_command(RollbackModel{"m", "asked for"}, {}).body,
            *Json::parse(R"({"model": "m", "reason": "asked for"})"));
}

}  // namespace
}  // namespace millrace

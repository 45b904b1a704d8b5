// The oracle itself is judged: for each rule a history that breaks it, and nothing else, must be
// refused with a message that names the rule.
#include <gtest/gtest.h>

#include <set>

#include "engine/base/file.h"
#include "tests/oracle/forge.h"
#include "tests/oracle/task_course.h"

namespace millrace::oracle {
namespace {

using Events = std::vector<Event>;

struct Wrong {
  std::string name;
  Rule rule;
  std::string says;  // part of the message
  std::function<void(Forge&)> make;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

template <typename Body>
void drop(Events& events, const Uuid& run, TaskRef ref = {-1, -1}) {
  events.erase(find_event<Body>(events, run, ref));
}
/// Puts a copy of the event behind the one that it is a copy of.
template <typename Body>
void repeat(Events& events, const Uuid& run, TaskRef ref = {-1, -1}) {
  const auto event = find_event<Body>(events, run, ref);
  const Event copy = *event;
  events.insert(event, copy);
}

/// Runs that tasks start.
std::vector<Wrong> wrong_children() {
  return {
      {"AChildWithoutAParent", Rule::child_runs, "no task has started it",
       [](Forge& f) {
         f.show([&](Events& e) { body_of<RunCreated>(e, f.second).type = RunType::child; });
       }},
      {"AStartedRunThatIsNotThere", Rule::child_runs, "never created",
       [](Forge& f) {
         f.show([&](Events& e) {
           StartRun start{.dag = "example"};
           start.run = Uuid{7, 7};
           body_of<TaskSucceeded>(e, f.first, Forge::kTrain).effects.emplace_back(start);
         });
       }},
  };
}

/// A wrong journal of one run.
std::vector<Wrong> wrong_runs() {
  return {
      {"AGap", Rule::journal_order, "follows",
       [](Forge& f) { f.show([](Events& e) { e.erase(e.begin() + 4); }, false); }},
      {"AnEventBeforeItsRun", Rule::known_run, "never created",
       [](Forge& f) { f.show([&](Events& e) { drop<RunCreated>(e, f.first); }); }},
      {"ARunTwice", Rule::known_run, "second time",
       [](Forge& f) { f.show([&](Events& e) { repeat<RunCreated>(e, f.second); }); }},
      {"AnEndWithoutTheLastTask", Rule::transition_table, "still open",
       [](Forge& f) {
         f.show([&](Events& e) { drop<TaskSucceeded>(e, f.first, Forge::kTrain); });
       }},
      {"TwoOutcomes", Rule::one_outcome, "ended already",
       [](Forge& f) {
         f.show([&](Events& e) { repeat<TaskSucceeded>(e, f.first, Forge::kTrain); });
       }},
      {"AStartAfterTheEnd", Rule::one_outcome, "after the task has ended",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<TaskSucceeded>(e, f.first, Forge::kIngest);
           // After the effect that gives the canary's traffic back.
           e.insert(end + 2, {0, f.first, end->at, AttemptStarted{Forge::kIngest, 2, 1, {}}});
         });
       }},
      {"OneRetryTooMany", Rule::retry_limit, "without a retry left",
       [](Forge& f) {
         f.show([&](Events& e) { repeat<AttemptFailed>(e, f.first, Forge::kTrain); });
       }},
      {"ARetryOfAPermanentFailure", Rule::retry_limit, "without a retry left",
       [](Forge& f) {
         f.show([&](Events& e) {
           body_of<AttemptFailed>(e, f.first, Forge::kTrain).error.permanent = true;
         });
       }},
      {"AFailureWithARetryLeft", Rule::retry_limit, "although it has a retry left",
       [](Forge& f) {
         f.show([&](Events& e) {
           body_of<TaskFailed>(e, f.second, Forge::kTrain).error.permanent = false;
         });
       }},
      {"AHoldThatTheDagDoesNotAskFor", Rule::held, "its DAG says fail",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<TaskFailed>(e, f.second, Forge::kTrain);
           e.insert(end, {0, f.second, end->at, TaskHeld{Forge::kTrain, 1, internal_error("x")}});
         });
       }},
      {"AResumedTaskThatIsNotHeld", Rule::held, "resumed that is not held",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<TaskFailed>(e, f.second, Forge::kTrain);
           e.insert(end, {0, f.second, end->at, TaskResumed{Forge::kTrain, {}, {}}});
         });
       }},
      {"AGivenUpTaskThatIsNotHeld", Rule::held, "given up that is not held",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<TaskFailed>(e, f.second, Forge::kTrain);
           e.insert(end, {0, f.second, end->at, HeldTaskGivenUp{Forge::kTrain, {}}});
         });
       }},
      {"LostTooOften", Rule::retry_limit, "lost too often",
       [](Forge& f) {
         f.show([&](Events& e) { repeat<AttemptLost>(e, f.second, Forge::kIngest); });
       }},
  };
}

/// An event of an attempt, or of a call of it, that is not the current one.
std::vector<Wrong> wrong_attempts() {
  return {
      {"AnOldAttemptsOutcome", Rule::current_attempt, "while 2 is the current one",
       [](Forge& f) {
         f.show([&](Events& e) { body_of<TaskSucceeded>(e, f.first, Forge::kTrain).attempt = 1; });
       }},
      {"AnOldAttemptUnderTheNewNumber", Rule::current_attempt, "was taken for",
       [](Forge& f) {
         f.show([&](Events& e) {
           body_of<TaskSucceeded>(e, f.first, Forge::kTrain)
               .outputs.set("mark", mark_of(f.first, "train", -1, 1, 1));
         });
       }},
      {"AnEarlierCallsOutcome", Rule::current_attempt, "was taken for",
       [](Forge& f) {
         f.show([&](Events& e) {
           // The attempt is deferred and called again; its end is still that of the first call.
           const auto end = find_event<TaskSucceeded>(e, f.first, Forge::kTrain);
           e.insert(end,
                    {{0, f.first, end->at, TaskDeferred{Forge::kTrain, 2, end->at, "", {}, {}}},
                     {0, f.first, end->at, AttemptStarted{Forge::kTrain, 2, 1, {}}}});
         });
       }},
      {"TwoAttemptsAtATime", Rule::current_attempt, "another is under way",
       [](Forge& f) {
         f.show([&](Events& e) { repeat<AttemptStarted>(e, f.first, Forge::kTrain); });
       }},
      {"TwoDispatchesAtATime", Rule::current_attempt, "while another waits",
       [](Forge& f) {
         f.show([&](Events& e) { repeat<AttemptDispatched>(e, f.first, Forge::kTrain); });
       }},
      {"AnotherStartThanTheDispatch", Rule::current_attempt, "than was dispatched",
       [](Forge& f) {
         f.show([&](Events& e) { body_of<AttemptStarted>(e, f.first, Forge::kTrain).attempt = 7; });
       }},
      {"AReturnOfWhatHasBegun", Rule::current_attempt, "was not dispatched",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto start = find_event<AttemptStarted>(e, f.first, Forge::kTrain);
           e.insert(start + 1, {0, f.first, start->at, AttemptReturned{Forge::kTrain, 1, ""}});
         });
       }},
      {"NumbersThatGoBack", Rule::current_attempt, "go back",
       [](Forge& f) {
         f.show([&](Events& e) { body_of<AttemptStarted>(e, f.first, Forge::kTrain).attempt = 0; });
       }},
      {"AnOldLeaderStarts", Rule::newest_epoch, "starts an attempt",
       [](Forge& f) {
         f.show([&](Events& e) { body_of<AttemptStarted>(e, f.second, Forge::kTrain).epoch = 1; });
       }},
      {"AnOldLeadersOutcome", Rule::newest_epoch, "of an old leader",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<TaskSucceeded>(e, f.first, Forge::kIngest);
           // Another run's attempt starts under epoch 2 while ingest is still under way.
           const RunCreated other = body_of<RunCreated>(e, f.second);
           e.insert(end, {{0, Uuid{1, 9}, end->at, other},
                          {0, Uuid{1, 9}, end->at, RunCancelRequested{}},
                          {0, Uuid{1, 9}, end->at, AttemptStarted{Forge::kIngest, 1, 2, {}}}});
         });
         f.slots = 2;
       }},
  };
}

/// A task that starts or is left out against its upstream.
std::vector<Wrong> wrong_edges() {
  return {
      {"AnEdgeIgnored", Rule::edges, "before its upstream",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<TaskSucceeded>(e, f.first, Forge::kIngest);
           const auto next = find_event<AttemptStarted>(e, f.first, Forge::kTrain);
           std::rotate(end, next, next + 1);
         });
       }},
      {"ATaskLeftOutWithoutReason", Rule::edges, "left out although",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto begin = find_event<AttemptDispatched>(e, f.first, Forge::kTrain);
           e.insert(begin, {0, f.first, begin->at, TaskSkipped{Forge::kTrain, "no reason"}});
         });
       }},
  };
}

std::vector<Wrong> wrong_dags() {
  return {
      {"ADateSkippedWithoutAReason", Rule::overlap, "though no run is open",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<RunFinished>(e, f.first);
           e.insert(end + 1, {0, {}, end->at, ScheduleMoved{"example", {}, {}, {}, end->at}});
         });
       }},
      {"ADateThatIsNone", Rule::schedule_dates, "is no date of '0 * * * *'",
       [](Forge& f) {
         f.show([&](Events& e) {
           *body_of<RunCreated>(e, f.first).logical_date += std::chrono::minutes{1};
         });
       }},
      {"ADateToCome", Rule::schedule_dates, "is created before that",
       [](Forge& f) {
         f.show([&](Events& e) {
           *body_of<RunCreated>(e, f.first).logical_date += std::chrono::hours{1};
         });
       }},
      {"AnIntervalOfTwoHours", Rule::schedule_dates, "does not cover the time since",
       [](Forge& f) {
         f.show([&](Events& e) {
           RunCreated& run = body_of<RunCreated>(e, f.first);
           run.interval_end = run.logical_date;
           run.interval_start = *run.logical_date - std::chrono::hours{2};
         });
       }},
      {"ARunForNoUpdate", Rule::dataset_runs, "that no update asks for",
       [](Forge& f) {
         f.show([&](Events& e) {
           RunCreated& run = body_of<RunCreated>(e, f.second);
           run.type = RunType::dataset;
           run.trigger = Json::object({{"dataset", "d"}, {"artifact", "other"}});
         });
       }},
      {"AnUpdateThatStartsNothing", Rule::dataset_runs, "of DAG waiting for dataset d",
       [](Forge& f) { f.show([](Events& e) { drop<DagPaused>(e, {}); }); }},
      {"ARunOfARetiredDag", Rule::declared_dag, "which is retired",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto second = find_event<RunCreated>(e, f.second);
           const DagKey dag = std::get<RunCreated>(second->body).dag;
           e.insert(second, {0, {}, second->at, DagRetired{dag, "no file declares it", {}}});
         });
       }},
  };
}

/// What is wrong between runs, or between the journal and the world.
std::vector<Wrong> wrong_worlds() {
  return {
      {"MoreAttemptsThanSlots", Rule::slots, "2 attempts are under way in 1",
       [](Forge& f) {
         f.show([&](Events& e) {
           RunCreated cancelled = body_of<RunCreated>(e, f.second);
           const Uuid other{1, 9};
           const auto end = find_event<TaskSucceeded>(e, f.first, Forge::kIngest);
           e.insert(end, {{0, other, end->at, cancelled},
                          {0, other, end->at, RunCancelRequested{}},
                          {0, other, end->at, AttemptStarted{Forge::kIngest, 1, 1}}});
         });
       }},
      {"MoreRunsThanMayBe", Rule::active_runs, "while 1 others are under way",
       [](Forge& f) {
         f.show([&](Events& e) {
           const RunCreated other = body_of<RunCreated>(e, f.second);
           const auto end = find_event<TaskSucceeded>(e, f.first, Forge::kIngest);
           e.insert(end, {{0, Uuid{1, 9}, end->at, other},
                          {0, Uuid{1, 9}, end->at, TaskQueued{Forge::kIngest}}});
         });
       }},
      {"ASecondRunOfADate", Rule::one_run_per_date, "2001-02-01",
       [](Forge& f) {
         f.show([&](Events& e) {
           body_of<RunCreated>(e, f.second) = body_of<RunCreated>(e, f.first);
         });
       }},
      {"TwoRunsOfAKey", Rule::one_run_per_key, "key 'once' started 2 runs",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto end = find_event<RunFinished>(e, f.second);
           Event other = *find_event<RunCreated>(e, f.second);
           other.run = Uuid{1, 3};
           Event over{0, other.run, end->at, RunFinished{RunStatus::failed}};
           e.insert(end + 1,
                    {other,
                     {0, other.run, end->at,
                      TaskFailed{Forge::kIngest, 0, make_error(ErrorCode::internal, ""), {}, {}}},
                     {0, other.run, end->at, TaskUpstreamFailed{Forge::kTrain}},
                     over});
         });
       }},
      {"ACommandTwice", Rule::command_once, "second time",
       [](Forge& f) { f.show([](Events& e) { repeat<CommandHandled>(e, {}); }); }},
      {"ACommandWithoutAnswer", Rule::command_once, "never carried out",
       [](Forge& f) { f.show([](Events& e) { drop<CommandHandled>(e, {}); }); }},
      {"AnotherAnswer", Rule::command_once, "lost or another",
       [](Forge& f) { f.show([](Events& e) { body_of<CommandHandled>(e, {}).ok = false; }); }},
      {"ARunThatWasPromised", Rule::accepted_run, "does not exist",
       [](Forge& f) {
         f.show([&](Events& e) {
           std::erase_if(e, [&](const Event& event) { return event.run == f.second; });
         });
       }},
      {"ARunWithoutEnd", Rule::run_ended, "did not end",
       [](Forge& f) { f.show([&](Events& e) { drop<RunFinished>(e, f.second); }); }},
      {"AWrongStatus", Rule::run_status, "from its tasks follows failed",
       [](Forge& f) {
         f.show([&](Events& e) { body_of<RunFinished>(e, f.second).status = RunStatus::success; });
       }},
      {"ACanaryLeftAlone", Rule::owned_traffic, "its task has ended",
       [](Forge& f) { f.show([&](Events& e) { drop<EffectsRequested>(e, f.first); }); }},
      {"TrafficForNoVersion", Rule::registered_traffic, "which is no version",
       [](Forge& f) {
         f.show([&](Events& e) {
           auto& effects = body_of<TaskSucceeded>(e, f.first, Forge::kIngest).effects;
           std::erase_if(effects, [](const Effect& effect) {
             return std::holds_alternative<RegisterModel>(effect);
           });
         });
       }},
      {"TrafficForAWithdrawnVersion", Rule::registered_traffic, "refused or withdrawn",
       [](Forge& f) {
         f.show([&](Events& e) {
           auto& back = body_of<EffectsRequested>(e, f.first).effects;
           std::get<RollbackModel>(back[0]).blameless = false;
           const auto at = find_event<EffectsRequested>(e, f.first);
           const RollbackModel gone = std::get<RollbackModel>(back[0]);
           e.insert(at + 1,
                    {0, {}, at->at, EffectsRequested{{SetTraffic{"m", gone.artifact, 5, ""}}, {}}});
         });
       }},
      {"AnAttemptThatNobodyStarted", Rule::durable_first, "no start of it",
       [](Forge& f) { f.witness.begun.insert(mark_of(f.first, "train", -1, 9, 1)); }},
      {"AnOutcomeOfNothing", Rule::really_happened, "never came to an end",
       [](Forge& f) { f.witness.ended.erase(mark_of(f.first, "ingest", -1, 1, 1)); }},
  };
}

/// What is wrong with the text that an attempt saves for the next one.
std::vector<Wrong> wrong_states() {
  return {
      {"AnAttemptWithoutTheSavedState", Rule::saved_state, "was saved last",
       [](Forge& f) { f.witness.given[mark_of(f.first, "train", -1, 2, 1)] = ""; }},
      {"ASavedStateThatIsForgotten", Rule::saved_state, "and '' was saved last",
       [](Forge& f) {
         f.show([&](Events& e) { drop<AttemptStateSaved>(e, f.first, Forge::kTrain); });
       }},
      {"AStateOfAnAttemptThatIsOver", Rule::current_attempt, "saves that is not under way",
       [](Forge& f) {
         f.show([&](Events& e) {
           const auto saved = find_event<AttemptStateSaved>(e, f.first, Forge::kTrain);
           std::iter_swap(saved, saved + 1);
         });
       }},
  };
}

class WrongHistory : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongHistory, IsRefusedByItsRule) {
  Forge forge;
  GetParam().make(forge);
  const Judgement judgement = judge(forge.stores(), forge.expectations());
  ASSERT_TRUE(judgement.violation) << "the oracle found nothing";
  const std::string text = judgement.violation->text();
  EXPECT_EQ(name_of(GetParam().rule), name_of(judgement.violation->rule)) << text;
  EXPECT_EQ(0u, text.find(std::string(name_of(GetParam().rule)) + ": ")) << text;
  EXPECT_NE(std::string::npos, text.find(GetParam().says)) << text;
}

std::string case_name(const ::testing::TestParamInfo<Wrong>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Child, WrongHistory, ::testing::ValuesIn(wrong_children()), case_name);
INSTANTIATE_TEST_SUITE_P(Run, WrongHistory, ::testing::ValuesIn(wrong_runs()), case_name);
INSTANTIATE_TEST_SUITE_P(Attempt, WrongHistory, ::testing::ValuesIn(wrong_attempts()), case_name);
INSTANTIATE_TEST_SUITE_P(Edge, WrongHistory, ::testing::ValuesIn(wrong_edges()), case_name);
INSTANTIATE_TEST_SUITE_P(Dag, WrongHistory, ::testing::ValuesIn(wrong_dags()), case_name);
INSTANTIATE_TEST_SUITE_P(State, WrongHistory, ::testing::ValuesIn(wrong_states()), case_name);
INSTANTIATE_TEST_SUITE_P(World, WrongHistory, ::testing::ValuesIn(wrong_worlds()), case_name);

TEST(TaskCourse, AHeldTaskGoesOnOnlyIfAPersonSaysSo) {
  const TaskRef ref{0, -1};
  const CourseLimits limits{.holds = true};
  TaskCourse held;
  ASSERT_FALSE(follow(held, AttemptStarted{ref, 1, 1, {}}, limits, 1));
  ASSERT_FALSE(follow(held, TaskHeld{ref, 1, unavailable("away")}, limits, 1));
  const auto rule_after = [&](std::vector<EventBody> bodies) -> std::optional<Rule> {
    TaskCourse course = held;
    for (const EventBody& body : bodies)
      if (const Finding wrong = follow(course, body, limits, 1)) return wrong->rule;
    return std::nullopt;
  };
  const EventBody start = AttemptStarted{ref, 2, 1, {}}, queue = TaskQueued{ref},
                  failure = TaskFailed{ref, 1, unavailable("away"), {}, {}};
  EXPECT_EQ(Rule::held, rule_after({start}));
  EXPECT_EQ(Rule::held, rule_after({queue}));
  EXPECT_EQ(Rule::held, rule_after({failure}));
  EXPECT_EQ(std::nullopt, rule_after({TaskResumed{ref, {}, {}}, start}));
  EXPECT_EQ(std::nullopt, rule_after({HeldTaskGivenUp{ref, {}}, failure}));
  EXPECT_EQ(std::nullopt, rule_after({TaskCancelled{ref}}));
  EXPECT_EQ(Rule::held, rule_after({TaskResumed{ref, {}, {}}, TaskResumed{ref, {}, {}}}));
}

TEST(Oracle, ASoundHistoryIsAccepted) {
  Forge forge;
  const Judgement judgement = judge(forge.stores(), forge.expectations());
  EXPECT_FALSE(judgement.violation) << judgement.violation->text();
  EXPECT_EQ(3, judgement.tally.runs);
  EXPECT_EQ(6, judgement.tally.tasks);
  EXPECT_EQ(8, judgement.tally.attempts);
  EXPECT_EQ(11, judgement.tally.effects);
}

TEST(Oracle, AnUnfinishedHistoryIsAcceptedUntilItsTimeIsUp) {
  Forge forge;
  forge.show([&](Events& e) { e.resize(3); });  // a run, created and nothing more
  Expectations expected = forge.expectations();
  expected.at_rest = false;
  expected.witness = nullptr;
  const Judgement judgement = judge(forge.stores(), expected);
  // Only the tables, which know the whole history, disagree.
  ASSERT_TRUE(judgement.violation);
  EXPECT_EQ("projections", name_of(judgement.violation->rule));
}

TEST(Oracle, EveryRuleSaysWhatItPromises) {
  std::set<std::string_view> names;
  for (const Rule rule : all_rules()) {
    EXPECT_TRUE(names.insert(name_of(rule)).second);
    EXPECT_TRUE(promise_of(rule).ends_with('.')) << name_of(rule);
  }
}

TEST(Oracle, EveryPromiseStandsOnThePageAboutReliability) {
  const auto page = read_file(MILLRACE_SOURCE_DIR "/docs/reliability.md", 1 << 20);
  ASSERT_TRUE(page) << page.error().message;
  for (const Rule rule : all_rules()) {
    const std::string row = "| " + std::string(promise_of(rule)) + " | ";
    const std::string named = "rule `" + std::string(name_of(rule)) + "`";
    const auto at = page->find(row);
    ASSERT_NE(std::string::npos, at) << row;
    EXPECT_LT(page->find(named, at), page->find('\n', at)) << named;
  }
}

TEST(Oracle, EveryRuleHasAWrongHistory) {
  // Rows that are wrong: oracle_row_test.cc; constructs of graphs: oracle_graph_test.cc; backfills:
  // oracle_backfill_test.cc.
  std::set<Rule> tried = {Rule::readable,   Rule::projections, Rule::effects_once,
                          Rule::iterations, Rule::teardowns,   Rule::active_instances,
                          Rule::backfills};
  for (const auto& list : {wrong_children(), wrong_runs(), wrong_attempts(), wrong_edges(),
                           wrong_dags(), wrong_states(), wrong_worlds()})
    for (const Wrong& wrong : list) tried.insert(wrong.rule);
  for (const Rule rule : all_rules()) EXPECT_TRUE(tried.contains(rule)) << name_of(rule);
}

}  // namespace
}  // namespace millrace::oracle

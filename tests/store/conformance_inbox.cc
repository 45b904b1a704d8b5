#include <mutex>
#include <set>
#include <thread>

#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

Command trigger(const Uuid& id, std::string key = "") {
  Command command;
  command.id = id;
  command.kind = "trigger_run";
  command.body = Json::object({{"dag", "flights"}, {"params", Json::object({{"months", 3}})}});
  command.idempotency_key = std::move(key);
  command.origin = {"ada", "by hand"};
  command.created_at = Time{Duration{1'234'567'890}};
  return command;
}

TEST_P(StoreTest, ASubmittedCommandIsPendingUntilItIsHandled) {
  lead();
  Inbox& inbox = stores().inbox;
  const Uuid first = new_id(), second = new_id();
  ASSERT_OK(inbox.submit(trigger(first)));
  ASSERT_OK(inbox.submit(trigger(second)));
  auto pending = inbox.pending(10);
  ASSERT_OK(pending);
  ASSERT_EQ(2u, pending->size());
  const Command& got = pending->front();
  EXPECT_EQ(first, got.id);
  EXPECT_EQ("trigger_run", got.kind);
  EXPECT_EQ(trigger(first).body, got.body);
  EXPECT_EQ("ada", got.origin.principal.who);
  EXPECT_EQ("by hand", got.origin.reason);
  EXPECT_EQ(trigger(first).created_at, got.created_at);
  EXPECT_EQ("default", got.namespace_);
  EXPECT_EQ(1u, inbox.pending(1)->size());
  EXPECT_FALSE(inbox.result(first)->has_value());

  append({event({}, CommandHandled{first, false, Json::object({{"why", "no such DAG"}})})});
  pending = inbox.pending(10);
  ASSERT_OK(pending);
  ASSERT_EQ(1u, pending->size());
  EXPECT_EQ(second, pending->front().id);
  const auto result = inbox.result(first);
  ASSERT_OK(result);
  ASSERT_TRUE(result->has_value());
  EXPECT_FALSE((*result)->ok);
  EXPECT_EQ("no such DAG", (*result)->result["why"].as_string());
  EXPECT_EQ(now(), (*result)->at);
}

TEST_P(StoreTest, TheFirstAnswerToACommandStays) {
  lead();
  const Uuid id = new_id();
  ASSERT_OK(stores().inbox.submit(trigger(id)));
  append({event({}, CommandHandled{id, true, Json("one")}),
          event({}, CommandHandled{id, false, Json("two")})});
  append({event({}, CommandHandled{id, false, Json("three")})});
  EXPECT_EQ("one", (*stores().inbox.result(id))->result.as_string());
}

TEST_P(StoreTest, OneIdempotencyKeyIsOneCommand) {
  Inbox& inbox = stores().inbox;
  const Uuid first = new_id(), second = new_id(), third = new_id();
  ASSERT_OK(inbox.submit(trigger(first, "k")));
  const auto again = inbox.submit(trigger(second, "k"));
  ASSERT_OK(again);
  EXPECT_EQ(first, again->id);

  Command other_body = trigger(third, "k");
  other_body.body.set("dag", "other");
  EXPECT_CODE(ErrorCode::conflict, inbox.submit(other_body));

  Command other_namespace = other_body;
  other_namespace.namespace_ = "team";
  const auto elsewhere = inbox.submit(other_namespace);
  ASSERT_OK(elsewhere);
  EXPECT_EQ(third, elsewhere->id);
  EXPECT_EQ(2u, inbox.pending(10)->size());
}

TEST_P(StoreTest, AnIdempotencyKeyHoldsAfterTheCommandWasHandled) {
  lead();
  const Uuid first = new_id();
  ASSERT_OK(stores().inbox.submit(trigger(first, "k")));
  append({event({}, CommandHandled{first, true, {}})});
  EXPECT_EQ(first, stores().inbox.submit(trigger(new_id(), "k"))->id);
  EXPECT_TRUE(stores().inbox.pending(10)->empty());
}

TEST_P(StoreTest, SubmittingTheSameCommandTwiceIsOneCommand) {
  const Command command = trigger(new_id());
  ASSERT_OK(stores().inbox.submit(command));
  ASSERT_OK(stores().inbox.submit(command));
  EXPECT_EQ(1u, stores().inbox.pending(10)->size());
}

TEST_P(StoreTest, TenClientsWithOneKeyMakeOneCommand) {
  std::vector<Uuid> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(new_id());
  std::mutex mutex;
  std::set<Uuid> answers;
  int failures = 0;
  std::vector<std::thread> threads;
  for (const Uuid& id : ids)
    threads.emplace_back([&, id] {
      const auto answer = stores().inbox.submit(trigger(id, "race"));
      const std::lock_guard lock(mutex);
      if (answer.ok())
        answers.insert(answer->id);
      else
        ++failures;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(0, failures);
  EXPECT_EQ(1u, answers.size());
  EXPECT_EQ(1u, stores().inbox.pending(100)->size());
}

TEST_P(StoreTest, PendingSurvivesManyHandledCommands) {
  lead();
  const Uuid waiting = new_id();
  ASSERT_OK(stores().inbox.submit(trigger(waiting)));
  std::vector<Event> handled;
  for (int i = 0; i < 300; ++i) {
    const Uuid id = new_id();
    ASSERT_OK(stores().inbox.submit(trigger(id)));
    handled.push_back(event({}, CommandHandled{id, true, {}}));
    if (handled.size() == 100) append(std::exchange(handled, {}));
    if (i % 50 == 0) ASSERT_OK(stores().inbox.pending(1000));
  }
  const auto pending = stores().inbox.pending(1000);
  ASSERT_OK(pending);
  ASSERT_EQ(1u, pending->size());
  EXPECT_EQ(waiting, pending->front().id);
  append({event({}, CommandHandled{waiting, true, {}})});
  EXPECT_TRUE(stores().inbox.pending(1000)->empty());
}

TEST_P(StoreTest, InboxSubscribersHearOfCommands) {
  Signal signal;
  const Subscription subscription =
      stores().inbox.subscribe([heard = signal.callback()](const AcceptedCommand*) { heard(); });
  const int before = signal.count();
  ASSERT_OK(stores().inbox.submit(trigger(new_id())));
  EXPECT_TRUE(signal.wait_for(before + 1));
}

TEST_P(StoreTest, InboxSubscribersGetACommandThatIsNewAndOnlyOnce) {
  std::mutex mutex;
  std::vector<AcceptedCommand> accepted;  // guarded by mutex
  const Subscription subscription = stores().inbox.subscribe([&](const AcceptedCommand* command) {
    const std::lock_guard lock(mutex);
    if (command != nullptr) accepted.push_back(*command);
  });
  const Command first = trigger(new_id(), "key");
  ASSERT_OK(stores().inbox.submit(first));
  ASSERT_OK(stores().inbox.submit(first));
  ASSERT_OK(stores().inbox.submit(trigger(new_id(), "key")));
  const std::lock_guard lock(mutex);
  ASSERT_EQ(1u, accepted.size());
  EXPECT_EQ(first.id, accepted[0].command.id);
  EXPECT_EQ(first.body, accepted[0].command.body);
}

}  // namespace
}  // namespace millrace::testing

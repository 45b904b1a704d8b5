// What ends with a Subscription, for each role that calls back. The roles' own calls are tested
// with the roles.
#include <atomic>
#include <thread>

#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

using Subscribe = std::function<Subscription(std::function<void()>)>;

struct Role {
  std::string name;
  Subscribe subscribe;
  std::function<void()> cause;  // of a call
};

Command trigger_of(const Uuid& id) {
  Command command;
  command.id = id;
  command.kind = "trigger_run";
  command.body = Json::object({{"dag", "flights"}});
  return command;
}

std::vector<Role> roles_of(Stores stores, std::function<void()> append,
                           std::function<Uuid()> new_id, std::function<void()> promote) {
  return {{"journal",
           [stores](std::function<void()> f) { return stores.journal.subscribe(std::move(f)); },
           std::move(append)},
          {"inbox",
           [stores](std::function<void()> f) {
             return stores.inbox.subscribe([f = std::move(f)](const AcceptedCommand*) { f(); });
           },
           [stores, id = std::move(new_id)] { EXPECT_OK(stores.inbox.submit(trigger_of(id()))); }},
          {"serving",
           [stores](std::function<void()> f) { return stores.serving.subscribe(std::move(f)); },
           std::move(promote)}};
}

TEST_P(StoreTest, ACallbackIsNotCalledOnceItsSubscriptionHasEnded) {
  lead();
  const RunRow run = start_run();
  int task = 0;
  const auto roles = roles_of(
      stores(),
      [&] {
        append({event(run.run, TaskQueued{{0, -1}})});
      },
      [&] { return new_id(); },
      [&] {
        succeed(run.run, {PromoteModel{"flights", digest('a'), ""}}, "t" + std::to_string(++task));
      });
  for (const Role& role : roles) {
    SCOPED_TRACE(role.name);
    Signal ended, goes_on;
    Subscription first = role.subscribe(ended.callback());
    const Subscription second = role.subscribe(goes_on.callback());
    role.cause();
    EXPECT_TRUE(ended.wait_for(1));
    first.end();
    const int calls = ended.count(), others = goes_on.count();
    role.cause();
    EXPECT_TRUE(goes_on.wait_for(others + 1));
    EXPECT_EQ(calls, ended.count());
  }
}

TEST_P(StoreTest, ACallbackMayEndItsOwnSubscription) {
  lead();
  const RunRow run = start_run();
  std::atomic<int> calls = 0;
  Subscription subscription;
  Mutex mutex;
  {
    const MutexLock lock(mutex);  // until it is assigned
    subscription = stores().inbox.subscribe([&](const AcceptedCommand*) {
      ++calls;
      const MutexLock assigned(mutex);
      subscription.end();
    });
  }
  ASSERT_OK(stores().inbox.submit(trigger_of(new_id())));
  ASSERT_OK(stores().inbox.submit(trigger_of(new_id())));
  EXPECT_EQ(1, calls);
}

// The sanitizers of this build tell of a callback that outlives what it uses.
TEST_P(StoreTest, NoCallbackRunsWhileOrAfterItsOwnerEnds) {
  std::atomic<bool> stop = false;
  std::thread submitter([&, inbox = &stores().inbox] {
    for (std::uint64_t i = 1; !stop; ++i) EXPECT_OK(inbox->submit(trigger_of(Uuid{99, i})));
  });
  for (int i = 0; i < 200; ++i) {
    auto owned = std::make_unique<int>(0);
    Signal called;
    const Subscription subscription =
        stores().inbox.subscribe([&owned, heard = called.callback()](const AcceptedCommand*) {
          ++*owned;
          heard();
        });
    if (i % 20 == 0) EXPECT_TRUE(called.wait_for(1));
  }
  stop = true;
  submitter.join();
}

}  // namespace
}  // namespace millrace::testing

#include "engine/base/subscription.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

namespace millrace {
namespace {

TEST(Subscription, CallsInOrderUntilItEnds) {
  Subscribers<int> list;
  std::string calls;
  Subscription a = list.add([&](int i) { calls += "a" + std::to_string(i); });
  {
    const Subscription b = list.add([&](int i) { calls += "b" + std::to_string(i); });
    list.call(1);
  }
  list.call(2);
  a.end();
  a.end();
  list.call(3);
  EXPECT_EQ("a1b1a2", calls);
}

TEST(Subscription, MovesAndOutlivesItsList) {
  auto list = std::make_unique<Subscribers<>>();
  int calls = 0;
  Subscription first = list->add([&] { ++calls; });
  Subscription second = std::move(first);
  list->call();
  EXPECT_EQ(1, calls);
  second = list->add([&] { calls += 10; });  // ends what it held
  list->call();
  EXPECT_EQ(11, calls);
  list.reset();
}

TEST(Subscription, EndsFromItsOwnCallback) {
  Subscribers<> list;
  int calls = 0;
  Subscription subscription;
  subscription = list.add([&] {
    ++calls;
    subscription.end();
    list.call();  // calls itself no more
  });
  list.call();
  list.call();
  EXPECT_EQ(1, calls);
}

TEST(Subscription, ItsEndWaitsForACallOfAnotherThread) {
  Subscribers<> list;
  std::promise<void> begun, go_on;
  std::atomic<bool> returned = false;
  Subscription subscription = list.add([&] {
    begun.set_value();
    go_on.get_future().wait();
    returned = true;
  });
  std::thread caller([&] { list.call(); });
  begun.get_future().wait();
  std::thread ending([&] {
    subscription.end();
    EXPECT_TRUE(returned);
  });
  go_on.set_value();
  ending.join();
  caller.join();
}

TEST(Subscription, ACallbackMaySubscribeAnother) {
  Subscribers<> list;
  int calls = 0;
  Subscription inner;
  const Subscription outer = list.add([&] {
    if (calls++ == 0) inner = list.add([&] { calls += 100; });
  });
  list.call();
  EXPECT_EQ(1, calls);
  list.call();
  EXPECT_EQ(102, calls);
}

// The sanitizers of this build tell of a callback that outlives what it uses.
TEST(Subscription, NoCallOutlivesItsOwner) {
  Subscribers<> list;
  std::atomic<bool> stop = false;
  std::thread caller([&] {
    while (!stop) list.call();
  });
  for (int i = 0; i < 2000; ++i) {
    auto owned = std::make_unique<int>(0);
    const Subscription subscription = list.add([&owned] { ++*owned; });
    if (i % 10 == 0) std::this_thread::yield();
  }
  stop = true;
  caller.join();
}

}  // namespace
}  // namespace millrace

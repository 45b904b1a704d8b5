// Services: start and stop at any time and from anywhere, no lost wake-up. Also built with
// ThreadSanitizer.
#include "engine/base/service.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

namespace millrace {
namespace {

using std::chrono::milliseconds;

TEST(Service, RunsUntilItIsStopped) {
  Service service("test");
  std::atomic<int> rounds = 0, ends = 0;
  service.start([&] {
    while (service.wait(milliseconds{1})) ++rounds;
    ++ends;
  });
  while (rounds < 3) std::this_thread::yield();
  service.stop();
  EXPECT_EQ(1, ends);
  EXPECT_TRUE(service.stopping());
}

TEST(Service, StartAndStopAreIdempotent) {
  Service service("test");
  service.stop();
  std::atomic<int> bodies = 0;
  const auto body = [&] {
    ++bodies;
    while (service.wait()) continue;
  };
  service.start(body);
  service.start(body);
  while (bodies == 0) std::this_thread::yield();
  service.stop();
  service.stop();
  EXPECT_EQ(1, bodies);
  service.start(body);
  service.stop();
  EXPECT_EQ(2, bodies);
}

TEST(Service, AStopBeforeAStartHasNoEffect) {
  Service service("test");
  service.request_stop();
  std::promise<void> woken;
  service.start([&] {
    if (service.wait()) woken.set_value();
  });
  service.wake();
  woken.get_future().wait();
}

TEST(Service, AWakeBeforeTheBodyWaitsIsNotLost) {
  Service service("test");
  service.wake();  // even before there is a thread
  std::promise<void> woken;
  service.start([&] {
    if (service.wait()) woken.set_value();
  });
  woken.get_future().wait();
}

TEST(Service, APauseIsNotEndedByAWakeAndKeepsIt) {
  Service service("test");
  std::promise<std::chrono::steady_clock::duration> paused;
  service.wake();
  service.start([&] {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(service.pause(milliseconds{20}));
    const auto end = std::chrono::steady_clock::now();
    EXPECT_TRUE(service.wait());  // at once
    paused.set_value(end - begin);
  });
  EXPECT_GE(paused.get_future().get(), milliseconds{20});
}

TEST(Service, TheBodyMayStopIt) {
  Service service("test");
  std::promise<void> asked;
  service.start([&] {
    service.stop();  // does not wait for itself
    EXPECT_FALSE(service.wait());
    asked.set_value();
  });
  asked.get_future().wait();
  service.stop();
}

TEST(Service, ABodyThatEndsByItselfIsStoppedLikeAnother) {
  Service service("test");
  std::promise<void> ended;
  service.start([&] { ended.set_value(); });
  ended.get_future().wait();
  service.stop();
  std::promise<void> again;
  service.start([&] { again.set_value(); });
  again.get_future().wait();
}

TEST(Service, ItsDescriptorIsReadableAfterAWakeAndAfterAStop) {
  Service service("test");
  const int fd = service.fd();
  const auto readable = [fd](int timeout_ms) {
    pollfd event{fd, POLLIN, 0};
    return ::poll(&event, 1, timeout_ms) == 1;
  };
  EXPECT_FALSE(readable(0));
  std::atomic<int> wakes = 0;
  service.start([&] {
    while (readable(-1) && service.wait(milliseconds{0})) ++wakes;
  });
  service.wake();
  while (wakes == 0) std::this_thread::yield();
  service.stop();
}

// What every service of the engine relies on. A lost wake-up or stop would hang it.
TEST(Service, SurvivesStartsStopsAndWakesFromAllSides) {
  constexpr int kThreads = 4, kRounds = 300;
  Service service("stress");
  service.fd();
  std::atomic<int> running = 0, most = 0, done = 0, rounds = 0;
  const auto body = [&] {
    most = std::max(most.load(), ++running);
    while (service.wait()) ++rounds;
    --running;
  };
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        if ((i + t) % 3 == 0) service.start(body);
        service.wake();
        if ((i + t) % 5 == 0) service.stop();
        if ((i + t) % 7 == 0) service.request_stop();
      }
      ++done;
    });
  threads.clear();
  service.stop();
  EXPECT_EQ(kThreads, done);
  EXPECT_EQ(0, running);
  EXPECT_EQ(1, most);  // never two bodies at once
}

TEST(Service, EachWakeIsFollowedByALook) {
  constexpr int kItems = 20'000;
  Service service("items");
  Mutex mutex;
  std::vector<int> queue;
  int taken = 0;
  std::promise<void> all;
  service.start([&] {
    while (service.wait()) {
      std::vector<int> batch;
      {
        const MutexLock lock(mutex);
        batch.swap(queue);
      }
      taken += static_cast<int>(batch.size());
      // The last wake may come after the look that took the last item.
      if (!batch.empty() && taken == kItems) all.set_value();
    }
  });
  for (int i = 0; i < kItems; ++i) {
    {
      const MutexLock lock(mutex);
      queue.push_back(i);
    }
    service.wake();
  }
  all.get_future().wait();
}

TEST(ServiceDeathTest, AnExceptionOfItsBodyEndsTheProcessWithALogLine) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Service service("unlucky");
        service.start([] { throw std::runtime_error("a broken invariant"); });
        service.stop();
      },
      "unlucky.*a broken invariant|a broken invariant.*unlucky");
}

}  // namespace
}  // namespace millrace

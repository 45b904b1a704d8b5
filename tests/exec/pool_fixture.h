// A pool of the tests' runners on a MemStore, and the reports it has made.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/process.h"
#include "engine/exec/process_tree.h"
#include "engine/exec/runner_pool.h"
#include "engine/store/mem_store.h"
#include "tests/exec/fake_operators.h"

namespace millrace::test {

using namespace std::chrono_literals;

/// Far more than anything takes; a test that waits so long has failed.
inline constexpr auto kPatience = 60s;

class PoolTest : public ::testing::Test {
 protected:
  PoolTest() {
    char pattern[] = "/tmp/millrace-exec-XXXXXX";
    root_ = mkdtemp(pattern);
    config_.argv = {RUNNER_TEST_CHILD};
    config_.slots = 2;
    config_.work_dir = root_ / "work";
  }
  ~PoolTest() override {
    pool_.reset();
    std::filesystem::remove_all(root_);
  }

  RunnerPool& pool() {
    if (pool_) return *pool_;
    pool_ = std::make_unique<RunnerPool>(
        config_, RunnerPoolParts{catalog_, artifacts_, store_.stores().logs, clock_,
                                 [this](const std::string& name_space, std::string_view name,
                                        const Json& arguments) {
                                   return query_(name_space, name, arguments);
                                 }});
    pool_->on_report([this](std::vector<AttemptReport> reports) {
      const std::lock_guard lock(mutex_);
      ++calls_;
      for (auto& report : reports) {
        if (const auto* began = std::get_if<AttemptBegan>(&report)) {
          EXPECT_FALSE(results_.contains(began->key)) << "an attempt began after its end";
          EXPECT_TRUE(began_.emplace(began->key, began->at).second) << "it began twice";
          continue;
        }
        if (const auto* saved = std::get_if<AttemptSaved>(&report)) {
          EXPECT_FALSE(results_.contains(saved->key)) << "an attempt saved its state after its end";
          saved_[saved->key] = saved->state;
          continue;
        }
        auto& result = std::get<AttemptResult>(report);
        if (result.began) began_at_end_.emplace(result.key, *result.began);
        EXPECT_FALSE(results_.contains(result.key)) << "an attempt was reported twice";
        if (result.lost) lost_.insert(result.key);
        results_.emplace(result.key, std::move(result.outcome));
      }
      changed_.notify_all();
    });
    return *pool_;
  }

  static StartAttempt attempt(std::string op, Json with = Json::object(), int task = 0) {
    StartAttempt start;
    start.key.run = Uuid{1, 2};
    start.key.ref = {task, -1};
    start.key.attempt = 1;
    start.key.epoch = 5;
    start.info.task_id = "task" + std::to_string(task);
    start.info.run_id = start.key.run.to_string();
    start.op = std::move(op);
    start.with = std::move(with);
    start.timeout = kPatience;
    start.grace = 2s;
    return start;
  }

  Result<Outcome> wait(const AttemptKey& key) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return results_.contains(key); }))
      return internal_error("the test lost its patience");
    return results_.at(key);
  }
  bool reported(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    return results_.contains(key);
  }
  /// Whether its result, or a report before, says that it began.
  bool has_begun(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    return began_.contains(key) || began_at_end_.contains(key);
  }
  /// Whether it was reported as ended from outside.
  bool lost(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    return lost_.contains(key);
  }
  Result<Outcome> run(const StartAttempt& start) {
    pool().start({start});
    return wait(start.key);
  }
  /// Outputs of an attempt that must end well.
  Json outputs(const Result<Outcome>& outcome) {
    if (!outcome) ADD_FAILURE() << outcome.error().to_string();
    const Done* done = outcome ? std::get_if<Done>(&*outcome) : nullptr;
    return done != nullptr ? done->outputs : Json();
  }
  std::string log_of(const StartAttempt& start) {
    return store_.stores()
        .logs.read(start.key.run, start.info.task_id, -1, 1, 0, std::size_t{1} << 30)
        .value_or("(unreadable)");
  }
  /// Waits for `file` to be there; what it holds.
  std::string text_of(const std::filesystem::path& file) {
    const auto give_up = clock_.steady() + kPatience;
    std::string text;
    while (clock_.steady() < give_up) {
      std::getline(std::ifstream(file), text);
      if (!text.empty()) return text;
      poll(nullptr, 0, 2);
    }
    ADD_FAILURE() << file << " never came";
    return text;
  }
  /// Of an engine that was killed: they come to this process where it has had a pool before.
  static void reap_orphans() {
    while (waitpid(-1, nullptr, 0) > 0) {
    }
  }
  /// True as soon as the process has ended.
  static bool ended(int pid) {
    const UniqueFd process = watch_process(pid);
    if (!process) return true;
    pollfd watched{process.get(), POLLIN, 0};
    return ::poll(&watched, 1, 20'000) == 1;
  }

  std::filesystem::path root_;
  RunnerPoolConfig config_;
  SystemClock clock_;
  MemStore store_{clock_};
  NoArtifacts artifacts_;
  Catalog catalog_ = fake_catalog();
  QueryHandler query_ = [](const std::string&, std::string_view, const Json&) {
    return Result<Json>(Json());
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<AttemptKey, Result<Outcome>> results_;
  std::set<AttemptKey> lost_;
  std::map<AttemptKey, std::string> saved_;
  std::map<AttemptKey, Time> began_;         // told while it ran
  std::map<AttemptKey, Time> began_at_end_;  // told with the result
  int calls_ = 0;
  std::unique_ptr<RunnerPool> pool_;
};

}  // namespace millrace::test

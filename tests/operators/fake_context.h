// FakeContext: an OperatorContext for tests. A real artifact store in a folder of its own, a clock
// that stands, canned answers to queries, and the log kept for reading.
//
//   FakeContext ctx;
//   ctx.info.base_dir = …;
//   ctx.answer<DatasetQuery>([](const DatasetQuery&) -> Result<DatasetQuery::Answer> { … });
//   auto outcome = builtin_catalog().run("ingest.file", with, ctx);
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/artifact/artifact_store.h"
#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/kept_processes.h"
#include "tests/base/temp_folder.h"

namespace millrace {

class FakeContext final : public OperatorContext {
 public:
  FakeContext() : store_(*ArtifactStore::open(folder_.path() / "artifacts")) {
    std::filesystem::create_directory(folder_.path() / "work");
    std::filesystem::create_directory(folder_.path() / "base");
    work_ = folder_.path() / "work";
    kept_processes.use_folder(folder_.path() / "kept");
    info.dag_id = "test_dag";
    info.run_id = "run1";
    info.task_id = "task1";
    info.owner = "ops-ml";
    info.base_dir = (folder_.path() / "base").string();
  }

  // Set before the run.
  AttemptInfo info;
  Time time = from_micros(1'000'000'000'000'000);  // 2001-09-09T01:46:40Z
  template <Kinded Q>
  void answer(std::function<Result<typename Q::Answer>(const Q&)> give) {
    answers_[std::string(Q::kind)] = [give = std::move(give)](const Json& json) -> Result<Json> {
      MR_TRY(const Q question, read_record<Q>(json));
      MR_TRY(const typename Q::Answer given, give(question));
      return record_json(given);
    };
  }
  KeptProcesses kept_processes;
  std::function<bool()> stop = [] { return false; };

  // Read after the run.
  std::vector<std::string> lines;
  std::vector<std::string> saved;  // states for the next attempt
  std::atomic<int> saves = 0;      // how many; also while it runs
  ArtifactStore& store() { return store_; }
  /// The folder that relative paths of a DAG file start from.
  std::filesystem::path base() const { return info.base_dir; }
  /// Writes a file there.
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((base() / name).parent_path());
    std::ofstream(base() / name, std::ios::binary) << text;
    return base() / name;
  }

  const AttemptInfo& attempt() const override { return info; }
  Time now() const override { return time; }
  void log(std::string_view line) override { lines.emplace_back(line); }
  const std::filesystem::path& work_dir() const override { return work_; }
  Artifacts& artifacts() override { return store_; }
  Result<Json> ask(std::string_view name, const Json& arguments) override {
    const auto found = answers_.find(name);
    if (found == answers_.end()) return not_found("no answer to query '" + std::string(name) + "'");
    return found->second(arguments);
  }
  void save_state(std::string state) override {
    saved.push_back(std::move(state));
    ++saves;
  }
  bool cancelled() const override { return stop(); }
  KeptProcesses* kept() override { return &kept_processes; }
  void on_cancel(std::function<void()> action) override {
    watch_ = {};
    if (!action) return;
    watch_ = std::jthread([this, then = std::move(action)](std::stop_token enough) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any never;
      while (!never.wait_for(lock, enough, std::chrono::milliseconds(2), stop))
        if (enough.stop_requested()) return;
      then();
    });
  }

 private:
  std::map<std::string, std::function<Result<Json>(const Json&)>, std::less<>> answers_;
  TempFolder folder_;
  std::filesystem::path work_;
  ArtifactStore store_;
  std::jthread watch_;
};

/// The effects of one type, in order.
template <typename T>
std::vector<T> effects_of(const std::vector<Effect>& effects) {
  std::vector<T> found;
  for (const auto& effect : effects)
    if (const auto* one = std::get_if<T>(&effect)) found.push_back(*one);
  return found;
}

/// The outcome as the alternative that the test expects; fails the test and gives an empty one
/// otherwise, with what came instead.
template <typename T>
T expect_outcome(const Result<Outcome>& outcome) {
  if (!outcome) {
    ADD_FAILURE() << "an error: " << outcome.error().to_string();
    return {};
  }
  const T* found = std::get_if<T>(&*outcome);
  if (found == nullptr) {
    ADD_FAILURE() << "another outcome: " << outcome_text(outcome);
    return {};
  }
  return *found;
}

}  // namespace millrace

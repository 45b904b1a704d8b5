// Rig: an engine with everything that durability needs, and nothing else: private PostgreSQL,
// journal, planner, runner pool. Production parts, put together as engine/app does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/op/catalog.h"
#include "engine/store/store.h"

namespace millrace::bench {

/// What a runner process of the bench can carry out: the product's operators and `pooled`, a noop
/// that always runs in a pooled process.
Catalog bench_catalog();

/// The body of the hidden verb `runner`.
Result<int> be_runner(const std::filesystem::path& state);

class Rig {
 public:
  /// `state` is made, and removed at the end.
  static Result<std::unique_ptr<Rig>> start(const std::filesystem::path& state, int workers);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  const std::string& dsn() const;
  Stores stores();
  /// Events that the engine has made durable so far.
  std::int64_t durable_events() const;
  /// Called with each durable batch, on the engine's thread. Empty: no more.
  void on_batch(std::function<void(std::vector<Event>)> callback);
  /// Registers the DAG of a YAML text; again under the same id: a new version.
  Status put_dag(const std::string& yaml);
  /// Triggers `dag` once and waits: seconds from before the trigger until the run's end was
  /// durable. An error unless the run succeeded with exactly `tasks` recorded task instances.
  Result<double> time_run(const std::string& dag, std::size_t tasks);
  /// Triggers each of `dags` once, from four threads, and waits for the last: seconds from before
  /// the first trigger until the last run's end was durable. `tasks`: of all of them together.
  Result<double> time_runs(const std::vector<std::string>& dags, std::size_t tasks);

 private:
  struct Parts;
  explicit Rig(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::bench

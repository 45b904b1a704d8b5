#include "engine/exec/runner_pool.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <system_error>
#include <utility>

#include "engine/base/id.h"
#include "engine/base/log.h"
#include "engine/exec/light_lane.h"
#include "engine/exec/log_writer.h"
#include "engine/exec/reporter.h"
#include "engine/exec/runner_loop.h"
#include "engine/exec/strays.h"
#include "engine/exec/work_folder.h"

namespace millrace {
namespace {

// Folders of attempts whose engine was killed.
void empty_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    log::warning("the folder for attempts cannot be made",
                 {{"folder", folder.string()}, {"error", error.message()}});
  chmod(folder.c_str(), S_IRWXU);  // what attempts write is private
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    exec::remove_tree(entry.path());
}

/// Of a pool that shares its strays with no other: no other process and no earlier pool has it.
std::string own_mark() {
  static std::atomic<int> pools = 0;
  return "pool-" + std::to_string(getpid()) + "-" + std::to_string(system_entropy()) + "-" +
         std::to_string(++pools);
}

RunnerPoolConfig with_mark(RunnerPoolConfig config) {
  if (config.mark.empty()) config.mark = own_mark();
  return config;
}

}  // namespace

// In the order of dependence: what stands below uses what stands above.
struct RunnerPool::Parts {
  Parts(RunnerPoolConfig given, RunnerPoolParts outside)
      : config(with_mark(std::move(given))), shared(std::move(outside)) {
    empty_folder(config.work_dir);
  }
  ~Parts() { empty_folder(config.work_dir); }

  const RunnerPoolConfig config;
  const RunnerPoolParts shared;
  exec::Reporter reporter;
  exec::LogWriter logs{shared.logs, [this](std::vector<exec::PendingReport> reports) {
                         reporter.deliver(std::move(reports));
                       }};
  exec::LightLane light{config, shared, logs, reporter};
  exec::RunnerLoop runners{config, shared, logs, reporter};
};

RunnerPool::RunnerPool(RunnerPoolConfig config, RunnerPoolParts parts)
    : parts_(std::make_unique<Parts>(std::move(config), std::move(parts))) {}

RunnerPool::~RunnerPool() { kill_all(); }

void RunnerPool::on_report(Report report) { parts_->reporter.set(std::move(report)); }

void RunnerPool::start(std::vector<StartAttempt> attempts) {
  std::vector<exec::QueuedAttempt> light, heavy;
  if (!attempts.empty())  // nearly always all of them are of one kind
    (attempts.front().executor == kThreadExecutor ? light : heavy).reserve(attempts.size());
  const std::int64_t generation = parts_->reporter.generation();
  for (auto& attempt : attempts)
    (attempt.executor == kThreadExecutor ? light : heavy)
        .push_back({std::move(attempt), generation});
  if (!light.empty()) parts_->light.start(std::move(light));
  if (!heavy.empty()) parts_->runners.start(std::move(heavy));
}

void RunnerPool::cancel(const AttemptKey& key, bool at_once) {
  parts_->light.cancel(key);
  parts_->runners.cancel(key, at_once);
}

void RunnerPool::hold() { parts_->runners.hold(); }

void RunnerPool::lease_runs_until(std::chrono::steady_clock::time_point until) {
  parts_->runners.lease_runs_until(until);
}

void RunnerPool::end_strays() { exec::end_strays(exec::Mark(parts_->config.mark)); }

void RunnerPool::kill_all() {
  parts_->reporter.forget();
  parts_->light.drop_all();
  parts_->runners.kill_all();
}

}  // namespace millrace

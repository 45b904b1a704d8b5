// What RunnerLoop does with its runners: start, end and bury them.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "engine/base/log.h"
#include "engine/exec/runner_loop.h"

namespace millrace::exec {
namespace {

using std::chrono::milliseconds;

constexpr int kStartFailuresToGiveUp = 3;
constexpr milliseconds kSpawnPause{100};  // doubles with each failure
constexpr milliseconds kReapLimit{5000};

}  // namespace

void RunnerLoop::spawn_some() {
  if (spawn_again_at_ && parts_.clock.steady() < *spawn_again_at_) return;
  spawn_again_at_.reset();
  auto starting = static_cast<std::size_t>(std::ranges::count_if(runners_, [](const auto& each) {
    return each.second->state == RunnerProcess::State::starting;
  }));
  for (; starting < queue_.size() && runners_.size() < config_.slots && !spawn_again_at_;
       ++starting)
    spawn_one();
}

void RunnerLoop::spawn_one() {
  auto spawned = spawn_runner(config_.argv, config_.hidden_env, config_.nice);
  if (!spawned) return note_start_failure(spawned.error());
  const std::uint64_t serial = next_serial_++;
  auto folder = config_.work_dir / ("runner-" + std::to_string(serial));
  auto runner = std::make_unique<RunnerProcess>(*std::move(spawned), serial, folder.string(),
                                                parts_.clock.steady());
  watch(runner->process.socket.get(), tag_of(*runner, Source::socket), EPOLLIN);
  for (std::size_t output = 0; output < kOutputs.size(); ++output)
    watch(runner->process.outputs[output].get(), tag_of(*runner, kOutputs[output]), EPOLLIN);
  watch(runner->process.process.get(), tag_of(*runner, Source::exit), EPOLLIN);
  runners_.emplace(serial, std::move(runner));
}

void RunnerLoop::note_start_failure(const Error& error) {
  log::warning("a runner did not start", {{"error", error.to_string()}});
  spawn_again_at_ = parts_.clock.steady() + kSpawnPause * (1 << std::min(start_failures_, 6));
  if (++start_failures_ < kStartFailuresToGiveUp) return;
  // What waits is given back, so that the engine can show why and try again by its own rules.
  for (auto& waiting : std::exchange(queue_, {})) report(waiting, error);
}

void RunnerLoop::cancel_attempts(const std::vector<AttemptKey>& keys) {
  const std::set<AttemptKey> wanted(keys.begin(), keys.end());
  std::erase_if(queue_, [&](const QueuedAttempt& waiting) {
    if (!wanted.contains(waiting.start.key)) return false;
    report(waiting, make_error(ErrorCode::cancelled, "cancelled"));
    return true;
  });
  for (auto& [serial, runner] : runners_) {
    if (runner->running && wanted.contains(runner->running->attempt.start.key))
      cancel_running(*runner);
    if (!runner->next || !wanted.contains(runner->next->attempt.start.key)) continue;
    runner->next->reason = EndReason::cancelled;
    recall_next(*runner);
  }
}

void RunnerLoop::cancel_running(RunnerProcess& runner) {
  RunningAttempt& running = *runner.running;
  if (runner.state != RunnerProcess::State::busy || running.kill_at) return;
  running.reason = EndReason::cancelled;
  running.kill_at = parts_.clock.steady() + config_.cancel_grace;
  send(runner, encode(CancelMessage{running.id}));
}

void RunnerLoop::end_early(RunnerProcess& runner, EndReason reason) {
  if (runner.running && runner.running->reason == EndReason::none) runner.running->reason = reason;
  if (reason == EndReason::silent || reason == EndReason::protocol)
    log::warning("a runner was killed",
                 {{"pid", static_cast<long>(runner.process.pid)},
                  {"reason", reason == EndReason::silent ? "no sign of life" : "broken protocol"}});
  runner.kill();
}

void RunnerLoop::retire(RunnerProcess& runner) {
  // It has nothing to finish, and a runner ends itself the hard way when its engine is gone; this
  // is the same without the wait.
  runner.kill();
}

void RunnerLoop::finish(std::unique_ptr<RunningAttempt> attempt, Result<Outcome> outcome,
                        bool lost) {
  const QueuedAttempt& queued = attempt->attempt;
  PendingResult result{queued.generation, {queued.start.key, std::move(outcome), lost}};
  if (attempt->log.used())
    logs_.push_last(attempt->log.take(parts_.clock.now(), true), std::move(result));
  else
    ready_.push_back(std::move(result));
}

void RunnerLoop::report(const QueuedAttempt& attempt, Result<Outcome> outcome) {
  ready_.push_back({attempt.generation, {attempt.start.key, std::move(outcome)}});
}

void RunnerLoop::remove_later(std::string folder) {
  threads_.post([folder = std::move(folder)] {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  });
}

void RunnerLoop::kill_everything() {
  queue_.clear();
  ready_.clear();
  for (auto& [serial, runner] : runners_) runner->kill();
  const SteadyTime give_up = parts_.clock.steady() + kReapLimit;
  for (auto& [serial, runner] : runners_) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(give_up - parts_.clock.steady()).count();
    pollfd ended{runner->process.process.get(), POLLIN, 0};
    poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    waitpid(runner->process.pid, nullptr, WNOHANG);
    remove_later(runner->work_dir);
  }
  runners_.clear();
}

}  // namespace millrace::exec

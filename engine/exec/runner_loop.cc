#include "engine/exec/runner_loop.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <future>
#include <memory>
#include <utility>

#include "engine/base/process.h"
#include "engine/exec/process_tree.h"

namespace millrace::exec {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLogFlushBytes = 32u << 10;
constexpr milliseconds kLogFlushAfter{200};
constexpr milliseconds kLookForDeadEvery{2};
constexpr std::chrono::minutes kLongestWait{1};
constexpr int kMostDeaths = 3;                 // then it is reported
constexpr std::size_t kAtOnce = 1u << 20;      // bytes from one runner; then others get their turn
constexpr std::size_t kWholePipe = 16u << 20;  // more than any pipe holds

void earliest(std::optional<SteadyTime>& least, SteadyTime time) {
  if (!least || time < *least) least = time;
}

}  // namespace

RunnerLoop::RunnerLoop(const RunnerPoolConfig& config, const RunnerPoolParts& parts,
                       LogWriter& logs, Reporter& reporter)
    : config_(config), parts_(parts), logs_(logs), reporter_(reporter), strays_(Mark(config.mark)) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // what outlives its runner comes to us
  service_.start([this] { run(); });
}

RunnerLoop::~RunnerLoop() {
  service_.request_stop();
  loop_.post([] {});  // ends its wait
  service_.stop();
}

void RunnerLoop::start(std::vector<QueuedAttempt> attempts) {
  loop_.post([this, attempts = std::move(attempts)]() mutable {
    for (auto& attempt : attempts) {
      attempt.order = next_order_++;
      queue(std::move(attempt));
    }
  });
}

void RunnerLoop::cancel(const AttemptKey& key, bool at_once) {
  loop_.post([this, key, at_once] { cancels_.push_back({key, at_once}); });
}

void RunnerLoop::hold() {
  loop_.post([this] { hold_attempts(); });
}

void RunnerLoop::kill_all() {
  const auto done = std::make_shared<std::promise<void>>();
  loop_.post([this, done] {
    kill_everything();
    done->set_value();
  });
  done->get_future().wait();
}

void RunnerLoop::run() {
  while (!service_.stopping()) {
    loop_.run_round(longest_wait(parts_.clock.steady()));
    if (!cancels_.empty()) cancel_attempts(std::exchange(cancels_, {}));
    on_time(parts_.clock.steady());
    dispatch();
    if (!ready_.empty()) reporter_.deliver(std::exchange(ready_, {}));
  }
  kill_everything();
}

/// nullopt: until something happens.
std::optional<Duration> RunnerLoop::longest_wait(SteadyTime now) const {
  std::optional<SteadyTime> next;
  if (spawn_again_at_ && !queue_.empty()) earliest(next, *spawn_again_at_);
  for (const auto& [serial, runner] : runners_) {
    if (runner->exited) earliest(next, now + kLookForDeadEvery);
    if (runner->exited || runner->state == RunnerProcess::State::leaving) continue;
    earliest(next, runner->last_heard + config_.silence_limit);
    for (const auto& output : runner->outputs)
      if (output.paused) earliest(next, now + kLogFlushAfter);
    if (!runner->running) continue;
    if (runner->next) earliest(next, runner->running->given + kLongestWaitAhead);
    if (!runner->running->began) earliest(next, runner->running->look_at);
    if (!runner->running->kill_at) earliest(next, runner->running->deadline);
    if (runner->running->kill_at) earliest(next, *runner->running->kill_at);
    if (runner->running->flush_at) earliest(next, *runner->running->flush_at);
  }
  if (!next) return std::nullopt;
  return std::min<Duration>(std::chrono::duration_cast<Duration>(*next - now), kLongestWait);
}

// --- what the world did ------------------------------------------------------------------------

void RunnerLoop::on_socket(RunnerProcess& runner, std::size_t limit) {
  auto received = runner.receive(limit);
  bool broken = !received;
  if (received)
    for (const auto& payload : received->payloads) {
      auto message = decode_runner_message(payload);
      if (broken = !message; broken) break;
      on_message(runner, *std::move(message));
    }
  const bool closed = received && received->closed;
  if (closed || broken) runner.messages.set_on(false);
  // A runner without its socket is of no use; if it has died, this also ends what it left behind.
  if (broken)
    end_early(runner, EndReason::protocol);
  else if (closed)
    kill(runner);
}

void RunnerLoop::on_message(RunnerProcess& runner, RunnerMessage message) {
  runner.last_heard = parts_.clock.steady();
  if (auto* done = std::get_if<DoneMessage>(&message)) return on_done(runner, std::move(*done));
  if (auto* query = std::get_if<QueryMessage>(&message)) return on_query(runner, std::move(*query));
  if (auto* saved = std::get_if<SavedMessage>(&message)) return on_saved(runner, std::move(*saved));
  if (const auto* hello = std::get_if<HelloMessage>(&message)) {
    if (hello->protocol != kProtocolVersion) return end_early(runner, EndReason::protocol);
    runner.greeted = true;
    start_failures_ = 0;
    if (runner.state == RunnerProcess::State::starting) runner.state = RunnerProcess::State::idle;
  } else if (std::holds_alternative<MemoryMessage>(message) && runner.running) {
    runner.running->out_of_memory = true;
  } else if (const auto* beat = std::get_if<BeatMessage>(&message);
             beat != nullptr && runner.state == RunnerProcess::State::idle &&
             beat->rss_bytes > config_.retire_above_bytes) {
    retire(runner);
  }
}

void RunnerLoop::on_saved(RunnerProcess& runner, SavedMessage saved) {
  if (!runner.running || runner.running->id != saved.id)
    return end_early(runner, EndReason::protocol);
  const QueuedAttempt& attempt = runner.running->attempt;
  send_report({attempt.generation, AttemptSaved{attempt.start.key, std::move(saved.state)}});
}

void RunnerLoop::on_query(RunnerProcess& runner, QueryMessage query) {
  if (!runner.running) return end_early(runner, EndReason::protocol);
  threads_.post([this, serial = runner.serial, asked = std::move(query),
                 name_space = runner.running->attempt.start.info.namespace_] {
    auto frame =
        encode(AnswerMessage{asked.id, parts_.query(name_space, asked.name, asked.arguments)});
    if (!frame) frame = encode(AnswerMessage{asked.id, frame.error()});
    loop_.post([this, serial, answer = std::move(frame)]() mutable {
      on_answer(serial, std::move(answer));
    });
  });
}

void RunnerLoop::on_answer(std::uint64_t serial, Result<std::string> frame) {
  if (const auto found = runners_.find(serial); found != runners_.end())
    send(*found->second, std::move(frame));
}

Duration RunnerLoop::since(SteadyTime time) const {
  return std::chrono::duration_cast<Duration>(parts_.clock.steady() - time);
}

std::optional<Duration> RunnerLoop::since_begin(const RunnerProcess& runner,
                                                const RunningAttempt& attempt) const {
  const auto begun = runner.begins->begun(attempt.output, attempt.id);
  return begun ? std::optional(since(*begun)) : std::nullopt;
}

/// Its deadline counts from there.
void RunnerLoop::note_begin(RunningAttempt& attempt, Duration ago) {
  const StartAttempt& start = attempt.attempt.start;
  attempt.began = parts_.clock.now() - ago;
  if (start.timeout > Duration::zero())
    attempt.deadline = parts_.clock.steady() - ago + start.timeout;
  send_report({attempt.attempt.generation, AttemptBegan{start.key, *attempt.began}});
}

void RunnerLoop::on_done(RunnerProcess& runner, DoneMessage done) {
  if (runner.state != RunnerProcess::State::busy) return;  // it is being killed: too late
  if (runner.running->id != done.id) return end_early(runner, EndReason::protocol);
  // Everything that the attempt printed was in the pipe before this message was sent.
  runner.read_output(runner.running->output, kWholePipe);
  if (!runner.running->began)
    runner.running->began =
        parts_.clock.now() - since_begin(runner, *runner.running).value_or(Duration::zero());
  auto outcome = outcome_of_end(*runner.running, std::move(done.outcome));
  finish(std::move(runner.running), std::move(outcome));
  runner.state = RunnerProcess::State::idle;
  ++runner.attempts;
  runner.retires_when_idle |=
      done.rss_bytes > config_.retire_above_bytes || runner.attempts >= config_.attempts_per_runner;
  if (done.retire) take_back_next(runner);
  if (runner.next)
    begin_next(runner);
  else if (done.retire || runner.retires_when_idle)
    retire(runner);
}

void RunnerLoop::on_output(RunnerProcess& runner, std::size_t output) {
  RunnerProcess::Output& its = runner.outputs[output];
  its.paused = logs_.backlog_bytes() > LogWriter::kBacklogLimitBytes;
  its.watch.set_on(!its.paused);
  if (its.paused) return;
  runner.read_output(output, kAtOnce);
  if (its.ended) its.watch.set_on(false);
  RunningAttempt* attempt = runner.attempt_of(output);
  if (attempt == nullptr || attempt->log.pending_bytes() == 0) return;
  if (attempt->log.pending_bytes() >= kLogFlushBytes)
    flush_log(*attempt);
  else if (!attempt->flush_at)
    attempt->flush_at = parts_.clock.steady() + kLogFlushAfter;
}

void RunnerLoop::flush_log(RunningAttempt& running) {
  running.flush_at.reset();
  if (auto piece = running.log.take(parts_.clock.now(), false)) logs_.push(*std::move(piece));
}

void RunnerLoop::on_exit(RunnerProcess& runner) {
  runner.exit.set_on(false);
  runner.exited = true;
  // It is a zombie: its number, and that of its group, cannot have been given away yet.
  strays_.add(kill_tree(runner.process.pid));
  finish_dead(runner);
}

std::set<pid_t> RunnerLoop::runner_pids() const {
  std::set<pid_t> pids;
  for (const auto& [serial, runner] : runners_) pids.insert(runner->process.pid);
  return pids;
}

void RunnerLoop::finish_all_dead() {
  std::vector<std::uint64_t> dead;
  for (const auto& [serial, runner] : runners_)
    if (runner->exited) dead.push_back(serial);
  for (const std::uint64_t serial : dead)
    if (!finish_dead(*runners_.at(serial))) return;
}

/// Its attempt is over when nothing that came from it is alive. False: something still is.
bool RunnerLoop::finish_dead(RunnerProcess& runner) {
  if (!strays_.gone(runner_pids())) return false;
  // A last message may have come with the end; then the attempt did end well.
  if (runner.state == RunnerProcess::State::busy || runner.next)
    on_socket(runner, 2 * kMaxFrameBytes);
  int status = 0;
  waitpid(runner.process.pid, &status, 0);
  if (!runner.greeted)
    note_start_failure(unavailable("a runner ended before it was ready: " + describe_exit(status)));
  for (std::size_t output = 0; output < runner.outputs.size(); ++output)
    runner.read_output(output, kWholePipe);
  if (runner.running) report_death(runner, std::move(runner.running), status);
  if (runner.next) report_death(runner, std::move(runner.next), status);
  remove_later(runner.work_dir);
  runners_.erase(runner.serial);
  return true;
}

void RunnerLoop::report_death(RunnerProcess& runner, std::unique_ptr<RunningAttempt> attempt,
                              int status) {
  if (const auto ago = since_begin(runner, *attempt)) {
    if (!attempt->began) attempt->began = parts_.clock.now() - *ago;
  } else if (++attempt->attempt.deaths < kMostDeaths) {
    return queue_again(std::move(attempt));
  } else {  // it may be what kills them
    attempt->began = parts_.clock.now() - since(attempt->given);
  }
  const bool lost = is_lost(*attempt, status);
  auto error = error_of_death(*attempt, status, config_.silence_limit);
  finish(std::move(attempt), std::move(error), lost);
}

void RunnerLoop::on_time(SteadyTime now) {
  finish_all_dead();
  for (auto& [serial, runner] : runners_) check_deadlines(*runner, now);
}

void RunnerLoop::check_deadlines(RunnerProcess& runner, SteadyTime now) {
  for (std::size_t output = 0; output < runner.outputs.size(); ++output)
    if (runner.outputs[output].paused) on_output(runner, output);
  if (runner.running && runner.running->flush_at && now >= *runner.running->flush_at)
    flush_log(*runner.running);
  if (runner.exited || runner.state == RunnerProcess::State::leaving) return;
  if (runner.next && now >= runner.running->given + kLongestWaitAhead) take_back_next(runner);
  if (runner.running && !runner.running->began && now >= runner.running->look_at)
    look_for_begin(runner, now);
  if (runner.state == RunnerProcess::State::leaving) return;
  if (runner.running && runner.running->kill_at && now >= *runner.running->kill_at)
    kill(runner);
  else if (runner.running && !runner.running->kill_at && now >= runner.running->deadline)
    end_with_grace(runner, EndReason::timeout);
  else if (now >= runner.last_heard + config_.silence_limit)
    end_early(runner, EndReason::silent);
}

/// It began unless its runner is stopped or the machine is busy. Looks again after twice the time.
void RunnerLoop::look_for_begin(RunnerProcess& runner, SteadyTime now) {
  RunningAttempt& attempt = *runner.running;
  if (const auto ago = since_begin(runner, attempt)) return note_begin(attempt, *ago);
  const SteadyTime give_up = attempt.given + config_.begin_limit;
  attempt.look_at = std::min(give_up, now + (now - attempt.given));
  if (now < give_up) return;
  take_back_next(runner);
  if (take_back_running(runner)) end_early(runner, EndReason::silent);
}

// --- descriptors -------------------------------------------------------------------------------

void RunnerLoop::watch(RunnerProcess& runner) {
  const SpawnedRunner& process = runner.process;
  runner.messages =
      loop_.watch(process.socket.get(), [this, &runner] { on_socket(runner, kAtOnce); });
  for (std::size_t output = 0; output < runner.outputs.size(); ++output)
    runner.outputs[output].watch = loop_.watch(
        process.outputs[output].get(), [this, &runner, output] { on_output(runner, output); });
  runner.exit = loop_.watch(process.process.get(), [this, &runner] { on_exit(runner); });
}

void RunnerLoop::send(RunnerProcess& runner, Result<std::string> frame) {
  if (!frame) return;
  runner.send(*std::move(frame));
  send_rest(runner);
}

void RunnerLoop::send_rest(RunnerProcess& runner) {
  if (!runner.has_unsent()) return;
  runner.messages.when_writable([this, &runner] {
    runner.flush();
    send_rest(runner);
  });
}

}  // namespace millrace::exec

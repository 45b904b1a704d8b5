#include "engine/exec/runner_loop.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/process.h"
#include "engine/exec/process_tree.h"

namespace millrace::exec {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLogFlushBytes = 32u << 10;
constexpr milliseconds kLogFlushAfter{200};
constexpr milliseconds kLookForDeadEvery{2};
constexpr int kMostDeaths = 3;                 // then it is reported
constexpr std::size_t kAtOnce = 1u << 20;      // bytes from one runner; then others get their turn
constexpr std::size_t kWholePipe = 16u << 20;  // more than any pipe holds

void earliest(std::optional<SteadyTime>& least, SteadyTime time) {
  if (!least || time < *least) least = time;
}

}  // namespace

RunnerLoop::RunnerLoop(const RunnerPoolConfig& config, const RunnerPoolParts& parts,
                       LogWriter& logs, Reporter& reporter)
    : config_(config),
      parts_(parts),
      logs_(logs),
      reporter_(reporter),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      strays_(Mark(config.mark)) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // what outlives its runner comes to us
  watch(service_.fd(), kWakeTag, EPOLLIN);
  service_.start([this] { run(); });
}

RunnerLoop::~RunnerLoop() { service_.stop(); }

void RunnerLoop::start(std::vector<QueuedAttempt> attempts) {
  {
    const MutexLock lock(mutex_);
    for (auto& attempt : attempts) requests_.starts.push_back(std::move(attempt));
  }
  service_.wake();
}

void RunnerLoop::cancel(const AttemptKey& key, bool at_once) {
  {
    const MutexLock lock(mutex_);
    requests_.cancels.push_back({key, at_once});
  }
  service_.wake();
}

void RunnerLoop::hold() {
  {
    const MutexLock lock(mutex_);
    requests_.hold = true;
  }
  service_.wake();
}

void RunnerLoop::kill_all() {
  MutexLock lock(mutex_);
  requests_ = Requests{};
  requests_.kill_all = true;
  const std::int64_t mine = ++kills_asked_;
  service_.wake();
  killed_.wait(lock, [&]() REQUIRES(mutex_) { return kills_done_ >= mine; });
}

void RunnerLoop::run() {
  std::array<epoll_event, kMostEvents> events{};
  while (!service_.stopping()) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 wait_ms(parts_.clock.steady()));
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kWakeTag)
        take_requests();
      else
        on_event(event.data.u64, event.events);
    }
    on_time(parts_.clock.steady());
    dispatch();
    if (!ready_.empty()) reporter_.deliver(std::exchange(ready_, {}));
  }
  kill_everything();
}

void RunnerLoop::take_requests() {
  service_.wait(Duration{0});
  MutexLock lock(mutex_);
  Requests taken = std::exchange(requests_, {});
  if (taken.kill_all) {
    const std::int64_t asked = kills_asked_;
    lock.unlock();
    kill_everything();
    lock.lock();
    kills_done_ = asked;
    killed_.notify_all();
  }
  lock.unlock();
  for (auto& attempt : taken.starts) {
    attempt.order = next_order_++;
    queue(std::move(attempt));
  }
  if (taken.hold) hold_attempts();
  if (!taken.cancels.empty()) cancel_attempts(taken.cancels);
  for (auto& answer : taken.answers)
    if (const auto found = runners_.find(answer.runner); found != runners_.end())
      send(*found->second, std::move(answer.frame));
}

int RunnerLoop::wait_ms(SteadyTime now) const {
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
  if (!next) return -1;
  // One more millisecond: waking before the time would only mean to wait again.
  const auto left = std::chrono::duration_cast<milliseconds>(*next - now) + milliseconds{1};
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

// --- what the world did ------------------------------------------------------------------------

void RunnerLoop::on_event(std::uint64_t tag, std::uint32_t events) {
  const auto found = runners_.find(tag >> 2);
  if (found == runners_.end()) return;  // ended earlier in this round
  RunnerProcess& runner = *found->second;
  switch (static_cast<Source>(tag & 3)) {
    case Source::socket:
      if ((events & EPOLLOUT) != 0 && !runner.flush() && runner.wants_write) {
        runner.wants_write = false;
        change(runner.process.socket.get(), tag, EPOLLIN);
      }
      if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) on_socket(runner, kAtOnce);
      break;
    case Source::exit:
      on_exit(runner);
      break;
    case Source::first_output:
      on_output(runner, 0);
      break;
    case Source::second_output:
      on_output(runner, 1);
      break;
  }
}

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
  if (closed || broken)
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, runner.process.socket.get(), nullptr);
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

void RunnerLoop::on_query(RunnerProcess& runner, QueryMessage query) {
  if (!runner.running) return end_early(runner, EndReason::protocol);
  threads_.post([this, serial = runner.serial, asked = std::move(query),
                 name_space = runner.running->attempt.start.info.namespace_] {
    auto frame =
        encode(AnswerMessage{asked.id, parts_.query(name_space, asked.name, asked.arguments)});
    if (!frame) frame = encode(AnswerMessage{asked.id, frame.error()});
    {
      const MutexLock lock(mutex_);
      requests_.answers.push_back({serial, *std::move(frame)});
    }
    service_.wake();
  });
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
  const int fd = runner.process.outputs[output].get();
  const auto change_output = [&](std::uint32_t events) {
    change(fd, tag_of(runner, kOutputs[output]), events);
  };
  bool& paused = runner.outputs[output].paused;
  if (logs_.backlog_bytes() > LogWriter::kBacklogLimitBytes) {
    if (!std::exchange(paused, true)) change_output(0);
    return;
  }
  if (std::exchange(paused, false)) change_output(EPOLLIN);
  runner.read_output(output, kAtOnce);
  if (runner.outputs[output].ended) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
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
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, runner.process.process.get(), nullptr);
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

void RunnerLoop::watch(int fd, std::uint64_t tag, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void RunnerLoop::change(int fd, std::uint64_t tag, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void RunnerLoop::send(RunnerProcess& runner, Result<std::string> frame) {
  if (!frame) return;
  runner.send(*std::move(frame));
  if (!runner.has_unsent() || runner.wants_write) return;
  runner.wants_write = true;
  change(runner.process.socket.get(), tag_of(runner, Source::socket), EPOLLIN | EPOLLOUT);
}

}  // namespace millrace::exec

#include "tests/sim/executor.h"

#include <algorithm>

#include "tests/sim/outcome.h"
#include "tests/sim/script.h"

namespace millrace::sim {
namespace {

/// The same attempt does the same in every world that it comes to.
Rng rng_of_attempt(std::uint64_t seed, const StartAttempt& attempt) {
  const auto place = static_cast<std::uint64_t>(attempt.key.ref.task) * 1009 +
                     static_cast<std::uint64_t>(attempt.key.ref.map_index + 1);
  const auto leg = static_cast<std::uint64_t>(attempt.info.checkpoint["leg"].as_int());
  return rng_of(seed ^ attempt.key.run.low, place,
                static_cast<std::uint64_t>(attempt.key.attempt) * 101 + leg);
}

}  // namespace

void FakeExecutor::start(std::vector<StartAttempt> attempts) {
  for (auto& attempt : attempts) {
    if (attempt.executor == kThreadExecutor)
      begin(attempt);
    else
      waiting_.emplace(std::pair{-attempt.priority, next_order_++}, std::move(attempt));
  }
  begin_some();
}

int FakeExecutor::busy_slots() const {
  return static_cast<int>(
      std::ranges::count_if(running_, [](const auto& each) { return !each.second.in_thread; }));
}

void FakeExecutor::begin_some() {
  while (!waiting_.empty() && busy_slots() < slots_)
    begin(waiting_.extract(waiting_.begin()).mapped());
}

void FakeExecutor::begin(const StartAttempt& attempt) {
  Rng rng = rng_of_attempt(seed_, attempt);
  const std::string mark =
      oracle::mark_of(attempt.key.run, attempt.info.task_id, attempt.key.ref.map_index,
                      attempt.key.attempt, attempt.key.epoch);
  witness_.begun.insert(mark);
  AttemptResult result{attempt.key, draw_outcome(attempt, mark, rng), false, clock_.now()};
  std::optional<Duration> end = clock_.passed() + std::chrono::milliseconds{1 + rng.below(5000)};
  if (rng.uniform() < 0.02) end.reset();
  // The planner keeps the deadline of one in a thread.
  const bool in_thread = attempt.executor == kThreadExecutor;
  const Duration deadline = clock_.passed() + attempt.timeout;
  if (!in_thread && (!end || *end > deadline)) {
    end = deadline;
    result.outcome = make_error(ErrorCode::timeout, "out of time");
  }
  // A short one is over before its begin is told.
  if (!in_thread && rng.below(2) == 0)
    reports_.emplace_back(AttemptBegan{attempt.key, clock_.now()});
  running_.insert_or_assign(attempt.key, Running{end, std::move(result), mark, in_thread});
}

void FakeExecutor::cancel(const AttemptKey& key, bool) {
  const auto waits =
      std::ranges::find_if(waiting_, [&](const auto& each) { return each.second.key == key; });
  if (waits != waiting_.end()) {
    waiting_.erase(waits);
    reports_.emplace_back(
        AttemptResult{key, make_error(ErrorCode::cancelled, "cancelled"), false, {}});
    return;
  }
  const auto found = running_.find(key);
  if (found == running_.end()) return;
  // The kill races with the end: sometimes the attempt had done its work already.
  AttemptResult& result = found->second.result;
  const bool was_done = key.run.low % 4 == 0 && found->second.end;
  found->second.end = clock_.passed();
  if (!was_done) result.outcome = make_error(ErrorCode::cancelled, "killed");
}

bool FakeExecutor::kill_runner(Rng& rng) {
  if (running_.empty()) return false;
  Running& chosen =
      std::next(running_.begin(), static_cast<std::ptrdiff_t>(rng.below(running_.size())))->second;
  chosen.end = clock_.passed();
  chosen.result.outcome = unavailable("the runner died");
  chosen.result.lost = true;
  return true;
}

std::optional<Duration> FakeExecutor::until_next_end() const {
  if (!reports_.empty()) return Duration{0};
  std::optional<Duration> next;
  for (const auto& [key, running] : running_)
    if (running.end) next = std::min(next.value_or(*running.end), *running.end);
  if (next) *next -= clock_.passed();
  return next;
}

std::vector<AttemptReport> FakeExecutor::take_reports(Rng& rng, bool chaotic) {
  std::vector<AttemptResult> ended;
  if (chaotic && rng.below(4) == 0) ended = std::exchange(echoes_, {});
  for (auto it = running_.begin(); it != running_.end();) {
    Running& running = it->second;
    if (!running.end || *running.end > clock_.passed() || (chaotic && rng.below(5) == 0)) {
      ++it;
      continue;
    }
    if (running.result.outcome) witness_.ended.insert(running.mark);
    if (chaotic && rng.below(20) == 0) echoes_.push_back(running.result);
    ended.push_back(std::move(running.result));
    it = running_.erase(it);
  }
  for (std::size_t i = ended.size(); i > 1; --i) std::swap(ended[i - 1], ended[rng.below(i)]);
  // That an attempt began is known before its end, and after the end of the one before it.
  std::vector<AttemptReport> out = std::exchange(reports_, {});
  for (auto& result : ended) out.emplace_back(std::move(result));
  begin_some();
  return out;
}

}  // namespace millrace::sim

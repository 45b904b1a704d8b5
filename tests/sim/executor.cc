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
  for (const auto& attempt : attempts) {
    Rng rng = rng_of_attempt(seed_, attempt);
    const std::string mark =
        oracle::mark_of(attempt.key.run, attempt.info.task_id, attempt.key.ref.map_index,
                        attempt.key.attempt, attempt.key.epoch);
    witness_.begun.insert(mark);
    AttemptResult result{attempt.key, draw_outcome(attempt, mark, rng), false};
    std::optional<Duration> end = clock_.passed() + std::chrono::milliseconds{1 + rng.below(5000)};
    if (rng.uniform() < 0.02) end.reset();
    running_.insert_or_assign(attempt.key, Running{end, std::move(result), mark});
  }
}

void FakeExecutor::cancel(const AttemptKey& key) {
  const auto found = running_.find(key);
  if (found == running_.end()) return;
  // The kill races with the end: sometimes the attempt had done its work already.
  const bool was_done = key.run.low % 4 == 0 && found->second.end;
  found->second.end = clock_.passed();
  if (!was_done) found->second.result = {key, make_error(ErrorCode::cancelled, "killed"), false};
}

bool FakeExecutor::kill_runner(Rng& rng) {
  if (running_.empty()) return false;
  Running& chosen =
      std::next(running_.begin(), static_cast<std::ptrdiff_t>(rng.below(running_.size())))->second;
  chosen.end = clock_.passed();
  chosen.result = {chosen.result.key, unavailable("the runner died"), true};
  return true;
}

std::optional<Duration> FakeExecutor::until_next_end() const {
  std::optional<Duration> next;
  for (const auto& [key, running] : running_)
    if (running.end) next = std::min(next.value_or(*running.end), *running.end);
  if (next) *next -= clock_.passed();
  return next;
}

std::vector<AttemptResult> FakeExecutor::take_ended(Rng& rng, bool chaotic) {
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
  return ended;
}

}  // namespace millrace::sim

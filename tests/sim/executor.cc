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
    wanted_.insert(attempt.key);
    if (attempt.executor == kThreadExecutor)
      begin(attempt);
    else
      place_->waiting.emplace(std::pair{-attempt.priority, place_->next_order++},
                              std::move(attempt));
  }
  begin_some();
}

void FakeExecutor::kill_all() {
  wanted_.clear();
  reports_.clear();
  if (survives_) return;  // it lets go of them
  place_->waiting.clear();
  place_->running.clear();
  place_->ended.clear();
}

void FakeExecutor::adopt(std::vector<AttemptKey> attempts) {
  wanted_ = {attempts.begin(), attempts.end()};
  place_->in_charge = this;
  std::erase_if(place_->waiting,
                [&](const auto& each) { return !wanted_.contains(each.second.key); });
  std::erase_if(place_->running, [&](const auto& each) { return !wanted_.contains(each.first); });
  for (const AttemptKey& key : attempts) {
    const bool waits = std::ranges::any_of(
        place_->waiting, [&](const auto& each) { return each.second.key == key; });
    if (!waits && !place_->running.contains(key) && !place_->ended.contains(key))
      place_->ended.emplace(key, AttemptResult{key, unavailable("it was never started"), true, {}});
  }
  begin_some();
}

int FakeExecutor::busy_slots() const {
  const auto running = std::ranges::count_if(
      place_->running, [](const auto& each) { return !each.second.in_thread; });
  // One that ended under a former leader keeps its slot until this one has its report.
  const auto unreported = std::ranges::count_if(
      wanted_, [&](const AttemptKey& key) { return place_->ended.contains(key); });
  return static_cast<int>(running + unreported);
}

void FakeExecutor::begin_some() {
  if (survives_ && place_->in_charge != this) return;
  while (!place_->waiting.empty() && busy_slots() < slots_)
    begin(place_->waiting.extract(place_->waiting.begin()).mapped());
}

void FakeExecutor::begin(const StartAttempt& attempt) {
  Rng rng = rng_of_attempt(seed_, attempt);
  const std::string mark =
      oracle::mark_of(attempt.key.run, attempt.info.task_id, attempt.key.ref.map_index,
                      attempt.key.attempt, attempt.key.epoch, attempt.key.call);
  witness_.begun.insert(mark);
  witness_.given.insert_or_assign(mark, attempt.info.saved_state);
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
  if (!in_thread && rng.below(4) == 0) reports_.emplace_back(AttemptSaved{attempt.key, mark});
  place_->running.insert_or_assign(attempt.key,
                                   Workplace::Running{end, std::move(result), mark, in_thread});
}

void FakeExecutor::cancel(const AttemptKey& key, bool) {
  const auto waits = std::ranges::find_if(place_->waiting,
                                          [&](const auto& each) { return each.second.key == key; });
  if (waits != place_->waiting.end()) {
    place_->waiting.erase(waits);
    place_->ended.emplace(
        key, AttemptResult{key, make_error(ErrorCode::cancelled, "cancelled"), false, {}});
    return;
  }
  const auto found = place_->running.find(key);
  if (found == place_->running.end()) return;
  // The kill races with the end: sometimes the attempt had done its work already.
  AttemptResult& result = found->second.result;
  const bool was_done = key.run.low % 4 == 0 && found->second.end;
  found->second.end = clock_.passed();
  if (!was_done) result.outcome = make_error(ErrorCode::cancelled, "killed");
}

bool FakeExecutor::kill_runner(Rng& rng) {
  if (place_->running.empty()) return false;
  auto& chosen = std::next(place_->running.begin(),
                           static_cast<std::ptrdiff_t>(rng.below(place_->running.size())))
                     ->second;
  chosen.end = clock_.passed();
  chosen.result.outcome = unavailable("the runner died");
  chosen.result.lost = true;
  return true;
}

std::optional<Duration> FakeExecutor::until_next_end() const {
  if (!reports_.empty()) return Duration{0};
  std::optional<Duration> next;
  for (const AttemptKey& key : wanted_) {
    if (place_->ended.contains(key)) return Duration{0};
    const auto running = place_->running.find(key);
    if (running == place_->running.end() || !running->second.end) continue;
    next = std::min(next.value_or(*running->second.end), *running->second.end);
  }
  if (next) *next -= clock_.passed();
  return next;
}

std::vector<AttemptReport> FakeExecutor::take_reports(Rng& rng, bool chaotic) {
  std::vector<AttemptResult> ended;
  if (chaotic && rng.below(4) == 0) ended = std::exchange(echoes_, {});
  for (auto it = place_->running.begin(); it != place_->running.end();) {
    Workplace::Running& running = it->second;
    if (!is_due(running) || (chaotic && rng.below(5) == 0)) {
      ++it;
      continue;
    }
    if (running.result.outcome) witness_.ended.insert(running.mark);
    if (chaotic && rng.below(20) == 0) echoes_.push_back(running.result);
    place_->ended.insert_or_assign(it->first, std::move(running.result));
    it = place_->running.erase(it);
  }
  for (auto key = wanted_.begin(); key != wanted_.end();) {
    const auto found = place_->ended.find(*key);
    if (found == place_->ended.end()) {
      ++key;
      continue;
    }
    ended.push_back(found->second);
    if (!survives_) place_->ended.erase(found);
    key = wanted_.erase(key);
  }
  for (std::size_t i = ended.size(); i > 1; --i) std::swap(ended[i - 1], ended[rng.below(i)]);
  // One may have had the slot of another, whose end no leader lived to record.
  if (survives_) std::ranges::stable_sort(ended, {}, &AttemptResult::began);
  // That an attempt began is known before its end, and after the end of the one before it.
  std::vector<AttemptReport> out = std::exchange(reports_, {});
  for (auto& result : ended) out.emplace_back(std::move(result));
  begin_some();
  return out;
}

}  // namespace millrace::sim

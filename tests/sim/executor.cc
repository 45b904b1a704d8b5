#include "tests/sim/executor.h"

#include <algorithm>

#include "engine/base/digest.h"

namespace millrace::sim {

namespace {

Json list_of(std::uint64_t size) {
  Json out = Json::array();
  for (std::uint64_t i = 0; i < size; ++i) out.push_back(static_cast<long>(i));
  return out;
}

}  // namespace

Result<Outcome> FakeExecutor::draw_outcome(const StartAttempt& attempt) {
  const double p = rng_.uniform();
  if (p < 0.08) return unavailable("a transient failure");
  if (p < 0.11) return invalid_argument("a permanent failure");
  if (p < 0.13) return Outcome{Skip{"nothing to do"}};
  if (p < 0.20)
    return Outcome{Defer{std::chrono::seconds{1 + rng_.below(30)},
                         rng_.below(2) ? "deployment/m" : "",
                         Json::object({{"leg", 1}}),
                         {}}};
  if (p < 0.22) return Outcome{Fail{make_error(ErrorCode::data_invalid, "judged bad"), {}, {}}};
  Done done;
  done.outputs = Json::object({{"list", list_of(rng_.below(4))}});
  if (p < 0.50) {
    const std::string artifact =
        sha256_hex(attempt.info.idempotency_key() + std::to_string(attempt.key.attempt));
    done.effects.push_back(
        RegisterModel{"m", artifact, "fake", Json::object(), Json::object(), ""});
    if (p < 0.30) done.effects.push_back(PromoteModel{"m", artifact, "simulated"});
    if (p < 0.23) done.effects.push_back(UpdateDataset{"data", artifact, 1});
  }
  return Outcome{std::move(done)};
}

void FakeExecutor::start(std::vector<StartAttempt> attempts) {
  for (auto& attempt : attempts) {
    ++started_;
    auto outcome = draw_outcome(attempt);
    AttemptResult result{attempt.key, std::move(outcome), false};
    Duration duration = std::chrono::milliseconds{1 + rng_.below(5000)};
    const double p = rng_.uniform();
    if (p < 0.02) duration = attempt.timeout * 10;  // hangs: only its deadline ends it
    if (p > 0.97) result = {attempt.key, unavailable("the runner died"), true};
    running_.insert_or_assign(attempt.key, Running{clock_.now() + duration, std::move(result)});
  }
}

void FakeExecutor::cancel(const AttemptKey& key) {
  const auto found = running_.find(key);
  if (found == running_.end()) return;
  // The kill races with the end: sometimes the attempt had done its work already.
  found->second.end = clock_.now();
  if (rng_.below(4) > 0)
    found->second.result = {key, make_error(ErrorCode::cancelled, "killed"), false};
}

std::optional<Time> FakeExecutor::next_end() const {
  std::optional<Time> next;
  for (const auto& [key, running] : running_)
    next = std::min(next.value_or(running.end), running.end);
  return next;
}

std::vector<AttemptResult> FakeExecutor::take_ended() {
  std::vector<AttemptResult> ended;
  for (auto it = running_.begin(); it != running_.end();) {
    if (it->second.end > clock_.now()) {
      ++it;
      continue;
    }
    ended.push_back(std::move(it->second.result));
    it = running_.erase(it);
  }
  for (std::size_t i = ended.size(); i > 1; --i) std::swap(ended[i - 1], ended[rng_.below(i)]);
  return ended;
}

}  // namespace millrace::sim

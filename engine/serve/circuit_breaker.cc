#include "engine/serve/circuit_breaker.h"

#include <algorithm>
#include <cmath>

namespace millrace::serve {
namespace {

constexpr double kZ = 2.58;  // 99 %

std::int64_t second_of(CircuitBreaker::Instant now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

std::size_t index(CircuitBreaker::Side side) { return static_cast<std::size_t>(side); }

}  // namespace

double wilson_lower(std::int64_t hits, std::int64_t trials, double z) {
  if (trials == 0) return 0;
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n;
  const double z2 = z * z;
  const double centre = p + z2 / (2 * n);
  const double spread = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return std::max(0.0, (centre - spread) / (1 + z2 / n));
}

CircuitBreaker::CircuitBreaker(BreakerConfig config)
    : config_(config), slots_(static_cast<std::size_t>(std::clamp(config.window_seconds, 1, 60))) {}

std::optional<Json> CircuitBreaker::record(Side side, bool ok, std::int64_t latency_us,
                                           Instant now) {
  const std::int64_t second = second_of(now);
  const MutexLock lock(mutex_);
  auto& slot = slots_[static_cast<std::size_t>(second) % slots_.size()];
  if (slot.second != second) slot = Slot{.second = second, .sides = {}};
  auto& sums_here = slot.sides[index(side)];
  ++sums_here.requests;
  if (!ok) ++sums_here.errors;
  sums_here.latency.add(latency_us);
  // Latency is looked at now and then: its sums cost more than the answer that is being counted.
  if (tripped_ || side == Side::champion || (ok && sums_here.requests % 32 != 0)) return {};
  const auto sides = sums(second);
  const auto why = reason(sides);
  if (!why) return {};
  tripped_ = true;
  Json out = evidence(sides);
  out.set("reason", *why);
  return out;
}

std::array<CircuitBreaker::Sums, 2> CircuitBreaker::sums(std::int64_t second) const {
  std::array<Sums, 2> out;
  const auto oldest = second - static_cast<std::int64_t>(slots_.size());
  for (const auto& slot : slots_) {
    if (slot.second <= oldest || slot.second > second) continue;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i].requests += slot.sides[i].requests;
      out[i].errors += slot.sides[i].errors;
      out[i].latency.merge(slot.sides[i].latency);
    }
  }
  return out;
}

std::optional<std::string> CircuitBreaker::reason(const std::array<Sums, 2>& sides) const {
  const auto& champion = sides[index(Side::champion)];
  const auto& candidate = sides[index(Side::candidate)];
  if (candidate.requests >= config_.min_requests &&
      wilson_lower(candidate.errors, candidate.requests, kZ) >
          champion.error_rate() + config_.error_margin)
    return "error rate";
  if (std::min(candidate.requests, champion.requests) < config_.min_for_latency) return {};
  const double ours = candidate.latency.quantile_us(0.95);
  const double theirs = champion.latency.quantile_us(0.95);
  if (ours > config_.latency_factor * theirs &&
      ours > theirs + static_cast<double>(config_.latency_floor_us))
    return "latency";
  return {};
}

Json CircuitBreaker::evidence(const std::array<Sums, 2>& sides) const {
  const auto of = [](const Sums& side) {
    return Json::object({{"requests", side.requests},
                         {"errors", side.errors},
                         {"error_rate", side.error_rate()},
                         {"latency_p95_us", side.latency.quantile_us(0.95)}});
  };
  return Json::object({{"window_seconds", slots_.size()},
                       {"champion", of(sides[index(Side::champion)])},
                       {"candidate", of(sides[index(Side::candidate)])},
                       {"limits", Json::object({{"error_margin", config_.error_margin},
                                                {"latency_factor", config_.latency_factor},
                                                {"latency_floor_us", config_.latency_floor_us},
                                                {"min_requests", config_.min_requests}})}});
}

bool CircuitBreaker::tripped() const {
  const MutexLock lock(mutex_);
  return tripped_;
}

Json CircuitBreaker::describe(Instant now) const {
  const MutexLock lock(mutex_);
  Json out = evidence(sums(second_of(now)));
  out.set("state", tripped_ ? "open" : "closed");
  return out;
}

}  // namespace millrace::serve

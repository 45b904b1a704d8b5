#include "engine/serve/metering.h"

#include <algorithm>
#include <utility>

namespace millrace::serve {
namespace {

/// Windows that were never fetched (the store was away for hours) must not fill the memory.
constexpr std::size_t kMaxClosedWindows = 100'000;

void count_predictions(Metering::Series& series, const std::vector<double>& predictions) {
  const auto& bounds = prediction_bounds(series.probability);
  auto& totals = series.totals;
  totals.predictions.resize(bounds.size() + 1);
  for (const double value : predictions) {
    const auto bound = std::ranges::lower_bound(bounds, value);
    ++totals.predictions[static_cast<std::size_t>(bound - bounds.begin())];
    totals.prediction_sum += value;
  }
}

}  // namespace

double score(BusinessMetric metric, double prediction, double outcome) {
  if (metric == BusinessMetric::hit) return (prediction >= 0.5) == (outcome >= 0.5) ? 1 : 0;
  return -(outcome - prediction) * (outcome - prediction);
}

const std::vector<double>& prediction_bounds(bool probability) {
  static const std::vector<double> tenths = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1};
  static const std::vector<double> powers = {-1e6, -1e5, -1e4, -1e3, -100, -10, -1, 0,
                                             1,    10,   100,  1e3,  1e4,  1e5, 1e6};
  return probability ? tenths : powers;
}

Metering::State& Metering::state(const SeriesKey& key, int version, Time now,
                                 std::int64_t revision) {
  auto& state = states_[key];
  state.series.version = version;
  if (state.series.key.model.empty()) state.series.key = key;
  const Time start = start_of(now);
  if (state.used && (start != state.window.start || revision != state.window.revision))
    close(state);
  if (!state.used) {
    state.window = ServingWindow{};
    const ModelKey model = ModelKey::parse(key.model);
    state.window.model = model.name;
    state.window.namespace_ = model.namespace_;
    state.window.artifact = key.artifact;
    state.window.role = key.role;
    state.window.start = start;
    state.window.revision = revision;
    state.latency = {};
    state.used = true;
  }
  return state;
}

void Metering::close(State& state) {
  auto& window = state.window;
  window.latency_buckets.assign(state.latency.counts.begin(), state.latency.counts.end());
  window.latency_sum_us = state.latency.sum_us;
  state.used = false;
  if (window.role == kDirect) return;
  if (closed_.size() < kMaxClosedWindows)
    closed_.push_back(std::move(window));
  else
    ++dropped_windows_;
}

void Metering::answered(const SeriesKey& key, int version, const Answer& answer, Time now,
                        std::int64_t revision) {
  const MutexLock lock(mutex_);
  auto& found = state(key, version, now, revision);
  auto& totals = found.series.totals;
  found.series.probability = answer.probability;
  ++found.window.requests;
  ++totals.requests;
  if (!answer.ok) {
    ++found.window.errors;
    ++totals.errors;
  }
  found.latency.add(answer.latency_us);
  totals.latency.add(answer.latency_us);
  if (answer.predictions != nullptr) count_predictions(found.series, *answer.predictions);
}

void Metering::outcome(const SeriesKey& key, int version, double score, Time now,
                       std::int64_t revision) {
  const MutexLock lock(mutex_);
  auto& found = state(key, version, now, revision);
  ++found.window.outcomes;
  found.window.business_sum += score;
  found.window.business_sum_squares += score * score;
  ++found.series.totals.outcomes;
  found.series.totals.business_sum += score;
}

void Metering::tripped(const SeriesKey& key, int version, Time now, std::int64_t revision) {
  const MutexLock lock(mutex_);
  state(key, version, now, revision).window.tripped = true;
}

std::vector<ServingWindow> Metering::take_windows(Time now, bool everything) {
  const MutexLock lock(mutex_);
  for (auto& [key, state] : states_)
    if (state.used && (everything || state.window.start != start_of(now))) close(state);
  return std::exchange(closed_, {});
}

std::int64_t Metering::dropped_windows() const {
  const MutexLock lock(mutex_);
  return dropped_windows_;
}

std::vector<Metering::Series> Metering::totals() const {
  std::vector<Series> out;
  const MutexLock lock(mutex_);
  out.reserve(states_.size());
  for (const auto& [key, state] : states_) out.push_back(state.series);
  return out;
}

}  // namespace millrace::serve

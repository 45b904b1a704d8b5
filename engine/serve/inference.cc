#include "engine/serve/inference.h"

#include <cmath>
#include <exception>
#include <utility>

#include "engine/base/log.h"
#include "engine/serve/traffic.h"

namespace millrace::serve {

std::vector<const std::vector<std::string>*> known_features(const Route& route,
                                                            const ServedModel& contract) {
  std::vector<const std::vector<std::string>*> out = {&contract.predictor.feature_names()};
  for (const auto* served : {&route.champion, &route.candidate})
    if (*served && served->get() != &contract) out.push_back(&(*served)->predictor.feature_names());
  return out;
}

namespace {

Result<std::vector<double>> predict(const ServedModel& served, const ml::Matrix& rows) {
  std::vector<double> out;
  try {
    if (rows.rows() == 1) {
      MR_TRY(const double value, served.predictor.predict_row(rows.row(0)));
      out.push_back(value);
    } else {
      MR_TRY(out, served.predictor.predict(rows));
    }
  } catch (const std::exception& error) {
    return internal_error(std::string("the model failed: ") + error.what());
  }
  for (const double value : out)
    if (!std::isfinite(value)) return internal_error("the model's output is not a finite number");
  return out;
}

/// The request itself is at fault, and not the version.
bool blames_request(const Error& error) { return error.code == ErrorCode::invalid_argument; }

}  // namespace

/// The id under which row `row` of a request is logged and its outcome is matched: the request's
/// own for a single row, else "id/row".
static std::string row_id(std::string_view id, std::size_t row, std::size_t rows) {
  return rows == 1 ? std::string(id) : std::string(id) + "/" + std::to_string(row);
}

Inference::Inference(ModelHost& host, Metering& metering, PredictionLog& log,
                     OutcomeMatcher& outcomes, const Clock& clock, std::uint64_t seed,
                     std::function<void(TripReport)> on_trip)
    : host_(host),
      metering_(metering),
      log_(log),
      outcomes_(outcomes),
      clock_(clock),
      on_trip_(std::move(on_trip)),
      rng_(seed) {}

std::string Inference::new_id() {
  const Time now = clock_.now();
  const MutexLock lock(mutex_);
  return ids_.next(now, rng_).to_string();
}

ServedModelPtr Inference::choose(const InferCall& call, std::string_view id) const {
  const auto& route = *call.route;
  if (call.pinned) return call.pinned;
  if (!route.champion) return route.candidate;
  if (!route.candidate || route.share == 0) return route.champion;
  std::string_view key = call.request.entity(0);
  if (key.empty()) key = call.entity_header;
  if (key.empty()) key = id;
  return is_candidate(place(route.seed, key), route.share) ? route.candidate : route.champion;
}

Inference::Attempt Inference::attempt(const InferCall& call, const ServedModelPtr& served) const {
  const auto& route = *call.route;
  // What clients know is the champion's metadata, or that of the version they named.
  const auto& contract = call.pinned ? call.pinned : route.champion ? route.champion : served;
  const auto run = [&]() -> Result<Rows> {
    MR_CHECK(check_columns(call.request, known_features(route, *contract)));
    Rows rows;
    MR_TRY(rows.features, arrange(call.request, contract->predictor.feature_names(),
                                  served->predictor.feature_names()));
    MR_TRY(rows.predictions, predict(*served, rows.features));
    return rows;
  };
  auto rows = run();
  const auto spent =
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady() - call.start);
  return {served, call.pinned ? kDirect : route.role(*served), std::move(rows), spent.count()};
}

void Inference::count(const Route& route, const Attempt& attempt) {
  const auto& served = *attempt.served;
  const bool ok = attempt.rows.ok();
  const SeriesKey key{served.model, served.artifact, std::string(attempt.role)};
  const Time now = clock_.now();
  metering_.answered(key, served.version,
                     {.latency_us = attempt.latency_us,
                      .ok = ok,
                      .probability = served.predictor.objective() == ml::Objective::binary,
                      .predictions = ok ? &attempt.rows->predictions : nullptr},
                     now, route.row.revision);
  if (!route.breaker || attempt.role == kDirect || route.share == 0) return;
  const auto side = attempt.role == "candidate" ? CircuitBreaker::Side::candidate
                                                : CircuitBreaker::Side::champion;
  auto evidence = route.breaker->record(side, ok, attempt.latency_us, clock_.steady());
  if (!evidence || !host_.trip(route.model, route.row.candidate)) return;
  if (!ok) evidence->set("last_error", attempt.rows.error().message);
  metering_.tripped(key, served.version, now, route.row.revision);
  log::error("circuit breaker opened: the candidate gets no more traffic",
             {{"model", route.model},
              {"artifact", route.row.candidate},
              {"reason", (*evidence)["reason"].as_string()}});
  on_trip_({route.model, route.row.candidate, *std::move(evidence)});
}

void Inference::remember(const InferCall& call, const std::string& id, const Attempt& attempt) {
  const auto& rows = *attempt.rows;
  const Time now = clock_.now();
  for (std::size_t i = 0; i < rows.predictions.size(); ++i) {
    std::string entity(call.request.entity(i));
    if (entity.empty()) entity = call.entity_header;
    std::string own_id = row_id(id, i, rows.predictions.size());
    const double prediction = rows.predictions[i];
    outcomes_.remember(own_id, entity, {attempt.served, attempt.role, prediction});
    const auto features = rows.features.row(i);
    log_.add({.id = std::move(own_id),
              .entity = std::move(entity),
              .trace_id = call.trace_id,
              .served = attempt.served,
              .features = {features.begin(), features.end()},
              .prediction = prediction,
              .latency_us = attempt.latency_us,
              .at = now});
  }
}

Result<Inferred> Inference::infer(InferCall call) {
  const auto& route = *call.route;
  std::string id = call.request.id.empty() ? new_id() : call.request.id;
  Attempt answer = attempt(call, choose(call, id));
  bool fell_back = false;
  if (!answer.rows && !call.pinned && route.champion && answer.served != route.champion) {
    Attempt second = attempt(call, route.champion);
    // Both refuse: then it is the request, and no mark against the candidate.
    if (second.rows || !blames_request(second.rows.error())) count(route, answer);
    answer = std::move(second);
    fell_back = true;
  }
  if (!answer.rows && blames_request(answer.rows.error())) return answer.rows.error();
  count(route, answer);
  if (!answer.rows) return answer.rows.error();
  remember(call, id, answer);
  return Inferred{.id = std::move(id),
                  .served = answer.served,
                  .role = answer.role,
                  .predictions = std::move(answer.rows->predictions),
                  .latency_us = answer.latency_us,
                  .fell_back = fell_back};
}

}  // namespace millrace::serve

// Inference: answers one request with one version, and accounts for it.
//
// The version is the one the client named, or the split's choice for the entity. What the candidate
// cannot answer (an error, a number that is not finite, a feature that only it wants) is answered
// by the champion in its place: the client sees no failure, the candidate's breaker does. When the
// breaker opens, the candidate loses its traffic before the next request is routed. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/id.h"
#include "engine/base/mutex.h"
#include "engine/serve/infer_request.h"
#include "engine/serve/metering.h"
#include "engine/serve/model_host.h"
#include "engine/serve/outcome_matcher.h"
#include "engine/serve/prediction_log.h"

namespace millrace::serve {

/// A candidate lost its traffic.
struct TripReport {
  std::string model;
  std::string artifact;
  Json evidence;
};

/// What a request brings besides its body.
struct InferCall {
  std::shared_ptr<const Route> route;
  ServedModelPtr pinned;  // the version that the client named; null: the split decides
  InferRequest request;
  std::string entity_header;  // X-Entity-Key; counts where the body names no entity
  std::string trace_id;
  std::chrono::steady_clock::time_point start;
};

struct Inferred {
  std::string id;  // the client's, or one of ours
  ServedModelPtr served;
  std::string_view role;
  std::vector<double> predictions;
  std::int64_t latency_us = 0;
  bool fell_back = false;  // the candidate had failed
};

class Inference {
 public:
  /// All outlive this object. `on_trip` is called on the thread of a request and must not block.
  Inference(ModelHost& host, Metering& metering, PredictionLog& log, OutcomeMatcher& outcomes,
            const Clock& clock, std::uint64_t seed, std::function<void(TripReport)> on_trip);

  Result<Inferred> infer(InferCall call);

 private:
  struct Rows {
    ml::Matrix features;  // as the version wants them
    std::vector<double> predictions;
  };
  struct Attempt {
    ServedModelPtr served;
    std::string_view role;
    Result<Rows> rows;
    std::int64_t latency_us;
  };

  ServedModelPtr choose(const InferCall& call, std::string_view id) const;
  Attempt attempt(const InferCall& call, const ServedModelPtr& served) const;
  void count(const Route& route, const Attempt& attempt);
  void remember(const InferCall& call, const std::string& id, const Attempt& attempt);
  std::string new_id();

  ModelHost& host_;
  Metering& metering_;
  PredictionLog& log_;
  OutcomeMatcher& outcomes_;
  const Clock& clock_;
  const std::function<void(TripReport)> on_trip_;
  Mutex mutex_;
  Rng rng_ GUARDED_BY(mutex_);
  UuidSource ids_ GUARDED_BY(mutex_);
};

/// The features of the version that `contract` names to clients, and of the others that may answer.
std::vector<const std::vector<std::string>*> known_features(const Route& route,
                                                            const ServedModel& contract);

}  // namespace millrace::serve

// V2: the Open Inference Protocol V2, REST, and what we add to it. Turns requests into answers;
// knows no socket. Thread-safe.
//
//   GET  /v2, /v2/health/live, /v2/health/ready
//   GET  /v2/models/{m}[/versions/{v}], …/ready
//   POST /v2/models/{m}[/versions/{v}]/infer
//   GET  /v2/repository/index              what is loaded (POST likewise, as Triton has it)
//   POST /v2/models/{m}/outcomes           what became true: [{"id" | "entity", "outcome"}]
//   GET  /v2/models/{m}/stats              split, breaker and totals of each version
//   GET  /metrics                          Prometheus text
//
// infer: inputs as in infer_request.h. Without a version in the path the split decides: by
// parameters.entity, an input "entity", the header X-Entity-Key, or the request's id (ours when the
// client gives none, so then by chance). The answer has "probability" (or "prediction" for a
// regression), FP64 [rows]; "label" (INT64, probability >= 0.5) of a binary model, or those that
// "outputs" names; and parameters {role, artifact, latency_us}. A failure is {"error": text} with
// 4xx or 5xx.
//
// outcomes: each is scored (BusinessMetric) for the version that answered that id (row i of a
// request with several rows is "id/i"), or that entity last; once. One of a prediction that this
// process does not remember is "unknown" and counts for nothing.
#pragma once

#include "engine/http/message.h"
#include "engine/serve/inference.h"

namespace millrace::serve {

using http::HttpRequest;
using http::HttpResponse;

class V2 {
 public:
  struct Parts {  // not owned
    ModelHost& host;
    Inference& inference;
    Metering& metering;
    OutcomeMatcher& outcomes;
    PredictionLog& log;
    const Clock& clock;
    BusinessMetric business = BusinessMetric::negative_squared_error;
  };
  explicit V2(Parts parts) : parts_(parts) {}

  HttpResponse handle(const HttpRequest& request) const;
  /// What a request that never reaches `handle` is told.
  static HttpResponse refusal(const http::Refusal& refusal);

 private:
  struct Target {  // of a path under /v2/models/{m}
    std::shared_ptr<const Route> route;
    ServedModelPtr pinned;  // null without a version
  };
  Result<HttpResponse> dispatch(const HttpRequest& request) const;
  Result<HttpResponse> model_call(const HttpRequest& request) const;
  Result<Target> target(std::string_view model, std::string_view version) const;
  Result<HttpResponse> metadata(const Target& target) const;
  Result<HttpResponse> infer(const Target& target, const HttpRequest& request) const;
  Result<HttpResponse> when_there_is_room(const HttpRequest& request) const;
  Result<HttpResponse> outcomes(const Target& target, const HttpRequest& request) const;
  HttpResponse stats(const Target& target) const;
  HttpResponse index() const;
  HttpResponse ready() const;
  HttpResponse metrics(const HttpRequest& request) const;

  const Parts parts_;
};

}  // namespace millrace::serve

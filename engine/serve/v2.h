// V2: the Open Inference Protocol V2, REST, and what we add to it. Turns requests into answers;
// knows no socket. Thread-safe.
//
// v2_endpoints.cc declares the operations; docs/serving-api.md, docs/openapi-serving.json and
// GET /v2/openapi.json follow from the declarations.
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

#include <vector>

#include "engine/http/endpoint.h"
#include "engine/serve/inference.h"

namespace millrace::serve {

using http::HttpRequest;
using http::HttpResponse;

struct V2Parts {  // not owned
  ModelHost& host;
  Inference& inference;
  Metering& metering;
  OutcomeMatcher& outcomes;
  PredictionLog& log;
  const Clock& clock;
  BusinessMetric business = BusinessMetric::negative_squared_error;
};

class V2Calls;

class V2 {
 public:
  explicit V2(V2Parts parts);
  ~V2();

  HttpResponse handle(const HttpRequest& request) const;
  /// The answer to a request that never reaches `handle`.
  static HttpResponse refusal(const http::Refusal& refusal);

 private:
  const std::unique_ptr<const V2Calls> calls_;
  const http::Router router_;
};

/// The operations, in the order of the documents; those of the hot path first. nullptr: for the
/// documents alone.
std::vector<http::Endpoint> v2_endpoints(const V2Calls* calls);
/// OpenAPI 3.1.
Json serving_openapi();
/// docs/serving-api.md
std::string serving_reference_page();

}  // namespace millrace::serve

#include "engine/serve/v2.h"

#include <algorithm>

#include "engine/http/openapi.h"
#include "engine/serve/infer_answer.h"
#include "engine/serve/v2_calls.h"

namespace millrace::serve {
namespace {

/// A name that is no text is the name of no model.
HttpResponse respond(const http::Problem& problem, const HttpRequest&) {
  const bool no_name =
      std::ranges::any_of(problem.errors, [](const auto& one) { return one.pointer == "{model}"; });
  return error_response(no_name ? 404 : problem.status, problem.detail);
}

http::OpenApiInfo documents_info() {
  const Json text = Json::object({{"type", "string"}, {"description", "What is wrong"}});
  return {.title = "Millrace model server",
          .description = "The Open Inference Protocol V2 and what Millrace adds to it.",
          .error_name = "Error",
          .error_type = "application/json",
          .error_schema = Json::object({{"type", "object"},
                                        {"description", "An error."},
                                        {"properties", Json::object({{"error", text}})},
                                        {"required", Json::array({"error"})}})};
}

}  // namespace

// Clients of the protocol may send members and parameters of extensions that we do not have.
V2::V2(V2Parts parts)
    : calls_(std::make_unique<V2Calls>(parts)),
      router_(v2_endpoints(calls_.get()), {.respond = respond, .lenient = true}) {}
V2::~V2() = default;

HttpResponse V2::refusal(const http::Refusal& refusal) {
  return error_response(refusal.status, refusal.detail);
}

HttpResponse V2::handle(const HttpRequest& request) const {
  if (auto response = router_.answer(request)) return *std::move(response);
  const bool of_model = request.segments.size() >= 3 && request.segments[0] == "v2" &&
                        request.segments[1] == "models";
  return error_response(
      404, "no such address: " + in_quotes(request.path) +
               (of_model ? "; a model has /infer, /ready, /stats and /outcomes" : "; see GET /v2"));
}

Json serving_openapi() { return http::openapi_of(documents_info(), v2_endpoints(nullptr)); }

std::string serving_reference_page() {
  const auto endpoints = v2_endpoints(nullptr);
  return "# The model server's REST interface\n\n"
         "Generated from the endpoint declarations in `engine/serve`; `./run golden` rewrites it. "
         "The "
         "same as OpenAPI 3.1:\n"
         "`/v2/openapi.json`. [serving.md](serving.md) explains requests, outcomes and the "
         "prediction "
         "log.\n\n"
         "- An error is `{\"error\": text}` with a status of 4xx or 5xx; 503 comes with "
         "`Retry-After`.\n"
         "- Parameters and members that no row names are ignored.\n\n" +
         http::endpoint_sections(endpoints) + http::type_sections(http::named_types(endpoints));
}

}  // namespace millrace::serve

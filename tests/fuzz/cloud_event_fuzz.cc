// "CONTENT TYPE\nBODY" as a POST of CloudEvents: refused, or events that have what each must have.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/api/cloud_event.h"
#include "engine/base/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::api;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  HttpRequest request;
  request.method = "POST";
  request.headers.emplace_back("content-type", text.substr(0, line));
  if (line != std::string::npos) request.body = text.substr(line + 1);
  (void)millrace::http::refuse(request, {});
  HttpRequest targeted;
  (void)millrace::http::split_target("/?" + text, targeted);
  (void)millrace::trace_id_of(text);
  const auto events = read_cloud_events(request);
  if (!events) return 0;
  if (events->size() > kMaxEventsInBatch) std::abort();
  for (const auto& event : *events)
    if (event.id.empty() || event.source.empty() || idempotency_key_of(event).empty()) std::abort();
  return 0;
}

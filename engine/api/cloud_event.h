// CloudEvents 1.0 over HTTP: binary, structured and batch mode, read into one form.
#pragma once

#include <vector>

#include "engine/api/http.h"
#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace::api {

inline constexpr std::size_t kMaxEventsInBatch = 1000;

struct CloudEvent {
  std::string id, source, type;
  Json json;  // structured form: specversion, id, source, type, …, data or data_base64
};

/// Errors name the attribute that is missing or wrong.
Result<std::vector<CloudEvent>> read_cloud_events(const HttpRequest& request);
/// The answer to OPTIONS (CloudEvents HTTP webhook, section 4): every sender may deliver, at
/// any rate.
HttpResponse answer_webhook_handshake(const HttpRequest& request);
/// The same source and id are the same event for ever.
std::string idempotency_key_of(const CloudEvent& event);

}  // namespace millrace::api

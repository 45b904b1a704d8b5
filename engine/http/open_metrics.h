// The answer to a scrape: Prometheus' text format 0.0.4, or OpenMetrics 1.0.0 where the client
// prefers it, as Prometheus itself does.
#pragma once

#include <string>
#include <string_view>

#include "engine/http/message.h"

namespace millrace::http {

/// `text` is of format 0.0.4, each family with HELP before TYPE.
HttpResponse metrics_response(const HttpRequest& request, std::string text);

/// The same as OpenMetrics: a counter's family is called without _total, untyped is unknown, bounds
/// of buckets are floating-point numbers, "# EOF" ends it.
std::string open_metrics_of(std::string_view text);
/// Whether the header Accept prefers OpenMetrics to plain text.
bool prefers_open_metrics(std::string_view accept);

}  // namespace millrace::http

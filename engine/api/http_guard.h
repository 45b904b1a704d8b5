// The guard: what is refused before a request's body is read or an endpoint is asked. Pure
// functions.
//
//   - a Host that is neither an IP address, localhost nor a configured name: a page on another site
//   that made its
//     own name point here (DNS rebinding)
//   - a change asked for by another site's page: foreign Origin or Sec-Fetch-Site, or a content
//   type that a form
//     can send
//   - bodies without a length, encoded, or too long
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/http.h"
#include "engine/api/problem.h"

namespace millrace::api {

/// Of the request line and headers; nothing is wrong: nullopt.
std::optional<Problem> refuse(const HttpRequest& request, const HttpConfig& config);

/// `host` without port, e.g. "[::1]:80" → "[::1]".
std::string_view host_without_port(std::string_view host);
bool is_ip_address(std::string_view host);
/// The trace id of a W3C traceparent header of version 00; "" if it is not one.
std::string trace_id_of(std::string_view traceparent);
/// 1 to 64 letters, digits, '-', '_' and '.'.
bool is_request_id(std::string_view text);

}  // namespace millrace::api

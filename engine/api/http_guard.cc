#include "engine/api/http_guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace millrace::api {
namespace {

bool changes_state(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return out;
}

bool is_known_host(std::string_view host, const std::vector<std::string>& names) {
  const std::string name = lower(host_without_port(host));
  return name == "localhost" || is_ip_address(name) ||
         std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view media_type(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return type;
}

/// Content types that no HTML form and no `no-cors` fetch can send.
bool is_api_type(std::string_view content_type) {
  const std::string type = lower(media_type(content_type));
  return type == "application/json" || type == "application/cloudevents+json" ||
         type == "application/cloudevents-batch+json" || type == "application/yaml";
}

std::optional<Problem> refuse_host(const HttpRequest& request, const HttpConfig& config) {
  const auto host = request.header("host");
  if (is_known_host(host, config.host_names)) return std::nullopt;
  return Problem::make(
      421, "permission_denied",
      "This server does not answer to the host '" + std::string(host.substr(0, 100)) +
          "'; use its address or localhost, or name the host in the configuration.");
}

std::optional<Problem> refuse_foreign_site(const HttpRequest& request) {
  const auto site = request.header("sec-fetch-site");
  const auto origin = request.header("origin");
  const bool foreign_origin = !origin.empty() &&
                              origin != "http://" + std::string(request.header("host")) &&
                              origin != "https://" + std::string(request.header("host"));
  if (site.empty() || site == "same-origin" || site == "none") {
    if (!foreign_origin) return std::nullopt;
  }
  return Problem::make(403, "permission_denied",
                       "A page of another site may not change anything here.");
}

std::optional<Problem> refuse_type(const HttpRequest& request, std::size_t length) {
  const auto type = request.header("content-type");
  // A CloudEvent in binary mode may carry any type; its ce-headers are what no form can send.
  if (is_api_type(type) || !request.header("ce-specversion").empty()) return std::nullopt;
  if (length == 0 && type.empty() && request.header("origin").empty()) return std::nullopt;
  return Problem::make(415, "invalid_argument",
                       "The content type is '" + std::string(type.substr(0, 100)) +
                           "'; send -H 'Content-Type: application/json'.");
}

/// The body's length, or what is wrong with how it is sent.
std::optional<Problem> refuse_body(const HttpRequest& request, const HttpConfig& config,
                                   std::size_t& length) {
  length = 0;
  if (!request.header("transfer-encoding").empty())
    return Problem::make(411, "invalid_argument",
                         "Send the body with a Content-Length, not in chunks.");
  if (!request.header("content-encoding").empty())
    return Problem::make(415, "invalid_argument", "Send the body without a Content-Encoding.");
  bool seen = false;
  for (const auto& [name, value] : request.headers) {
    if (name != "content-length") continue;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (seen || failure != std::errc{} || end != value.data() + value.size())
      return Problem::make(400, "invalid_argument", "Content-Length must be one whole number.");
    seen = true;
  }
  if (length > config.max_body_bytes)
    return Problem::make(413, "resource_exhausted",
                         "The body has " + std::to_string(length) + " bytes; at most " +
                             std::to_string(config.max_body_bytes) + " are taken.");
  return std::nullopt;
}

}  // namespace

std::string_view host_without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_ip_address(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  unsigned char bytes[16];
  const std::string text(host);
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

std::string trace_id_of(std::string_view traceparent) {
  const auto hex = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  };
  if (traceparent.size() != 55 || !traceparent.starts_with("00-")) return {};
  if (traceparent[35] != '-' || traceparent[52] != '-') return {};
  const auto trace = traceparent.substr(3, 32);
  if (!hex(trace) || !hex(traceparent.substr(36, 16)) || !hex(traceparent.substr(53))) return {};
  if (trace.find_first_not_of('0') == std::string_view::npos) return {};
  return std::string(trace);
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::optional<Problem> refuse(const HttpRequest& request, const HttpConfig& config) {
  if (auto problem = refuse_host(request, config)) return problem;
  std::size_t length = 0;
  if (auto problem = refuse_body(request, config, length)) return problem;
  if (!changes_state(request.method)) return std::nullopt;
  if (auto problem = refuse_foreign_site(request)) return problem;
  return refuse_type(request, length);
}

}  // namespace millrace::api

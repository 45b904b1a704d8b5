#include "engine/http/guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace millrace::http {

static bool is_ip_address(std::string_view host);
/// `host` without port, e.g. "[::1]:80" → "[::1]".
static std::string_view host_without_port(std::string_view host);

namespace {

bool changes_state(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

std::optional<Refusal> refusal(int status, std::string_view code, std::string detail) {
  return Refusal{status, std::string(code), std::move(detail)};
}

std::size_t count_of(const HttpRequest& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::ranges::count_if(request.headers, [&](const auto& one) { return one.first == name; }));
}

/// "name", "name:80", "1.2.3.4:80", "[::1]:80": the port, if there is one, is a number.
bool has_good_port(std::string_view host) {
  const auto rest = host.substr(host_without_port(host).size());
  return rest.empty() ||
         (rest.front() == ':' && rest.size() <= 6 &&
          std::all_of(rest.begin() + 1, rest.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

bool is_known_host(std::string_view host, const std::vector<std::string>& names) {
  const std::string name = in_lower_case(host_without_port(host));
  return has_good_port(host) && (name == "localhost" || is_ip_address(name) ||
                                 std::ranges::find(names, name) != names.end());
}

/// Content types that no HTML form and no `no-cors` fetch can send.
bool is_api_type(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type == "application/json" || type == "application/yaml" ||
         (type.starts_with("application/") && type.ends_with("+json"));
}

// RFC 9112, 3.2: more than one Host, or none with HTTP/1.1, is answered 400.
std::optional<Refusal> refuse_host(const HttpRequest& request, const GuardRules& rules,
                                   unsigned version) {
  const auto hosts = count_of(request, "host");
  if (hosts > 1) return refusal(400, "invalid_argument", "The request has two Host headers.");
  if (hosts == 0 && version >= 11)
    return refusal(400, "invalid_argument", "The request has no Host header.");
  const auto host = request.header("host");
  if (is_known_host(host, rules.host_names)) return std::nullopt;
  return refusal(421, "permission_denied",
                 "This server does not answer to the host '" + std::string(host.substr(0, 100)) +
                     "'; use its address or localhost, or start it with --allow-host NAME.");
}

std::optional<Refusal> refuse_foreign_site(const HttpRequest& request) {
  const auto site = request.header("sec-fetch-site");
  const bool own_site = site.empty() || site == "same-origin" || site == "none";
  const std::string host(request.header("host"));
  const bool own_origin = std::ranges::all_of(request.headers, [&host](const auto& one) {
    return one.first != "origin" || one.second.empty() || one.second == "http://" + host ||
           one.second == "https://" + host;
  });
  if (own_site && own_origin) return std::nullopt;
  return refusal(403, "permission_denied", "A page of another site may not change anything here.");
}

std::optional<Refusal> refuse_type(const HttpRequest& request, const GuardRules& rules) {
  const auto type = request.header("content-type");
  if (!rules.any_type_below.empty() && request.path.starts_with(rules.any_type_below))
    return std::nullopt;
  // A CloudEvent in binary mode may carry any type; its ce-headers are what no form can send.
  if (is_api_type(type) || !request.header("ce-specversion").empty()) return std::nullopt;
  // Programs may leave the type out, as `curl -X POST` and Triton's client do; pages cannot hide
  // that they are pages.
  const bool from_page =
      !request.header("origin").empty() || !request.header("sec-fetch-site").empty();
  if (type.empty() && !from_page) return std::nullopt;
  return refusal(415, "invalid_argument",
                 "The content type is '" + std::string(type.substr(0, 100)) +
                     "'; send -H 'Content-Type: application/json'.");
}

std::optional<Refusal> refuse_length(const HttpRequest& request, const GuardRules& rules) {
  for (const auto& [name, value] : request.headers) {
    if (name != "content-length") continue;
    std::uint64_t length = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (failure != std::errc{} || end != value.data() + value.size())
      return refusal(
          400, "invalid_argument",
          "Content-Length is '" + value.substr(0, 40) + "'; it must be one whole number.");
    if (length > rules.max_body_bytes)
      return refusal(413, "resource_exhausted",
                     "The body has " + std::to_string(length) + " bytes; at most " +
                         std::to_string(rules.max_body_bytes) + " bytes are taken.");
  }
  return std::nullopt;
}

/// How the body is sent.
std::optional<Refusal> refuse_body(const HttpRequest& request, const GuardRules& rules) {
  const auto lengths = count_of(request, "content-length");
  const auto codings = count_of(request, "transfer-encoding");
  if (lengths > 1) return refusal(400, "invalid_argument", "Content-Length is given twice.");
  if (codings > 0 && lengths > 0)
    return refusal(400, "invalid_argument",
                   "Content-Length and Transfer-Encoding exclude each other.");
  if (codings > 1 ||
      (codings == 1 && in_lower_case(request.header("transfer-encoding")) != "chunked"))
    return refusal(501, "unsupported",
                   "The only Transfer-Encoding that is understood is 'chunked'.");
  if (!request.header("content-encoding").empty())
    return refusal(415, "invalid_argument", "Send the body without a Content-Encoding.");
  return refuse_length(request, rules);
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

std::string media_type(std::string_view content_type) {
  return in_lower_case(trim(content_type.substr(0, content_type.find(';'))));
}

Result<std::string> allowed_host(std::string_view text) {
  std::string name = in_lower_case(text);
  const bool fine = !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
  if (fine) return name;
  return invalid_argument("'" + std::string(text.substr(0, 100)) +
                          "' is no host name; write it without scheme and port, e.g. "
                          "mill.example.com");
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::optional<Refusal> refuse(const HttpRequest& request, const GuardRules& rules,
                              unsigned version) {
  if (auto refused = refuse_host(request, rules, version)) return refused;
  if (auto refused = refuse_body(request, rules)) return refused;
  if (!changes_state(request.method)) return std::nullopt;
  if (auto refused = refuse_foreign_site(request)) return refused;
  return refuse_type(request, rules);
}

}  // namespace millrace::http

#include "engine/http/client_secrets.h"

#include <algorithm>
#include <array>

namespace millrace::http {
namespace {

constexpr std::string_view kHidden = "***";

/// A shorter value would hide parts of words.
constexpr std::size_t kMinSecret = 4;

std::size_t authority_start(std::string_view url) {
  const auto scheme = url.find("://");
  return scheme == std::string_view::npos || scheme > url.find_first_of("/?#") ? 0 : scheme + 3;
}

/// Host and port, without a user and a password.
std::string_view host_of(std::string_view url) {
  url.remove_prefix(authority_start(url));
  url = url.substr(0, url.find_first_of("/?#"));
  const auto user = url.rfind('@');
  return user == std::string_view::npos ? url : url.substr(user + 1);
}

bool names_a_secret(std::string_view parameter) {
  constexpr std::array kParts = {"token",      "secret", "passw", "signature",
                                 "credential", "auth",   "key"};
  constexpr std::array kWhole = {"sig", "pwd", "pass", "code"};
  const std::string name = in_lower_case(parameter);
  return std::ranges::any_of(kParts,
                             [&](const char* part) { return name.find(part) != name.npos; }) ||
         std::ranges::any_of(kWhole, [&](const char* one) { return name == one; });
}

std::string shown_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const auto end = std::min(query.find_first_of("&;", 1), query.size());
    const std::string_view one = query.substr(0, end);  // with the '?', '&' or ';' before it
    const auto equals = one.find('=');
    if (equals != std::string_view::npos && names_a_secret(one.substr(1, equals - 1)))
      out.append(one.substr(0, equals + 1)).append(kHidden);
    else
      out.append(one);
    query.remove_prefix(end);
  }
  return out;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

}  // namespace

std::string shown_url(std::string_view url) {
  const auto start = authority_start(url);
  const auto path = std::min(url.find_first_of("/?#", start), url.size());
  const auto query = std::min(url.find('?', path), url.size());
  const auto fragment = std::min(url.find('#', path), url.size());
  std::string out(url.substr(0, start));
  out.append(host_of(url));
  if (fragment < query) return out.append(url.substr(path, fragment - path));
  out.append(url.substr(path, query - path));
  return out + shown_query(url.substr(query, fragment - query));
}

std::string shown_url(const ClientRequest& request) {
  return request.secret_url ? std::string(host_of(request.url)) : shown_url(request.url);
}

std::string shown(const ClientRequest& request) {
  return request.method + " " + shown_url(request);
}

std::string without_secrets(std::string text, const ClientRequest& request) {
  if (!request.url.empty()) replace_all(text, request.url, shown_url(request));
  if (request.secret_url) {
    const std::string_view url = request.url;
    const auto path = url.find_first_of("/?#", authority_start(url));
    if (path != url.npos && url.size() - path >= kMinSecret)
      replace_all(text, url.substr(path), kHidden);
  }
  for (const auto& [name, value] : request.headers) {
    if (is_public_header(name)) continue;
    // "Bearer s3cr3t": the scheme is no secret, and the rest may stand alone.
    const std::string_view secret = trim(std::string_view(value).substr(value.rfind(' ') + 1));
    if (secret.size() >= kMinSecret) replace_all(text, secret, kHidden);
  }
  return text;
}

bool is_public_header(std::string_view name) {
  constexpr std::array kNames = {
      "Accept",        "Accept-Encoding", "Accept-Language", "Content-Type", "If-Modified-Since",
      "If-None-Match", "Idempotency-Key", "Range",           "User-Agent",   "traceparent"};
  return std::ranges::any_of(kNames, [&](const char* one) { return same_name(one, name); });
}

}  // namespace millrace::http

#include "engine/serve/http_server.h"

namespace millrace::serve {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Percent-decodes; with `form`, '+' is a space as well.
Result<std::string> decode(std::string_view text, bool form) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += form && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || (high == 0 && low == 0))
      return invalid_argument("the address has a bad escape '" + std::string(text.substr(i, 3)) +
                              "'; '%' needs two hexadecimal digits, and not 00");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Status split_path(std::string_view path, HttpRequest& request) {
  MR_TRY(request.path, decode(path, false));
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    MR_TRY(std::string segment, decode(path.substr(0, slash), false));
    request.segments.push_back(std::move(segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return {};
}

Status split_query(std::string_view query, HttpRequest& request) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const auto equals = pair.find('=');
    MR_TRY(std::string name, decode(pair.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      MR_TRY(value, decode(pair.substr(equals + 1), true));
    }
    if (!name.empty()) request.query.emplace_back(std::move(name), std::move(value));
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (equal_ignoring_case(key, name)) return value;
  return {};
}

std::string_view HttpRequest::query_value(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return {};
}

Status split_target(std::string_view target, HttpRequest& request) {
  if (target.empty() || target.front() != '/')
    return invalid_argument("the address must begin with '/'");
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  MR_CHECK(split_path(target.substr(0, question), request));
  if (question != std::string_view::npos) return split_query(target.substr(question + 1), request);
  return {};
}

}  // namespace millrace::serve

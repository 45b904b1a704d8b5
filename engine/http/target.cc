#include "engine/http/target.h"

namespace millrace::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
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
  request.path = path;
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
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    MR_TRY(std::string name, decode(pair.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      MR_TRY(value, decode(pair.substr(equals + 1), true));
    }
    request.query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace

Status split_target(std::string_view target, HttpRequest& request) {
  if (target.empty() || target.front() != '/')
    return invalid_argument("the address must begin with '/'");
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  MR_CHECK(split_path(target.substr(0, question), request));
  if (question != std::string_view::npos) return split_query(target.substr(question + 1), request);
  return {};
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

}  // namespace millrace::http

#include "engine/base/trace_context.h"

#include <algorithm>

#include "engine/base/id.h"

namespace millrace {
namespace {

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::string trace_id_of(std::string_view traceparent) {
  constexpr std::size_t kLength = 55;  // version-trace-parent-flags, 2, 32, 16 and 2 digits
  if (traceparent.size() < kLength) return {};
  const auto version = traceparent.substr(0, 2), trace = traceparent.substr(3, 32);
  const auto parent = traceparent.substr(36, 16), flags = traceparent.substr(53, 2);
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return {};
  if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags)) return {};
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return {};
  if (traceparent.size() > kLength && (version == "00" || traceparent[kLength] != '-')) return {};
  return std::string(trace);
}

std::string traceparent_of(std::string_view trace_id, std::string_view span_id) {
  std::string text = "00-" + std::string(trace_id) + "-" + std::string(span_id) + "-01";
  return !trace_id.empty() && trace_id_of(text) == trace_id ? text : std::string();
}

std::string CallSpans::operator()() {
  return traceparent_of(trace_id_, span_id_of(work_ + "/call/" + std::to_string(++*calls_)));
}

}  // namespace millrace

// W3C Trace Context: the trace that a request belongs to.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// The trace id of a traceparent header, 32 hex digits; "" if the header is not valid. A version
/// after 00 may hold more than we know, behind another '-'.
std::string trace_id_of(std::string_view traceparent);

/// The same of a request's headers, pairs of name and value. Two traceparents are none.
template <typename Headers>
std::string trace_id_of_request(const Headers& headers) {
  const auto is_traceparent = [](std::string_view name) {
    constexpr std::string_view kName = "traceparent";
    if (name.size() != kName.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i)
      if ((name[i] | 0x20) != kName[i]) return false;
    return true;
  };
  std::string_view found;
  int count = 0;
  for (const auto& [name, value] : headers) {
    if (!is_traceparent(name)) continue;
    found = value;
    ++count;
  }
  return count == 1 ? trace_id_of(found) : std::string();
}

}  // namespace millrace

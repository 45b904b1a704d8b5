// W3C Trace Context: the trace that a request belongs to.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace millrace {

/// The trace id of a traceparent header, 32 hex digits; "" if the header is not valid. A version
/// after 00 may hold more than we know, behind another '-'.
std::string trace_id_of(std::string_view traceparent);

/// A traceparent header: the span `span_id` of a trace, sampled. "" unless both ids are valid.
std::string traceparent_of(std::string_view trace_id, std::string_view span_id);

/// The traceparents of the calls that one piece of work makes: each call is a span of its own,
/// named after the work and the call's number, so that nothing random is needed. Copies count on
/// together.
class CallSpans {
 public:
  CallSpans(std::string trace_id, std::string work)
      : trace_id_(std::move(trace_id)), work_(std::move(work)) {}
  /// Of the next call; "" without a trace.
  std::string operator()();

 private:
  std::string trace_id_, work_;
  std::shared_ptr<int> calls_ = std::make_shared<int>(0);
};

/// The trace id of a request's headers, pairs of name and value. Two traceparents are none.
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

#include "engine/api/request_metrics.h"

#include <algorithm>

namespace millrace::api {

void RequestMetrics::on_request(const HttpAccess& access) {
  const auto known = std::ranges::find(kMethods, access.method);
  const auto place = std::min<std::size_t>(static_cast<std::size_t>(known - kMethods.begin()),
                                           kMethods.size() - 1);
  Times& times = by_method_[place];
  ++times.counts[bucket_of(std::chrono::duration<double>(access.took).count())];
  times.micros += static_cast<std::uint64_t>(access.took.count());
  ++by_status_[static_cast<std::size_t>(std::clamp(access.status, 0, 599))];
}

std::string RequestMetrics::text() const {
  std::string out;
  metric_head(out, "millrace_http_responses_total", "counter",
              "Answers to HTTP requests, by status.");
  for (std::size_t status = 0; status < by_status_.size(); ++status)
    if (const std::uint64_t count = by_status_[status]; count > 0)
      metric_sample(out, "millrace_http_responses_total",
                    "status=\"" + std::to_string(status) + "\"", std::to_string(count));
  metric_head(out, "millrace_http_request_duration_seconds", "histogram",
              "Time to answer an HTTP request, streams whole.");
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    SecondCounts counts{};
    std::uint64_t total = 0;
    for (std::size_t k = 0; k < counts.size(); ++k) total += counts[k] = by_method_[i].counts[k];
    if (total == 0) continue;
    metric_histogram(out, "millrace_http_request_duration_seconds",
                     "method=\"" + std::string(kMethods[i]) + "\"", counts,
                     static_cast<double>(by_method_[i].micros) / 1e6);
  }
  return out;
}

}  // namespace millrace::api

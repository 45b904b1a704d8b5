// Text of metrics in Prometheus' format 0.0.4.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::api {

void metric_head(std::string& out, std::string_view name, std::string_view type,
                 std::string_view help);
/// `labels` like `method="GET"`, or "".
void metric_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::string_view value);
void metric_gauge(std::string& out, std::string_view name, std::int64_t value,
                  std::string_view help);
void metric_counter(std::string& out, std::string_view name, std::uint64_t value,
                    std::string_view help);
/// dag="…", escaped.
std::string dag_label(std::string_view dag);

/// Upper bounds in seconds, of all histograms here.
inline constexpr std::array kSecondBounds = {0.001, 0.0025, 0.005, 0.01,  0.025,  0.05,
                                             0.1,   0.25,   0.5,   1.0,   2.5,    5.0,
                                             10.0,  30.0,   60.0,  300.0, 1800.0, 7200.0};
using SecondCounts = std::array<std::uint64_t, kSecondBounds.size() + 1>;
std::size_t bucket_of(double seconds);
/// Appends name_bucket, name_sum and name_count.
void metric_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const SecondCounts& counts, double sum);

}  // namespace millrace::api

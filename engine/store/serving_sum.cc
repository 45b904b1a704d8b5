#include "engine/store/serving_sum.h"

#include <algorithm>

namespace millrace {

void ServingSums::add(const ServingWindow& window) {
  const auto [entry, is_first] = totals_.try_emplace({window.artifact, window.role}, window);
  if (is_first) return;
  ServingWindow& total = entry->second;
  total.start = std::min(total.start, window.start);
  total.requests += window.requests;
  total.errors += window.errors;
  if (total.latency_buckets.size() < window.latency_buckets.size())
    total.latency_buckets.resize(window.latency_buckets.size());
  for (std::size_t i = 0; i < window.latency_buckets.size(); ++i)
    total.latency_buckets[i] += window.latency_buckets[i];
  total.latency_sum_us += window.latency_sum_us;
  total.outcomes += window.outcomes;
  total.business_sum += window.business_sum;
  total.business_sum_squares += window.business_sum_squares;
  total.tripped = total.tripped || window.tripped;
}

std::vector<ServingWindow> ServingSums::take() && {
  std::vector<ServingWindow> out;
  for (auto& [key, total] : totals_) out.push_back(std::move(total));
  return out;
}

}  // namespace millrace

// The rules of `promtool check metrics` for names (prometheus/client_golang, promlint).
#include "engine/serve/metrics_text.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace millrace::serve {
namespace {

/// A counter's name ends in _total and no other's does; _sum, _count and _bucket belong to
/// histograms and summaries.
std::vector<std::string> metric_problems(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mark, what, name, type;
    words >> mark >> what >> name >> type;
    if (mark != "#" || what != "TYPE") continue;
    const bool reserved =
        name.ends_with("_sum") || name.ends_with("_count") || name.ends_with("_bucket");
    if (name.ends_with("_total") != (type == "counter") || reserved) out.push_back(line);
  }
  return out;
}

TEST(MetricsText, NamesTellTheKindsOfMetrics) {
  const std::string text = metrics_text(Snapshot(), {}, PredictionLog::Stats(), HostCounts());
  EXPECT_NE(text.find("# TYPE model_requests_total counter"), std::string::npos) << text;
  EXPECT_EQ(metric_problems(text), std::vector<std::string>());
  EXPECT_EQ(metric_problems("# TYPE a_total gauge\n# TYPE b counter\n# TYPE c_sum gauge\n").size(),
            3u);
}

}  // namespace
}  // namespace millrace::serve

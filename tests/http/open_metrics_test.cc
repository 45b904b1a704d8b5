// OpenMetrics 1.0.0 ("ABNF", "MetricFamily"): a counter's family has no _total, its samples have.
#include "engine/http/open_metrics.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

TEST(OpenMetrics, WritesFamiliesAsTheFormatWantsThem) {
  const std::string text =
      "# HELP a_total How many.\n# TYPE a_total counter\na_total{x=\"1\"} 3\n"
      "# HELP h Time.\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{d=\"le\",le=\"10\"} 1\n"
      "h_bucket{le=\"+Inf\"} 1\nh_sum 0.25\nh_count 1\n"
      "# HELP u Old.\n# TYPE u untyped\nu 1\n# HELP c No total.\n# TYPE c counter\nc 1\n";
  EXPECT_EQ(open_metrics_of(text),
            "# TYPE a counter\n# HELP a How many.\na_total{x=\"1\"} 3\n"
            "# TYPE h histogram\n# HELP h Time.\nh_bucket{le=\"0.5\"} 1\n"
            "h_bucket{d=\"le\",le=\"10.0\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 0.25\nh_count 1\n"
            "# TYPE u unknown\n# HELP u Old.\nu 1\n# TYPE c unknown\n# HELP c No total.\nc 1\n"
            "# EOF\n");
  EXPECT_EQ(open_metrics_of(""), "# EOF\n");
}

TEST(OpenMetrics, IsChosenByAccept) {
  // What Prometheus 2.45 sends.
  EXPECT_TRUE(prefers_open_metrics(
      "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;"
      "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"));
  EXPECT_TRUE(prefers_open_metrics("Application/OpenMetrics-Text"));
  for (const char* accept :
       {"", "*/*", "text/plain", "text/html, text/plain;q=0.9",
        "text/plain;q=0.9,application/openmetrics-text;q=0.5", "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=x", ";;,,", "application/openmetrics-textual"})
    EXPECT_FALSE(prefers_open_metrics(accept)) << accept;
}

TEST(OpenMetrics, TheAnswerNamesItsType) {
  HttpRequest request;
  EXPECT_EQ(metrics_response(request, "a 1\n").content_type,
            "text/plain; version=0.0.4; charset=utf-8");
  request.headers = {{"accept", "application/openmetrics-text; version=1.0.0"}};
  const auto response = metrics_response(request, "a 1\n");
  EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(response.body, "a 1\n# EOF\n");
}

}  // namespace
}  // namespace millrace::http

#include "engine/base/trace_context.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace millrace {
namespace {

const std::string kTrace = "12345678901234567890123456789012";

// The cases of the W3C's own suite (w3c/trace-context, test/test.py).
TEST(TraceContext, TakesWhatTheW3cTakes) {
  for (const std::string& header :
       {"00-" + kTrace + "-1234567890123456-01", "00-" + kTrace + "-1234567890123456-00",
        "00-" + kTrace + "-1234567890123456-ff", "cc-" + kTrace + "-1234567890123456-01",
        "cc-" + kTrace + "-1234567890123456-01-what-the-future-will-be-like",
        "01-" + kTrace + "-1234567890123456-01-"})
    EXPECT_EQ(trace_id_of(header), kTrace) << header;
}

TEST(TraceContext, RefusesWhatTheW3cRefuses) {
  for (const std::string& header :
       {std::string(), "ff-" + kTrace + "-1234567890123456-01",
        ".0-" + kTrace + "-1234567890123456-01", "0-" + kTrace + "-1234567890123456-01",
        "000-" + kTrace + "-1234567890123456-01",
        "00-" + kTrace + "-1234567890123456-01-what-the-future-will-be-like",
        "cc-" + kTrace + "-1234567890123456-01.what-the-future-will-not-be-like",
        std::string("00-00000000000000000000000000000000-1234567890123456-01"),
        std::string("00-.2345678901234567890123456789012-1234567890123456-01"),
        std::string("00-1234567890123456789012345678901-1234567890123456-01"),
        "00-" + kTrace + "-0000000000000000-01", "00-" + kTrace + "-.234567890123456-01",
        "00-" + kTrace + "-123456789012345-01", "00-" + kTrace + "-1234567890123456-.0",
        "00-" + kTrace + "-1234567890123456-0", "00-" + kTrace + "-1234567890123456",
        std::string("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        "00_" + kTrace + "_1234567890123456_01"})
    EXPECT_EQ(trace_id_of(header), "") << header;
}

TEST(TraceContext, TwoHeadersAreNone) {
  using Headers = std::vector<std::pair<std::string_view, std::string_view>>;
  const std::string header = "00-" + kTrace + "-1234567890123456-01";
  EXPECT_EQ(trace_id_of_request(Headers{{"TraceParent", header}}), kTrace);
  EXPECT_EQ(trace_id_of_request(Headers{{"traceparent", header}, {"traceparent", header}}), "");
  EXPECT_EQ(trace_id_of_request(Headers{{"trace-parent", header}}), "");
  EXPECT_EQ(trace_id_of_request(Headers{}), "");
}

// The format of W3C Trace Context, section 3.2: version 00, two lower-case ids, the sampled flag.
TEST(TraceContext, WritesWhatItReads) {
  EXPECT_EQ(traceparent_of("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(traceparent_of("", "b7ad6b7169203331"), "");
  EXPECT_EQ(traceparent_of(kTrace, "0000000000000000"), "");
  EXPECT_EQ(traceparent_of("00000000000000000000000000000000", "b7ad6b7169203331"), "");
}

TEST(TraceContext, EachCallHasASpanOfItsOwn) {
  CallSpans calls(kTrace, "run/task/-1/1");
  const std::string first = calls(), second = calls();
  EXPECT_EQ(trace_id_of(first), kTrace);
  EXPECT_EQ(trace_id_of(second), kTrace);
  EXPECT_NE(first, second);
  EXPECT_NE(first, CallSpans(kTrace, "run/task/-1/2")()) << "another attempt";
  EXPECT_EQ(CallSpans("", "run/task/-1/1")(), "");
}

}  // namespace
}  // namespace millrace

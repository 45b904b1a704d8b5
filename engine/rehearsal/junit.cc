#include "engine/rehearsal/junit.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace millrace {
namespace {

/// In an attribute or between tags. XML 1.0 has no other control characters than these three.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\t':
      case '\n':
      case '\r':
        out += "&#" + std::to_string(c) + ";";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) out += c;
    }
  }
  return out;
}

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(duration.count()) / 1e6);
  return text;
}

std::string in_one_line(const std::vector<std::string>& differences) {
  std::string out;
  for (const auto& each : differences) out += (out.empty() ? "" : "; ") + each;
  return out;
}

}  // namespace

std::string junit_xml(const std::string& dag, const std::vector<RehearsalCase>& cases) {
  const auto failures = std::ranges::count_if(
      cases, [](const RehearsalCase& each) { return !each.differences.empty(); });
  Duration all{};
  for (const auto& each : cases) all += each.took;
  const std::string counts = " tests=\"" + std::to_string(cases.size()) + "\" failures=\"" +
                             std::to_string(failures) + "\" errors=\"0\" time=\"" + seconds(all) +
                             "\">\n";
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts;
  out += "  <testsuite name=\"" + escaped(dag) + "\"" + counts;
  for (const auto& each : cases) {
    out += "    <testcase classname=\"" + escaped(dag) + "\" name=\"" + escaped(each.name) +
           "\" time=\"" + seconds(each.took) + "\"";
    if (each.differences.empty())
      out += "/>\n";
    else
      out += ">\n      <failure message=\"" + escaped(in_one_line(each.differences)) +
             "\"/>\n    </testcase>\n";
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace millrace

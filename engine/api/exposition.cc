#include "engine/api/exposition.h"

#include "engine/base/json.h"

namespace millrace::api {
namespace {

std::string number(double value) { return Json(value).dump(); }

}  // namespace

void metric_head(std::string& out, std::string_view name, std::string_view type,
                 std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
}

void metric_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::string_view value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

void metric_gauge(std::string& out, std::string_view name, std::int64_t value,
                  std::string_view help) {
  metric_head(out, name, "gauge", help);
  metric_sample(out, name, "", std::to_string(value));
}

void metric_counter(std::string& out, std::string_view name, std::uint64_t value,
                    std::string_view help) {
  metric_head(out, name, "counter", help);
  metric_sample(out, name, "", std::to_string(value));
}

std::string dag_label(std::string_view dag) {
  std::string out = "dag=\"";
  for (const char c : dag) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

std::size_t bucket_of(double seconds) {
  std::size_t i = 0;
  while (i < kSecondBounds.size() && seconds > kSecondBounds[i]) ++i;
  return i;
}

void metric_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const SecondCounts& counts, double sum) {
  const std::string prefix = labels.empty() ? "" : std::string(labels) + ",";
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const std::string bound = i < kSecondBounds.size() ? number(kSecondBounds[i]) : "+Inf";
    metric_sample(out, std::string(name) + "_bucket", prefix + "le=\"" + bound + "\"",
                  std::to_string(total));
  }
  metric_sample(out, std::string(name) + "_sum", labels, number(sum));
  metric_sample(out, std::string(name) + "_count", labels, std::to_string(total));
}

}  // namespace millrace::api

#include "engine/serve/metrics_text.h"

#include <charconv>

namespace millrace::serve {
namespace {

std::string number(double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string labels_of(const Metering::Series& series) {
  return "model=\"" + escaped(series.key.model) + "\",version=\"" + std::to_string(series.version) +
         "\",role=\"" + escaped(series.key.role) + "\"";
}

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_ += "# HELP " + name_ + " " + std::string(help) + "\n";
    out_ += "# TYPE " + name_ + " " + std::string(type) + "\n";
  }
  void value(const std::string& labels, const std::string& text, std::string_view suffix = "") {
    out_ += name_;
    out_ += suffix;
    if (!labels.empty()) out_ += "{" + labels + "}";
    out_ += " " + text + "\n";
  }
  void value(const std::string& labels, std::int64_t count) {
    value(labels, std::to_string(count));
  }
  std::string take() { return std::move(out_); }

  /// Cumulative buckets, sum and count.
  template <typename Counts, typename Bound>
  void histogram(const std::string& labels, const Counts& counts, const Bound& bound, double sum) {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      total += counts[i];
      const std::string le = i + 1 == counts.size() ? "+Inf" : number(bound(i));
      value(labels + ",le=\"" + le + "\"", std::to_string(total), "_bucket");
    }
    value(labels, number(sum), "_sum");
    value(labels, std::to_string(total), "_count");
  }

 private:
  std::string out_;
  std::string name_;
};

using Count = std::int64_t (*)(const SeriesTotals&);

void series_values(Page& page, const std::vector<Metering::Series>& series, std::string_view name,
                   std::string_view type, std::string_view help, Count count) {
  page.family(name, type, help);
  for (const auto& each : series) page.value(labels_of(each), count(each.totals));
}

void counter(Page& page, const std::vector<Metering::Series>& series, std::string_view name,
             std::string_view help, Count count) {
  series_values(page, series, name, "counter", help, count);
}

void series_metrics(Page& page, const std::vector<Metering::Series>& series) {
  page.family("model_latency_seconds", "histogram", "Time to answer one request.");
  for (const auto& each : series)
    page.histogram(
        labels_of(each), each.totals.latency.counts,
        [](std::size_t i) { return static_cast<double>(kLatencyBoundsUs[i]) / 1e6; },
        each.totals.latency.sum_us / 1e6);
  page.family("model_prediction", "histogram", "Predicted values.");
  for (const auto& each : series) {
    const auto& bounds = prediction_bounds(each.probability);
    if (!each.totals.predictions.empty())
      page.histogram(
          labels_of(each), each.totals.predictions, [&](std::size_t i) { return bounds[i]; },
          each.totals.prediction_sum);
  }
  counter(page, series, "model_requests_total", "Requests answered or failed.",
          [](const SeriesTotals& t) { return t.requests; });
  counter(page, series, "model_errors_total", "Requests that the version could not answer.",
          [](const SeriesTotals& t) { return t.errors; });
  counter(page, series, "model_outcomes_total", "Outcomes matched to a prediction.",
          [](const SeriesTotals& t) { return t.outcomes; });
  // No summary: a score may be negative, and _sum is a name of summaries and histograms.
  page.family("model_business_score_accumulated", "gauge",
              "The outcomes' scores added up; model_outcomes_total is their number.");
  for (const auto& each : series) page.value(labels_of(each), number(each.totals.business_sum));
  // Triton's names, which are no names of counters: those end in _total.
  series_values(page, series, "nv_inference_request_success", "untyped", "Requests answered.",
                [](const SeriesTotals& t) { return t.requests - t.errors; });
  series_values(page, series, "nv_inference_request_failure", "untyped", "Requests failed.",
                [](const SeriesTotals& t) { return t.errors; });
}

void route_metrics(Page& page, const Snapshot& snapshot) {
  page.family("model_traffic_weight", "gauge", "Share of the traffic, 0 to 1.");
  for (const auto& entry : snapshot.routes) {
    const auto& [model, route] = entry;
    const auto share = [&page, &name = entry.first](const ServedModelPtr& served,
                                                    std::string_view role, double value) {
      if (served)
        page.value("model=\"" + escaped(name) + "\",version=\"" + std::to_string(served->version) +
                       "\",role=\"" + std::string(role) + "\"",
                   number(value));
    };
    share(route->champion, route->role(*route->champion), 1 - route->share);
    share(route->candidate, "candidate", route->share);
  }
  page.family("model_breaker_open", "gauge", "1: the candidate lost its traffic.");
  for (const auto& [model, route] : snapshot.routes)
    page.value("model=\"" + escaped(model) + "\"", route->tripped ? 1 : 0);
  page.family("model_revision", "gauge", "Revision of the deployment that is served.");
  for (const auto& [model, route] : snapshot.routes)
    page.value("model=\"" + escaped(model) + "\"", route->row.revision);
}

void server_metrics(Page& page, const PredictionLog::Stats& log, const HostCounts& host) {
  const auto one = [&](std::string_view name, std::string_view type, std::string_view help,
                       std::int64_t count) {
    page.family(name, type, help);
    page.value("", count);
  };
  one("model_load_failures_total", "counter", "Models that could not be loaded.",
      host.load_failures);
  one("deployment_refresh_failures_total", "counter", "Times the store could not be read.",
      host.refresh_failures);
  one("prediction_log_logged_total", "counter", "Predictions put into batches.", log.logged);
  one("prediction_log_sampled_out_total", "counter", "Predictions left out by the sampling.",
      log.sampled_out);
  one("prediction_log_thinned_total", "counter",
      "Predictions left out because the queue was filling.", log.thinned);
  one("prediction_log_waits_total", "counter", "Times that a request waited for room in the log.",
      log.waited);
  one("serving_windows_dropped_total", "counter", "Windows of measurements that were lost.",
      host.dropped_windows);
  one("prediction_log_dropped_total", "counter", "Predictions lost before the spool.", log.dropped);
  one("prediction_log_dropped_batches_total", "counter", "Batches lost: the spool was full.",
      log.dropped_batches);
  one("prediction_log_failed_sends_total", "counter", "Times the store did not take a batch.",
      log.failed_sends);
  one("prediction_log_spooled_batches", "gauge", "Batches waiting for the store.",
      log.spooled_batches);
  one("prediction_log_spooled_bytes", "gauge", "Their size.", log.spooled_bytes);
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot, const std::vector<Metering::Series>& series,
                         const PredictionLog::Stats& log, const HostCounts& host) {
  Page page;
  series_metrics(page, series);
  route_metrics(page, snapshot);
  server_metrics(page, log, host);
  return page.take();
}

}  // namespace millrace::serve

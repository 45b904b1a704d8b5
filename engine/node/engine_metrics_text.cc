#include "engine/node/engine_metrics_text.h"

#include <string_view>

#include "engine/base/json.h"
#include "engine/pg/history.h"
#include "engine/sched/engine.h"

namespace millrace {

std::string engine_metrics_text(const EngineMetrics& m, const HistoryMetrics& history) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help,
                       double value) {
    out += "# HELP millrace_engine_" + std::string(name) + " " + std::string(help) +
           "\n# TYPE millrace_engine_" + std::string(name) + " " + std::string(type) +
           "\nmillrace_engine_" + std::string(name) + " " + Json(value).dump() + "\n";
  };
  add("leading", "gauge", "1 while this engine leads.", m.leading ? 1 : 0);
  add("epoch", "gauge", "The epoch of the last lease.", static_cast<double>(m.epoch));
  add("batches_total", "counter", "Transactions of the journal.", static_cast<double>(m.batches));
  add("events_total", "counter", "Events made durable.", static_cast<double>(m.events));
  add("commit_seconds_total", "counter", "Time spent in those transactions.",
      static_cast<double>(m.commit_us) / 1e6);
  add("largest_batch_events", "gauge", "The largest batch so far.",
      static_cast<double>(m.largest_batch));
  add("open_runs", "gauge", "Runs that have not finished.", static_cast<double>(m.open_runs));
  add("running_attempts", "gauge", "Attempts that have begun and not ended.",
      static_cast<double>(m.running_attempts));
  add("queued_tasks", "gauge", "Task instances that wait for a slot.",
      static_cast<double>(m.queued_tasks));
  add("periods_dropped_total", "counter", "Periods of history that were older than the retention.",
      static_cast<double>(history.periods_dropped));
  add("period_drop_seconds_total", "counter", "Time spent in dropping them.",
      static_cast<double>(history.drop_us) / 1e6);
  add("history_failures_total", "counter", "Times that history could not be kept; tried again.",
      static_cast<double>(history.failures));
  return out;
}

}  // namespace millrace

// The metrics of an engine as Prometheus text.
#pragma once

#include <string>

namespace millrace {

struct EngineMetrics;
struct HistoryMetrics;

std::string engine_metrics_text(const EngineMetrics& engine, const HistoryMetrics& history);

}  // namespace millrace

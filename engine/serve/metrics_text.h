// metrics_text: the model server's metrics in Prometheus' text format 0.0.4. Pure.
//
// Latencies are in seconds. Labels: model, version, role ("champion", "baseline", "candidate",
// "direct"). nv_inference_* are Triton's names for the same counts.
#pragma once

#include <string>
#include <vector>

#include "engine/serve/metering.h"
#include "engine/serve/model_host.h"
#include "engine/serve/prediction_log.h"

namespace millrace::serve {

struct HostCounts {
  std::int64_t load_failures = 0;
  std::int64_t refresh_failures = 0;
  std::int64_t dropped_windows = 0;
};

std::string metrics_text(const Snapshot& snapshot, const std::vector<Metering::Series>& series,
                         const PredictionLog::Stats& log, const HostCounts& host);

}  // namespace millrace::serve

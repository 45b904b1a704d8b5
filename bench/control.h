// The family `control`: how late the runs of many schedules start that are due in the same second.
#pragma once

#include <filesystem>

#include "bench/report.h"

namespace millrace::bench {

struct FireLoad {
  int dags = 1000;  // each with one light task, due every ten seconds
  int fires = 5;    // of each DAG, that are measured
};
/// A lag is the time from the date until the run, or the end of its task, was durable.
Status run_control(Report& report, const std::filesystem::path& state, const FireLoad& load);

}  // namespace millrace::bench

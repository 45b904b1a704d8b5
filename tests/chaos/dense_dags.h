// DAGs whose schedules fire each second, each few seconds and each minute.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/time.h"

namespace millrace::chaos {

struct DenseDag {
  std::string name;
  std::string schedule;  // "{…}"; $start is replaced by the first date
  std::chrono::seconds step;
  bool catchup;
};

const std::vector<DenseDag>& dense_dags();
/// REQUIRES: `start` is a whole minute.
void write_dense_dags(const std::filesystem::path& folder, Time start);

}  // namespace millrace::chaos

#include "bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/base/file.h"
#include "engine/base/json.h"

namespace millrace::bench {

std::optional<double> Record::ratio() const {
  if (!floor || *floor == 0) return std::nullopt;
  return value / *floor;
}

double median(std::vector<double> samples) {
  std::ranges::sort(samples);
  const std::size_t half = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
}

double quantile(std::vector<double> samples, double share) {
  std::ranges::sort(samples);
  const double rank = std::ceil(share * static_cast<double>(samples.size()));
  return samples[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

void Report::add(Record record) {
  if (records_.empty())
    std::printf("%-34s %12s %-5s %12s %8s  %s\n", "METRIC", "MEDIAN", "UNIT", "FLOOR", "RATIO",
                "GOAL");
  std::printf("%-34s %12.3f %-5s ", record.metric.c_str(), record.value, record.unit.c_str());
  if (const auto ratio = record.ratio())
    std::printf("%12.3f %8.2f", *record.floor, *ratio);
  else
    std::printf("%12s %8s", "-", "-");
  if (!record.goal.empty())
    std::printf("  %s: %s", record.goal.c_str(), record.reached ? "reached" : "missed");
  std::printf("\n");
  std::fflush(stdout);
  records_.push_back(std::move(record));
}

Status Report::write_json(const std::filesystem::path& path) const {
  Json all = Json::array();
  for (const auto& record : records_) {
    const auto ratio = record.ratio();
    all.push_back(Json::object({{"bench", record.bench},
                                {"metric", record.metric},
                                {"value", record.value},
                                {"unit", record.unit},
                                {"floor", record.floor ? Json(*record.floor) : Json()},
                                {"ratio", ratio ? Json(*ratio) : Json()}}));
  }
  return write_file_atomic(path, all.dump_pretty() + "\n");
}

}  // namespace millrace::bench

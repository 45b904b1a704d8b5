#include "tests/chaos/dense_dags.h"

#include <stdexcept>

#include "engine/base/file.h"

namespace millrace::chaos {

using std::chrono::seconds;

const std::vector<DenseDag>& dense_dags() {
  static const std::vector<DenseDag> kDags = {
      {"every_second", "{every: 1s, start: $start, catchup: true}", seconds{1}, true},
      {"cron_second",
       "{cron: '* * * * * *', timezone: Europe/Berlin, start: $start, catchup: true}", seconds{1},
       true},
      {"two_lines", "{any: ['*/2 * * * * *', '1-59/2 * * * * *'], start: $start, catchup: true}",
       seconds{1}, true},
      {"buffered", "{cron: '*/2 * * * * *', start: $start, catchup: true, overlap: buffer_all}",
       seconds{2}, true},
      {"jittered", "{cron: '*/3 * * * * *', start: $start, catchup: true, jitter: 2s}", seconds{3},
       true},
      {"minute", "{cron: '* * * * *', start: $start, catchup: true}", seconds{60}, true},
      {"latest_second", "{cron: '* * * * * *'}", seconds{1}, false},
      {"latest_minute", "{cron: '* * * * *', start: $start}", seconds{60}, false},
  };
  return kDags;
}

void write_dense_dags(const std::filesystem::path& folder, Time start) {
  constexpr std::string_view kStart = "$start";
  std::filesystem::create_directories(folder);
  for (const auto& dag : dense_dags()) {
    std::string schedule = dag.schedule;
    if (const auto at = schedule.find(kStart); at != std::string::npos)
      schedule.replace(at, kStart.size(), format_rfc3339(start));
    const std::string text = "dag: " + dag.name + "\nschedule: " + schedule +
                             "\nmax_active_runs: 100\ntasks:\n  a: {operator: noop}\n"
                             "  b: {operator: noop, needs: a}\n";
    if (const Status written = write_file_atomic(folder / (dag.name + ".yaml"), text); !written)
      throw std::runtime_error(written.error().message);
  }
}

}  // namespace millrace::chaos

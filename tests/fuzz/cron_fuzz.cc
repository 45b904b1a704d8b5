// "EXPRESSION\nTIME ZONE": any text is refused or gives instants that grow.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/core/timetable.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  millrace::CronSpec spec;
  spec.expression = text.substr(0, line);
  if (line != std::string::npos) spec.time_zone = text.substr(line + 1);
  for (const auto dst : {millrace::DstPolicy::run_once, millrace::DstPolicy::skip}) {
    spec.dst = dst;
    const auto timetable = millrace::Timetable::cron(spec);
    if (!timetable) continue;
    millrace::Time at = millrace::from_micros(1'000'000'000'000'000);
    for (int i = 0; i < 8; ++i) {
      const auto next = timetable->next(at);
      if (!next) break;
      if (*next <= at) std::abort();
      at = *next;
    }
  }
  return 0;
}

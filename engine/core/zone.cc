#include "engine/core/zone.h"

#include <date/tz.h>

#include <exception>
#include <vector>

#include "engine/base/suggest.h"

namespace millrace {

Result<const date::time_zone*> find_zone(const std::string& name) {
  if (name == "UTC") return static_cast<const date::time_zone*>(nullptr);
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    std::vector<std::string> names = {"UTC"};
    try {
      for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
    } catch (const std::exception& failure) {
      return unavailable(std::string("the time zone database cannot be read: ") + failure.what());
    }
    return invalid_argument("there is no time zone '" + name.substr(0, 64) +
                            "'; write an IANA name such as America/Chicago" +
                            did_you_mean(name, names));
  }
}

ZoneOffset offset_at(const date::time_zone* zone, Time time) {
  if (zone == nullptr) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch();
  const date::sys_info info = zone->get_info(date::sys_seconds{seconds});
  return {info.offset, info.abbrev};
}

}  // namespace millrace

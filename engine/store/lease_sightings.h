// LeaseSightings: what each asker has seen of the leases of others, so that it can tell one that is
// not renewed any more by its own steady time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/time.h"

namespace millrace {

/// What changes with each renewal and each term.
struct LeaseStamp {
  std::int64_t epoch = 0;
  std::int64_t renewal = 0;
  bool operator==(const LeaseStamp&) const = default;
};

/// Not thread-safe.
class LeaseSightings {
 public:
  /// True once the asker has seen this stamp of the shard, and no other, for `ttl`. `steady` is
  /// the time after the stamp was read.
  bool has_lapsed(std::string_view shard, std::string_view asker, const LeaseStamp& stamp,
                  Duration ttl, std::chrono::steady_clock::time_point steady) {
    const auto [found, is_new] =
        seen_.try_emplace({std::string(shard), std::string(asker)}, Sighting{stamp, steady});
    if (!is_new && found->second.stamp == stamp) return steady - found->second.since >= ttl;
    found->second = {stamp, steady};
    return false;
  }

 private:
  struct Sighting {
    LeaseStamp stamp;
    std::chrono::steady_clock::time_point since;
  };
  std::map<std::pair<std::string, std::string>, Sighting> seen_;
};

}  // namespace millrace

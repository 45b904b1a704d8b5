// RequestMetrics: counts of answers to HTTP requests. No lock: a request never waits for a scrape.
// Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/api/exposition.h"
#include "engine/api/http.h"

namespace millrace::api {

class RequestMetrics {
 public:
  void on_request(const HttpAccess& access);
  /// Prometheus text.
  std::string text() const;

 private:
  static constexpr std::array<std::string_view, 7> kMethods = {"GET",    "POST",    "PATCH", "PUT",
                                                               "DELETE", "OPTIONS", "other"};
  struct Times {
    std::array<std::atomic<std::uint64_t>, kSecondBounds.size() + 1> counts{};
    std::atomic<std::uint64_t> micros{0};
  };
  std::array<Times, kMethods.size()> by_method_{};
  std::array<std::atomic<std::uint64_t>, 600> by_status_{};
};

}  // namespace millrace::api

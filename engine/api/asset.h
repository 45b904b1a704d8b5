// Asset: one file of the dashboard, embedded in the binary by web/CMakeLists.txt.
#pragma once

#include <span>
#include <string_view>

namespace millrace::api {

/// Static data.
struct Asset {
  std::string_view path;  // "/index.html", "/app-3f2a….js"
  std::string_view content_type;
  std::string_view etag;   // quoted
  bool immutable = false;  // its name holds its digest
  std::string_view bytes;
  // The same, compressed as far as it goes when the dashboard was built; "": not.
  std::string_view gzip{};
  std::string_view brotli{};
};

/// Defined in the generated file of the target millrace_web.
std::span<const Asset> web_assets();

}  // namespace millrace::api

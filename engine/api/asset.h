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
};

/// Defined in the generated file of the target millrace_web.
std::span<const Asset> web_assets();

}  // namespace millrace::api

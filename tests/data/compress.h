// Compressed texts for tests of readers.
#pragma once

#include <zstd.h>

#include <string>
#include <string_view>

#include "tests/base/gzipped.h"

namespace millrace {

/// One frame.
inline std::string zstd_packed(std::string_view text) {
  std::string out(duckdb_zstd::ZSTD_compressBound(text.size()), '\0');
  out.resize(duckdb_zstd::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

}  // namespace millrace

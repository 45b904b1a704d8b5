// ByteSource: the text of a file as UTF-8, decompressed, in order.
//
// Compression is found by content (gzip with any number of members, zstd with any number of
// frames), never by name. UTF-8 is passed on as it is: readers check it where they know the line.
// Not thread-safe. Errors: not_found, unavailable (the file), data_invalid (damaged compression, a
// broken UTF-16 pair), resource_exhausted (more than max_bytes come out).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/base/result.h"

namespace millrace::data {

struct ByteOptions {
  /// "auto" (UTF-8, or UTF-16 with a byte order mark), "utf-8", "utf-16", "utf-16le", "utf-16be",
  /// "latin-1", "windows-1252".
  std::string encoding = "auto";
  std::int64_t max_bytes = std::int64_t{16} << 30;  // after decompression
};

/// One step of the way from the file to UTF-8.
class ByteStage {
 public:
  virtual ~ByteStage() = default;
  /// Up to `size` bytes, at least one unless the end is reached.
  virtual Result<std::size_t> read(char* out, std::size_t size) = 0;
};

class ByteSource {
 public:
  static Result<ByteSource> open(const std::filesystem::path& file, const ByteOptions& options);
  /// Fills `out` as far as it goes; less than `size` only at the end.
  Result<std::size_t> read(char* out, std::size_t size);

 private:
  std::unique_ptr<ByteStage> stage_;
  std::string name_;
  std::int64_t left_ = 0;
  std::int64_t max_bytes_ = 0;
};

/// invalid_argument, with the known ones, for an encoding that is not offered.
Status check_encoding(const std::string& encoding);

}  // namespace millrace::data

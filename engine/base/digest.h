// SHA-256: names artifacts, DAG versions and fingerprints by content.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace millrace {

/// 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);
/// Streams the file; never holds more than one block of it.
Result<std::string> sha256_file(const std::filesystem::path& path);
/// True for exactly 64 lower-case hex digits: the only thing that may become part of a path.
bool is_sha256_hex(std::string_view text);

/// Incremental form. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  /// Ends the computation; call once.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace

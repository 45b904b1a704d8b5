// EngineAddress: where a running engine listens: <state>/engine.json, written by `up`, `run` and
// `demo`.
#pragma once

#include <filesystem>
#include <string>

#include "engine/app/options.h"
#include "engine/base/result.h"

namespace millrace {

struct EngineAddress {
  std::string api;    // "http://127.0.0.1:8793"
  std::string serve;  // of the model server; "": there is none
  int pid = 0;
  std::string database;       // database_mark of its options; "": an earlier version wrote the file
  std::string certificate{};  // file of the certificate of both; "": they speak HTTP
};

/// Tells whether two engines use one database, without naming it: its URL may hold a password.
std::string database_mark(const Options& options);

Status write_engine_address(const std::filesystem::path& state, const EngineAddress& address);
/// That of --url, or of the state folder. `unavailable` with the cure when no engine is running;
/// `invalid_argument` if it uses another database than --db names.
Result<EngineAddress> read_engine_address(const Options& options);
void remove_engine_address(const std::filesystem::path& state);

}  // namespace millrace

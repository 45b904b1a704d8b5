// One table written and read back: equal, or an error that says where and what to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/session.h"
#include "engine/data/text_table.h"
#include "tests/roundtrip/parquet.h"
#include "tests/roundtrip/table.h"
#include "tests/roundtrip/writer.h"

namespace millrace::roundtrip {

struct Tally {
  std::uint64_t tables = 0;
  std::uint64_t refused = 0;  // with an error, where the files do not tell what they mean
  std::uint64_t cells = 0;
};

/// Reads what was written with the production reader. One session serves many tables.
class Checker {
 public:
  explicit Checker(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// The table of that seed; a description of the difference if there is one.
  std::optional<std::string> check(std::uint64_t seed, Tally& tally);
  /// The same table through Parquet files, as ingest.file reads and writes them.
  std::optional<std::string> check_parquet(std::uint64_t seed, Tally& tally);

 private:
  std::optional<std::string> compare(const Table& table, const data::TextTable& read, Tally& tally);
  std::optional<std::string> compare_rows(const Table& table,
                                          const std::vector<data::TextColumn>& columns,
                                          const data::Table& rows);
  std::optional<std::string> compare_parquet(const Table& table, const ParquetFiles& written,
                                             Tally& tally);
  Status open_parquet_session();

  std::filesystem::path folder_;
  bool open_ = false;  // the files alone do not tell what they mean
  std::optional<data::Session> session_;
  std::optional<data::Session> parquet_;                    // may read and write in the folder
  std::vector<std::unique_ptr<data::TextTable>> attached_;  // live as long as the session
};

/// Whether two decimal texts are the same number: "1.50" and "1.5", "1e3" and "1000".
bool same_number(const std::string& a, const std::string& b);
/// Why `got`, of DuckDB's type, is not the value; "" if it is. Times come as microseconds.
std::string difference(const Column& column, const Value& value, const std::string& type,
                       const std::optional<std::string>& got);
/// SQL that gives a column as text, times as microseconds since 1970.
std::string as_text(const std::string& name, const std::string& type);

}  // namespace millrace::roundtrip

// TextTable: CSV or JSON files as one table whose types are found over all rows, and whose values
// are those that were written. How it decides is in docs/data.md.
//
// The files are read twice: once to find the types, once to hand out the rows. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/data/record_reader.h"
#include "engine/data/session.h"

namespace millrace::data {

/// How the error of a bad row ends.
inline constexpr std::string_view kBadRowCure =
    "; correct it, or set bad_rows to quarantine or count";

enum class BadRows { fail, quarantine, count };

struct TextOptions {
  std::vector<std::filesystem::path> files{};
  std::vector<std::string> sources{};  // what the source column holds, one for each file
  bool json = false;
  CsvDialect csv{};
  NumberStyle numbers{};
  ByteOptions bytes{};
  /// Column → DuckDB type, or a word of contracts ("integer", "number", "string", "boolean",
  /// "timestamp", "date").
  std::map<std::string, std::string, std::less<>> types{};
  /// Formats of strptime: one for all columns whose values fit it, and of single columns.
  std::string date_format{};
  std::map<std::string, std::string, std::less<>> date_formats{};
  bool union_by_name = false;
  std::string source_column{};
  BadRows bad_rows = BadRows::fail;
  bool refuse_nan = false;
  std::function<bool()> cancelled{};
};

struct BadRow {
  std::string file;
  std::size_t line = 0;
  std::string reason;
  std::string text;
};

/// What a scan has found besides rows.
struct TextFindings {
  std::uint64_t rows = 0;
  std::uint64_t bad_rows = 0;
  std::vector<BadRow> bad{};                    // the first of them, with their text
  std::map<std::string, std::uint64_t> nans{};  // made null, by column
};

struct TextColumn {
  std::string name;
  std::string type;  // DuckDB's name
  std::string cast;  // what is left for the select list to cast to; mostly ""
};

class TextTable {
 public:
  /// Reads all rows to find the types. data_invalid names file, line, column, value and a cure.
  static Result<TextTable> open(TextOptions options);
  TextTable(TextTable&&) noexcept;
  TextTable& operator=(TextTable&&) noexcept;
  ~TextTable();

  const std::vector<TextColumn>& columns() const;
  /// Lines for a log: why a column is text, which columns were renamed.
  const std::vector<std::string>& hints() const;
  /// Makes the rows the relation `name()` of the session. REQUIRES: this outlives the session.
  Status attach(Session& session, const std::string& name);
  /// Of the last scan.
  const TextFindings& findings() const;

 private:
  struct State;
  explicit TextTable(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace millrace::data

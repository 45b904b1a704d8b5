// RecordReader: the rows of one text file, one after the other, each value as it is written.
//
// Not thread-safe. The views of a record live until the next call. A row that cannot be read as one
// comes with its `problem`, and reading goes on after it; an error ends the file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "engine/data/byte_source.h"
#include "engine/data/column_facts.h"

namespace millrace::data {

struct Record {
  std::vector<Cell> cells;
  std::size_t line = 0;  // of its first character, from 1
  std::string_view raw;  // as it is written, without the end of the line
  std::string problem;   // not empty: this is no row
};

class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// False at the end.
  virtual Result<bool> next(Record& out) = 0;
  virtual const std::vector<std::string>& names() const = 0;
};

/// How a CSV file is written.
struct CsvDialect {
  char delimiter = '\0';  // 0: the one of , ; tab | that the header and the rows agree on
  char quote = '"';       // 0: none
  char escape = '\0';     // before a quote within quotes; 0: the quote itself, doubled
  char comment = '\0';    // starts lines to pass over; 0: none
  long skip = 0;          // lines before the header
  bool header = true;
  std::vector<std::string> names{};       // instead of the header's
  std::vector<std::string> nulls = {""};  // texts that mean: no value
  bool quoted_nulls = false;              // also where they are quoted
};

/// Opens the file and reads its header. data_invalid if the separator is ambiguous, or the header
/// is no row.
Result<std::unique_ptr<RecordReader>> open_csv(const std::filesystem::path& file,
                                               const CsvDialect& dialect, const ByteOptions& bytes);

/// The keys of all objects of a data set, in order of first appearance.
struct JsonKeys {
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> index;
  /// The place of the key; adds it if it is new.
  std::size_t place(std::string_view name);
};
inline constexpr std::size_t kMaxJsonKeys = 100'000;

/// JSON objects, one a line, or in one array. `keys` grows with what is found.
Result<std::unique_ptr<RecordReader>> open_json(const std::filesystem::path& file,
                                                const ByteOptions& bytes, JsonKeys& keys);

/// The part of a file that has not been consumed; grows with records that are longer.
class RecordBuffer {
 public:
  RecordBuffer(ByteSource source, std::string name)
      : source_(std::move(source)), name_(std::move(name)) {}
  /// Reads on; what lies before `from` is dropped, and `from` is the new start.
  Status more(std::size_t from, std::size_t line);
  const char* data() const { return text_.data(); }
  std::size_t size() const { return end_; }
  bool at_end() const { return at_end_; }
  const std::string& name() const { return name_; }

 private:
  ByteSource source_;
  std::string name_;  // of the file, for messages
  std::string text_;
  std::size_t end_ = 0;
  bool at_end_ = false;
};

bool is_valid_utf8(std::string_view text);

}  // namespace millrace::data

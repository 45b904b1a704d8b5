#include "engine/data/scan.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "engine/data/sql.h"

namespace millrace::data {
namespace {

constexpr std::size_t kMaxHeaderBytes = 1 << 20;

std::string first_bytes(const std::filesystem::path& file, std::size_t count) {
  std::ifstream in(file, std::ios::binary);
  std::string text(count, '\0');
  in.read(text.data(), static_cast<std::streamsize>(count));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

/// How many fields each separator would make of a line; quoted ones do not count.
std::size_t separators_in(std::string_view line, char separator) {
  bool quoted = false;
  std::size_t count = 0;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == separator && !quoted) ++count;
  }
  return count;
}

char separator_of(const std::filesystem::path& file) {
  const std::string head = first_bytes(file, kMaxHeaderBytes);
  const std::string_view line = std::string_view(head).substr(0, head.find('\n'));
  constexpr std::array<char, 4> candidates = {',', ';', '\t', '|'};
  return *std::ranges::max_element(candidates, {},
                                   [&](char candidate) { return separators_in(line, candidate); });
}

std::string file_list(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> quoted;
  for (const auto& file : files) quoted.push_back(quote_literal(file.string()));
  return "[" + join(quoted, ", ") + "]";
}

Result<std::string> type_map(const Json& types) {
  std::vector<std::string> pairs;
  for (const auto& [column, type] : types.members()) {
    if (!type.is_string())
      return invalid_argument("the type of column '" + column + "' must be a name such as BIGINT");
    pairs.push_back(quote_literal(column) + ": " + quote_literal(type.as_view()));
  }
  return pairs.empty() ? std::string() : ", types = {" + join(pairs, ", ") + "}";
}

/// The text between `before` and the next `after`, or "".
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const auto start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  return text.substr(0, text.find(after));
}

/// The first line whose number of fields is not the header's: DuckDB's sniffer gives up on such
/// files without naming it. Quoted line breaks are followed; at most 64 MB are read.
std::string ragged_line(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const char separator = separator_of(file);
  std::string line;
  std::string record;
  std::size_t number = 0;
  std::size_t wanted = 0;
  std::size_t bytes = 0;
  while (std::getline(in, line) && bytes < (std::size_t{64} << 20)) {
    ++number;
    bytes += line.size();
    record += line;
    if (std::ranges::count(record, '"') % 2 != 0) continue;
    const std::size_t fields = separators_in(record, separator) + 1;
    if (wanted == 0) wanted = fields;
    if (fields != wanted && !(record.empty() || record == "\r"))
      return file.filename().string() + ":" + std::to_string(number) + ": " +
             std::to_string(fields) + " fields where the header has " + std::to_string(wanted);
    record.clear();
  }
  return {};
}

Error explain_csv(Error error, const ScanOptions& options) {
  const std::string text = std::move(error.message);
  std::string_view file = between(text, "file = ", "\n");
  if (file.empty()) file = between(text, "sniffing file \"", "\"");
  const auto name = std::filesystem::path(std::string(file)).filename().string();
  const std::string_view line = between(text, "CSV Error on Line: ", "\n");
  if (line.empty()) {
    for (const auto& candidate : options.files)
      if (std::string found = ragged_line(candidate); !found.empty())
        return make_error(ErrorCode::data_invalid, std::move(found));
    return make_error(ErrorCode::data_invalid, text.substr(0, text.find('\n')));
  }
  std::string message = name + ":" + std::string(line) + ": ";
  const std::string_view value = between(text, "Could not convert string \"", "\" to '");
  const std::string_view column = between(text, "Error when converting column \"", "\"");
  if (!column.empty()) {
    message += "column '" + std::string(column) + "': '" + std::string(value) + "' is no " +
               std::string(between(text, "\" to '", "'"));
  } else {
    const auto after = text.find('\n', text.find("CSV Error on Line: "));
    std::string_view rest = std::string_view(text).substr(std::min(after, text.size() - 1) + 1);
    if (rest.starts_with("Original Line: "))
      rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
    message += std::string(rest.substr(0, rest.find('\n')));
  }
  return make_error(ErrorCode::data_invalid, std::move(message));
}

Error explain_json(const Error& error) {
  const std::string& text = error.message;
  const auto name =
      std::filesystem::path(std::string(between(text, "file \"", "\""))).filename().string();
  std::string_view line = between(text, "in line ", ":");
  if (line.empty()) line = between(text, "in record/value ", ":");
  const auto colon = text.find(": ", text.find(line));
  const std::string_view rest = colon == std::string::npos
                                    ? std::string_view(text)
                                    : std::string_view(text).substr(colon + 2);
  return make_error(ErrorCode::data_invalid, name + ":" + std::string(line) + ": " +
                                                 std::string(rest.substr(0, rest.find('\n'))));
}

}  // namespace

std::string_view to_string(Format format) {
  switch (format) {
    case Format::csv:
      return "csv";
    case Format::jsonl:
      return "jsonl";
    case Format::parquet:
      return "parquet";
  }
  return "";
}

Result<Format> format_of(std::string_view name, const std::filesystem::path& file) {
  if (name == "csv") return Format::csv;
  if (name == "jsonl") return Format::jsonl;
  if (name == "parquet") return Format::parquet;
  if (name != "auto")
    return invalid_argument("'" + std::string(name) +
                            "' is no format; choose auto, csv, jsonl or parquet");
  if (first_bytes(file, 4) == "PAR1") return Format::parquet;
  const std::string extension = file.extension().string();
  if (extension == ".parquet") return Format::parquet;
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") return Format::jsonl;
  if (extension == ".csv" || extension == ".tsv" || extension == ".txt") return Format::csv;
  const std::string first = first_bytes(file, 1);
  return first == "{" || first == "[" ? Format::jsonl : Format::csv;
}

Result<std::string> scan_relation(const ScanOptions& options) {
  if (options.files.empty()) return invalid_argument("there is no file to read");
  for (const auto& file : options.files)
    if (file.string().find_first_of("*?[") != std::string::npos)
      return invalid_argument("'" + file.string() + "' has a wildcard in its name; rename it");
  const std::string files = file_list(options.files);
  MR_TRY(const std::string types, type_map(options.types));
  switch (options.format) {
    case Format::csv: {
      const char separator = separator_of(options.files.front());
      return "read_csv(" + files +
             ", header = true, delim = " + quote_literal(std::string_view(&separator, 1)) +
             ", quote = '\"', escape = '\"', comment = '', skip = 0, union_by_name = true" + types +
             ")";
    }
    case Format::jsonl:
      // Some APIs answer with one array instead of lines.
      return "read_json(" + files + ", format = '" +
             (first_bytes(options.files.front(), 1) == "[" ? "array" : "newline_delimited") +
             "', union_by_name = true)";
    case Format::parquet:
      return "read_parquet(" + files + ", union_by_name = true)";
  }
  return internal_error("unknown format");
}

std::string parquet_relation(const std::filesystem::path& file) {
  return "read_parquet(" + quote_literal(file.string()) + ")";
}

Error explain_read_error(Error error, const ScanOptions& options) {
  const bool judged =
      error.code == ErrorCode::data_invalid || error.code == ErrorCode::invalid_argument;
  if (!judged) return error;
  const std::string& text = error.message;
  if (options.format == Format::csv && (text.find("CSV Error on Line") != std::string::npos ||
                                        text.find("sniffing file") != std::string::npos))
    return explain_csv(std::move(error), options);
  if (options.format == Format::jsonl && text.find("JSON") != std::string::npos &&
      text.find("file \"") != std::string::npos)
    return explain_json(error);
  if (options.format == Format::parquet &&
      (text.find("Parquet") != std::string::npos || text.find("parquet") != std::string::npos)) {
    error.code = ErrorCode::data_invalid;
    error.message = text.substr(0, text.find('\n'));
  }
  return error;
}

}  // namespace millrace::data

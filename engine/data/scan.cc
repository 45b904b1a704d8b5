#include "engine/data/scan.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include "engine/data/byte_source.h"
#include "engine/data/sql.h"

namespace millrace::data {
namespace {

constexpr std::size_t kHeadBytes = 4096;

std::string raw_head(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(8, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

/// The first characters after blanks, decompressed.
Result<std::string> text_head(const std::filesystem::path& file) {
  MR_TRY(ByteSource source, ByteSource::open(file, {}));
  std::string head(kHeadBytes, '\0');
  MR_TRY(const std::size_t got, source.read(head.data(), head.size()));
  head.resize(got);
  head.erase(0, std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  return head;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    return text.size() >= word.size() &&
           std::ranges::equal(text.substr(0, word.size()), word, [](char a, char b) {
             return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
           });
  });
}

bool looks_like_json(std::string_view head) {
  if (head.empty() || (head.front() != '{' && head.front() != '[')) return false;
  const std::size_t next = head.find_first_not_of(" \t\r\n", 1);
  if (next == std::string_view::npos) return false;
  return head[next] == '{' || head[next] == '"' || head[next] == '}' || head[next] == ']';
}

/// By the name without what a compression adds to it.
std::optional<Format> format_of_name(std::filesystem::path name) {
  if (name.extension() == ".gz" || name.extension() == ".zst" || name.extension() == ".zstd")
    name = name.stem();
  const std::string extension = name.extension().string();
  if (extension == ".parquet") return Format::parquet;
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") return Format::jsonl;
  if (extension == ".csv" || extension == ".tsv" || extension == ".txt") return Format::csv;
  return std::nullopt;
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
  constexpr std::array<Format, 3> kFormats = {Format::csv, Format::jsonl, Format::parquet};
  const auto named = std::ranges::find(kFormats, name, [](Format f) { return to_string(f); });
  if (named == kFormats.end() && name != "auto")
    return invalid_argument("'" + std::string(name) +
                            "' is not a format; choose auto, csv, jsonl or parquet");
  const bool given = named != kFormats.end();
  const std::string start = raw_head(file);
  if (given && *named == Format::parquet) return Format::parquet;
  if (!given && start.starts_with("PAR1")) return Format::parquet;
  const std::string shown = file.filename().string();
  if (start.starts_with("PK\x03\x04"))
    return data_invalid(shown + " is a ZIP archive, such as an Excel workbook; save it as CSV");
  const auto by_name = given ? *named : format_of_name(file);
  if (by_name == Format::parquet) return Format::parquet;
  MR_TRY(const std::string head, text_head(file));
  if (starts_with_any(head, {"<!doctype", "<html", "<head", "<body", "<?xml"}))
    return data_invalid(shown + " is a page of HTML or XML, no table: it starts with '" +
                        head.substr(0, std::min<std::size_t>(head.find('\n'), 60)) +
                        "'; is a login or an error page in its place?");
  if (given) return *named;
  if (by_name == Format::csv && looks_like_json(head))
    return data_invalid(shown +
                        " holds JSON, though its name says CSV; if it is a table, set format");
  if (by_name == Format::jsonl && !head.empty() && head.front() != '{' && head.front() != '[')
    return data_invalid(shown +
                        ":1: not JSON, although its name says so; if it is a table, set format");
  if (by_name) return *by_name;
  return looks_like_json(head) ? Format::jsonl : Format::csv;
}

std::string parquet_relation(const std::filesystem::path& file) {
  return "read_parquet(" + quote_literal(file.string()) + ")";
}

std::string file_list(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> quoted;
  for (const auto& file : files) quoted.push_back(quote_literal(file.string()));
  return "[" + join(quoted, ", ") + "]";
}

Error explain_read_error(Error error, Format format) {
  const bool judged =
      error.code == ErrorCode::data_invalid || error.code == ErrorCode::invalid_argument;
  const std::string& text = error.message;
  if (!judged || format != Format::parquet ||
      (text.find("Parquet") == std::string::npos && text.find("parquet") == std::string::npos))
    return error;
  error.code = ErrorCode::data_invalid;
  error.message = text.substr(0, text.find('\n'));
  return error;
}

}  // namespace millrace::data

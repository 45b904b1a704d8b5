#include "tests/roundtrip/check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "engine/data/scan.h"
#include "engine/data/sql.h"
#include "operators/data/parquet_source.h"

namespace millrace::roundtrip {
namespace {

constexpr std::size_t kTablesOfASession = 200;

/// A number as its sign, digits without zeros around them, and the power of ten of the last.
struct Plain {
  bool negative = false;
  std::string digits;
  long power = 0;
  bool operator==(const Plain&) const = default;
};

std::optional<Plain> plain_of(const std::string& text) {
  Plain out;
  std::size_t at = 0;
  if (at < text.size() && text[at] == '-') {
    out.negative = true;
    ++at;
  }
  bool point = false;
  bool any = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9') {
      any = true;
      out.digits += text[at];
      if (point) --out.power;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    char* end = nullptr;
    out.power += std::strtol(text.c_str() + at + 1, &end, 10);
    if (*end != '\0') return std::nullopt;
  }
  out.digits.erase(0, std::min(out.digits.find_first_not_of('0'), out.digits.size()));
  while (!out.digits.empty() && out.digits.back() == '0') {
    out.digits.pop_back();
    ++out.power;
  }
  if (out.digits.empty()) return Plain{};
  return out;
}

bool is_number_type(const std::string& type) {
  return type.ends_with("BIGINT") || type.ends_with("INTEGER") || type == "DOUBLE" ||
         type.starts_with("DECIMAL");
}

/// A double keeps a decimal if it gives the same digits again, as many as were written.
bool double_shows(const std::string& decimal, const std::string& got) {
  if (same_number(decimal, got)) return true;
  const auto wanted = plain_of(decimal);
  if (!wanted || wanted->digits.empty()) return false;
  char text[1200];
  std::snprintf(text, sizeof text, "%.*e", static_cast<int>(wanted->digits.size()) - 1,
                std::strtod(got.c_str(), nullptr));
  return same_number(decimal, text);
}

/// A type that no value of the kind could need: the reader gave up too early.
bool too_weak(const Column& column, const std::string& type) {
  if (type != "VARCHAR") return false;
  switch (column.kind) {
    case Kind::integer:
    case Kind::big:
    case Kind::decimal:
    case Kind::real:
    case Kind::boolean:
      return true;
    case Kind::date:
    case Kind::timestamp:
    case Kind::instant:
      return column.style == DateStyle::iso || column.style == DateStyle::slashes;
    default:
      return false;
  }
}

bool says_where_and_what(const Error& error, const std::vector<std::filesystem::path>& files) {
  const bool where = std::ranges::any_of(files, [&](const auto& file) {
    return error.message.find(file.filename().string()) != std::string::npos;
  });
  const bool cure = std::ranges::any_of(
      std::vector<std::string>{"set ", "give ", "correct ", "declare ", "write ", "no row of"},
      [&](const std::string& word) { return error.message.find(word) != std::string::npos; });
  return where && cure && error.code == ErrorCode::data_invalid;
}

}  // namespace

bool same_number(const std::string& a, const std::string& b) {
  const auto x = plain_of(a);
  const auto y = plain_of(b);
  return x && y && *x == *y;
}

std::string as_text(const std::string& name, const std::string& type) {
  const std::string quoted = data::quote_identifier(name);
  if (type == "DATE" || type.starts_with("TIMESTAMP"))
    return "CAST(epoch_us(" + quoted + ") AS VARCHAR) AS " + quoted;
  return "CAST(" + quoted + " AS VARCHAR) AS " + quoted;
}

std::string difference(const Column& column, const Value& value, const std::string& type,
                       const std::optional<std::string>& got) {
  const auto wrong = [&](const std::string& wanted) {
    return "column '" + column.name + "' (" + type + "): '" + value.written + "' is " +
           (got ? "'" + *got + "'" : "null") + ", not " + wanted;
  };
  if (value.null) return got ? wrong("null") : "";
  const bool nan = column.kind == Kind::real && std::isnan(value.number);
  if (!got) return nan && type != "VARCHAR" ? "" : wrong("a value");
  if (type == "VARCHAR") return *got == value.written ? "" : wrong("as written");
  switch (column.kind) {
    case Kind::integer:
    case Kind::big:
    case Kind::decimal:
      if (!is_number_type(type)) return wrong("a number");
      if (same_number(value.exact, *got)) return "";
      return type == "DOUBLE" && double_shows(value.exact, *got) ? "" : wrong(value.exact);
    case Kind::real:
      if (!is_number_type(type)) return wrong("a number");
      return std::strtod(got->c_str(), nullptr) == value.number ? "" : wrong("that double");
    case Kind::boolean:
      return type == "BOOLEAN" && *got == (value.truth ? "true" : "false") ? "" : wrong("that");
    case Kind::date:
    case Kind::timestamp:
    case Kind::instant:
      if ((column.kind == Kind::instant) != (type == "TIMESTAMP WITH TIME ZONE"))
        return wrong("an instant only where there is an offset");
      return *got == std::to_string(value.micros) ? "" : wrong(std::to_string(value.micros));
    default:
      return wrong("a text");
  }
}

std::optional<std::string> Checker::compare_rows(const Table& table,
                                                 const std::vector<data::TextColumn>& columns,
                                                 const data::Table& rows) {
  if (rows.rows() != table.rows)
    return std::to_string(rows.rows()) + " rows, not " + std::to_string(table.rows);
  for (const auto& column : table.columns) {
    const auto found = std::ranges::find(columns, column.name, &data::TextColumn::name);
    // Of a header alone nothing tells whether a character of it separates.
    if (found == columns.end() && table.rows == 0 && open_) continue;
    if (found == columns.end()) return "the column '" + column.name + "' is gone";
    const bool any =
        std::ranges::any_of(column.values, [](const Value& value) { return !value.null; });
    if (any && too_weak(column, found->type))
      return "the column '" + column.name + "' with '" + column.values.front().written +
             "' is text";
    for (std::size_t row = 0; row < table.rows; ++row) {
      const Json& cell = rows.at(row, column.name);
      const std::string why =
          difference(column, column.values[row], found->type,
                     cell.is_null() ? std::nullopt : std::optional(cell.as_string()));
      if (!why.empty()) return "row " + std::to_string(row) + ", " + why;
    }
  }
  return std::nullopt;
}

std::optional<std::string> Checker::compare(const Table& table, const data::TextTable& read,
                                            Tally& tally) {
  std::vector<std::string> items;
  for (const auto& column : read.columns()) items.push_back(as_text(column.name, column.type));
  const std::string name = "rows" + std::to_string(attached_.size());
  auto rows = session_->query("SELECT " + data::join(items, ", ") + " FROM " + name + "()");
  if (!rows) return "the second reading failed: " + rows.error().message;
  tally.cells += table.rows * table.columns.size();
  return compare_rows(table, read.columns(), *rows);
}

std::optional<std::string> Checker::check(std::uint64_t seed, Tally& tally) {
  Dice dice(seed);
  Table table = random_table(dice);
  const Written written = write_table(dice, table, folder_);
  ++tally.tables;
  const auto described = [&](const std::string& what) {
    return "seed " + std::to_string(seed) + ": " + what;
  };
  auto read = data::TextTable::open(written.options);
  if (!read) {
    if (!says_where_and_what(read.error(), written.options.files))
      return described("an error without place or cure: " + read.error().message);
    if (!written.may_refuse) return described("refused: " + read.error().message);
    ++tally.refused;
    return std::nullopt;
  }
  if (!session_ || attached_.size() >= kTablesOfASession) {
    session_.reset();
    attached_.clear();
    auto session = data::Session::open();
    if (!session) return described(session.error().message);
    session_ = std::move(*session);
  }
  attached_.push_back(std::make_unique<data::TextTable>(std::move(*read)));
  if (auto attached =
          attached_.back()->attach(*session_, "rows" + std::to_string(attached_.size()));
      !attached)
    return described(attached.error().message);
  open_ = written.may_refuse;
  const auto why = compare(table, *attached_.back(), tally);
  return why ? std::optional(described(*why)) : std::nullopt;
}

Status Checker::open_parquet_session() {
  data::SessionOptions options;
  options.folders = {folder_};
  MR_TRY(parquet_, data::Session::open(std::move(options)));
  return {};
}

/// As ingest does it: open, settle NaN, write the artifact; then the artifact is looked at.
std::optional<std::string> Checker::compare_parquet(const Table& table, const ParquetFiles& written,
                                                    Tally& tally) {
  Ingest ingest;
  ingest.files = written.files;
  ingest.options.types = written.types;
  ingest.options.nan = "null";
  ingest.max_bytes = 1L << 30;
  auto source = open_parquet(*std::move(parquet_), ingest);
  if (!source) {
    parquet_.reset();
    if (!says_where_and_what(source.error(), written.files))
      return "an error without place or cure: " + source.error().message;
    if (!written.may_refuse) return "refused: " + source.error().message;
    ++tally.refused;
    return std::nullopt;
  }
  const auto artifact = folder_ / "artifact.parquet";
  Status made = settle_nans(*source, ingest.options, "");
  if (made) made = source->session->write_parquet("SELECT * FROM " + source->relation, artifact);
  parquet_ = std::move(source->session);
  if (!made) return "not written: " + made.error().message;
  const std::string relation = data::parquet_relation(artifact);
  const auto empty = parquet_->query("SELECT * FROM " + relation + " LIMIT 0");
  if (!empty) return empty.error().message;
  std::vector<data::TextColumn> columns;
  std::vector<std::string> items;
  for (const auto& column : empty->columns) {
    columns.push_back({column.name, column.type, ""});
    items.push_back(as_text(column.name, column.type));
  }
  const auto rows =
      parquet_->query("SELECT " + data::join(items, ", ") + " FROM " + relation, {}, 1'000'000);
  if (!rows) return rows.error().message;
  tally.cells += table.rows * table.columns.size();
  open_ = false;
  return compare_rows(table, columns, *rows);
}

std::optional<std::string> Checker::check_parquet(std::uint64_t seed, Tally& tally) {
  Dice dice(seed);
  Table table = random_table(dice);
  ++tally.tables;
  if (!parquet_ || seed % kTablesOfASession == 0)
    if (const Status opened = open_parquet_session(); !opened) return opened.error().message;
  const auto written = write_parquet_files(dice, table, *parquet_, folder_);
  const auto why = written ? compare_parquet(table, *written, tally)
                           : std::optional("not prepared: " + written.error().message);
  return why ? std::optional("seed " + std::to_string(seed) + " as Parquet: " + *why)
             : std::nullopt;
}

}  // namespace millrace::roundtrip

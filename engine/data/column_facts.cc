#include "engine/data/column_facts.h"

#include <algorithm>
#include <charconv>

#include "engine/data/number_text.h"

namespace millrace::data {
namespace {

constexpr std::size_t kShownText = 100;
constexpr int kNarrowDecimal = 18;  // digits that fit 64 bits
constexpr int kWideDecimal = 38;

ColumnType plain_type(CellType type) {
  ColumnType out;
  out.type = type;
  return out;
}

ColumnType decimal_type(int width, int scale) {
  ColumnType out = plain_type(CellType::decimal);
  out.width = width;
  out.scale = scale;
  return out;
}

std::string upper(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::string_view cut(std::string_view text) {
  if (text.size() <= kShownText) return text;
  std::size_t end = kShownText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

struct NamedType {
  std::string_view name;
  CellType type;
};
constexpr std::array<NamedType, 35> kTypeNames = {{
    {"BOOLEAN", CellType::boolean},
    {"BOOL", CellType::boolean},
    {"TINYINT", CellType::int8},
    {"INT1", CellType::int8},
    {"SMALLINT", CellType::int16},
    {"INT2", CellType::int16},
    {"INTEGER", CellType::int32},
    {"INT4", CellType::int32},
    {"INT", CellType::int32},
    {"BIGINT", CellType::int64},
    {"INT8", CellType::int64},
    {"LONG", CellType::int64},
    {"UTINYINT", CellType::uint8},
    {"USMALLINT", CellType::uint16},
    {"UINTEGER", CellType::uint32},
    {"UBIGINT", CellType::uint64},
    {"FLOAT", CellType::float32},
    {"FLOAT4", CellType::float32},
    {"REAL", CellType::float32},
    {"DOUBLE", CellType::float64},
    {"FLOAT8", CellType::float64},
    {"DATE", CellType::date},
    {"TIMESTAMP", CellType::timestamp},
    {"DATETIME", CellType::timestamp},
    {"TIMESTAMP WITHOUT TIME ZONE", CellType::timestamp},
    {"TIMESTAMP_US", CellType::timestamp},
    {"TIMESTAMPTZ", CellType::timestamptz},
    {"TIMESTAMP WITH TIME ZONE", CellType::timestamptz},
    {"VARCHAR", CellType::text},
    {"STRING", CellType::text},
    {"TEXT", CellType::text},
    {"CHAR", CellType::text},
    {"BPCHAR", CellType::text},
    // Parquet has no integers of 128 bits (DuckDB would store doubles): 38 digits as a decimal.
    {"HUGEINT", CellType::decimal},
    {"INT128", CellType::decimal},
}};

constexpr std::array<std::string_view, 6> kTypeWords = {"integer", "number",    "string",
                                                        "boolean", "timestamp", "date"};

/// "DECIMAL(18,3)" and "NUMERIC(18, 3)"; DECIMAL alone is DuckDB's DECIMAL(18,3).
std::optional<ColumnType> decimal_of(std::string_view name) {
  const auto open = name.find('(');
  const std::string_view word = name.substr(0, open);
  if (word != "DECIMAL" && word != "NUMERIC" && word != "DEC") return std::nullopt;
  if (open == std::string_view::npos) return decimal_type(kNarrowDecimal, 3);
  int width = 0;
  int scale = 0;
  const char* end = name.data() + name.size();
  auto [at, problem] = std::from_chars(name.data() + open + 1, end, width);
  if (problem != std::errc()) return std::nullopt;
  while (at != end && (*at == ' ' || *at == ',')) ++at;
  if (at != end && *at != ')') {
    const auto second = std::from_chars(at, end, scale);
    if (second.ec != std::errc()) return std::nullopt;
    at = second.ptr;
  }
  const bool fits = width >= 1 && width <= kWideDecimal && scale >= 0 && scale <= width;
  if (!fits || std::string_view(at, static_cast<std::size_t>(end - at)) != ")") return std::nullopt;
  return decimal_type(width, scale);
}

}  // namespace

std::string ColumnType::sql() const {
  if (type == CellType::decimal)
    return "DECIMAL(" + std::to_string(width) + "," + std::to_string(scale) + ")";
  if (type == CellType::timestamptz) return "TIMESTAMP WITH TIME ZONE";
  for (const auto& named : kTypeNames)
    if (named.type == type) return std::string(named.name);
  return "VARCHAR";
}

std::string Place::to_string() const { return file + ":" + std::to_string(line); }

std::optional<ColumnType> column_type_of(std::string_view sql) {
  const std::string name = upper(sql);
  if (const auto decimal = decimal_of(name)) return decimal;
  for (const auto& named : kTypeNames)
    if (named.name == name)
      return named.type == CellType::decimal ? decimal_type(kWideDecimal, 0)
                                             : plain_type(named.type);
  return std::nullopt;
}

bool is_type_word(std::string_view word) {
  return std::ranges::find(kTypeWords, word) != kTypeWords.end();
}

bool is_time(CellType type) {
  return type == CellType::date || type == CellType::timestamp || type == CellType::timestamptz;
}

ValueClass ColumnFacts::classify_number(std::string_view text) {
  NumberText number;
  if (!parse_number(text, number) || number.plus) return ValueClass::text;
  whole_digits_ = std::max(whole_digits_, number.whole_digits());
  scale_ = std::max(scale_, number.scale());
  if (number.is_integer()) {
    if (number.whole.size() > 15) {
      const auto value = to_decimal(number, 0);
      fits_int64_ = fits_int64_ && value && *value >= INT64_MIN && *value <= INT64_MAX;
      fits_double_ = fits_double_ && double_keeps(text, number);
    }
    // "-0" is no integer: only a double keeps its sign.
    return number.negative && number.is_zero() ? ValueClass::real : ValueClass::integer;
  }
  fits_double_ = fits_double_ && double_keeps(text, number);
  return number.has_exponent ? ValueClass::real : ValueClass::decimal;
}

ValueClass ColumnFacts::classify_time(std::string_view text, bool& ambiguous) {
  TimeParts parts;
  if (parse_iso_time(text, parts)) {
    if (parts.below_micros) return ValueClass::text;
    if (parts.has_offset) return ValueClass::instant;
    return parts.has_time ? ValueClass::timestamp : ValueClass::date;
  }
  DayMonth both;
  if (!parse_day_month(text, both) || both.rest.below_micros) return ValueClass::text;
  const bool day_first = both.possible(true);
  const bool month_first = both.possible(false);
  day_first_possible_ = day_first_possible_ && day_first;
  month_first_possible_ = month_first_possible_ && month_first;
  day_month_time_ = day_month_time_ || both.rest.has_time;
  day_month_offset_ = day_month_offset_ || both.rest.has_offset;
  day_month_local_ = day_month_local_ || !both.rest.has_offset;
  ambiguous = day_first && month_first && both.first != both.second;
  return ValueClass::day_month;
}

ValueClass ColumnFacts::classify(const Cell& cell, const NumberStyle& style, bool& ambiguous) {
  const std::string_view text = cell.text;
  if (cell.kind == Cell::Kind::nested) return ValueClass::nested;
  if (cell.kind == Cell::Kind::boolean) return ValueClass::boolean;
  if (cell.kind == Cell::Kind::string)
    return text.empty() ? ValueClass::text : classify_time(text, ambiguous);
  if (text.empty()) return ValueClass::empty;
  const char first = text.front();
  const bool digit = first >= '0' && first <= '9';
  if (digit || first == '-' || first == '+' || first == '.' || first == style.decimal) {
    std::string_view plain = text;
    bool number = true;
    if (!style.plain()) {
      number = normalise_number(text, style.decimal, style.thousands, number_);
      plain = number_;
    }
    const ValueClass found = number ? classify_number(plain) : ValueClass::text;
    if (found != ValueClass::text) return found;
    if (infinity_of(text)) return ValueClass::infinity;
    if (is_nan_text(text)) return ValueClass::nan;
    return digit ? classify_time(text, ambiguous) : ValueClass::text;
  }
  switch (first) {
    case 't':
    case 'T':
    case 'f':
    case 'F':
      return plain_boolean(text) ? ValueClass::boolean : ValueClass::text;
    case 'n':
    case 'N':
      return is_nan_text(text) ? ValueClass::nan : ValueClass::text;
    case 'i':
    case 'I':
      return infinity_of(text) ? ValueClass::infinity : ValueClass::text;
    default:
      return ValueClass::text;
  }
}

void ColumnFacts::add(const Cell& cell, const NumberStyle& style, const std::string& file,
                      std::size_t line) {
  if (cell.kind == Cell::Kind::null) return;
  ++values_;
  const auto here = [&] { return Place{file, line, std::string(cut(cell.text))}; };
  bool ambiguous = false;
  ValueClass found = classify(cell, style, ambiguous);
  if (ambiguous && ambiguous_.line == 0) ambiguous_ = here();
  if (found == ValueClass::nan) ++nans_;
  if (format_ && found != ValueClass::empty && (fits_format_ || found == ValueClass::text)) {
    TimeParts parts;
    const bool fits = format_->parse(cell.text, parts) && !parts.below_micros;
    if (fits && found == ValueClass::text) found = ValueClass::formatted;
    if (!fits && fits_format_) format_misfit_ = here();
    fits_format_ = fits_format_ && fits;
  }
  if (has(found)) return;
  seen_ |= 1U << static_cast<int>(found);
  first_[static_cast<std::size_t>(found)] = here();
  order_.push_back(found);
}

bool ColumnFacts::only(std::initializer_list<ValueClass> classes) const {
  std::uint32_t allowed = 1U << static_cast<int>(ValueClass::empty);
  for (const ValueClass what : classes) allowed |= 1U << static_cast<int>(what);
  return (seen_ & ~allowed) == 0 && seen_ != (1U << static_cast<int>(ValueClass::empty)) &&
         seen_ != 0;
}

bool ColumnFacts::numeric() const {
  return only({ValueClass::integer, ValueClass::decimal, ValueClass::real, ValueClass::infinity,
               ValueClass::nan});
}

std::optional<ColumnType> ColumnFacts::number_type() const {
  const bool fractions = has(ValueClass::decimal);
  const bool reals = has(ValueClass::real) || has(ValueClass::infinity);
  if (!has(ValueClass::integer) && !fractions && !reals) return plain_type(CellType::float64);
  const int digits = whole_digits_ + scale_;
  if (!fractions && !reals) {
    if (fits_int64_) return plain_type(CellType::int64);
    if (digits <= kWideDecimal) return decimal_type(kWideDecimal, 0);
    return std::nullopt;
  }
  const bool fits_decimal = digits <= kWideDecimal && !has(ValueClass::infinity);
  if (reals && fits_double_) return plain_type(CellType::float64);
  if (fits_decimal)
    return decimal_type(digits <= kNarrowDecimal ? kNarrowDecimal : kWideDecimal, scale_);
  if (fits_double_) return plain_type(CellType::float64);
  return std::nullopt;
}

Result<std::optional<bool>> ColumnFacts::day_order(std::string_view column) const {
  if (!has(ValueClass::day_month)) return std::optional<bool>();
  if (ambiguous_.line != 0 && day_first_possible_ && month_first_possible_)
    return data_invalid(ambiguous_.to_string() + ": column '" + std::string(column) + "': '" +
                        ambiguous_.text +
                        "' may have the day or the month first, and no value of the data tells; "
                        "set date_format, e.g. '%d/%m/%Y' or '%m/%d/%Y', or give the column the "
                        "type VARCHAR");
  if (day_first_possible_) return std::optional<bool>(true);
  if (month_first_possible_) return std::optional<bool>(false);
  return std::optional<bool>();
}

bool ColumnFacts::is_declared_time() const {
  const bool any = (seen_ & ~(1U << static_cast<int>(ValueClass::empty))) != 0;
  if (!format_ || !fits_format_ || !any) return false;
  return format_is_own_ || !format_->only_digits() || !numeric();
}

Result<std::optional<ColumnType>> ColumnFacts::time_type(std::string_view column) const {
  using Found = std::optional<ColumnType>;
  if (is_declared_time()) {
    ColumnType type = plain_type(format_->has_offset() ? CellType::timestamptz
                                 : format_->has_time() ? CellType::timestamp
                                                       : CellType::date);
    type.format = format_;
    return Found(std::move(type));
  }
  if (only({ValueClass::date})) return Found(plain_type(CellType::date));
  if (only({ValueClass::instant})) return Found(plain_type(CellType::timestamptz));
  if (only({ValueClass::date, ValueClass::timestamp}))
    return Found(plain_type(CellType::timestamp));
  if (!only({ValueClass::day_month})) return Found();
  if (format_)
    return data_invalid(format_misfit_.to_string() + ": column '" + std::string(column) + "': '" +
                        format_misfit_.text + "' does not fit date_format '" + format_->text() +
                        "'; give columns formats of their own, e.g. date_format: {" +
                        std::string(column) + ": '%m/%d/%Y'}");
  MR_TRY(const auto day_first, day_order(column));
  if (!day_first || (day_month_offset_ && day_month_local_)) return Found();
  ColumnType type = plain_type(day_month_offset_ ? CellType::timestamptz
                               : day_month_time_ ? CellType::timestamp
                                                 : CellType::date);
  type.day_first = day_first;
  return Found(std::move(type));
}

Result<ColumnType> ColumnFacts::decide(std::string_view column) const {
  if (has(ValueClass::nested)) return plain_type(CellType::json);
  if (format_ && format_is_own_ && !fits_format_)
    return data_invalid(format_misfit_.to_string() + ": column '" + std::string(column) + "': '" +
                        format_misfit_.text + "' does not fit its date format '" + format_->text() +
                        "'");
  MR_TRY(auto time, time_type(column));
  if (time) return *std::move(time);
  if (only({ValueClass::boolean})) return plain_type(CellType::boolean);
  if (numeric())
    if (auto number = number_type()) return *std::move(number);
  return plain_type(CellType::text);
}

Status ColumnFacts::set_time_reading(ColumnType& type, std::string_view column) const {
  if (!is_time(type.type)) return {};
  if (format_ && (format_is_own_ || fits_format_)) {
    type.format = format_;
    return {};
  }
  MR_TRY(type.day_first, day_order(column));
  return {};
}

Result<ColumnType> ColumnFacts::decide_within(std::string_view word,
                                              std::string_view column) const {
  if (word == "string") return plain_type(CellType::text);
  if (word == "boolean") return plain_type(CellType::boolean);
  if (word == "integer" || word == "number") {
    const bool any = has(ValueClass::integer) || has(ValueClass::decimal) ||
                     has(ValueClass::real) || has(ValueClass::infinity);
    const auto found = any ? number_type() : std::nullopt;
    if (word == "number") return found.value_or(plain_type(CellType::float64));
    const bool wide = found && found->type == CellType::decimal && found->scale == 0;
    return wide ? *found : plain_type(CellType::int64);
  }
  ColumnType type = plain_type(word == "date"             ? CellType::date
                               : has(ValueClass::instant) ? CellType::timestamptz
                                                          : CellType::timestamp);
  MR_CHECK(set_time_reading(type, column));
  if (word == "timestamp" && type.format && type.format->has_offset())
    type.type = CellType::timestamptz;
  return type;
}

std::string ColumnFacts::hint(std::string_view column) const {
  const bool first_is_text =
      order_.empty() || order_.front() == ValueClass::text || order_.front() == ValueClass::empty;
  if (first_is_text || order_.size() < 2) return {};
  const Place& first = first_[static_cast<std::size_t>(order_.front())];
  const bool has_text = has(ValueClass::text);
  const Place& other = first_[static_cast<std::size_t>(has_text ? ValueClass::text : order_[1])];
  return "column '" + std::string(column) + "' is text: " + first.to_string() + " has '" +
         first.text + "', " + other.to_string() + " has '" + other.text +
         "'; if one of them means no value, name it in nulls, or declare the column in types";
}

}  // namespace millrace::data

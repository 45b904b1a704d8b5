#include "tests/roundtrip/writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>

#include "tests/data/compress.h"

namespace millrace::roundtrip {
namespace {

constexpr std::int64_t kMicrosOfDay = 86'400'000'000;

/// What all files of one table have in common.
struct Dialect {
  bool json = false;
  char delimiter = ',';
  bool delimiter_is_told = false;
  char quote = '"';
  bool backslash = false;
  bool quote_all = false;
  char comment = '\0';
  std::size_t skip = 0;
  bool header = true;
  std::string null_text;  // as written
  char decimal = '.';
  char thousands = '\0';
  std::string encoding = "auto";
  int real_style = 0;
};

std::string shortest(double value, int style) {
  char text[512];
  if (style == 1) {
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
  }
  const bool fixed = style == 2 && std::fabs(value) < 1e18 && std::fabs(value) > 1e-18;
  const auto end = fixed ? std::to_chars(text, text + sizeof text, value, std::chars_format::fixed)
                         : std::to_chars(text, text + sizeof text, value);
  return {text, end.ptr};
}

std::string real_text(double value, const Dialect& dialect) {
  if (std::isnan(value)) return dialect.json ? "NaN" : "nan";
  if (std::isinf(value))
    return std::string(value < 0 ? "-" : "") + (dialect.json ? "Infinity" : "inf");
  return shortest(value, dialect.real_style);
}

/// With the separators that people of other countries write.
std::string localised(const std::string& number, const Dialect& dialect) {
  if (dialect.decimal == '.' && dialect.thousands == '\0') return number;
  if (number.find_first_of("nN") != std::string::npos && number.find('e') == std::string::npos)
    return number;  // nan, inf
  std::string out;
  const std::size_t start = number.starts_with('-') ? 1 : 0;
  const std::size_t end = std::min(number.find_first_of(".eE"), number.size());
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (dialect.thousands != '\0' && i > start && i < end && (end - i) % 3 == 0)
      out += dialect.thousands;
    out += number[i] == '.' ? dialect.decimal : number[i];
  }
  return out;
}

std::string time_text(const Column& column, const Value& value, Dice& dice) {
  const std::int64_t local = value.micros + std::int64_t{value.offset_minutes} * 60'000'000;
  std::int64_t days = local / kMicrosOfDay;
  if (local % kMicrosOfDay < 0) --days;
  const std::int64_t of_day = local - days * kMicrosOfDay;
  const Civil civil = civil_of(days);
  const char* format = "%04d-%02d-%02d";
  int a = civil.year;
  int b = civil.month;
  int c = civil.day;
  if (column.style == DateStyle::slashes) format = "%04d/%02d/%02d";
  if (column.style == DateStyle::day_month || column.style == DateStyle::day_month_dots) {
    format = column.style == DateStyle::day_month ? "%02d/%02d/%04d" : "%02d.%02d.%04d";
    std::swap(a, c);
  }
  if (column.style == DateStyle::month_day) {
    format = "%02d/%02d/%04d";
    a = civil.month;
    b = civil.day;
    c = civil.year;
  }
  char text[64];
  int length = std::snprintf(text, sizeof text, format, a, b, c);
  std::string out(text, static_cast<std::size_t>(length));
  if (column.kind == Kind::date) return out;
  const auto seconds = static_cast<int>(of_day / 1'000'000);
  length = std::snprintf(text, sizeof text, "%c%02d:%02d:%02d", column.t_between ? 'T' : ' ',
                         seconds / 3600, seconds / 60 % 60, seconds % 60);
  out.append(text, static_cast<std::size_t>(length));
  if (of_day % 1'000'000 != 0) {
    length = std::snprintf(text, sizeof text, ".%06d", static_cast<int>(of_day % 1'000'000));
    out.append(text, static_cast<std::size_t>(length));
  }
  if (column.kind != Kind::instant) return out;
  if (value.offset_minutes == 0 && dice.chance(2)) return out + "Z";
  const int offset = std::abs(value.offset_minutes);
  length = std::snprintf(text, sizeof text, dice.chance(2) ? "%c%02d:%02d" : "%c%02d%02d",
                         value.offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
  return out.append(text, static_cast<std::size_t>(length));
}

std::string value_text(const Column& column, const Value& value, const Dialect& dialect,
                       Dice& dice) {
  switch (column.kind) {
    case Kind::integer:
    case Kind::big:
    case Kind::decimal:
      return dialect.json ? value.exact : localised(value.exact, dialect);
    case Kind::real:
      return dialect.json ? real_text(value.number, dialect)
                          : localised(real_text(value.number, dialect), dialect);
    case Kind::boolean:
      if (dialect.json) return value.truth ? "true" : "false";
      return value.truth ? dice.of<std::string>({"true", "True", "TRUE"})
                         : dice.of<std::string>({"false", "False", "FALSE"});
    case Kind::text:
    case Kind::zip:
    case Kind::nothing:
      return value.exact;
    default:
      return time_text(column, value, dice);
  }
}

bool must_quote(const std::string& text, const Dialect& dialect, bool first) {
  if (text.empty() || text == dialect.null_text) return true;
  if (first && dialect.comment != '\0' && text.front() == dialect.comment) return true;
  return text.find_first_of(std::string("\n\r") + dialect.delimiter + dialect.quote) !=
         std::string::npos;
}

std::string quoted(const std::string& text, const Dialect& dialect) {
  std::string out(1, dialect.quote);
  for (const char c : text) {
    if (dialect.backslash && (c == dialect.quote || c == '\\')) out += '\\';
    if (!dialect.backslash && c == dialect.quote) out += c;
    out += c;
  }
  return out + dialect.quote;
}

std::string csv_text(Dice& dice, const Table& table, const std::vector<std::size_t>& order,
                     std::size_t from, std::size_t to, const Dialect& dialect) {
  const std::string end = dice.of<std::string>({"\n", "\n", "\r\n", "\r"});
  std::string out;
  if (!dialect.delimiter_is_told && dialect.header && dialect.skip == 0 && dice.chance(8))
    out += std::string("sep=") + dialect.delimiter + end;
  for (std::size_t i = 0; i < dialect.skip; ++i) out += "a line to skip" + end;
  const auto add = [&](const std::string& text, bool null, std::size_t position) {
    if (position > 0) out += dialect.delimiter;
    if (null)
      out += dialect.null_text;
    else if (dialect.quote_all || must_quote(text, dialect, position == 0))
      out += quoted(text, dialect);
    else
      out += text;
  };
  if (dialect.header) {
    for (std::size_t i = 0; i < order.size(); ++i) add(table.columns[order[i]].name, false, i);
    out += end;
  }
  for (std::size_t row = from; row < to; ++row) {
    if (dialect.comment != '\0' && dice.chance(4)) out += dialect.comment + std::string(" c") + end;
    const std::size_t start = out.size();
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Value& value = table.columns[order[i]].values[row];
      add(value.written, value.null, i);
    }
    // A last row that is blank is only there if its line ends.
    if (row + 1 < to || out.size() == start || !dice.chance(4)) out += end;
  }
  return out;
}

std::string json_string(Dice& dice, const std::string& text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    char escape[8];
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (byte < 0x20 || (byte < 0x80 && dice.chance(40))) {
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string json_text(Dice& dice, const Table& table, const std::vector<std::size_t>& order,
                      std::size_t from, std::size_t to) {
  const bool list = dice.chance(3);
  const std::string gap = dice.of<std::string>({"", " ", "  "});
  std::string out = list ? "[" + gap : "";
  for (std::size_t row = from; row < to; ++row) {
    if (list && row > from) out += dice.of<std::string>({",", ",\n", " , "});
    out += "{";
    bool first = true;
    for (const std::size_t c : order) {
      const Column& column = table.columns[c];
      const Value& value = column.values[row];
      if (value.null && row != from && dice.chance(2)) continue;  // a key that is missing
      if (!first) out += "," + gap;
      first = false;
      const bool bare = column.kind == Kind::integer || column.kind == Kind::big ||
                        column.kind == Kind::decimal || column.kind == Kind::real ||
                        column.kind == Kind::boolean;
      out += json_string(dice, column.name) + gap + ":" + gap;
      out += value.null ? "null" : bare ? value.written : json_string(dice, value.written);
    }
    out += gap + "}";
    if (!list) out += dice.of<std::string>({"\n", "\r\n", "\n\n"});
  }
  return list ? out + gap + "]" + (dice.chance(2) ? "\n" : "") : out;
}

std::vector<std::uint32_t> code_points(const std::string& text) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    std::uint32_t code = more == 0 ? first : first & (0x3FU >> more);
    for (std::size_t k = 1; k <= more; ++k)
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    out.push_back(code);
    i += more + 1;
  }
  return out;
}

std::string encoded(const std::string& text, const std::string& encoding) {
  if (encoding == "auto") return text;
  std::string out;
  if (encoding == "latin-1") {
    for (const auto code : code_points(text)) out += static_cast<char>(code);
    return out;
  }
  const bool big = encoding == "utf-16be";
  const auto put = [&](std::uint32_t unit) {
    const char high = static_cast<char>(unit >> 8);
    const char low = static_cast<char>(unit & 0xFF);
    out += big ? high : low;
    out += big ? low : high;
  };
  put(0xFEFF);
  for (const auto code : code_points(text)) {
    if (code < 0x10000) {
      put(code);
    } else {
      put(0xD800 + ((code - 0x10000) >> 10));
      put(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }
  return out;
}

std::string packed(Dice& dice, const std::string& text) {
  switch (dice.roll(6)) {
    case 0:
      return gzipped(text);
    case 1: {
      const std::size_t cut = dice.roll(text.size() + 1);
      return gzipped(text.substr(0, cut)) + gzipped(text.substr(cut));
    }
    case 2:
      return zstd_packed(text);
    default:
      return text;
  }
}

Dialect random_dialect(Dice& dice, const Table& table) {
  Dialect dialect;
  dialect.json = dice.chance(3);
  dialect.real_style = static_cast<int>(dice.roll(3));
  if (dialect.json) return dialect;
  dialect.delimiter = dice.of<char>({',', ',', ';', '\t', '|', '^', ' '});
  dialect.delimiter_is_told =
      dialect.delimiter == '^' || dialect.delimiter == ' ' || dice.chance(2);
  if (dice.chance(6)) dialect.quote = '\'';
  dialect.backslash = dice.chance(6);
  dialect.quote_all = dice.chance(5);
  if (dice.chance(6)) dialect.comment = '#';
  if (dice.chance(6)) dialect.skip = 1 + dice.roll(3);
  dialect.header = !dice.chance(8);
  dialect.null_text = dice.of<std::string>({"", "", "", "NA", "N/A", "null", "\\N", "-"});
  if (dice.chance(6)) {
    dialect.decimal = ',';
    if (dice.chance(2)) dialect.thousands = '.';
  } else if (dice.chance(8)) {
    dialect.thousands = dice.of<char>({',', '\''});
  }
  if (table.latin && dice.chance(3)) dialect.encoding = "latin-1";
  if (!table.latin && dice.chance(8)) dialect.encoding = dice.chance(2) ? "utf-16le" : "utf-16be";
  return dialect;
}

/// Whether some column's dates leave open which of their numbers is the day.
bool has_open_dates(const Table& table) {
  return std::ranges::any_of(table.columns, [](const Column& column) {
    const bool time =
        column.kind == Kind::date || column.kind == Kind::timestamp || column.kind == Kind::instant;
    return time && column.style != DateStyle::iso && column.style != DateStyle::slashes;
  });
}

/// Formats for the reader, told for each column, sometimes.
void tell_formats(Dice& dice, const Table& table, Written& out) {
  for (const auto& column : table.columns) {
    if (column.kind != Kind::date || dice.chance(2)) continue;
    const char* format = column.style == DateStyle::iso         ? "%Y-%m-%d"
                         : column.style == DateStyle::slashes   ? "%Y/%m/%d"
                         : column.style == DateStyle::day_month ? "%d/%m/%Y"
                         : column.style == DateStyle::month_day ? "%m/%d/%Y"
                                                                : "%d.%m.%Y";
    out.options.date_formats[column.name] = format;
  }
}

data::TextOptions options_of(const Dialect& dialect, const Table& table) {
  data::TextOptions options;
  options.json = dialect.json;
  if (dialect.delimiter_is_told) options.csv.delimiter = dialect.delimiter;
  options.csv.quote = dialect.quote;
  if (dialect.backslash) options.csv.escape = '\\';
  options.csv.comment = dialect.comment;
  options.csv.skip = static_cast<long>(dialect.skip);
  options.csv.header = dialect.header;
  if (!dialect.header)
    for (const auto& column : table.columns) options.csv.names.push_back(column.name);
  options.csv.nulls = {dialect.null_text};
  options.numbers = {dialect.decimal, dialect.thousands};
  options.bytes.encoding = dialect.encoding;
  return options;
}

}  // namespace

Written write_table(Dice& dice, Table& table, const std::filesystem::path& folder) {
  const Dialect dialect = random_dialect(dice, table);
  Written out;
  out.options = options_of(dialect, table);
  out.may_refuse = has_open_dates(table);
  tell_formats(dice, table, out);
  for (auto& column : table.columns)
    for (auto& value : column.values)
      value.written = value.null ? "" : value_text(column, value, dialect, dice);
  // Without a word about the separator: a lone column has none, and names may hold others.
  if (!dialect.json && !dialect.delimiter_is_told) {
    const bool open = table.columns.size() == 1 || !dialect.header ||
                      std::ranges::any_of(table.columns, [](const Column& column) {
                        return column.name.find_first_of(",;\t|") != std::string::npos;
                      });
    out.may_refuse = out.may_refuse || open;
  }
  if (dialect.json && table.rows == 0) out.may_refuse = true;  // no row, no key, no column
  const std::size_t files = 1 + (dice.chance(4) ? dice.roll(3) : 0);
  std::size_t from = 0;
  for (std::size_t i = 0; i < files; ++i) {
    const std::size_t to = i + 1 == files ? table.rows : from + dice.roll(table.rows - from + 1);
    std::vector<std::size_t> order(table.columns.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (i > 0 && dialect.header)
      for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[dice.roll(k)]);
    const std::string text = dialect.json ? json_text(dice, table, order, from, to)
                                          : csv_text(dice, table, order, from, to, dialect);
    const std::string bom = dialect.encoding == "auto" && dice.chance(10) ? "\xef\xbb\xbf" : "";
    const auto file = folder / (std::to_string(i) + (dialect.json ? ".jsonl" : ".csv"));
    std::ofstream(file, std::ios::binary) << packed(dice, bom + encoded(text, dialect.encoding));
    out.options.files.push_back(file);
    from = to;
  }
  return out;
}

}  // namespace millrace::roundtrip

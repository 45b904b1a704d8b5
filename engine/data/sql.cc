#include "engine/data/sql.h"

namespace millrace::data {
namespace {

std::string quote(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    if (c == mark) out += mark;
    out += c;
  }
  out += mark;
  return out;
}

}  // namespace

std::string quote_identifier(std::string_view name) { return quote(name, '"'); }
std::string quote_literal(std::string_view text) { return quote(text, '\''); }

std::string literal(const Json& value) {
  switch (value.type()) {
    case Json::Type::null:
      return "NULL";
    case Json::Type::boolean:
      return value.as_bool() ? "true" : "false";
    case Json::Type::integer:
      return value.dump();
    case Json::Type::number:
      // A bare 0.1 would be read as a DECIMAL.
      return "(" + value.dump() + ")::DOUBLE";
    case Json::Type::string:
      return quote_literal(value.as_view());
    case Json::Type::array: {
      std::vector<std::string> items;
      for (const auto& item : value.items()) items.push_back(literal(item));
      return "[" + join(items, ", ") + "]";
    }
    case Json::Type::object:
      return quote_literal(value.dump());
  }
  return "NULL";
}

std::string identifier_list(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (const auto& name : names) quoted.push_back(quote_identifier(name));
  return join(quoted, ", ");
}

std::string with_article(std::string_view type) {
  const bool vowel = std::string_view("AEIO").find(type.substr(0, 1)) != std::string_view::npos;
  return (vowel && !type.empty() ? "an " : "a ") + std::string(type);
}

std::string join(const std::vector<std::string>& pieces, std::string_view separator) {
  std::string out;
  for (const auto& piece : pieces) {
    if (!out.empty()) out += separator;
    out += piece;
  }
  return out;
}

}  // namespace millrace::data

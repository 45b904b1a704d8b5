#include "engine/core/expression_token.h"

#include <array>
#include <cmath>

#include "engine/core/expression_value.h"

namespace millrace::expr {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c) || c == '-'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Longest first: the first that fits is the token.
constexpr std::array<std::string_view, 18> kSymbols = {
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", ".", ",", "!", "<", ">", "|", "*", "="};

}  // namespace

Error syntax_error(std::size_t column, const std::string& message) {
  return invalid_argument("column " + std::to_string(column) + ": " + message);
}

Token Tokenizer::make(TokenKind kind, std::size_t length) {
  Token token{kind, text_.substr(at_, length), {}, at_ + 1};
  at_ += length;
  return token;
}

Result<Token> Tokenizer::next() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  if (at_ == text_.size()) return make(TokenKind::end, 0);
  Result<Token> token = text_[at_] == '\''          ? string_literal()
                        : number_starts_here()      ? number_literal()
                        : is_name_start(text_[at_]) ? Result<Token>(name())
                                                    : symbol();
  if (token)
    after_value_ =
        token->kind != TokenKind::symbol || token->is(")") || token->is("]") || token->is("*");
  return token;
}

bool Tokenizer::number_starts_here() const {
  std::size_t i = at_;
  const auto at = [&](std::size_t k) { return k < text_.size() ? text_[k] : '\0'; };
  if (is_digit(at(i))) return true;
  if (after_value_) return false;
  if (at(i) == '-' || at(i) == '+') ++i;
  if (i > at_ && text_.substr(i).starts_with("Infinity")) return true;
  if (at(i) == '.') ++i;
  return is_digit(at(i));
}

Result<Token> Tokenizer::string_literal() {
  std::string value;
  std::size_t i = at_ + 1;
  while (true) {
    const std::size_t quote = text_.find('\'', i);
    if (quote == std::string_view::npos)
      return syntax_error(at_ + 1, "this string has no closing '");
    value.append(text_, i, quote - i);
    i = quote + 1;
    if (i >= text_.size() || text_[i] != '\'') break;
    value += '\'';  // two quotes stand for one
    ++i;
  }
  Token token = make(TokenKind::literal, i - at_);
  token.value = Json(std::move(value));
  return token;
}

Result<Token> Tokenizer::number_literal() {
  std::size_t i = at_;
  while (i < text_.size() && (is_name_part(text_[i]) || text_[i] == '.' || text_[i] == '+')) {
    const bool sign = text_[i] == '+' || text_[i] == '-';
    if (sign && i > at_ && text_[i - 1] != 'e' && text_[i - 1] != 'E') break;
    ++i;
  }
  Token token = make(TokenKind::literal, i - at_);
  const std::optional<Json> value = parse_number(token.text);
  if (!value)
    return syntax_error(token.column,
                        "'" + std::string(token.text.substr(0, 64)) + "' is not a number");
  const bool is_whole = token.text.find_first_not_of("+-0123456789") == std::string_view::npos;
  if (is_whole && !value->is_integer())
    return syntax_error(token.column,
                        "'" + std::string(token.text.substr(0, 64)) + "' does not fit 64 bits");
  token.value = *value;
  return token;
}

Token Tokenizer::name() {
  std::size_t i = at_;
  while (i < text_.size() && is_name_part(text_[i])) ++i;
  Token token = make(TokenKind::name, i - at_);
  // Keywords are literals, except after a dot, where they are plain member names.
  const bool member = token.column >= 2 && text_[token.column - 2] == '.';
  if (member) return token;
  const std::string_view word = token.text;
  if (word == "true" || word == "false")
    token.value = Json(word == "true");
  else if (word == "NaN" || word == "Infinity")
    token.value = Json(word == "NaN" ? std::nan("") : HUGE_VAL);
  else if (word != "null")
    return token;
  token.kind = TokenKind::literal;
  return token;
}

Result<Token> Tokenizer::symbol() {
  for (const std::string_view symbol : kSymbols) {
    if (!text_.substr(at_).starts_with(symbol)) continue;
    if (symbol == "=") return syntax_error(at_ + 1, "'=' means nothing here; compare with '=='");
    return make(TokenKind::symbol, symbol.size());
  }
  if (text_[at_] == '"')
    return syntax_error(at_ + 1, "strings stand in single quotes here, not in double ones");
  if (text_[at_] == '&') return syntax_error(at_ + 1, "'&' means nothing here; write '&&'");
  std::string shown(1, text_[at_]);
  if (static_cast<unsigned char>(shown[0]) < 0x20 || static_cast<unsigned char>(shown[0]) > 0x7e)
    shown = "this character";
  else
    shown = "'" + shown + "'";
  return syntax_error(at_ + 1, shown + " means nothing in an expression");
}

}  // namespace millrace::expr

// Tokens of the expression language. Internal to the expression files of this module.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace::expr {

enum class TokenKind { end, literal, name, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  // as written; of a symbol: one of ( ) [ ] . , ! < <= > >= == != && || | *
  Json value;             // of a literal
  std::size_t column = 1;  // from 1, in bytes

  bool is(std::string_view symbol) const { return kind == TokenKind::symbol && text == symbol; }
};

/// Reads one token after the other. `text` must outlive it.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}
  /// `end` for ever after the last one.
  Result<Token> next();

 private:
  Result<Token> string_literal();
  Result<Token> number_literal();
  Result<Token> symbol();
  Token name();
  Token make(TokenKind kind, std::size_t length);
  bool number_starts_here() const;

  std::string_view text_;
  std::size_t at_ = 0;
  bool after_value_ =
      false;  // the last token ends a value, so that a `.` is an access and not ".5"
};

/// "column 7: " in front of what was expected there.
Error syntax_error(std::size_t column, const std::string& message);

}  // namespace millrace::expr

#include "engine/core/expression_rewrite.h"

#include <algorithm>
#include <cmath>

#include "engine/core/expression_token.h"

namespace millrace {
namespace {

using expr::Token;
using expr::TokenKind;

/// The tokens as far as they can be read; the last one is `end`.
std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  expr::Tokenizer tokenizer(text);
  while (true) {
    auto token = tokenizer.next();
    if (!token) break;
    tokens.push_back(*std::move(token));
    if (tokens.back().kind == TokenKind::end) return tokens;
  }
  tokens.push_back({.kind = TokenKind::end, .text = {}, .value = {}, .column = text.size() + 1});
  return tokens;
}

/// One chain of names: the names, and the offset behind each of them.
struct Chain {
  std::vector<std::string> names;
  std::vector<std::size_t> ends;
  std::size_t tokens = 0;
};

std::size_t end_of(const Token& token) { return token.column - 1 + token.text.size(); }

/// The chain that begins with the token `first`, which is a name.
Chain chain_at(const std::vector<Token>& tokens, std::size_t first) {
  Chain chain{{std::string(tokens[first].text)}, {end_of(tokens[first])}, 1};
  for (std::size_t i = first + 1; i + 1 < tokens.size();) {
    if (tokens[i].is(".") && tokens[i + 1].kind == TokenKind::name) {
      chain.names.emplace_back(tokens[i + 1].text);
      chain.ends.push_back(end_of(tokens[i + 1]));
      i += 2;
    } else if (tokens[i].is("[") && i + 2 < tokens.size() && tokens[i + 1].value.is_string() &&
               tokens[i + 2].is("]")) {
      chain.names.push_back(tokens[i + 1].value.as_string());
      chain.ends.push_back(end_of(tokens[i + 2]));
      i += 3;
    } else {
      break;
    }
    chain.tokens = i - first;
  }
  return chain;
}

bool starts_chain(const std::vector<Token>& tokens, std::size_t at) {
  if (tokens[at].kind != TokenKind::name || tokens[at + 1].is("(")) return false;
  return at == 0 || !(tokens[at - 1].is(".") || tokens[at - 1].is("|"));
}

/// A literal, a call or a chain: what binds tighter than any operator.
bool is_one_value(std::string_view text) {
  const auto tokens = tokens_of(text);
  if (tokens.size() == 2) return true;
  if (starts_chain(tokens, 0)) return chain_at(tokens, 0).tokens + 1 == tokens.size();
  if (tokens[0].kind != TokenKind::name || !tokens[1].is("(")) return false;
  int open = 0;
  for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
    open += tokens[i].is("(") ? 1 : tokens[i].is(")") ? -1 : 0;
    if (open == 0) return i + 2 == tokens.size();
  }
  return false;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Result<std::string> replace_names(std::string_view expression, const ReplaceNames& replace) {
  const auto tokens = tokens_of(expression);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!starts_chain(tokens, i)) continue;
    const Chain chain = chain_at(tokens, i);
    MR_TRY(const auto replacement, replace(chain.names));
    if (replacement && replacement->names > 0) {
      const std::size_t start = tokens[i].column - 1;
      out += expression.substr(copied, start - copied);
      out += is_one_value(replacement->text) ? replacement->text : "(" + replacement->text + ")";
      copied = chain.ends[std::min(replacement->names, chain.ends.size()) - 1];
    }
    i += chain.tokens - 1;
  }
  return out.append(expression.substr(copied));
}

std::optional<std::vector<std::string>> whole_chain(std::string_view expression) {
  const auto tokens = tokens_of(expression);
  if (tokens.size() < 2 || !starts_chain(tokens, 0)) return std::nullopt;
  Chain chain = chain_at(tokens, 0);
  if (chain.tokens + 1 != tokens.size()) return std::nullopt;
  const std::string_view rest = expression.substr(chain.ends.back());
  if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos) return std::nullopt;
  return std::move(chain.names);
}

std::optional<std::string> expression_of(const Json& value) {
  if (value.is_string()) return quoted(value.as_view());
  if (value.is_array() || value.is_object()) return "fromJSON(" + quoted(value.dump()) + ")";
  if (value.is_number() && !std::isfinite(value.as_double())) return std::nullopt;
  return value.dump();
}

std::string task_expression(std::string_view id) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const bool plain = !id.empty() && is_letter(id[0]) && std::ranges::all_of(id, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
  });
  return plain ? "tasks." + std::string(id) : "tasks[" + quoted(id) + "]";
}

}  // namespace millrace

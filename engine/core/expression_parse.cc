// Recursive descent over the grammar of GitHub Actions, and a pipe:
//
//   any_of   = all_of { "||" all_of }
//   all_of   = equality { "&&" equality }
//   equality = relation { ("==" | "!=") relation }
//   relation = unary { ("<" | "<=" | ">" | ">=") unary }
//   unary    = "!" unary | piped
//   piped    = postfix { "|" name [ "(" arguments ")" ] }       x | f(y)  is  f(x, y)
//   postfix  = primary { "." name | "." "*" | "[" any_of "]" | "[" "*" "]" }
//   primary  = literal | name | name "(" arguments ")" | "(" any_of ")"
//
// A pipe binds as in Jinja: tighter than `!` and the comparisons.
#include "engine/base/suggest.h"
#include "engine/core/expression_functions.h"
#include "engine/core/expression_node.h"
#include "engine/core/expression_token.h"

namespace millrace::expr {
namespace {

using Kind = Node::Kind;
using NodePtr = std::unique_ptr<Node>;

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(text) {}

  Result<NodePtr> parse() {
    MR_CHECK(advance());
    if (token_.kind == TokenKind::end) return syntax_error(1, "the expression is empty");
    MR_TRY(NodePtr root, any_of());
    if (token_.kind != TokenKind::end) return unexpected("an operator or the end");
    return root;
  }

 private:
  using Rule = Result<NodePtr> (Parser::*)();

  Status advance() {
    MR_TRY(token_, tokens_.next());
    return {};
  }

  Error unexpected(const std::string& wanted) const {
    const std::string found = token_.kind == TokenKind::end
                                  ? "the end"
                                  : "'" + std::string(token_.text.substr(0, 64)) + "'";
    return syntax_error(token_.column, "expected " + wanted + ", found " + found);
  }

  Status expect(std::string_view symbol) {
    if (!token_.is(symbol)) return unexpected("'" + std::string(symbol) + "'");
    return advance();
  }

  NodePtr make(Kind kind, std::size_t column) const {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->column = column;
    return node;
  }

  Status adopt(Node& parent, NodePtr child) const {
    parent.depth = std::max(parent.depth, child->depth + 1);
    if (parent.depth > kMaxDepth)
      return syntax_error(parent.column,
                          "the expression is nested deeper than " + std::to_string(kMaxDepth));
    parent.children.push_back(std::move(child));
    return {};
  }

  /// One flat node for a whole chain, so that a long one is not a deep one.
  Result<NodePtr> chain(Kind kind, std::string_view symbol, Rule operand) {
    MR_TRY(NodePtr first, (this->*operand)());
    if (!token_.is(symbol)) return first;
    NodePtr node = make(kind, first->column);
    MR_CHECK(adopt(*node, std::move(first)));
    while (token_.is(symbol)) {
      MR_CHECK(advance());
      MR_TRY(NodePtr next, (this->*operand)());
      MR_CHECK(adopt(*node, std::move(next)));
    }
    return node;
  }

  Result<NodePtr> any_of() {
    if (++nesting_ > kMaxDepth)
      return syntax_error(token_.column,
                          "the expression is nested deeper than " + std::to_string(kMaxDepth));
    auto node = chain(Kind::any_of, "||", &Parser::all_of);
    --nesting_;
    return node;
  }
  Result<NodePtr> all_of() { return chain(Kind::all_of, "&&", &Parser::equality); }

  bool at_relation() const {
    return token_.is("<") || token_.is("<=") || token_.is(">") || token_.is(">=");
  }
  bool at_equality() const { return token_.is("==") || token_.is("!="); }

  Result<NodePtr> binary(Kind kind, bool (Parser::*at_operator)() const, Rule operand) {
    MR_TRY(NodePtr left, (this->*operand)());
    while ((this->*at_operator)()) {
      NodePtr node = make(kind, token_.column);
      node->name = token_.text;
      MR_CHECK(advance());
      MR_CHECK(adopt(*node, std::move(left)));
      MR_TRY(NodePtr right, (this->*operand)());
      MR_CHECK(adopt(*node, std::move(right)));
      left = std::move(node);
    }
    return left;
  }
  Result<NodePtr> equality() {
    return binary(Kind::equality, &Parser::at_equality, &Parser::relation);
  }
  Result<NodePtr> relation() {
    return binary(Kind::relation, &Parser::at_relation, &Parser::unary);
  }

  Result<NodePtr> unary() {
    int negations = 0;
    const std::size_t column = token_.column;
    for (; token_.is("!"); ++negations) MR_CHECK(advance());
    MR_TRY(NodePtr node, piped());
    for (; negations > 0; --negations) {
      NodePtr outer = make(Kind::negation, column);
      MR_CHECK(adopt(*outer, std::move(node)));
      node = std::move(outer);
    }
    return node;
  }

  Result<NodePtr> piped() {
    MR_TRY(NodePtr node, postfix());
    while (token_.is("|")) {
      MR_CHECK(advance());
      if (token_.kind != TokenKind::name) return unexpected("the name of a function after '|'");
      const Token name = token_;
      MR_CHECK(advance());
      MR_TRY(node, call(name, std::move(node)));
    }
    return node;
  }

  Result<NodePtr> postfix() {
    MR_TRY(NodePtr node, primary());
    while (token_.is(".") || token_.is("[")) {
      const bool dot = token_.is(".");
      const std::size_t column = token_.column;
      MR_CHECK(advance());
      NodePtr access = make(Kind::member, column);
      NodePtr subscript;
      if (token_.is("*")) {
        access->kind = Kind::filter;
        MR_CHECK(advance());
      } else if (dot) {
        if (token_.kind != TokenKind::name) return unexpected("a name or '*' after '.'");
        access->name = token_.text;
        MR_CHECK(advance());
      } else {
        MR_TRY(subscript, any_of());
        access->kind = Kind::index;
        if (subscript->kind == Kind::literal && subscript->value.is_string()) {
          access->kind = Kind::member;  // a['b'] is a.b
          access->name = subscript->value.as_string();
          subscript.reset();
        }
      }
      if (!dot) MR_CHECK(expect("]"));
      MR_CHECK(adopt(*access, std::move(node)));
      if (subscript) MR_CHECK(adopt(*access, std::move(subscript)));
      node = std::move(access);
    }
    return node;
  }

  Result<NodePtr> primary() {
    const Token token = token_;
    if (token.kind == TokenKind::literal) {
      NodePtr node = make(Kind::literal, token.column);
      node->value = token.value;
      MR_CHECK(advance());
      return node;
    }
    if (token.kind == TokenKind::name) {
      MR_CHECK(advance());
      if (token_.is("(")) return call(token, nullptr);
      NodePtr node = make(Kind::root, token.column);
      node->name = token.text;
      return node;
    }
    if (!token.is("(")) return unexpected("a value");
    MR_CHECK(advance());
    MR_TRY(NodePtr node, any_of());
    MR_CHECK(expect(")"));
    return node;
  }

  /// The current token is "(", or after a pipe perhaps none of the call's.
  Result<NodePtr> call(const Token& name, NodePtr piped_value) {
    const std::string text(name.text.substr(0, 64));
    const Function* function = find_function(name.text);
    if (text == "hashFiles")
      return syntax_error(name.column,
                          "hashFiles() is not offered; artifacts carry their digest in outputs");
    if (function == nullptr)
      return syntax_error(name.column, "there is no function '" + text + "'" +
                                           did_you_mean(text, function_names()));
    NodePtr node = make(Kind::call, name.column);
    node->name = function->name;
    node->function = function;
    if (piped_value) MR_CHECK(adopt(*node, std::move(piped_value)));
    if (token_.is("(")) MR_CHECK(arguments(*node));
    const int given = static_cast<int>(node->children.size());
    if (function->call == nullptr && given >= function->min_arguments && given % 2 == 0)
      return syntax_error(name.column, text +
                                           "() takes pairs of a condition and a value, and one " +
                                           "value for when none holds; the last one is missing");
    if (given >= function->min_arguments && given <= function->max_arguments) return node;
    return syntax_error(name.column, wrong_count(*function, given));
  }

  Status arguments(Node& call_node) {
    MR_CHECK(expect("("));
    if (token_.is(")")) return advance();
    while (true) {
      MR_TRY(NodePtr argument, any_of());
      MR_CHECK(adopt(call_node, std::move(argument)));
      if (!token_.is(",")) break;
      MR_CHECK(advance());
    }
    if (!token_.is(")")) return unexpected("',' or ')'");
    return advance();
  }

  static std::string wrong_count(const Function& function, int given) {
    const int least = function.min_arguments, most = function.max_arguments;
    std::string wanted = std::to_string(least);
    if (most > least && most < 255) wanted += " to " + std::to_string(most);
    if (most == 255) wanted = "at least " + wanted;
    return std::string(function.name) + "() takes " + wanted +
           (wanted == "1" || wanted == "at least 1" ? " argument, " : " arguments, ") +
           std::to_string(given) + " given";
  }

  Tokenizer tokens_;
  Token token_;
  int nesting_ = 0;
};

}  // namespace

Result<std::unique_ptr<const Node>> parse_expression(std::string_view text) {
  if (text.size() > kMaxText)
    return make_error(ErrorCode::resource_exhausted,
                      "the expression is longer than " + std::to_string(kMaxText) + " bytes");
  MR_TRY(NodePtr root, Parser(text).parse());
  return std::unique_ptr<const Node>(std::move(root));
}

}  // namespace millrace::expr

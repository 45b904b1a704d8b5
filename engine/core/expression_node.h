// The syntax tree of an expression. Internal to the expression files of this module.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/core/expression.h"

namespace millrace {

namespace expr {
struct Function;

constexpr std::size_t kMaxText = 64u << 10;   // bytes of one expression
constexpr int kMaxDepth = 100;                // of the tree
constexpr std::size_t kMaxOutput = 1u << 20;  // bytes of one string that an expression makes
constexpr std::size_t kMaxWork = 16u << 20;   // values and bytes touched by one evaluation
}  // namespace expr

struct Expression::Node {
  enum class Kind {
    literal,   // value
    root,      // name: the scope's member
    member,    // child 0 . name
    index,     // child 0 [ child 1 ]
    filter,    // child 0 . *
    call,      // function(children)
    negation,  // ! child 0
    equality,  // children 0, 1; name: == !=
    relation,  // children 0, 1; name: < <= > >=
    all_of,    // children joined by &&
    any_of,    // children joined by ||
  };
  Kind kind = Kind::literal;
  Json value;
  std::string name;
  const expr::Function* function = nullptr;
  std::vector<std::unique_ptr<const Node>> children;
  int depth = 1;
  std::size_t column = 1;
};

namespace expr {

using Node = Expression::Node;

Result<std::unique_ptr<const Node>> parse_expression(std::string_view text);
/// `work` is what is left of kMaxWork, and is reduced.
Result<Json> evaluate(const Node& node, const Scope& scope, std::size_t& work);

}  // namespace expr
}  // namespace millrace

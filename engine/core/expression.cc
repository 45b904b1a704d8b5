#include "engine/core/expression.h"

#include <set>

#include "engine/core/expression_functions.h"
#include "engine/core/expression_node.h"

namespace millrace {
namespace {

using Node = Expression::Node;

/// The dotted name that `node` spells, or "" if it is no plain chain of names.
std::string dotted_name(const Node& node) {
  if (node.kind == Node::Kind::root) return node.name;
  if (node.kind != Node::Kind::member) return "";
  const std::string base = dotted_name(*node.children[0]);
  return base.empty() ? "" : base + "." + node.name;
}

void collect_references(const Node& node, std::set<std::string>& names) {
  if (const std::string name = dotted_name(node); !name.empty()) {
    names.insert(name);
    return;
  }
  for (const auto& child : node.children) collect_references(*child, names);
}

bool calls_status_function(const Node& node) {
  if (node.function != nullptr && node.function->status) return true;
  for (const auto& child : node.children)
    if (calls_status_function(*child)) return true;
  return false;
}

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
  MR_TRY(auto root, expr::parse_expression(text));
  Expression expression;
  expression.text_ = text;
  expression.root_ = std::move(root);
  return expression;
}

Result<Json> Expression::evaluate(const Scope& scope) const {
  std::size_t work = expr::kMaxWork;
  return expr::evaluate(*root_, scope, work);
}

std::vector<std::string> Expression::references() const {
  std::set<std::string> names;
  collect_references(*root_, names);
  return {names.begin(), names.end()};
}

bool Expression::uses_status_function() const { return calls_status_function(*root_); }

}  // namespace millrace

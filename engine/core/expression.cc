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

void collect_references(const Node& node, std::string_view except, std::set<std::string>& names) {
  if (node.function != nullptr && node.function->name == except) return;
  if (const std::string name = dotted_name(node); !name.empty()) {
    names.insert(name);
    return;
  }
  for (const auto& child : node.children) collect_references(*child, except, names);
}

using Type = std::optional<Json::Type>;

/// Of values of which one is taken: the type that all of them have.
Type common(Type a, Type b) {
  const auto is_number = [](Type t) { return t == Json::Type::integer || t == Json::Type::number; };
  if (a == b) return a;
  return is_number(a) && is_number(b) ? Type(Json::Type::number) : std::nullopt;
}

Type type_of_node(const Node& node, const Expression::TypeOf& type_of) {
  using Kind = Node::Kind;
  switch (node.kind) {
    case Kind::literal:
      return node.value.type();
    case Kind::root:
    case Kind::member: {
      const std::string name = dotted_name(node);
      return name.empty() ? std::nullopt : type_of(name);
    }
    case Kind::index:
      return std::nullopt;
    case Kind::filter:
      return Json::Type::array;
    case Kind::negation:
    case Kind::equality:
    case Kind::relation:
      return Json::Type::boolean;
    case Kind::call: {
      if (node.function->gives) return node.function->gives;
      if (node.function->call != nullptr || node.children.empty()) return std::nullopt;
      Type all = type_of_node(*node.children.back(), type_of);  // case()
      for (std::size_t i = 1; i < node.children.size(); i += 2)
        all = common(all, type_of_node(*node.children[i], type_of));
      return all;
    }
    case Kind::all_of:
    case Kind::any_of: {
      Type all = type_of_node(*node.children[0], type_of);
      for (const auto& child : node.children) all = common(all, type_of_node(*child, type_of));
      return all;
    }
  }
  return std::nullopt;
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

std::vector<std::string> Expression::references() const { return references_outside(""); }

std::vector<std::string> Expression::references_outside(std::string_view function) const {
  std::set<std::string> names;
  collect_references(*root_, function, names);
  return {names.begin(), names.end()};
}

std::optional<Json::Type> Expression::type(const TypeOf& type_of) const {
  return type_of_node(*root_, type_of);
}

bool Expression::uses_status_function() const { return calls_status_function(*root_); }

}  // namespace millrace

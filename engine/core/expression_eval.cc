#include <cmath>

#include "engine/core/expression_functions.h"
#include "engine/core/expression_node.h"
#include "engine/core/expression_value.h"

namespace millrace::expr {
namespace {

using Kind = Node::Kind;

const Json kNull;

/// A value that stands in the scope or the tree (borrowed) or was made (owned): access chains copy
/// nothing.
class Value {
 public:
  static Value borrow(const Json& json) {
    Value value;
    value.borrowed_ = &json;
    return value;
  }
  static Value own(Json json) {
    Value value;
    value.owned_ = std::move(json);
    return value;
  }
  const Json& json() const { return borrowed_ ? *borrowed_ : owned_; }
  bool is_owned() const { return borrowed_ == nullptr; }
  Json take() && { return borrowed_ ? *borrowed_ : std::move(owned_); }

  /// A child of this value: borrowed where this one is.
  Value child(const Json& part) && {
    if (borrowed_) return borrow(part);
    return own(Json(part));
  }

  bool filtered = false;  // made by `*`: accesses go to its items

 private:
  const Json* borrowed_ = nullptr;
  Json owned_;
};

/// The member or item that a name or a computed index names; nullptr if there is none.
const Json* find_item(const Json& value, const Json& index) {
  if (value.is_object()) return find_member(value, to_text(index));
  if (!value.is_array()) return nullptr;
  const double number = std::floor(to_number(index));
  if (!(number >= 0) || number >= static_cast<double>(value.size())) return nullptr;
  return &value.at(static_cast<std::size_t>(number));
}

const Json* find_named(const Json& value, const std::string& name) {
  return value.is_object() ? find_member(value, name) : find_item(value, Json(name));
}

class Evaluator {
 public:
  Evaluator(const Scope& scope, std::size_t& work) : scope_(scope), work_(work) {}

  Result<Value> eval(const Node& node) {
    MR_CHECK(charge(1));
    switch (node.kind) {
      case Kind::literal:
        return Value::borrow(node.value);
      case Kind::root:
        return Value::borrow(scope_.root ? (*scope_.root)[node.name] : kNull);
      case Kind::member:
        return access(node, [&](const Json& value) { return find_named(value, node.name); });
      case Kind::index: {
        MR_TRY(const Value index, eval(*node.children[1]));
        return access(node, [&](const Json& value) { return find_item(value, index.json()); });
      }
      case Kind::filter:
        return filter(node);
      case Kind::call:
        return call(node);
      case Kind::negation: {
        MR_TRY(const Value value, eval(*node.children[0]));
        return Value::own(Json(!truthy(value.json())));
      }
      case Kind::equality:
      case Kind::relation:
        return comparison(node);
      case Kind::all_of:
      case Kind::any_of:
        return short_circuit(node);
    }
    return Value();
  }

  Status charge(std::size_t amount) {
    if (amount > work_)
      return make_error(ErrorCode::resource_exhausted,
                        "the expression touches more data than an expression may");
    work_ -= amount;
    return {};
  }

 private:
  template <typename Find>
  Result<Value> access(const Node& node, const Find& find) {
    MR_TRY(Value base, eval(*node.children[0]));
    if (!base.filtered) {
      const Json* part = find(base.json());
      if (part == nullptr) return Value();
      if (base.is_owned()) MR_CHECK(charge(weight(*part)));
      return std::move(base).child(*part);
    }
    Json found = Json::array();
    for (const auto& item : base.json().items()) {
      const Json* part = find(item);
      if (part == nullptr) continue;
      MR_CHECK(charge(weight(*part)));
      found.push_back(*part);
    }
    return filtered(std::move(found));
  }

  /// `x.*`: the items of a list, the values of a mapping; of a filtered list, those of its items.
  Result<Value> filter(const Node& node) {
    MR_TRY(const Value base, eval(*node.children[0]));
    Json::Array found;
    const auto add_parts = [&](const Json& value) -> Status {
      MR_CHECK(charge(weight(value)));
      if (found.empty()) found.reserve(value.size());
      for (const auto& item : value.items()) found.push_back(item);
      for (const auto& member : value.members()) found.push_back(member.second);
      return {};
    };
    if (!base.filtered) {
      MR_CHECK(add_parts(base.json()));
    } else {
      for (const auto& item : base.json().items()) MR_CHECK(add_parts(item));
    }
    return filtered(Json(std::move(found)));
  }

  static Value filtered(Json items) {
    Value value = Value::own(std::move(items));
    value.filtered = true;
    return value;
  }

  /// case(condition, value, condition, value, …, otherwise): only what is chosen is evaluated.
  Result<Value> choose(const Node& node) {
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      MR_TRY(const Value condition, eval(*node.children[i]));
      if (!condition.json().is_bool())
        return invalid_argument("case: condition " + std::to_string(i / 2 + 1) + " is " +
                                std::string(type_name(condition.json().type())) +
                                "; expected true or false");
      if (condition.json().as_bool()) return eval(*node.children[i + 1]);
    }
    return eval(*node.children.back());
  }

  Result<Value> call(const Node& node) {
    if (node.function->call == nullptr) return choose(node);
    std::vector<Value> values;
    std::vector<const Json*> arguments;
    values.reserve(node.children.size());  // `arguments` points into it
    for (const auto& child : node.children) {
      MR_TRY(Value value, eval(*child));
      MR_CHECK(charge(weight(value.json())));
      values.push_back(std::move(value));
      arguments.push_back(&values.back().json());
    }
    MR_TRY(Json result, node.function->call(scope_, arguments));
    MR_CHECK(charge(weight(result)));
    return Value::own(std::move(result));
  }

  Result<Value> comparison(const Node& node) {
    MR_TRY(const Value left, eval(*node.children[0]));
    MR_TRY(const Value right, eval(*node.children[1]));
    const Json &a = left.json(), &b = right.json();
    MR_CHECK(charge(weight(a) + weight(b)));
    const std::string_view symbol = node.name;
    if (symbol == "==") return Value::own(Json(equal(a, b)));
    if (symbol == "!=") return Value::own(Json(!equal(a, b)));
    const std::partial_ordering order = compare(a, b);
    const bool holds = symbol == "<"    ? order < 0
                       : symbol == "<=" ? order <= 0
                       : symbol == ">"  ? order > 0
                                        : order >= 0;
    return Value::own(Json(holds));
  }

  /// The first operand that decides, else the last: the value itself, not its truth.
  Result<Value> short_circuit(const Node& node) {
    const bool stop_at = node.kind == Kind::any_of;
    Value value;
    for (const auto& child : node.children) {
      MR_TRY(value, eval(*child));
      if (truthy(value.json()) == stop_at) break;
    }
    return value;
  }

  const Scope& scope_;
  std::size_t& work_;
};

}  // namespace

Result<Json> evaluate(const Node& node, const Scope& scope, std::size_t& work) {
  Evaluator evaluator(scope, work);
  MR_TRY(Value value, evaluator.eval(node));
  MR_CHECK(evaluator.charge(weight(value.json())));
  return std::move(value).take();
}

}  // namespace millrace::expr

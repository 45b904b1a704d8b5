#include <set>
#include <variant>

#include "engine/core/expression.h"
#include "engine/core/expression_node.h"
#include "engine/core/expression_value.h"

namespace millrace {

/// One string with expressions in it.
struct Template::Part {
  std::vector<std::size_t> path;  // positions from the root down to the string
  std::vector<std::variant<std::string, Expression>>
      text;  // literal text and expressions, in order
};

namespace {

constexpr int kMaxTemplateDepth = 200;

using Pieces = std::vector<std::variant<std::string, Expression>>;

/// Position of the `}}` that ends the expression starting at `from`; one in a quoted string does
/// not.
std::size_t find_end(std::string_view text, std::size_t from) {
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (!quoted && text.substr(i).starts_with("}}")) return i;
  }
  return std::string_view::npos;
}

Result<Pieces> split(std::string_view text) {
  MR_TRY(const auto spans, find_expressions(text));
  Pieces pieces;
  std::size_t at = 0;
  for (const auto& span : spans) {
    auto expression = Expression::parse(span.text);
    if (!expression)
      return make_error(expression.error().code, "in '${{" + std::string(span.text.substr(0, 80)) +
                                                     "}}', " + expression.error().message);
    const std::size_t open = span.offset - 3;
    if (open > at) pieces.emplace_back(std::string(text.substr(at, open - at)));
    pieces.emplace_back(*std::move(expression));
    at = span.offset + span.text.size() + 2;
  }
  if (!pieces.empty() && at < text.size()) pieces.emplace_back(std::string(text.substr(at)));
  return pieces;
}

/// One step of a JSON pointer, RFC 6901.
std::string pointer_step(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

template <typename Part>
struct Compiler {
  std::vector<Part> parts;
  std::vector<std::size_t> path;

  Status walk(const Json& value, const std::string& pointer) {
    if (path.size() > kMaxTemplateDepth)
      return invalid_argument("nested deeper than " + std::to_string(kMaxTemplateDepth))
          .at(pointer);
    if (value.is_string()) {
      auto pieces = split(value.as_view());
      if (!pieces) return Error(pieces.error()).at(pointer);
      if (!pieces->empty()) parts.push_back({path, *std::move(pieces)});
    }
    path.push_back(0);
    for (const auto& item : value.items()) {
      MR_CHECK(walk(item, pointer + "/" + std::to_string(path.back())));
      ++path.back();
    }
    for (const auto& [name, member] : value.members()) {
      MR_CHECK(walk(member, pointer + pointer_step(name)));
      ++path.back();
    }
    path.pop_back();
    return {};
  }
};

Result<Json> render_pieces(const Pieces& pieces, const Scope& scope, std::size_t& work) {
  const auto evaluate = [&](const Expression& expression) -> Result<Json> {
    auto value = expression.evaluate(scope);
    if (!value)
      return make_error(value.error().code,
                        "in '${{" + expression.text() + "}}': " + value.error().message);
    const std::size_t cost = expr::weight(*value);
    if (cost > work)
      return make_error(ErrorCode::resource_exhausted, "the rendered value is too large");
    work -= cost;
    return value;
  };
  if (pieces.size() == 1) return evaluate(std::get<Expression>(pieces[0]));
  std::string text;
  for (const auto& piece : pieces) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      text += *literal;
    } else {
      MR_TRY(const Json value, evaluate(std::get<Expression>(piece)));
      text += expr::to_text(value);
    }
    if (text.size() > expr::kMaxOutput)
      return make_error(
          ErrorCode::resource_exhausted,
          "the text made is longer than " + std::to_string(expr::kMaxOutput) + " bytes");
  }
  return Json(std::move(text));
}

Json& descend(Json& root, const std::vector<std::size_t>& path) {
  Json* at = &root;
  for (const std::size_t step : path)
    at = at->is_array() ? &at->mutable_items()[step] : &at->mutable_members()[step].second;
  return *at;
}

std::string pointer_of(const Json& root, const std::vector<std::size_t>& path) {
  std::string out;
  const Json* at = &root;
  for (const std::size_t step : path) {
    out += at->is_array() ? "/" + std::to_string(step) : pointer_step(at->members()[step].first);
    at = at->is_array() ? &at->at(step) : &at->members()[step].second;
  }
  return out;
}

}  // namespace

Result<std::vector<ExpressionSpan>> find_expressions(std::string_view text) {
  std::vector<ExpressionSpan> spans;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("${{", at);
    if (open == std::string_view::npos) return spans;
    const std::size_t close = find_end(text, open + 3);
    if (close == std::string_view::npos) return invalid_argument("this '${{' has no closing '}}'");
    spans.push_back({open + 3, text.substr(open + 3, close - open - 3)});
    at = close + 2;
  }
}

Result<Template> Template::compile(const Json& value) {
  Compiler<Part> compiler;
  MR_CHECK(compiler.walk(value, ""));
  Template out;
  out.source_ = value;
  out.parts_ = std::make_shared<const std::vector<Part>>(std::move(compiler.parts));
  return out;
}

Result<Json> Template::render(const Scope& scope) const {
  Json out = source_;
  if (!parts_) return out;
  std::size_t work = expr::kMaxWork;
  for (const auto& part : *parts_) {
    auto value = render_pieces(part.text, scope, work);
    if (!value) return Error(value.error()).at(pointer_of(source_, part.path));
    descend(out, part.path) = *std::move(value);
  }
  return out;
}

bool Template::is_constant() const { return !parts_ || parts_->empty(); }

std::vector<std::string> Template::references() const {
  std::set<std::string> names;
  if (parts_)
    for (const auto& part : *parts_)
      for (const auto& piece : part.text)
        if (const auto* expression = std::get_if<Expression>(&piece))
          for (auto& name : expression->references()) names.insert(std::move(name));
  return {names.begin(), names.end()};
}

}  // namespace millrace

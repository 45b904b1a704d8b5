// `${{ … }}` expressions, with the grammar and coercions of GitHub Actions: literals, `.`/`[]`
// access and the
// `*` filter, `!`, `== != < <= > >=`, `&& ||`, and functions. Strings compare without regard to
// case. Parsing and evaluation are pure, bounded in depth and size, and never throw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace {

/// Items of a list that a function makes, and of the list of a `foreach`.
inline constexpr std::int64_t kMostItems = 1'000'000;

/// What names mean while an expression is evaluated. Not owned; valid during the call.
struct Scope {
  /// Roots: run, params, tasks, item, event, dag, watermarks. `tasks.<id>.outputs`, `.state`; a
  /// mapped task's `outputs` is the list of its instances' outputs.
  const Json* root = nullptr;
  // Answers of the status functions, over the task's upstream.
  bool success = true;     // success(): all of them succeeded or were skipped by choice
  bool failure = false;    // failure(): one of them failed, directly or through its upstream
  bool cancelled = false;  // cancelled(): the run is being cancelled
};

/// Immutable, cheap to copy, thread-safe.
class Expression {
 public:
  struct Node;

  /// `text` is what is between `${{` and `}}`. The error's message tells the column in `text`
  /// and what was expected.
  static Result<Expression> parse(std::string_view text);
  Result<Json> evaluate(const Scope& scope) const;

  /// Dotted names that it reads, up to the first computed index, e.g. "tasks.train.outputs.model",
  /// sorted, once each.
  std::vector<std::string> references() const;
  /// The same without what is read inside calls of `function`.
  std::vector<std::string> references_outside(std::string_view function) const;
  /// The type that its value has, if it follows from the text and from the types of what it reads.
  /// `number` may turn out to be an integer; `type_of` answers nullopt for what it does not know.
  using TypeOf = std::function<std::optional<Json::Type>(const std::string& reference)>;
  std::optional<Json::Type> type(const TypeOf& type_of) const;
  /// True if it calls success(), failure(), always() or cancelled(): then `if:` replaces the
  /// default "all succeeded".
  bool uses_status_function() const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
};

/// GitHub's truthiness: false, 0, -0, "", null and NaN are false.
bool truthy(const Json& value);

/// One `${{ … }}` of a string: the text between the braces, and where that starts.
struct ExpressionSpan {
  std::size_t offset = 0;
  std::string_view text;
};
/// In order; views into `text`. Error: one that is not closed.
Result<std::vector<ExpressionSpan>> find_expressions(std::string_view text);

/// A value of a YAML file in which strings may hold expressions. Immutable, cheap to copy,
/// thread-safe.
class Template {
 public:
  struct Part;

  /// Walks the whole tree. The error's `where` is the JSON pointer of the string at fault, e.g.
  /// "/input/0".
  static Result<Template> compile(const Json& value);
  /// A string that is exactly one expression takes the expression's type; in a longer one the
  /// values are joined as text.
  Result<Json> render(const Scope& scope) const;

  bool is_constant() const;  // no expression in it: render returns `source` unchanged
  std::vector<std::string> references() const;
  const Json& source() const { return source_; }

 private:
  Json source_;
  std::shared_ptr<const std::vector<Part>> parts_;
};

}  // namespace millrace

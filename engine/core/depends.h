// Depends: when a task may start, as an expression over the states of other tasks:
// "a.success && (b.failed || c.skipped)". It is three-valued: what a task will become that has not
// ended is unknown, and the expression may be certain nevertheless.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace millrace {

/// What an expression asks of a task; the first four from the best to the worst. A cancelled task
/// counts as failed, a failure that is forgiven as a success; of a mapped task the worst state
/// counts.
enum class DependsOn { success, skipped, upstream_failed, failed, ended, success_or_skipped };
/// All but the last, which is what the name of a task alone means.
constexpr std::array<std::string_view, 5> names_of(DependsOn) {
  return {"success", "skipped", "upstream_failed", "failed", "ended"};
}

/// Immutable.
class Depends {
 public:
  struct Term {
    std::string name;        // as it is written: "a", "a.failed"
    std::size_t offset = 0;  // in the text
  };
  struct Meaning {
    std::string task;
    DependsOn state = DependsOn::success_or_skipped;
  };

  /// Errors begin with "column N: ".
  static Result<Depends> parse(std::string_view text);

  const std::vector<Term>& terms() const { return terms_; }
  /// `is_task` knows the ids, which may hold dots. Errors: an unknown task or state.
  template <typename IsTask>
  static Result<Meaning> meaning_of(std::string_view name, const IsTask& is_task) {
    if (is_task(name)) return Meaning{std::string(name), DependsOn::success_or_skipped};
    return split(name, is_task(name.substr(0, name.rfind('.'))));
  }

  /// `value_of(i)` is that of terms()[i]; nullopt: not certain yet.
  template <typename ValueOf>
  std::optional<bool> evaluate(const ValueOf& value_of) const {
    std::vector<std::optional<bool>> stack;
    for (const Step& step : steps_) {
      if (step.kind == Kind::term) {
        stack.push_back(value_of(step.term));
        continue;
      }
      if (step.kind == Kind::negation) {
        if (stack.back()) stack.back() = !*stack.back();
        continue;
      }
      const std::optional<bool> right = stack.back();
      stack.pop_back();
      stack.back() = combine(step.kind, stack.back(), right);
    }
    return stack.back();
  }

 private:
  enum class Kind : unsigned char { term, negation, conjunction, disjunction };
  struct Step {
    Kind kind;
    std::size_t term = 0;
  };
  class Parser;

  static Result<Meaning> split(std::string_view name, bool has_task);
  static std::optional<bool> combine(Kind kind, std::optional<bool> left,
                                     std::optional<bool> right);

  std::vector<Term> terms_;
  std::vector<Step> steps_;  // postfix
};

}  // namespace millrace

#include "engine/core/depends.h"

#include "engine/base/fields.h"
#include "engine/base/suggest.h"

namespace millrace {
namespace {

constexpr std::size_t kMaxText = 10'000;
constexpr int kMaxDepth = 64;

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

std::vector<std::string> state_names() {
  constexpr auto kNames = names_of(DependsOn{});
  return {kNames.begin(), kNames.end()};
}

}  // namespace

/// Recursive descent: `||` of `&&` of `!`, names and parentheses.
class Depends::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Depends> parse() {
    if (text_.size() > kMaxText)
      return bad("the text is longer than " + std::to_string(kMaxText) + " bytes");
    MR_CHECK(any());
    if (at_ < text_.size()) return bad("expected && or ||, found " + here());
    return std::move(out_);
  }

 private:
  Status any() {
    MR_CHECK(all());
    while (take("||")) {
      MR_CHECK(all());
      out_.steps_.push_back({Kind::disjunction});
    }
    return {};
  }

  Status all() {
    MR_CHECK(one());
    while (take("&&")) {
      MR_CHECK(one());
      out_.steps_.push_back({Kind::conjunction});
    }
    return {};
  }

  Status one() {
    if (++depth_ > kMaxDepth) return bad("the expression is nested too deeply");
    if (take("!")) {
      MR_CHECK(one());
      out_.steps_.push_back({Kind::negation});
    } else if (take("(")) {
      MR_CHECK(any());
      if (!take(")")) return bad("expected ), found " + here());
    } else {
      MR_CHECK(name());
    }
    --depth_;
    return {};
  }

  Status name() {
    skip_blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_of_name(text_[at_])) ++at_;
    if (at_ == begin) return bad("expected a task, found " + here());
    out_.steps_.push_back({Kind::term, out_.terms_.size()});
    out_.terms_.push_back({std::string(text_.substr(begin, at_ - begin)), begin});
    skip_blanks();
    return {};
  }

  void skip_blanks() {
    constexpr std::string_view kBlanks = " \t\r\n";
    while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::string here() const {
    return at_ == text_.size() ? "the end" : "'" + std::string(text_.substr(at_, 1)) + "'";
  }
  Error bad(const std::string& why) const {
    return invalid_argument("column " + std::to_string(at_ + 1) + ": " + why);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Depends out_;
};

Result<Depends> Depends::parse(std::string_view text) { return Parser(text).parse(); }

Result<Depends::Meaning> Depends::split(std::string_view name, bool has_task) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || !has_task)
    return not_found("there is no task '" + std::string(name.substr(0, dot)) + "'");
  const std::string_view word = name.substr(dot + 1);
  constexpr auto kNames = names_of(DependsOn{});
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == word)
      return Meaning{std::string(name.substr(0, dot)), static_cast<DependsOn>(i)};
  const std::vector<std::string> known = state_names();
  std::string hint = did_you_mean(word, known);
  if (hint.empty()) hint = "; there are success, failed, skipped, upstream_failed and ended";
  return not_found("there is no state '" + std::string(word) + "' of a task" + hint);
}

std::optional<bool> Depends::combine(Kind kind, std::optional<bool> left,
                                     std::optional<bool> right) {
  const bool decides = kind == Kind::disjunction;  // the value that one side alone decides
  if (left == decides || right == decides) return decides;
  if (!left || !right) return std::nullopt;
  return !decides;
}

}  // namespace millrace

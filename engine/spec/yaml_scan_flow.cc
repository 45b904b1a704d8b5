// Flow collections, anchors, tags and aliases.
#include <cctype>

#include "engine/spec/yaml_grammar.h"

namespace millrace::spec {
namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
/// Production 39, ns-uri-char, but for `%`.
bool is_uri_char(char c) {
  return is_word(c) || std::string_view("#;/?:@&=+$,_.!~*'()[]").find(c) != std::string_view::npos;
}

}  // namespace

/// Anchors and tags in front of a value, on this line. Blanks behind them are read.
YamlGrammar::Properties YamlGrammar::properties(bool flow) {
  Properties found;
  while (peek() == '&' || peek() == '!') {
    bool& seen = peek() == '&' ? found.anchor : found.tag;
    if (std::exchange(seen, true)) fail("a value has two anchors or tags");
    if (peek() == '&')
      anchor();
    else
      tag(flow);
    if (!space_at(0) && !(flow && at_flow_end())) fail("expected a space after an anchor or a tag");
    const Place end = here();
    skip_blanks();
    if (at_break() || at_end() || peek() == '#') {
      go_to(end);  // a line break or comment belongs to the search for the value
      break;
    }
  }
  return found;
}

void YamlGrammar::anchor() {
  const std::size_t start = ++at_;
  while (!space_at(0) && !is_flow_indicator(peek())) ++at_;
  if (at_ == start) fail("an anchor needs a name");
  anchors_.emplace(text_.substr(start, at_ - start));
}

void YamlGrammar::alias(bool flow) {
  const std::size_t start = ++at_;
  while (!space_at(0) && !is_flow_indicator(peek())) ++at_;
  const std::string_view name = text_.substr(start, at_ - start);
  if (!anchors_.contains(name))
    fail(start - 1, "no value before this one has the anchor " + quote("&" + std::string(name)),
         "write *text in quotes if it is meant as text");
  (void)flow;
}

/// "!", "!!name", "!name", "!handle!name" or "!<uri>".
void YamlGrammar::tag(bool flow) {
  const std::size_t start = at_++;
  const auto take_uri = [&](std::string_view except) {
    while (is_uri_char(peek()) && except.find(peek()) == std::string_view::npos) ++at_;
    return peek() == '%' && std::isxdigit(static_cast<unsigned char>(peek(1))) != 0 &&
           std::isxdigit(static_cast<unsigned char>(peek(2))) != 0;
  };
  if (peek() == '<') {
    ++at_;
    while (take_uri("")) at_ += 3;
    if (peek() != '>' || at_ == start + 2) fail(start, "a tag '!<…>' has no end, or is no URI");
    ++at_;
    return;
  }
  std::size_t handle = at_;  // behind "!", "!!" or "!name!"
  while (is_word(text_[std::min(handle, text_.size() - 1)]) && handle < text_.size()) ++handle;
  if (handle < text_.size() && text_[handle] == '!') {
    at_ = handle + 1;
    const std::string_view name = text_.substr(start, at_ - start);
    if (name != "!!" && !handles_.contains(name))
      fail(start, "the tag's prefix " + quote(name) + " is not declared");
    const std::size_t suffix = at_;
    while (take_uri(",[]{}!")) at_ += 3;
    if (at_ == suffix) fail(start, "a tag needs a name after " + quote(name));
  } else {
    while (take_uri(",[]{}!")) at_ += 3;
  }
  if (!space_at(0) && !(flow && is_flow_indicator(peek()))) fail(start, "this is no tag");
}

/// White space, comments and line breaks inside a flow collection. The library sees spaces.
void YamlGrammar::flow_separate(int indent) {
  while (true) {
    skip_blanks();
    skip_comment();
    if (at_end() || !at_break()) return;
    const std::size_t at = at_;
    take_break();
    mask(at, at_, ' ');
    if (at_any_marker()) fail("a list or mapping does not end before the document does");
    int spaces = 0;
    for (; peek() == ' '; ++at_) ++spaces;
    const Place line = here();
    skip_blanks();
    const bool closes = (peek() == ']' || peek() == '}') && spaces >= indent;
    const bool blank = at_end() || at_break() || peek() == '#';
    if (spaces <= indent && !closes && !blank)
      fail("this line of a list or mapping must be indented further than its key");
    go_to(line);
  }
}

bool YamlGrammar::at_flow_end() const {
  return at_end() || peek() == ',' || peek() == ']' || peek() == '}';
}

bool YamlGrammar::at_flow_value(bool after_json) {
  if (peek() != ':') return false;
  if (!after_json && (peek(1) == '[' || peek(1) == '{'))
    fail("a key without quotes needs a space after its ':'");
  return after_json || space_at(1) || is_flow_indicator(peek(1));
}

void YamlGrammar::flow_collection(int indent) {
  enter();
  const Place start = here();
  const bool list = peek() == '[';
  const char close = list ? ']' : '}';
  ++at_;
  flow_separate(indent);
  while (peek() != close || at_end()) {
    if (at_end()) fail(start.at, list ? "a list without its ']'" : "a mapping without its '}'");
    if (peek() == ',') fail("there is nothing before this ','");
    if (list)
      flow_sequence_entry(indent);
    else
      flow_mapping_entry(indent);
    flow_separate(indent);
    if (peek() == ',') {
      ++at_;
      flow_separate(indent);
    } else if (peek() != close && !at_end()) {
      fail(std::string("expected ',' or '") + close + "'");
    }
  }
  ++at_;
  leave();
}

/// A value, or one pair "key: value".
void YamlGrammar::flow_sequence_entry(int indent) {
  if (peek() == '?' && space_at(1)) return flow_mapping_entry(indent);
  const Place start = here();
  bool json = false;
  if (!at_flow_value(false)) json = flow_node(indent);
  const Place end = here();
  flow_separate(indent);
  if (!at_flow_value(json)) return go_to(end);
  if (line_ != start.line) fail(start.at, "a key in a list must stand on one line with its ':'");
  check_key(start);
  enter();
  ++at_;
  flow_separate(indent);
  if (!at_flow_end()) flow_node(indent);
  leave();
}

void YamlGrammar::flow_mapping_entry(int indent) {
  if (peek() == '?' && (space_at(1) || is_flow_indicator(peek(1)))) {
    ++at_;
    flow_separate(indent);
  }
  bool json = false;
  const Place start = here();
  if (!at_flow_value(false) && !at_flow_end()) json = flow_node(indent);
  const Place end = here();
  flow_separate(indent);
  if (!at_flow_value(json)) return go_to(end);
  check_key(start);
  ++at_;
  flow_separate(indent);
  if (!at_flow_end()) flow_node(indent);
}

bool YamlGrammar::flow_node(int indent) {
  const Properties mine = properties(true);
  if (mine.any()) {
    flow_separate(indent);
    if (at_flow_end() || at_flow_value(false)) {  // an empty value
      if (mine.tag) out_.scalars.push_back({.empty = true});
      return false;
    }
  }
  switch (peek()) {
    case '*':
      if (mine.any()) fail("an alias has neither anchor nor tag");
      alias(true);
      return false;
    case '"':
      double_quoted(indent);
      return true;
    case '\'':
      single_quoted(indent);
      return true;
    case '[':
    case '{':
      flow_collection(indent);
      return true;
    default:
      if (at_flow_end()) fail("expected a value");
      plain(indent, true);
      return false;
  }
}

}  // namespace millrace::spec

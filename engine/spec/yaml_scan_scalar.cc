// Scalars of every style, with their values.
#include <algorithm>

#include "engine/base/utf8.h"
#include "engine/spec/yaml_grammar.h"

namespace millrace::spec {
namespace {

/// Takes the white space at the end of what was read since `from`.
void trim_end(std::string& text, std::size_t from) {
  while (text.size() > from && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
}

/// Several line breaks in a row are one less; a single one is a space.
void append_folded(std::string& out, int breaks) {
  if (breaks == 1)
    out += ' ';
  else
    out.append(static_cast<std::size_t>(breaks - 1), '\n');
}

}  // namespace

void YamlGrammar::add_scalar(std::size_t from, std::size_t to, std::string text, bool plain) {
  mask(from, to, 'x');
  out_.scalars.push_back({std::move(text), plain});
}

bool YamlGrammar::can_begin_plain(bool flow) const {
  const char c = peek();
  if (c == '-' || c == '?' || c == ':')
    return !space_at(1) && !(flow && is_flow_indicator(peek(1)));
  return std::string_view(",[]{}#&*!|>'\"%@`").find(c) == std::string_view::npos;
}

/// Where the plain scalar's part on this line ends: at ": ", " #", or what ends it in a flow.
std::size_t YamlGrammar::plain_line_end(bool flow) const {
  std::size_t end = at_, i = at_;
  for (; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '\n' || c == '\r') break;
    if (c == ' ' || c == '\t') continue;
    if (c == '#' && i > 0 && (text_[i - 1] == ' ' || text_[i - 1] == '\t') && i > at_) break;
    const char next = i + 1 < text_.size() ? text_[i + 1] : '\0';
    const bool space = next == '\0' || next == ' ' || next == '\t' || next == '\n' || next == '\r';
    if (c == ':' && (space || (flow && is_flow_indicator(next)))) break;
    if (flow && is_flow_indicator(c)) break;
    end = i + 1;
  }
  return end;
}

void YamlGrammar::plain(int indent, bool flow) {
  if (!can_begin_plain(flow)) {
    const std::string shown(1, peek());
    fail("text cannot begin with '" + shown + "' here", "put it in quotes");
  }
  const std::size_t start = at_;
  std::string text;
  while (true) {
    const std::size_t end = plain_line_end(flow);
    text += text_.substr(at_, end - at_);
    at_ = end;
    int breaks = 0;
    if (!plain_goes_on(indent, flow, breaks)) break;
    append_folded(text, breaks);
  }
  add_scalar(start, at_, std::move(text), true);
}

/// Moves to the next line of a plain scalar, if it has one.
bool YamlGrammar::plain_goes_on(int indent, bool flow, int& breaks) {
  const Place end = here();
  while (at_blank()) ++at_;
  if (!at_end() && at_break()) {
    int spaces = 0;
    while (!at_end() && at_break()) {
      take_break();
      ++breaks;
      spaces = 0;
      const Place line = here();
      for (; peek() == ' '; ++at_) ++spaces;
      while (at_blank()) ++at_;
      if (at_end() || at_break()) continue;
      if (at_ == line.at && at_any_marker()) break;
      const bool ends = peek() == '#' || (flow && is_flow_indicator(peek())) ||
                        (peek() == ':' && (space_at(1) || (flow && is_flow_indicator(peek(1)))));
      if (!ends && spaces > indent) return true;
    }
  }
  go_to(end);
  return false;
}

/// The line breaks inside a quoted scalar, up to the next text or quote: how many.
int YamlGrammar::quoted_break(int indent) {
  int breaks = 0;
  while (!at_end() && at_break()) {
    take_break();
    ++breaks;
    if (at_any_marker()) fail("a quoted text does not end before the document does");
    int spaces = 0;
    for (; peek() == ' '; ++at_) ++spaces;
    while (at_blank()) ++at_;
    if (!at_end() && !at_break() && spaces <= indent)
      fail("this line of a quoted text must be indented further than its key");
  }
  return breaks;
}

void YamlGrammar::single_quoted(int indent) {
  const Place start = here();
  ++at_;
  std::string text;
  std::size_t kept = 0;
  while (true) {
    if (at_end()) fail(start.at, "a text in single quotes does not end", "close it with '");
    if (at_break()) {
      trim_end(text, kept);
      append_folded(text, quoted_break(indent));
      kept = text.size();
    } else if (peek() == '\'' && peek(1) != '\'') {
      break;
    } else {
      at_ += peek() == '\'' ? 1 : 0;  // two stand for one
      text += text_[at_++];
    }
  }
  ++at_;
  add_scalar(start.at + 1, at_ - 1, std::move(text), false);
}

void YamlGrammar::double_quoted(int indent) {
  const Place start = here();
  ++at_;
  std::string text;
  std::size_t kept = 0;  // up to here white space is not trimmed
  while (true) {
    if (at_end()) fail(start.at, "a text in double quotes does not end", "close it with \"");
    if (at_break()) {
      trim_end(text, kept);
      append_folded(text, quoted_break(indent));
      kept = text.size();
    } else if (peek() == '"') {
      break;
    } else if (peek() == '\\') {
      ++at_;
      if (!at_end() && at_break()) {  // the break is escaped: no space for it
        const int breaks = quoted_break(indent);
        text.append(static_cast<std::size_t>(breaks - 1), '\n');
      } else {
        escape(text);
      }
      kept = text.size();
    } else {
      text += text_[at_++];
    }
  }
  ++at_;
  add_scalar(start.at + 1, at_ - 1, std::move(text), false);
}

/// What follows a backslash, YAML 1.2.2, section 5.7.
void YamlGrammar::escape(std::string& out) {
  constexpr std::string_view kNames = "0abt\tnvfre \"/\\N_LP";
  constexpr std::uint32_t kCodes[] = {0,  7,  8,  9,  9,  10,   11,   12,     13,
                                      27, 32, 34, 47, 92, 0x85, 0xa0, 0x2028, 0x2029};
  const std::size_t start = at_ - 1;
  const char name = peek();
  ++at_;
  if (const std::size_t i = kNames.find(name); i != std::string_view::npos && name != '\0')
    return append_utf8(out, kCodes[i]);
  const int digits = name == 'x' ? 2 : name == 'u' ? 4 : name == 'U' ? 8 : 0;
  if (digits == 0)
    fail(start, "there is no escape '\\" + std::string(1, name) + "'",
         "write \\\\ for a backslash");
  const auto hex = [&](int count) {
    std::uint32_t code = 0;
    for (int i = 0; i < count; ++i, ++at_) {
      const char c = peek();
      const int value = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (value < 0) fail(start, "the escape needs " + std::to_string(count) + " hex digits");
      code = code << 4 | static_cast<std::uint32_t>(value);
    }
    return code;
  };
  std::uint32_t code = hex(digits);
  // JSON writes what is beyond 16 bits as a pair, and JSON is YAML.
  if (code >= 0xd800 && code < 0xdc00 && peek() == '\\' && peek(1) == 'u') {
    at_ += 2;
    const std::uint32_t low = hex(4);
    if (low >= 0xdc00 && low < 0xe000) code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if ((code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
    fail(start, "the escape stands for no character");
  append_utf8(out, code);
}

/// Reads empty lines and gives the indentation of the first other one; at least `least`.
int YamlGrammar::detect_indent(int least) {
  const Place start = here();
  int longest = 0;
  while (true) {
    int spaces = 0;
    for (; peek() == ' '; ++at_) ++spaces;
    if (at_end()) longest = std::max(longest, spaces);
    if (at_end() || !at_break()) {
      const bool content = !at_end() && spaces >= least && !(spaces == 0 && at_any_marker());
      if (content && longest > spaces)
        fail("an empty line above is indented further than the first line of this text");
      go_to(start);
      return content ? spaces : std::max(longest, least);
    }
    longest = std::max(longest, spaces);
    take_break();
  }
}

/// "|" keeps line breaks, ">" folds them; "2" gives the indentation; "-" and "+" say what becomes
/// of the last breaks.
void YamlGrammar::block_scalar(int indent) {
  const Place start = here();
  const bool folded = peek() == '>';
  ++at_;
  int given = 0;
  char chomp = '\0';
  for (; !space_at(0); ++at_) {
    const char c = peek();
    if (c >= '1' && c <= '9' && given == 0)
      given = c - '0';
    else if ((c == '-' || c == '+') && chomp == '\0')
      chomp = c;
    else
      fail(std::string("'") + c + "' means nothing after '" + (folded ? ">'" : "|'"));
  }
  std::size_t end = at_;
  end_line();
  if (!at_end()) take_break();
  const int least = std::max(indent, -1) + 1;
  const int wide = given > 0 ? std::max(indent, 0) + given : detect_indent(least);
  std::string text;
  int breaks = 0;                       // since the last text
  bool first = true, was_more = false;  // the last line began with white space
  while (!at_end()) {
    const Place line = here();
    int spaces = 0;
    for (; spaces < wide && peek() == ' '; ++at_) ++spaces;
    if (at_end()) {
      ++breaks;
      break;
    }
    if (at_break()) {
      ++breaks;
      take_break();
      continue;
    }
    if (spaces < wide || (wide == 0 && at_any_marker())) {
      if (peek() == '\t') {
        skip_blanks();
        if (at_end() || at_break()) fail("a tab in the indentation of a text");
      }
      go_to(line);
      break;
    }
    const bool more = at_blank();
    if (folded && !first && !was_more && !more && breaks > 0)
      append_folded(text, breaks);
    else
      text.append(static_cast<std::size_t>(breaks), '\n');
    while (!at_end() && !at_break()) text += text_[at_++];
    end = at_;
    breaks = 0;
    first = false;
    was_more = more;
    breaks = 1;  // also at the end of the file
    if (at_end()) break;
    take_break();
  }
  if (chomp == '+')
    text.append(static_cast<std::size_t>(breaks), '\n');
  else if (chomp == '\0' && !first && breaks > 0)
    text += '\n';
  add_scalar(start.at, end, std::move(text), false);
}

}  // namespace millrace::spec

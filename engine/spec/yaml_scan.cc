#include "engine/spec/yaml_scan.h"

#include "engine/spec/yaml.h"
#include "engine/spec/yaml_grammar.h"

namespace millrace::spec {
namespace {

/// What people most often run into, for a line that is refused.
std::string syntax_hint(std::string_view line) {
  line = line.substr(0, line.find('\n'));
  if (line.find("${{") != std::string_view::npos)
    return "put the text that holds ${{ }} in double quotes";
  if (line.find('\t') != std::string_view::npos) return "indent with spaces, not with tabs";
  return "";
}

}  // namespace

YamlGrammar::YamlGrammar(std::string_view text, Report& report) : text_(text), report_(report) {
  out_.masked = text;
}

void YamlGrammar::fail(std::size_t at, const std::string& message, const std::string& hint) {
  Place place = here();
  while (at < place.line_start) {  // of a line before this one
    --place.line;
    place.line_start = place.line_start < 2 ? 0 : text_.rfind('\n', place.line_start - 2) + 1;
  }
  report_.error({.line = std::max(place.line, 1),
                 .column = static_cast<int>(at - place.line_start) + 1,
                 .offset = at},
                "yaml-syntax", "not valid YAML: " + message,
                hint.empty() ? syntax_hint(text_.substr(place.line_start)) : hint);
  throw Stop();
}

bool YamlGrammar::space_at(std::size_t ahead) const {
  const char c = peek(ahead);
  return c == '\0' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool YamlGrammar::at_marker(std::string_view marker) const {
  return column() == 0 && text_.substr(at_).starts_with(marker) && space_at(3);
}

void YamlGrammar::go_to(const Place& place) {
  at_ = place.at;
  line_start_ = place.line_start;
  line_ = place.line;
}

void YamlGrammar::mask(std::size_t from, std::size_t to, char with) {
  for (std::size_t i = from; i < to; ++i) out_.masked[i] = with;
}

void YamlGrammar::take_break() {
  if (peek() == '\r') {
    out_.masked[at_] = peek(1) == '\n' ? ' ' : '\n';
    ++at_;
    if (peek() != '\n') {
      line_start_ = at_;
      return;
    }
  }
  ++at_;
  ++line_;
  line_start_ = at_;
}

bool YamlGrammar::skip_blanks() {
  bool tab = false;
  for (; at_blank(); ++at_) {
    tab = tab || peek() == '\t';
    out_.masked[at_] = ' ';
  }
  return tab;
}

void YamlGrammar::skip_comment() {
  if (peek() != '#') return;
  if (column() > 0 && text_[at_ - 1] != ' ' && text_[at_ - 1] != '\t')
    fail("a comment needs a space before its '#'");
  for (; !at_end() && !at_break(); ++at_) out_.masked[at_] = ' ';
}

YamlGrammar::Gap YamlGrammar::skip_to_content() {
  Gap gap;
  gap.new_line = at_ == line_start_;
  while (true) {
    if (gap.new_line) {
      gap.indent = 0;
      for (; peek() == ' '; ++at_) ++gap.indent;
      gap.tab = false;
    }
    gap.tab = skip_blanks() || gap.tab;
    skip_comment();
    if (at_end() || !at_break()) return gap;
    take_break();
    gap.new_line = true;
  }
}

void YamlGrammar::end_line() {
  skip_blanks();
  skip_comment();
  if (at_end() || at_break()) return;
  if (peek() == ':' && space_at(1)) fail("a second ':' on this line; put the value in quotes");
  fail("unexpected text after a value");
}

void YamlGrammar::enter() {
  if (++depth_ <= kMaxYamlDepth) return;
  report_.error({.line = line_, .column = column() + 1, .offset = at_}, "too-deep",
                "the document is nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
  throw Stop();
}

bool YamlGrammar::run() {
  try {
    document();
    return true;
  } catch (const Stop&) {
    return false;
  }
}

void YamlGrammar::document() {
  Gap gap;
  bool directives = false;
  while (true) {
    gap = skip_to_content();
    if (at_end()) {
      if (directives) fail("directives come before a document, and there is none");
      return;
    }
    if (column() == 0 && peek() == '%' && directive()) {
      directives = true;
    } else if (at_marker("...") && !directives) {
      at_ += 3;  // the end of no document
      end_line();
    } else {
      break;
    }
  }
  out_.empty = false;
  if (at_marker("---")) {
    at_ += 3;
    block_node(-1, false, false);
  } else {
    if (directives) fail("expected '---' after the directives");
    block_content(gap, -1, false, true, {});
  }
  expect_the_end();
}

void YamlGrammar::expect_the_end() {
  const std::size_t last = at_;
  const Gap gap = skip_to_content();
  if (at_end()) return;
  if (!gap.new_line && column() > 0) fail("unexpected text after a value");
  const bool ended = at_marker("...");
  if (ended) {
    at_ += 3;
    end_line();
    while (true) {
      skip_to_content();
      if (at_end()) return;
      if (!at_marker("...")) break;
      at_ += 3;
      end_line();
    }
  }
  if (!ended && !at_marker("---")) {
    if (gap.tab) fail("a tab in the indentation", "indent with spaces, not with tabs");
    fail(last < at_ ? at_ : last, "this line belongs to nothing before it");
  }
  report_.error({.line = line_, .column = column() + 1, .offset = at_}, "multiple-documents",
                "a second YAML document starts here", "one file holds one DAG");
  throw Stop();
}

/// "%YAML 1.2", "%TAG ! tag:…", or one that is reserved. The library gets none of them but %TAG.
bool YamlGrammar::directive() {
  const std::size_t start = at_;
  while (!at_end() && !at_break()) ++at_;
  std::string_view line = text_.substr(start, at_ - start);
  if (const std::size_t comment = line.find(" #"); comment != std::string_view::npos)
    line = line.substr(0, comment);
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t from = line.find_first_not_of(" \t", i);
    if (from == std::string_view::npos) break;
    i = std::min(line.find_first_of(" \t", from), line.size());
    words.push_back(line.substr(from, i - from));
  }
  const std::string_view name = words.empty() ? "" : words[0];
  if (name == "%YAML") {
    const bool version = words.size() == 2 && words[1].starts_with("1.") && words[1].size() == 3;
    if (!version) fail(start, "expected '%YAML 1.2'");
    if (!handles_.insert("%YAML").second) fail(start, "the directive '%YAML' is given twice");
  } else if (name == "%TAG") {
    if (words.size() != 3 || !words[1].starts_with('!') || !words[1].ends_with('!'))
      fail(start, "expected '%TAG !name! prefix'");
    if (!handles_.emplace(words[1]).second) fail(start, "a tag's prefix is declared twice");
    return true;
  } else if (name.size() < 2) {
    fail(start, "a directive needs a name");
  }
  mask(start, at_, ' ');
  return true;
}

bool YamlGrammar::belongs(const Gap& gap, int indent, bool sequence_beside) const {
  if (at_end() || (gap.new_line && at_any_marker())) return false;
  if (!gap.new_line || gap.indent > indent) return true;
  return sequence_beside && gap.indent == indent && !gap.tab && at_indicator('-');
}

void YamlGrammar::block_node(int indent, bool sequence_beside, bool compact) {
  const Place before = here();
  const Gap gap = skip_to_content();
  if (!belongs(gap, indent, sequence_beside)) return go_to(before);
  block_content(gap, indent, sequence_beside, compact || gap.new_line, {});
}

/// `compact`: a collection may begin on this line. `owned`: properties on the lines before this
/// one.
void YamlGrammar::block_content(const Gap& gap, int indent, bool sequence_beside, bool compact,
                                Properties owned) {
  const Place start = here();
  const int begin = gap.new_line && !gap.tab ? gap.indent : column();
  const auto begin_collection = [&] {
    if (!compact) fail("a list or mapping cannot begin on this line; begin it on the next");
    if (gap.tab)
      fail("a tab in the indentation of a list or mapping", "indent with spaces, not with tabs");
  };
  if (at_indicator('-')) {
    begin_collection();
    return block_sequence(begin);
  }
  if (at_indicator('?')) {
    begin_collection();
    return block_mapping(begin, false);
  }
  const Properties mine = properties(false);
  if (mine.any()) {
    const Place after = here();
    const Gap next = skip_to_content();
    const bool has_content = belongs(next, indent, sequence_beside);
    if (!has_content || next.new_line) {
      if (owned.meets(mine)) fail(start.at, "a value has two anchors or tags");
      const Properties all{owned.anchor || mine.anchor, owned.tag || mine.tag};
      if (has_content) return block_content(next, indent, sequence_beside, true, all);
      if (all.tag) out_.scalars.push_back({.empty = true});  // the library reports a scalar
      return go_to(after);
    }
    if (at_indicator('-') || at_indicator('?'))
      fail("a list or mapping with an anchor or tag begins on the next line");
  }
  const Place content = here();
  const char c = peek();
  if (c == '|' || c == '>') {
    if (owned.meets(mine)) fail(start.at, "a value has two anchors or tags");
    return block_scalar(indent);
  }
  if (c == '*') {
    if (mine.any()) fail("an alias has neither anchor nor tag");
    alias(false);
  } else if (c == '"') {
    double_quoted(indent);
  } else if (c == '\'') {
    single_quoted(indent);
  } else if (c == '[' || c == '{') {
    flow_collection(indent);
  } else if (!at_indicator(':')) {
    plain(indent, false);
  } else if (mine.tag) {
    out_.scalars.push_back({.empty = true});
  }
  const Place end = here();
  skip_blanks();
  if (at_indicator(':')) {
    if (end.line != content.line) fail(content.at, "a key must stand on one line");
    check_key(start);
    if (!compact) fail("a second ':' on this line; put the value in quotes");
    begin_collection();
    return block_mapping(begin, true);
  }
  if (owned.meets(mine) || (owned.any() && c == '*'))
    fail(start.at, "a value has two anchors or tags");
  go_to(end);
  end_line();
}

void YamlGrammar::check_key(const Place& start) {
  if (at_ - start.at > 1024) fail(start.at, "a key has more than 1024 bytes");
}

/// Moves to the next entry of a block collection at this indentation; false if it has ended.
bool YamlGrammar::next_entry(int indent) {
  const Place before = here();
  const Gap gap = skip_to_content();
  if (!at_end() && !gap.new_line) fail("unexpected text after a value");
  if (at_end() || at_any_marker() || (gap.indent < indent && !gap.tab)) {
    go_to(before);
    return false;
  }
  if (gap.tab) fail("a tab in the indentation", "indent with spaces, not with tabs");
  if (gap.indent > indent) fail("this line is indented further than the entries before it");
  return true;
}

void YamlGrammar::block_mapping(int indent, bool has_key) {
  enter();
  do {
    if (!std::exchange(has_key, false)) {
      if (at_indicator('?')) {
        block_entry(indent);
        continue;
      }
      implicit_key(indent);
    }
    ++at_;  // the ':'
    block_node(indent, true, false);
  } while (next_entry(indent));
  leave();
}

/// "? key", and on a line of its own ": value".
void YamlGrammar::block_entry(int indent) {
  ++at_;
  block_node(indent, true, true);
  const Place before = here();
  const Gap gap = skip_to_content();
  if (at_end() || !gap.new_line || gap.tab || gap.indent != indent || !at_indicator(':'))
    return go_to(before);
  ++at_;
  block_node(indent, true, true);
}

void YamlGrammar::implicit_key(int indent) {
  const Place start = here();
  if (at_indicator('-')) fail("expected a key, not an item of a list");
  const Properties mine = properties(false);
  skip_blanks();
  if (peek() == '*') {
    if (mine.any()) fail("an alias has neither anchor nor tag");
    alias(false);
  } else if (peek() == '"') {
    double_quoted(indent);
  } else if (peek() == '\'') {
    single_quoted(indent);
  } else if (peek() == '[' || peek() == '{') {
    flow_collection(indent);
  } else if (!at_indicator(':')) {
    plain(indent, false);
  } else if (mine.tag) {
    out_.scalars.push_back({.empty = true});
  }
  const Place end = here();
  skip_blanks();
  if (end.line != start.line || !at_indicator(':')) fail(start.at, "expected a key and ':' here");
  check_key(start);
}

void YamlGrammar::block_sequence(int indent) {
  enter();
  while (true) {
    ++at_;
    block_node(indent, false, true);
    const Place before = here();
    if (!next_entry(indent)) break;
    if (at_indicator('-')) continue;
    go_to(before);  // the mapping goes on whose value this list is
    break;
  }
  leave();
}

std::optional<ScannedYaml> scan_yaml(std::string_view text, Report& report) {
  YamlGrammar grammar(text, report);
  if (!grammar.run()) return std::nullopt;
  return grammar.take();
}

}  // namespace millrace::spec

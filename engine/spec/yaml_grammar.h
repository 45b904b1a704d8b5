// The rules of yaml_scan.h, by the productions of YAML 1.2.2. Internal to the files yaml_scan*.cc.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "engine/spec/yaml_scan.h"

namespace millrace::spec {

/// c-flow-indicator.
inline bool is_flow_indicator(char c) {
  return c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

class YamlGrammar {
 public:
  YamlGrammar(std::string_view text, Report& report);

  /// False: refused.
  bool run();
  ScannedYaml take() { return std::move(out_); }

 private:
  /// Thrown to end the reading; the reason is in the report.
  struct Stop {};
  /// White space, comments and line breaks in front of the next content.
  struct Gap {
    bool new_line = false;
    bool tab = false;  // between the content and the start of its line, or what precedes it there
    int indent = 0;    // spaces at the start of the content's line, where that is new
  };
  struct Place {
    std::size_t at, line_start;
    int line;
  };
  struct Properties {
    bool anchor = false, tag = false;
    bool any() const { return anchor || tag; }
    bool meets(const Properties& other) const {
      return (anchor && other.anchor) || (tag && other.tag);
    }
  };

  // Of the text: yaml_scan.cc.
  [[noreturn]] void fail(std::size_t at, const std::string& message, const std::string& hint = "");
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") {
    fail(at_, message, hint);
  }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_end() const { return at_ >= text_.size(); }
  bool at_break() const { return peek() == '\n' || peek() == '\r'; }
  bool at_blank() const { return peek() == ' ' || peek() == '\t'; }
  /// True if white space, a line break or the end is so far ahead.
  bool space_at(std::size_t ahead) const;
  bool at_indicator(char c) const { return peek() == c && space_at(1); }
  bool at_marker(std::string_view marker) const;
  bool at_any_marker() const { return at_marker("---") || at_marker("..."); }
  int column() const { return static_cast<int>(at_ - line_start_); }
  Place here() const { return {at_, line_start_, line_}; }
  void go_to(const Place& place);
  void take_break();
  bool skip_blanks();  // true if one was a tab
  void skip_comment();
  Gap skip_to_content();
  /// Nothing but a comment may follow on this line.
  void end_line();
  void mask(std::size_t from, std::size_t to, char with);
  void enter();
  void leave() { --depth_; }

  // Documents and block collections: yaml_scan.cc. `indent` is that of the parent, -1 at the top.
  void document();
  bool directive();
  void expect_the_end();
  bool belongs(const Gap& gap, int indent, bool sequence_beside) const;
  void block_node(int indent, bool sequence_beside, bool compact);
  void block_content(const Gap& gap, int indent, bool sequence_beside, bool compact,
                     Properties owned);
  void block_mapping(int indent, bool has_key);
  void block_entry(int indent);
  void block_sequence(int indent);
  bool next_entry(int indent);
  void implicit_key(int indent);
  void check_key(const Place& start);

  // Flow collections, properties and aliases: yaml_scan_flow.cc.
  Properties properties(bool flow);
  void anchor();
  void tag(bool flow);
  void alias(bool flow);
  void flow_separate(int indent);
  void flow_collection(int indent);
  void flow_sequence_entry(int indent);
  void flow_mapping_entry(int indent);
  /// True if the node is JSON-like, so that a `:` may follow without a space.
  bool flow_node(int indent);
  bool at_flow_value(bool after_json);
  bool at_flow_end() const;

  // Scalars: yaml_scan_scalar.cc. `indent`: lines after the first must be indented by more.
  bool can_begin_plain(bool flow) const;
  void plain(int indent, bool flow);
  bool plain_goes_on(int indent, bool flow, int& breaks);
  std::size_t plain_line_end(bool flow) const;
  void single_quoted(int indent);
  void double_quoted(int indent);
  int quoted_break(int indent);
  void escape(std::string& out);
  void block_scalar(int indent);
  int detect_indent(int least);
  void add_scalar(std::size_t from, std::size_t to, std::string text, bool plain);

  std::string_view text_;
  Report& report_;
  ScannedYaml out_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  int depth_ = 0;
  std::set<std::string, std::less<>> anchors_;
  std::set<std::string, std::less<>> handles_;  // of %TAG
};

}  // namespace millrace::spec

// Report: gathers the diagnostics of one file, bounded in number and in the work spent on
// suggestions, so that a hostile file cannot make its own error message the attack. Internal to
// this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/diagnostic.h"

namespace millrace::spec {

/// A place in a text.
struct Position {
  int line = 1;
  int column = 1;
  std::size_t offset = 0;  // bytes from the start
  int text = 0;            // 0: the file itself; otherwise one of its TemplateTexts
};

/// A template that a task of the file uses.
struct TemplateText {
  std::string file;
  std::string_view text;
  Position use;  // the task
};

class Report {
 public:
  explicit Report(std::string file, std::string_view text = {})
      : file_(std::move(file)), text_(text) {}

  void error(const Position& at, std::string_view code, std::string message, std::string hint = "");
  void warning(const Position& at, std::string_view code, std::string message,
               std::string hint = "");
  /// An error of the file as a whole.
  void file_error(std::string_view code, std::string message, std::string hint = "");
  /// A message that carries its own "; did you mean …" becomes message and hint.
  void error_with_suggestion(const Position& at, std::string_view code, const std::string& message);

  /// "did you mean 'x'?", or "": a hint.
  std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

  /// The value of Position::text for the places of a template. An error there is reported at the
  /// task that uses it, and names both. A warning is left to the report of the template's file.
  int add_template(TemplateText text);
  /// The text that holds a place.
  std::string_view text_of(const Position& at) const;
  /// The place of a byte of the text that holds `near`.
  Position place(const Position& near, std::size_t offset) const;

  /// So many that further ones are not kept.
  bool full() const;
  bool has_error() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  /// In the order of the file.
  std::vector<Diagnostic> take();

 private:
  void add(Diagnostic diagnostic);

  const TemplateText& template_of(const Position& at) const {
    return templates_[static_cast<std::size_t>(at.text) - 1];
  }

  std::string file_;
  std::string_view text_;
  std::vector<TemplateText> templates_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
  std::size_t comparisons_left_ = 20'000;
};

/// `text` in single quotes, cut where it is long.
std::string quote(std::string_view text);
/// "a, b, c".
std::string listed(const std::vector<std::string>& names);

}  // namespace millrace::spec

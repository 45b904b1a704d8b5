// Report: gathers the diagnostics of one file, bounded in number and in the work spent on
// suggestions, so that a hostile file cannot make its own error message the attack. Internal to
// this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/diagnostic.h"

namespace millrace::spec {

/// A place in the text.
struct Position {
  int line = 1;
  int column = 1;
  std::size_t offset = 0;  // bytes from the start
};

class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void error(const Position& at, std::string_view code, std::string message, std::string hint = "");
  void warning(const Position& at, std::string_view code, std::string message,
               std::string hint = "");
  /// An error of the file as a whole.
  void file_error(std::string_view code, std::string message, std::string hint = "");
  /// A message that carries its own "; did you mean …" becomes message and hint.
  void error_with_suggestion(const Position& at, std::string_view code, const std::string& message);

  /// "did you mean 'x'?", or "": a hint.
  std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

  /// So many that further ones are not kept.
  bool full() const;
  bool has_error() const { return errors_ > 0; }
  /// In the order of the file.
  std::vector<Diagnostic> take();

 private:
  void add(Diagnostic diagnostic);

  std::string file_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
  std::size_t comparisons_left_ = 20'000;
};

/// `text` in single quotes, cut where it is long.
std::string quote(std::string_view text);
/// "a, b, c".
std::string listed(const std::vector<std::string>& names);

}  // namespace millrace::spec

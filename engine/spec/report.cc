#include "engine/spec/report.h"

#include <algorithm>
#include <tuple>

#include "engine/base/suggest.h"
#include "engine/spec/yaml_guard.h"

namespace millrace::spec {
namespace {

constexpr std::size_t kMaxDiagnostics = 200;

}  // namespace

void Report::add(Diagnostic diagnostic) {
  errors_ += diagnostic.severity == Diagnostic::Severity::error;
  if (!full()) diagnostics_.push_back(std::move(diagnostic));
}

int Report::add_template(TemplateText text) {
  templates_.push_back(std::move(text));
  return static_cast<int>(templates_.size());
}

std::string_view Report::text_of(const Position& at) const {
  return at.text == 0 ? text_ : template_of(at).text;
}

Position Report::place(const Position& near, std::size_t offset) const {
  Position out = position_of(text_of(near), offset);
  out.text = near.text;
  return out;
}

void Report::error(const Position& at, std::string_view code, std::string message,
                   std::string hint) {
  if (at.text != 0) {
    std::string places;
    Position use = at;
    while (use.text != 0) {
      places += (places.empty() ? "" : ", used in ") + template_of(use).file + ":" +
                std::to_string(use.line) + ":" + std::to_string(use.column);
      use = template_of(use).use;
    }
    return error(use, code, places + ": " + message, std::move(hint));
  }
  add({file_, at.line, at.column, Diagnostic::Severity::error, std::move(message), std::move(hint),
       std::string(code)});
}

void Report::warning(const Position& at, std::string_view code, std::string message,
                     std::string hint) {
  if (at.text != 0) return;
  add({file_, at.line, at.column, Diagnostic::Severity::warning, std::move(message),
       std::move(hint), std::string(code)});
}

void Report::file_error(std::string_view code, std::string message, std::string hint) {
  error({.line = 0, .column = 0}, code, std::move(message), std::move(hint));
}

void Report::error_with_suggestion(const Position& at, std::string_view code,
                                   const std::string& message) {
  const std::size_t cut = message.find("; did you mean");
  if (cut == std::string::npos) return error(at, code, message);
  error(at, code, message.substr(0, cut), message.substr(cut + 2));
}

std::string Report::suggest(std::string_view word, const std::vector<std::string>& candidates) {
  if (candidates.size() > comparisons_left_) return "";
  comparisons_left_ -= candidates.size();
  const std::string best = nearest(word, candidates);
  return best.empty() ? "" : "did you mean '" + best + "'?";
}

bool Report::full() const { return diagnostics_.size() >= kMaxDiagnostics; }

std::vector<Diagnostic> Report::take() {
  std::ranges::stable_sort(diagnostics_, {},
                           [](const Diagnostic& d) { return std::tuple(d.line, d.column); });
  if (full())
    diagnostics_.push_back(
        {file_, 0, 0, Diagnostic::Severity::error,
         "only the first " + std::to_string(kMaxDiagnostics) + " problems are shown", "",
         "too-many-problems"});
  return std::move(diagnostics_);
}

std::string quote(std::string_view text) {
  constexpr std::size_t kMost = 80;
  std::string out = "'";
  for (const char c : text.substr(0, kMost)) out += c == '\n' || c == '\r' ? ' ' : c;
  // Never end in half a character.
  if (text.size() > kMost)
    while (out.size() > 1 && (out.back() & 0x80) != 0) out.pop_back();
  return out + (text.size() > kMost ? "...'" : "'");
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace millrace::spec

#include "engine/spec/diagnostic.h"

#include <algorithm>
#include <utility>

#include "engine/base/record_json.h"

namespace millrace {
namespace {

constexpr std::size_t kMaxShown = 160;  // bytes of a source line that a terminal gets to see

std::string_view line_of(std::string_view source, int line) {
  for (; line > 1; --line) {
    const std::size_t end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return source;
}

/// A file must not control the terminal: control characters other than the tab become '?'.
std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080 to U+009F
    const bool c0 = (byte < 0x20 && byte != '\t') || byte == 0x7f;
    out += c0 || c1 ? '?' : text[i];
    if (c1) ++i;
  }
  return out;
}

}  // namespace

std::string_view to_string(Diagnostic::Severity severity) { return name_of(severity); }

std::string to_string(const Diagnostic& d) {
  std::string out = d.file;
  if (d.line > 0) out += ":" + std::to_string(d.line) + ":" + std::to_string(d.column);
  out += ": " + std::string(to_string(d.severity)) + ": " + d.message;
  if (!d.hint.empty()) out += "; " + d.hint;
  return printable(out);
}

std::string render(const Diagnostic& d, std::string_view source) {
  std::string out = to_string(d) + "\n";
  const std::string_view line = d.line > 0 ? line_of(source, d.line) : std::string_view();
  if (line.empty()) return out;
  const auto column = std::min(static_cast<std::size_t>(std::max(d.column, 1)) - 1, line.size());
  const bool cut = line.size() > kMaxShown && column > kMaxShown / 2;
  const std::size_t from = cut ? column - kMaxShown / 2 : 0;
  const std::string_view shown = line.substr(from, kMaxShown);
  std::string number = std::to_string(d.line);
  if (number.size() < 5) number.insert(0, 5 - number.size(), ' ');
  out += number + " | " + printable(shown) + "\n" + std::string(number.size(), ' ') + " | ";
  for (const char c : line.substr(from, column - from)) {
    if ((c & 0xc0) == 0x80) continue;  // a continuation byte takes no cell
    out += c == '\t' ? '\t' : ' ';
  }
  return out + "^\n";
}

Json diagnostics_json(const std::vector<Diagnostic>& diagnostics, std::string_view source) {
  Json out = Json::array();
  for (const Diagnostic& d : diagnostics) {
    Json one = body_json<JsonStyle::shown>(d);
    one.set("source", d.line > 0 ? line_of(source, d.line) : std::string_view());
    out.push_back(std::move(one));
  }
  return out;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::ranges::any_of(
      diagnostics, [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::error; });
}

}  // namespace millrace

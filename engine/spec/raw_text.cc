#include "engine/spec/raw_text.h"

#include <algorithm>

#include "engine/base/suggest.h"

namespace millrace::spec {
namespace {

/// Where the value of a top-level key begins: of a line that begins with the key, or of a flow
/// mapping that holds it. npos: there is none.
std::size_t find_value(std::string_view text, std::string_view name) {
  const std::string plain = std::string(name) + ":";
  std::size_t first = std::string_view::npos;
  for (const std::string& key :
       {plain, "\"" + std::string(name) + "\":", "'" + std::string(name) + "':"}) {
    for (std::size_t at = text.find(key); at != std::string_view::npos;
         at = text.find(key, at + 1)) {
      const bool line_start =
          at == 0 || text[at - 1] == '\n' || text.substr(0, at) == "\xef\xbb\xbf";
      const bool flow = text.find_first_not_of(" \t\r\n") == text.find('{');
      const char before = at == 0 ? '\n' : text[at - 1];
      if (!line_start && !(flow && (before == '{' || before == ',' || before == ' '))) continue;
      first = std::min(first, at + key.size());
      break;
    }
  }
  return first;
}

/// The kind whose key is the first in the text.
const ResourceKind* first_of(std::string_view text, const ResourceKinds& kinds,
                             std::string ResourceKind::*key) {
  const ResourceKind* found = nullptr;
  std::size_t first = std::string_view::npos;
  for (const ResourceKind& kind : kinds) {
    if ((kind.*key).empty()) continue;
    const std::size_t at = find_value(text, kind.*key);
    if (at >= first) continue;
    first = at;
    found = &kind;
  }
  return found;
}

}  // namespace

const ResourceKind* kind_of_text(std::string_view text, const ResourceKinds& kinds) {
  const ResourceKind* named = first_of(text, kinds, &ResourceKind::name);
  return named != nullptr ? named : first_of(text, kinds, &ResourceKind::mark);
}

bool seems_a_resource(std::string_view text, const ResourceKinds& kinds) {
  if (find_value(text, "namespace") != std::string_view::npos ||
      find_value(text, "owner") != std::string_view::npos)
    return true;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    at += line.size() + 1;
    if (line.empty() || line[0] == '#' || line[0] == ' ' || line.starts_with("---")) continue;
    const std::size_t end = line.find(':');
    return end != std::string_view::npos && !nearest(line.substr(0, end), names_of(kinds)).empty();
  }
  return false;
}

std::string id_in_text(std::string_view text, std::string_view key) {
  const std::size_t at = find_value(text, key);
  if (at == std::string_view::npos) return "";
  std::string_view value = text.substr(at);
  value = value.substr(0, value.find_first_of("\n,}#"));
  std::string id(value);
  std::erase_if(id,
                [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\''; });
  return is_valid_id(id) ? id : "";
}

int line_of_key(std::string_view text, std::string_view key) {
  int line = 1;
  for (std::size_t at = 0; at < text.size(); ++line) {
    if (text.substr(at).starts_with(key)) return line;
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return 1;
}

bool is_empty_or_binary(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return true;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t\r\xef\xbb\xbf")));
    if (!line.empty() && line[0] != '#' && !line.starts_with("---") && !line.starts_with("..."))
      return false;
  }
  return true;
}

}  // namespace millrace::spec

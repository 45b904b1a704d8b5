#include "engine/base/json.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "engine/base/utf8.h"

namespace millrace {
namespace {

const Json kNull;

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

struct Layout {
  int indent = 0;  // 0: compact
  bool sorted = false;
};

void new_line(std::string& out, const Layout& layout, int depth) {
  if (layout.indent == 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(depth * layout.indent), ' ');
}

void write(std::string& out, const Json& value, const Layout& layout, int depth);

void write_members(std::string& out, const Json& value, const Layout& layout, int depth) {
  std::vector<const Json::Member*> members;
  members.reserve(value.size());
  for (const auto& member : value.members()) members.push_back(&member);
  if (layout.sorted)
    std::ranges::sort(members, {},
                      [](const Json::Member* m) -> std::string_view { return m->first; });
  bool first = true;
  for (const auto* member : members) {
    if (!first) out += ',';
    first = false;
    new_line(out, layout, depth + 1);
    append_json_string(out, member->first);
    out += layout.indent > 0 ? ": " : ":";
    write(out, member->second, layout, depth + 1);
  }
  if (!first) new_line(out, layout, depth);
}

void write(std::string& out, const Json& value, const Layout& layout, int depth) {
  switch (value.type()) {
    case Json::Type::null:
      out += "null";
      break;
    case Json::Type::boolean:
      out += value.as_bool() ? "true" : "false";
      break;
    case Json::Type::integer:
      out += std::to_string(value.as_int());
      break;
    case Json::Type::number:
      append_double(out, value.as_double());
      break;
    case Json::Type::string:
      append_json_string(out, value.as_view());
      break;
    case Json::Type::array: {
      out += '[';
      bool first = true;
      for (const auto& item : value.items()) {
        if (!first) out += ',';
        first = false;
        new_line(out, layout, depth + 1);
        write(out, item, layout, depth + 1);
      }
      if (!first) new_line(out, layout, depth);
      out += ']';
      break;
    }
    case Json::Type::object:
      out += '{';
      write_members(out, value, layout, depth);
      out += '}';
      break;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_plain(text[end])) ++end;
    out.append(text, i, end - i);  // most text is one such stretch
    i = end;
    if (i == text.size()) break;
    const char c = text[i];
    switch (c) {
      case '"':
        out += "\\\"";
        ++i;
        continue;
      case '\\':
        out += "\\\\";
        ++i;
        continue;
      case '\n':
        out += "\\n";
        ++i;
        continue;
      case '\r':
        out += "\\r";
        ++i;
        continue;
      case '\t':
        out += "\\t";
        ++i;
        continue;
      default:
        break;
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
      out += "0123456789abcdef"[c & 15];
      ++i;
    } else if (const std::size_t length = utf8_length(text.substr(i)); length > 0) {
      out.append(text, i, length);
      i += length;
    } else {
      out += "\xef\xbf\xbd";
      ++i;
    }
  }
  out += '"';
}

std::string_view type_name(Json::Type type) {
  switch (type) {
    case Json::Type::null:
      return "null";
    case Json::Type::boolean:
      return "a boolean";
    case Json::Type::integer:
      return "an integer";
    case Json::Type::number:
      return "a number";
    case Json::Type::string:
      return "a string";
    case Json::Type::array:
      return "a list";
    case Json::Type::object:
      return "a mapping";
  }
  return "?";
}

Json Json::object(std::initializer_list<Member> members) {
  Json out;
  out.value_ = ObjectTag{Object(members)};
  return out;
}

bool Json::as_bool(bool other) const {
  const auto* value = std::get_if<bool>(&value_);
  return value ? *value : other;
}

std::int64_t Json::as_int(std::int64_t other) const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<double>(&value_))
    if (*value == std::floor(*value) && std::abs(*value) < 9.0e18)
      return static_cast<std::int64_t>(*value);
  return other;
}

double Json::as_double(double other) const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  return other;
}

std::string Json::as_string(std::string_view other) const {
  const auto* value = std::get_if<std::string>(&value_);
  return value ? *value : std::string(other);
}

std::string_view Json::as_view() const {
  const auto* value = std::get_if<std::string>(&value_);
  return value ? std::string_view(*value) : std::string_view();
}

const Json::Array& Json::items() const {
  static const Array empty;
  const auto* value = std::get_if<Array>(&value_);
  return value ? *value : empty;
}

const Json::Object& Json::members() const {
  static const Object empty;
  const auto* value = std::get_if<ObjectTag>(&value_);
  return value ? value->members : empty;
}

std::size_t Json::size() const { return is_array() ? items().size() : members().size(); }

const Json* Json::find(std::string_view name) const {
  for (const auto& [key, value] : members())
    if (key == name) return &value;
  return nullptr;
}

const Json& Json::operator[](std::string_view name) const {
  const Json* found = find(name);
  return found ? *found : kNull;
}

const Json& Json::at(std::size_t index) const {
  const auto& all = items();
  return index < all.size() ? all[index] : kNull;
}

Json& Json::member(std::string_view name) {
  if (is_null()) value_ = ObjectTag{};
  assert(is_object());
  auto& all = std::get<ObjectTag>(value_).members;
  for (auto& [key, value] : all)
    if (key == name) return value;
  return all.emplace_back(std::string(name), Json()).second;
}

Json& Json::set(std::string_view name, Json value) {
  member(name) = std::move(value);
  return *this;
}

Json& Json::push_back(Json value) {
  if (is_null()) value_ = Array{};
  mutable_items().push_back(std::move(value));
  return *this;
}

Json::Array& Json::mutable_items() {
  assert(is_array());
  return std::get<Array>(value_);
}

Json::Object& Json::mutable_members() {
  assert(is_object());
  return std::get<ObjectTag>(value_).members;
}

void Json::dump_to(std::string& out) const { write(out, *this, {}, 0); }

std::string Json::dump() const {
  std::string out;
  dump_to(out);
  return out;
}

std::string Json::dump_pretty() const {
  std::string out;
  write(out, *this, {.indent = 2}, 0);
  return out;
}

std::string Json::dump_canonical() const {
  std::string out;
  write(out, *this, {.sorted = true}, 0);
  return out;
}

bool operator==(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_integer() && b.is_integer()) return a.as_int() == b.as_int();
    return a.as_double() == b.as_double();
  }
  if (a.type() != b.type()) return false;
  if (!a.is_object())
    return a.value_.index() == 0 || (a.is_bool() && a.as_bool() == b.as_bool()) ||
           (a.is_string() && a.as_view() == b.as_view()) ||
           (a.is_array() && a.items() == b.items());
  if (a.size() != b.size()) return false;
  return std::ranges::all_of(a.members(), [&](const Json::Member& member) {
    const Json* other = b.find(member.first);
    return other != nullptr && *other == member.second;
  });
}

}  // namespace millrace

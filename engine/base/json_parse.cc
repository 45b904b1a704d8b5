#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "engine/base/json.h"

namespace millrace {
namespace {

std::string line_and_column(std::string_view text, std::size_t offset) {
  std::size_t line = 1, column = 1;
  for (const char c : text.substr(0, std::min(offset, text.size()))) {
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n';
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// Builds a Json from nlohmann's SAX events, without its document type.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, const Json::Limits& limits) : text_(text), limits_(limits) {}

  Json take() { return std::move(root_); }
  Error take_error() { return std::move(error_); }

  bool null() override { return put(Json()); }
  bool boolean(bool value) override { return put(Json(value)); }
  bool number_integer(number_integer_t value) override { return put(Json(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    constexpr auto most = static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    if (value <= most) return put(Json(static_cast<std::int64_t>(value)));
    return put_beyond(static_cast<double>(value), std::to_string(value));
  }
  bool number_float(number_float_t value, const string_t& written) override {
    // The library reads an integer that fits none of its types as a double.
    if (written.find_first_of(".eE") == string_t::npos) return put_beyond(value, written);
    return put(Json(value));
  }
  bool string(string_t& value) override { return put(Json(std::move(value))); }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool key(string_t& name) override {
    auto& frame = frames_.back();
    frame.earlier = frame.find(name);
    frame.key = std::move(name);
    if (!limits_.unique_names || frame.earlier == kNone) return true;
    return fail("the member \"" + frame.key.substr(0, 64) + "\" is given twice" + place() +
                "; one of its values would be lost, give it once");
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    const std::size_t at = std::min(position == 0 ? 0 : position - 1, text_.size());
    for (const std::string_view word : {"NaN", "Infinity", "nan", "inf"}) {
      // `at` is the first letter that fits nothing: of "nan", which begins as "null" does, the "a".
      const std::size_t start = word == "nan" && at > 0 ? at - 1 : at;
      if (text_.substr(start).starts_with(word))
        return fail("JSON has no " + std::string(word) + "; found at " +
                    line_and_column(text_, start) + place() + "; write null or a text");
    }
    return fail("invalid JSON at " + line_and_column(text_, at));
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Frame {
    Json value;
    std::string key;
    std::size_t earlier = kNone;  // the member of the same name, whose value is replaced
    std::unordered_map<std::string, std::size_t> places = {};  // of an object that has many

    /// The member of that name, or kNone; `name` is then the next one.
    std::size_t find(const std::string& name) {
      constexpr std::size_t kFew = 16;
      const auto& members = value.members();
      if (members.size() < kFew) {
        const auto found = std::ranges::find(members, name, &Json::Member::first);
        return found == members.end() ? kNone : static_cast<std::size_t>(found - members.begin());
      }
      if (places.empty())
        for (std::size_t i = 0; i < members.size(); ++i) places.emplace(members[i].first, i);
      const auto [found, added] = places.emplace(name, members.size());
      return added ? kNone : found->second;
    }
  };

  bool fail(std::string message) {
    error_ = invalid_argument(std::move(message));
    return false;
  }
  bool put_beyond(double value, const std::string& written) {
    if (limits_.round_integers) return put(Json(value));
    const bool is_long = written.size() > 64;
    return fail("the integer " + written.substr(0, 64) + (is_long ? "…" : "") +
                " does not fit 64 bits" + place() + "; write it as a text to keep it exactly");
  }
  /// " (/metrics/auc)": the JSON pointer of the value being read; "" of the document itself.
  std::string place() const {
    std::string out;
    for (const auto& frame : frames_)
      out += "/" + (frame.value.is_array() ? std::to_string(frame.value.size())
                                           : frame.key.substr(0, 64));
    return out.empty() ? out : " (" + out + ")";
  }
  bool put(Json value) {
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (auto& frame = frames_.back(); frame.value.is_array()) {
      frame.value.push_back(std::move(value));
    } else if (frame.earlier != kNone) {
      frame.value.mutable_members()[frame.earlier].second = std::move(value);
    } else {  // `key` has searched already
      frame.value.mutable_members().emplace_back(std::move(frame.key), std::move(value));
    }
    return true;
  }
  bool open(Json value) {
    if (static_cast<int>(frames_.size()) >= limits_.max_depth)
      return fail("JSON is nested deeper than " + std::to_string(limits_.max_depth));
    frames_.push_back({std::move(value), {}});
    return true;
  }
  bool close() {
    Json value = std::move(frames_.back().value);
    frames_.pop_back();
    return put(std::move(value));
  }

  std::string_view text_;
  const Json::Limits& limits_;
  std::vector<Frame> frames_;
  Json root_;
  Error error_ = invalid_argument("invalid JSON");
};

}  // namespace

Result<Json> Json::parse(std::string_view text) { return parse(text, Limits{}); }

Result<Json> Json::parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.max_bytes)
    return make_error(ErrorCode::resource_exhausted,
                      "JSON is larger than " + std::to_string(limits.max_bytes) + " bytes");
  // The library takes a NUL byte for the end of the text and would not look at what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    return invalid_argument("invalid JSON at " + line_and_column(text, nul) + ": a NUL byte");
  Builder builder(text, limits);
  if (!nlohmann::json::sax_parse(text, &builder)) return builder.take_error();
  return builder.take();
}

}  // namespace millrace

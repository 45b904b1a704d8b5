// JSON lines, or one array of objects. Numbers stay the digits that were written, nested values
// the text; Python's NaN and Infinity are read as well.
#include <algorithm>
#include <cctype>
#include <cstring>

#include "engine/data/nesting.h"
#include "engine/data/number_text.h"
#include "engine/data/record_reader.h"

namespace millrace::data {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Walks over one JSON value. A failed step leaves its reason in `problem`.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (peek() != c || at_end()) return false;
    ++at_;
    return true;
  }
  std::size_t at() const { return at_; }
  std::string_view since(std::size_t from) const { return text_.substr(from, at_ - from); }
  bool fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }
  const std::string& problem() const { return problem_; }

  /// A string; what is between its quotes goes to `out`, decoded.
  bool string(std::string& out);
  bool number();
  bool value(int depth);

 private:
  bool word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool unicode(std::string& out);
  bool four_hex(std::uint32_t& code);

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

bool Scanner::four_hex(std::uint32_t& code) {
  code = 0;
  if (text_.size() - at_ < 4) return fail("a \\u escape that does not end");
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(text_[at_++]);
    if (digit < 0) return fail("a \\u escape with something else than hex digits");
    code = code << 4 | static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool Scanner::unicode(std::string& out) {
  std::uint32_t code = 0;
  if (!four_hex(code)) return false;
  if (code >= 0xDC00 && code < 0xE000) return fail("a \\u escape that is half of a pair");
  if (code >= 0xD800 && code < 0xDC00) {
    std::uint32_t low = 0;
    if (!word("\\u") || !four_hex(low) || low < 0xDC00 || low >= 0xE000)
      return fail("a \\u escape that is half of a pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return true;
}

bool Scanner::string(std::string& out) {
  if (!take('"')) return fail("a string is expected");
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"') return true;
    if (static_cast<unsigned char>(c) < 0x20) return fail("a control character within a string");
    if (c != '\\') {
      out += c;
      continue;
    }
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char what = at_ < text_.size() ? text_[at_++] : '\0';
    const auto known = kEscapes.find(what);
    if (what == 'u') {
      if (!unicode(out)) return false;
    } else if (known != std::string_view::npos && what != '\0') {
      out += kMeanings[known];
    } else {
      return fail("an escape that JSON does not have");
    }
  }
  return fail("a string that does not end");
}

bool Scanner::number() {
  const std::size_t from = at_;
  while (at_ < text_.size() &&
         (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
          std::strchr("+-.", text_[at_]) != nullptr) &&
         text_[at_] != '\0')
    ++at_;
  const std::string_view token = since(from);
  if (token == "NaN" || token == "-NaN" || token == "Infinity" || token == "-Infinity") return true;
  NumberText number;
  const bool fine = parse_number(token, number) && !number.plus && !number.whole.empty() &&
                    !(number.has_point && number.fraction.empty());
  return fine || fail("'" + std::string(token.substr(0, 40)) + "' is not a JSON value");
}

bool Scanner::value(int depth) {
  skip_space();
  const char first = peek();
  if (first == '"') {
    std::string ignored;
    return string(ignored);
  }
  if (first != '{' && first != '[')
    return word("true") || word("false") || word("null") || number();
  if (depth > kMaxNesting)
    return fail("values are nested more than " + std::to_string(kMaxNesting) +
                " levels deep; flatten them, or write the inner part as text");
  const char close = first == '{' ? '}' : ']';
  ++at_;
  skip_space();
  if (take(close)) return true;
  while (true) {
    skip_space();
    if (first == '{') {
      std::string ignored;
      if (!string(ignored)) return false;
      skip_space();
      if (!take(':')) return fail("':' is missing after a key");
    }
    if (!value(depth + 1)) return false;
    skip_space();
    if (take(close)) return true;
    if (!take(',')) return fail(std::string("',' or '") + close + "' is missing");
  }
}

class JsonReader final : public RecordReader {
 public:
  JsonReader(RecordBuffer buffer, JsonKeys& keys) : buffer_(std::move(buffer)), keys_(keys) {}

  Status open() {
    MR_CHECK(buffer_.more(0, 1));
    MR_TRY(const bool any, skip_space());
    is_array_ = any && buffer_.data()[at_] == '[';
    if (is_array_) ++at_;
    return {};
  }
  const std::vector<std::string>& names() const override { return keys_.names; }
  Result<bool> next(Record& out) override {
    out.cells.clear();
    out.problem.clear();
    return is_array_ ? next_item(out) : next_line(out);
  }

 private:
  Result<bool> skip_space();
  Result<bool> next_line(Record& out);
  Result<bool> next_item(Record& out);
  Result<bool> item_end(std::size_t& end);
  bool parse(Record& out);
  bool parse_member(Scanner& scan, Record& out, std::size_t position);
  Error error(std::string what) const {
    return data_invalid(buffer_.name() + ":" + std::to_string(line_) + ": " + std::move(what));
  }

  RecordBuffer buffer_;
  JsonKeys& keys_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool is_array_ = false;
  bool first_item_ = true;
  bool closed_ = false;
  std::string scratch_;
  std::string key_;
  struct Decoded {
    std::size_t cell, from, size;
  };
  std::vector<Decoded> decoded_;
  std::vector<std::size_t> last_order_;  // the places of the last row's keys
  std::vector<std::size_t> order_;
};

/// False at the end of the file.
Result<bool> JsonReader::skip_space() {
  while (true) {
    for (; at_ < buffer_.size(); ++at_) {
      if (!is_space(buffer_.data()[at_])) return true;
      if (buffer_.data()[at_] == '\n') ++line_;
    }
    if (buffer_.at_end()) return false;
    MR_CHECK(buffer_.more(at_, line_));
    at_ = 0;
  }
}

Result<bool> JsonReader::next_line(Record& out) {
  MR_TRY(const bool any, skip_space());
  if (!any) return false;
  std::size_t searched = 0;
  const void* found = nullptr;
  while (true) {
    const char* from = buffer_.data() + at_;
    found = std::memchr(from + searched, '\n', buffer_.size() - at_ - searched);
    if (found != nullptr || buffer_.at_end()) break;
    searched = buffer_.size() - at_;
    MR_CHECK(buffer_.more(at_, line_));
    at_ = 0;
  }
  const char* from = buffer_.data() + at_;
  std::size_t size = found != nullptr
                         ? static_cast<std::size_t>(static_cast<const char*>(found) - from)
                         : buffer_.size() - at_;
  out.line = line_;
  at_ += size + (found != nullptr ? 1 : 0);
  if (found != nullptr) ++line_;
  while (size > 0 && is_space(from[size - 1])) --size;
  out.raw = std::string_view(from, size);
  parse(out);
  return true;
}

/// The end of the value at at_, by its brackets and strings. False if there is none.
Result<bool> JsonReader::item_end(std::size_t& end) {
  std::size_t i = 0;
  int depth = 0;
  bool in_string = false;
  bool escape = false;
  while (true) {
    for (; at_ + i < buffer_.size(); ++i) {
      const char c = buffer_.data()[at_ + i];
      if (in_string) {
        if (!escape && c == '"') in_string = false;
        escape = !escape && c == '\\';
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth <= 0) {
        end = at_ + i + (depth == 0 ? 1 : 0);
        return true;
      } else if (depth == 0 && c == ',') {
        end = at_ + i;
        return true;
      }
    }
    if (buffer_.at_end()) return false;
    MR_CHECK(buffer_.more(at_, line_));
    at_ = 0;
  }
}

Result<bool> JsonReader::next_item(Record& out) {
  MR_TRY(const bool any, skip_space());
  if (closed_) {
    if (any) return error("text after the end of the list");
    return false;
  }
  if (!any) return error("the list does not end");
  if (buffer_.data()[at_] == ']') {
    closed_ = true;
    ++at_;
    return next_item(out);
  }
  if (!first_item_) {
    if (buffer_.data()[at_] != ',') return error("',' or ']' is missing");
    ++at_;
    MR_TRY(const bool more, skip_space());
    if (!more) return error("the list does not end");
  }
  first_item_ = false;
  std::size_t end = 0;
  MR_TRY(const bool whole, item_end(end));
  if (!whole) return error("the list does not end");
  out.line = line_;
  out.raw = std::string_view(buffer_.data() + at_, end - at_);
  if (!parse(out)) return error(out.problem);  // where the next one starts cannot be known
  line_ += static_cast<std::size_t>(std::ranges::count(out.raw, '\n'));
  at_ = end;
  return true;
}

bool JsonReader::parse_member(Scanner& scan, Record& out, std::size_t position) {
  key_.clear();
  if (!scan.string(key_)) return false;
  std::size_t place = position < last_order_.size() ? last_order_[position] : keys_.names.size();
  if (place >= keys_.names.size() || keys_.names[place] != key_) place = keys_.place(key_);
  if (place >= kMaxJsonKeys)
    return scan.fail("more than " + std::to_string(kMaxJsonKeys) + " different keys");
  order_.push_back(place);
  if (out.cells.size() <= place) out.cells.resize(std::max(place + 1, keys_.names.size()));
  Cell& cell = out.cells[place];
  if (!cell.raw.empty()) return scan.fail("the key '" + key_ + "' is there twice");
  scan.skip_space();
  if (!scan.take(':')) return scan.fail("':' is missing after '" + key_ + "'");
  scan.skip_space();
  const std::size_t from = scan.at();
  const char first = scan.peek();
  if (first == '"') {
    const std::size_t start = scratch_.size();
    if (!scan.string(scratch_)) return false;
    decoded_.push_back({place, start, scratch_.size() - start});
    cell.kind = Cell::Kind::string;
    cell.raw = scan.since(from);
    return true;
  }
  if (!scan.value(1)) return false;
  cell.raw = cell.text = scan.since(from);
  cell.kind = first == '{' || first == '['   ? Cell::Kind::nested
              : first == 't' || first == 'f' ? Cell::Kind::boolean
              : first == 'n'                 ? Cell::Kind::null
                                             : Cell::Kind::plain;
  return true;
}

/// out.raw as an object into cells; false, with the problem, if it is not an object.
bool JsonReader::parse(Record& out) {
  out.cells.assign(keys_.names.size(), Cell{});
  scratch_.clear();
  decoded_.clear();
  order_.clear();
  Scanner scan(out.raw);
  const auto fail = [&](std::string problem) {
    out.problem = std::move(problem);
    return false;
  };
  if (!is_valid_utf8(out.raw)) return fail("bytes that are no UTF-8");
  scan.skip_space();
  if (!scan.take('{')) return fail("a row must be an object such as {\"id\": 1}");
  scan.skip_space();
  if (!scan.take('}')) {
    for (std::size_t position = 0;; ++position) {
      scan.skip_space();
      if (!parse_member(scan, out, position)) return fail(scan.problem());
      scan.skip_space();
      if (scan.take('}')) break;
      if (!scan.take(',')) return fail("',' or '}' is missing");
    }
  }
  scan.skip_space();
  if (!scan.at_end()) return fail("text after the object");
  for (const auto& one : decoded_)
    out.cells[one.cell].text = std::string_view(scratch_).substr(one.from, one.size);
  std::swap(order_, last_order_);
  return true;
}

}  // namespace

std::size_t JsonKeys::place(std::string_view name) {
  const auto [found, added] = index.try_emplace(std::string(name), names.size());
  if (added) names.emplace_back(name);
  return found->second;
}

Result<std::unique_ptr<RecordReader>> open_json(const std::filesystem::path& file,
                                                const ByteOptions& bytes, JsonKeys& keys) {
  MR_TRY(ByteSource source, ByteSource::open(file, bytes));
  auto reader =
      std::make_unique<JsonReader>(RecordBuffer(std::move(source), file.filename().string()), keys);
  MR_CHECK(reader->open());
  return std::unique_ptr<RecordReader>(std::move(reader));
}

}  // namespace millrace::data

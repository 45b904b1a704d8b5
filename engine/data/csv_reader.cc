// CSV: RFC 4180, with what Excel, databases and statistics programs do differently as options.
#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/counted.h"
#include "engine/data/record_reader.h"

namespace millrace::data {
namespace {

constexpr std::array<char, 4> kDelimiters = {',', ';', '\t', '|'};
constexpr std::size_t kJudgedRows = 1000;

std::string shown(char c) { return c == '\t' ? "tab" : std::string("'") + c + "'"; }

class CsvReader final : public RecordReader {
 public:
  CsvReader(RecordBuffer buffer, const CsvDialect& dialect)
      : buffer_(std::move(buffer)), dialect_(dialect) {
    only_empty_is_null_ = dialect_.nulls.size() == 1 && dialect_.nulls.front().empty();
  }

  Status open();
  Result<bool> next(Record& out) override;
  const std::vector<std::string>& names() const override { return names_; }

 private:
  enum class Step { row, more, end };
  Step parse(Record& out);
  Step parse_quoted(std::size_t& at, Record& out);
  Step finish_row(std::size_t from, std::size_t at, Record& out);
  void skip_bad_row(std::size_t& at);
  Status skip_lines();
  Status find_delimiter();
  Status read_names();
  Result<bool> raw_row(Record& out);
  std::size_t fields_like(char delimiter, std::size_t& agreeing);
  bool is_null(std::string_view text, bool quoted) const;
  bool is_end(char c) const { return c == line_end_; }

  RecordBuffer buffer_;
  CsvDialect dialect_;
  std::vector<std::string> names_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t next_line_ = 1;
  char line_end_ = '\n';
  bool only_empty_is_null_ = true;
  bool unclosed_ = false;
  bool only_blank_rows_ = false;  // below the header, of those judged
  std::string scratch_;           // fields whose escapes are taken out
  struct Unescaped {
    std::size_t cell, from, size;
  };
  std::vector<Unescaped> unescaped_;
  std::array<bool, 256> stops_{};  // ends an unquoted field
};

bool CsvReader::is_null(std::string_view text, bool quoted) const {
  if (quoted && !dialect_.quoted_nulls) return false;
  if (only_empty_is_null_) return text.empty();
  return std::ranges::find(dialect_.nulls, text) != dialect_.nulls.end();
}

/// After an error within a row: on to the end of its line.
void CsvReader::skip_bad_row(std::size_t& at) {
  while (at < buffer_.size() && !is_end(buffer_.data()[at])) ++at;
}

/// From the opening quote to behind the closing one.
CsvReader::Step CsvReader::parse_quoted(std::size_t& at, Record& out) {
  const char* text = buffer_.data();
  const char escape = dialect_.escape == '\0' ? dialect_.quote : dialect_.escape;
  const std::size_t scratch_from = scratch_.size();
  bool escaped = false;
  const std::size_t from = ++at;
  std::size_t copied = from;
  while (true) {
    while (at < buffer_.size() && text[at] != dialect_.quote && text[at] != escape) {
      if (is_end(text[at])) ++next_line_;
      ++at;
    }
    if (at + 1 >= buffer_.size() && !buffer_.at_end()) return Step::more;
    if (at >= buffer_.size()) {
      out.problem =
          "the quote that opens field " + std::to_string(out.cells.size() + 1) + " is never closed";
      unclosed_ = true;  // and with it all rows to the end of the file are lost
      return Step::row;
    }
    const bool pair =
        at + 1 < buffer_.size() && (text[at + 1] == dialect_.quote || text[at + 1] == escape);
    if (text[at] == escape && pair) {
      escaped = true;
      scratch_.append(text + copied, at - copied);
      scratch_ += text[at + 1];
      at += 2;
      copied = at;
      continue;
    }
    if (text[at] != dialect_.quote) {  // an escape before something else stays
      ++at;
      continue;
    }
    break;
  }
  Cell cell{std::string_view(text + from, at - from), Cell::Kind::plain, {}};
  if (escaped) {
    scratch_.append(text + copied, at - copied);
    unescaped_.push_back({out.cells.size(), scratch_from, scratch_.size() - scratch_from});
  } else if (is_null(cell.text, true)) {
    cell.kind = Cell::Kind::null;
  }
  out.cells.push_back(cell);
  ++at;
  return Step::row;
}

CsvReader::Step CsvReader::finish_row(std::size_t from, std::size_t at, Record& out) {
  const char* text = buffer_.data();
  std::size_t end = at;
  if (line_end_ == '\n' && end > from && text[end - 1] == '\r') --end;
  out.raw = std::string_view(text + from, end - from);
  for (const auto& field : unescaped_) {
    out.cells[field.cell].text = std::string_view(scratch_).substr(field.from, field.size);
    if (is_null(out.cells[field.cell].text, true)) out.cells[field.cell].kind = Cell::Kind::null;
  }
  if (out.problem.empty() && !is_valid_utf8(out.raw))
    out.problem = "bytes that are no UTF-8; set encoding, e.g. windows-1252 or latin-1";
  if (out.problem.empty() && std::memchr(out.raw.data(), '\0', out.raw.size()) != nullptr)
    out.problem = "a NUL byte; if the file is UTF-16, set encoding";
  if (at < buffer_.size()) {
    ++at;
    ++next_line_;
  }
  at_ = at;
  return Step::row;
}

/// One row from at_ on. `more`: the buffer ends within it, and it is read again from its start.
CsvReader::Step CsvReader::parse(Record& out) {
  out.cells.clear();
  out.problem.clear();
  out.line = line_ = next_line_;
  scratch_.clear();
  unescaped_.clear();
  const char* text = buffer_.data();
  const std::size_t size = buffer_.size();
  const std::size_t from = at_;
  std::size_t at = from;
  if (at == size) return buffer_.at_end() ? Step::end : Step::more;
  while (true) {
    if (dialect_.quote != '\0' && at < size && text[at] == dialect_.quote) {
      if (parse_quoted(at, out) == Step::more) return Step::more;
      if (at >= size && !buffer_.at_end()) return Step::more;
      std::size_t behind = at;
      if (behind < size && text[behind] == '\r' && line_end_ == '\n') {
        if (behind + 1 == size && !buffer_.at_end()) return Step::more;
        if (behind + 1 == size || text[behind + 1] == '\n') ++behind;
      }
      if (out.problem.empty() && behind < size && text[behind] != dialect_.delimiter &&
          !is_end(text[behind])) {
        out.problem = "text after the closing quote of field " + std::to_string(out.cells.size()) +
                      "; quotes within a field are doubled, or set quote and escape";
        skip_bad_row(behind);
        if (behind == size && !buffer_.at_end()) return Step::more;
      }
      at = behind;
    } else {
      const std::size_t start = at;
      while (at < size && !stops_[static_cast<unsigned char>(text[at])]) ++at;
      if (at == size && !buffer_.at_end()) return Step::more;
      std::size_t end = at;
      const bool ends = at == size || is_end(text[at]);
      if (ends && line_end_ == '\n' && end > start && text[end - 1] == '\r') --end;
      Cell cell{std::string_view(text + start, end - start), Cell::Kind::plain, {}};
      if (is_null(cell.text, false)) cell.kind = Cell::Kind::null;
      if (out.problem.empty() && std::memchr(cell.text.data(), '\r', cell.text.size()) != nullptr)
        out.problem = "a carriage return within field " + std::to_string(out.cells.size() + 1);
      out.cells.push_back(cell);
    }
    if (at == size || is_end(text[at])) return finish_row(from, at, out);
    ++at;  // the delimiter
  }
}

/// The next row as it is, of whatever number of fields.
Result<bool> CsvReader::raw_row(Record& out) {
  while (true) {
    const std::size_t line = next_line_;
    const bool comment =
        dialect_.comment != '\0' && at_ < buffer_.size() && buffer_.data()[at_] == dialect_.comment;
    if (comment) {
      std::size_t end = at_;
      skip_bad_row(end);
      if (end < buffer_.size() || buffer_.at_end()) {
        at_ = std::min(end + 1, buffer_.size());
        ++next_line_;
        continue;
      }
    } else {
      const Step step = parse(out);
      if (step == Step::end) return false;
      if (unclosed_)
        return data_invalid(buffer_.name() + ":" + std::to_string(line) + ": " + out.problem);
      if (step == Step::row) return true;
    }
    next_line_ = line;
    MR_CHECK(buffer_.more(at_, line));
    at_ = 0;
  }
}

Result<bool> CsvReader::next(Record& out) {
  while (true) {
    MR_TRY(const bool any, raw_row(out));
    if (!any) return false;
    if (out.raw.empty() && names_.size() > 1 && out.problem.empty()) continue;  // a blank line
    if (out.problem.empty() && out.cells.size() != names_.size())
      out.problem = counted(static_cast<std::int64_t>(out.cells.size()), "field") +
                    " where the header has " + std::to_string(names_.size());
    return true;
  }
}

Status CsvReader::skip_lines() {
  for (long i = 0; i < dialect_.skip; ++i) {
    std::size_t end = at_;
    skip_bad_row(end);
    while (end == buffer_.size() && !buffer_.at_end()) {
      const std::size_t done = end - at_;
      MR_CHECK(buffer_.more(at_, next_line_));
      at_ = 0;
      end = done;
      skip_bad_row(end);
    }
    at_ = std::min(end + 1, buffer_.size());
    ++next_line_;
  }
  return {};
}

/// The fields of the first row, if rows are cut at `delimiter`; `agreeing`: how many of the first
/// rows have as many. The reader's place does not change.
std::size_t CsvReader::fields_like(char delimiter, std::size_t& agreeing) {
  const std::size_t at = at_;
  const std::size_t line = next_line_;
  dialect_.delimiter = delimiter;
  for (const char other : kDelimiters) stops_[static_cast<unsigned char>(other)] = false;
  stops_[static_cast<unsigned char>(delimiter)] = true;
  Record row;
  std::size_t wanted = 0;
  std::size_t rows = 0;
  std::size_t blank = 0;
  agreeing = 0;
  while (rows < kJudgedRows && parse(row) == Step::row) {
    if (row.raw.empty()) {
      if (rows > 0) ++blank;
      continue;
    }
    if (dialect_.comment != '\0' && row.raw.front() == dialect_.comment) continue;
    if (wanted == 0) wanted = row.cells.size();
    ++rows;
    if (row.problem.empty() && row.cells.size() == wanted) ++agreeing;
  }
  // Not all of them; or none but blank lines, which are the nulls of one column as well.
  only_blank_rows_ = rows == 1 && blank > 0;
  if (agreeing < rows || only_blank_rows_) agreeing = 0;
  unclosed_ = false;
  at_ = at;
  next_line_ = line;
  return wanted;
}

Status CsvReader::find_delimiter() {
  std::vector<char> found;
  std::vector<char> agreed;
  for (const char candidate : kDelimiters) {
    std::size_t agreeing = 0;
    if (candidate == dialect_.quote || fields_like(candidate, agreeing) < 2) continue;
    found.push_back(candidate);
    if (agreeing > 0) agreed.push_back(candidate);
  }
  char chosen = ',';
  if (found.size() == 1 && !only_blank_rows_) {
    chosen = found.front();
  } else if (!found.empty()) {
    if (agreed.size() != 1) {
      std::string list;
      for (const char c : found) list += (list.empty() ? "" : " or ") + shown(c);
      return data_invalid(buffer_.name() + ":" + std::to_string(next_line_) + ": " + list +
                          " may separate the fields; set delimiter");
    }
    chosen = agreed.front();
  }
  std::size_t ignored = 0;
  fields_like(chosen, ignored);
  return {};
}

Status CsvReader::read_names() {
  Record row;
  bool any = true;
  do {
    MR_TRY(any, raw_row(row));
  } while (any && dialect_.header && row.raw.empty());
  if (!any) {
    names_ = dialect_.names;
    if (!names_.empty()) return {};
    return data_invalid(buffer_.name() + ": the file is empty: there is no header");
  }
  if (!row.problem.empty())
    return data_invalid(buffer_.name() + ":" + std::to_string(row.line) + ": " + row.problem);
  for (const auto& cell : row.cells) {
    const std::size_t index = names_.size();
    names_.push_back(dialect_.header && !cell.text.empty() ? std::string(cell.text)
                                                           : "column" + std::to_string(index));
  }
  if (!dialect_.names.empty()) {
    if (dialect_.names.size() != names_.size())
      return data_invalid(buffer_.name() + ":" + std::to_string(row.line) + ": " +
                          counted(static_cast<std::int64_t>(names_.size()), "field") +
                          ", but names lists " + std::to_string(dialect_.names.size()) +
                          "; set names or delimiter");
    names_ = dialect_.names;
  }
  if (dialect_.header) return {};
  at_ = static_cast<std::size_t>(row.raw.data() - buffer_.data());  // the row is data
  next_line_ = row.line;
  return {};
}

Status CsvReader::open() {
  MR_CHECK(buffer_.more(0, 1));
  const char* text = buffer_.data();
  // Files of old Macs end their lines with a carriage return alone.
  bool quoted = false;
  for (std::size_t i = 0; i < buffer_.size(); ++i) {
    if (quoted && dialect_.escape != '\0' && text[i] == dialect_.escape) {
      ++i;  // what it escapes closes nothing
      continue;
    }
    if (dialect_.quote != '\0' && text[i] == dialect_.quote) quoted = !quoted;
    if (quoted || (text[i] != '\n' && text[i] != '\r')) continue;
    const bool lone = text[i] == '\r' && i + 1 < buffer_.size() && text[i + 1] != '\n';
    if (lone) line_end_ = '\r';
    break;
  }
  stops_[static_cast<unsigned char>(line_end_)] = true;
  // Excel's first line names the separator; without a header it could as well be the first value.
  const std::string_view head(text, std::min<std::size_t>(buffer_.size(), 7));
  const bool announced = dialect_.header && head.size() >= 5 &&
                         (head.starts_with("sep=") || head.starts_with("SEP=")) &&
                         (head.size() == 5 || head[5] == '\n' || head[5] == '\r');
  if (announced) {
    if (dialect_.delimiter == '\0') dialect_.delimiter = head[4];
    ++dialect_.skip;
  }
  MR_CHECK(skip_lines());
  if (dialect_.delimiter == '\0') {
    // The rows that are judged are those of one buffer.
    MR_CHECK(buffer_.more(at_, next_line_));
    at_ = 0;
    MR_CHECK(find_delimiter());
  }
  stops_[static_cast<unsigned char>(dialect_.delimiter)] = true;
  return read_names();
}

}  // namespace

Result<std::unique_ptr<RecordReader>> open_csv(const std::filesystem::path& file,
                                               const CsvDialect& dialect,
                                               const ByteOptions& bytes) {
  MR_TRY(ByteSource source, ByteSource::open(file, bytes));
  auto reader = std::make_unique<CsvReader>(
      RecordBuffer(std::move(source), file.filename().string()), dialect);
  MR_CHECK(reader->open());
  return std::unique_ptr<RecordReader>(std::move(reader));
}

}  // namespace millrace::data

#include "engine/data/text_table.h"

#include <algorithm>
#include <set>

#include "engine/base/suggest.h"
#include "engine/data/cell_writer.h"
#include "engine/data/row_source.h"
#include "engine/data/sql.h"

namespace millrace::data {
namespace {

constexpr std::size_t kKeptBadRows = 100'000;
constexpr std::size_t kKeptBadBytes = std::size_t{64} << 20;
constexpr std::size_t kRowsBetweenLooks = 4096;
constexpr std::size_t kMaxHints = 20;

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

/// DuckDB's names are the same in any case: a second "ID" beside "id" becomes "ID_1".
std::vector<std::string> distinct_names(const std::vector<std::string>& names,
                                        std::vector<std::string>& hints) {
  std::set<std::string> taken;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string name = names[i].empty() ? "column" + std::to_string(i) : names[i];
    const std::string wanted = name;
    for (int n = 1; !taken.insert(lower(name)).second; ++n) name = wanted + "_" + std::to_string(n);
    if (name != wanted)
      hints.push_back("a second column '" + wanted + "' is called '" + name +
                      "': names that differ only in case are the same");
    out.push_back(std::move(name));
  }
  return out;
}

Error cancelled_error() { return make_error(ErrorCode::cancelled, "reading was stopped"); }

std::string at_line(const std::filesystem::path& file, std::size_t line) {
  return file.filename().string() + ":" + std::to_string(line) + ": ";
}

}  // namespace

struct TextTable::State final : RowSource {
  TextOptions options;
  std::vector<SourceColumn> source_columns;  // of the table function, the source column last
  std::vector<TextColumn> described;
  std::vector<std::string> hints;
  TextFindings findings;

  // One scan's place.
  std::size_t file = 0;
  std::unique_ptr<RecordReader> reader;
  std::vector<std::size_t> places;  // of the file's columns in the table
  JsonKeys keys;
  std::vector<CellWriter> writers;
  std::vector<Cell> row;  // in the order of the table's columns
  std::size_t bad_bytes = 0;
  std::vector<std::string> known;  // the table's columns, in order

  const std::vector<SourceColumn>& columns() const override { return source_columns; }
  Status restart() override;
  Result<idx_t> fill(duckdb_data_chunk chunk) override;

  Result<std::unique_ptr<RecordReader>> open_file(std::size_t index);
  Result<bool> next_row(Record& record);
  Status match_columns(const std::vector<std::string>& names, bool first);
  Status infer();
  Status infer_file(std::vector<ColumnFacts>& facts);
  Status decide(const std::vector<ColumnFacts>& facts);
  Result<ColumnType> decide_column(const ColumnFacts& facts, const std::string& name,
                                   std::string& cast);
  Result<ColumnFacts> new_facts(const std::string& name);
  void spread(const Record& record);
  Status note_bad(const Record& record, std::string reason);
  std::string write_row(idx_t at, const Record& record);
  const std::string* declared(const std::string& name) const {
    const auto found = options.types.find(name);
    return found == options.types.end() ? nullptr : &found->second;
  }
};

Result<std::unique_ptr<RecordReader>> TextTable::State::open_file(std::size_t index) {
  const auto& path = options.files[index];
  return options.json ? open_json(path, options.bytes, keys)
                      : open_csv(path, options.csv, options.bytes);
}

/// places: where the file's columns go in the table. Files of one table have the same columns, in
/// any order, unless they are united by name.
Status TextTable::State::match_columns(const std::vector<std::string>& names, bool first) {
  std::vector<std::string> repeated;
  const std::vector<std::string> own = distinct_names(names, first ? hints : repeated);
  const std::string file_name = options.files[file].filename().string();
  if (first) known = own;
  places.clear();
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < known.size(); ++i) index.emplace(known[i], i);
  const std::size_t before = known.size();
  for (const auto& name : own) {
    auto found = index.find(name);
    if (found == index.end()) {
      if (!options.union_by_name)
        return data_invalid(file_name + " has a column '" + name + "' that " +
                            options.files.front().filename().string() + " has not" +
                            did_you_mean(name, known) + "; to allow that, set union_by_name: true");
      found = index.emplace(name, known.size()).first;
      known.push_back(name);
    }
    places.push_back(found->second);
  }
  if (options.union_by_name || places.size() == before) return {};
  for (std::size_t i = 0; i < known.size(); ++i)
    if (std::ranges::find(places, i) == places.end())
      return data_invalid(file_name + " has no column '" + known[i] + "', which " +
                          options.files.front().filename().string() +
                          " has; to allow that, set union_by_name: true");
  return {};
}

/// The next row of the file that is no bad one; false at its end.
Result<bool> TextTable::State::next_row(Record& record) {
  MR_TRY(const bool any, reader->next(record));
  if (!any) return false;
  if (!record.problem.empty() && options.bad_rows == BadRows::fail)
    return data_invalid(at_line(options.files[file], record.line) + record.problem +
                        std::string(kBadRowCure));
  return true;
}

Result<ColumnFacts> TextTable::State::new_facts(const std::string& name) {
  const auto own = options.date_formats.find(name);
  const bool is_own = own != options.date_formats.end();
  const std::string& format = is_own ? own->second : options.date_format;
  if (format.empty()) return ColumnFacts();
  MR_TRY(TimeFormat made, TimeFormat::of(format));
  return ColumnFacts(std::move(made), is_own);
}

Status TextTable::State::infer_file(std::vector<ColumnFacts>& facts) {
  const std::string name = options.files[file].filename().string();
  Record record;
  for (std::size_t rows = 0;; ++rows) {
    if (rows % kRowsBetweenLooks == 0 && options.cancelled && options.cancelled())
      return cancelled_error();
    MR_TRY(const bool any, next_row(record));
    if (!any) return {};
    if (!record.problem.empty()) continue;
    for (std::size_t i = 0; i < record.cells.size(); ++i) {
      const std::size_t place = options.json ? i : places[i];
      while (place >= facts.size()) {  // a key that is new in this row
        MR_TRY(ColumnFacts fresh, new_facts(keys.names[facts.size()]));
        facts.push_back(std::move(fresh));
      }
      facts[place].add(record.cells[i], options.numbers, name, record.line);
    }
  }
}

Status TextTable::State::infer() {
  std::vector<ColumnFacts> facts;
  for (file = 0; file < options.files.size(); ++file) {
    MR_TRY(reader, open_file(file));
    if (!options.json) {
      MR_CHECK(match_columns(reader->names(), file == 0));
      while (facts.size() < known.size()) {
        MR_TRY(ColumnFacts fresh, new_facts(known[facts.size()]));
        facts.push_back(std::move(fresh));
      }
    }
    MR_CHECK(infer_file(facts));
  }
  reader.reset();
  if (options.json) {
    known = distinct_names(keys.names, hints);
    while (facts.size() < known.size()) facts.emplace_back();
    if (known.empty())
      return data_invalid("there is no column: no row of " +
                          options.files.front().filename().string() + " has a key");
  }
  return decide(facts);
}

Result<ColumnType> TextTable::State::decide_column(const ColumnFacts& facts,
                                                   const std::string& name, std::string& cast) {
  const std::string* wanted = declared(name);
  if (wanted == nullptr) return facts.decide(name);
  if (is_type_word(*wanted)) {
    // "date" and "boolean" are both a word and a type; the word reads more forms of texts.
    return facts.decide_within(*wanted, name);
  }
  if (auto type = column_type_of(*wanted)) {
    MR_CHECK(facts.set_time_reading(*type, name));
    return *std::move(type);
  }
  cast = *wanted;
  ColumnType text;
  if (options.json) text.type = CellType::json;
  return text;
}

Status TextTable::State::decide(const std::vector<ColumnFacts>& facts) {
  std::size_t hinted = 0;
  for (std::size_t i = 0; i < known.size(); ++i) {
    std::string cast;
    MR_TRY(ColumnType type, decide_column(facts[i], known[i], cast));
    const bool guessed = declared(known[i]) == nullptr;
    std::string hint = guessed && type.type == CellType::text ? facts[i].hint(known[i]) : "";
    if (!hint.empty() && hinted++ < kMaxHints) hints.push_back(std::move(hint));
    described.push_back({known[i], type.sql(), std::move(cast)});
    source_columns.push_back({known[i], std::move(type)});
  }
  if (options.source_column.empty()) return {};
  if (std::ranges::any_of(known, [&](const std::string& name) {
        return lower(name) == lower(options.source_column);
      }))
    return invalid_argument("source_column: the data has a column '" + options.source_column +
                            "' already; choose another name");
  described.push_back({options.source_column, "VARCHAR", ""});
  source_columns.push_back({options.source_column, ColumnType{}});
  return {};
}

Status TextTable::State::restart() {
  findings = {};
  file = 0;
  bad_bytes = 0;
  reader.reset();
  writers.clear();
  for (const auto& column : source_columns) writers.emplace_back(column.type, options.numbers);
  row.resize(source_columns.size());
  return {};
}

Status TextTable::State::note_bad(const Record& record, std::string reason) {
  if (options.bad_rows == BadRows::fail)
    return data_invalid(at_line(options.files[file], record.line) + reason +
                        std::string(kBadRowCure));
  ++findings.bad_rows;
  if (options.bad_rows == BadRows::count || findings.bad.size() >= kKeptBadRows ||
      bad_bytes + record.raw.size() > kKeptBadBytes)
    return {};
  bad_bytes += record.raw.size();
  BadRow bad{
      options.sources.empty() ? options.files[file].filename().string() : options.sources[file],
      record.line, std::move(reason), std::string(record.raw)};
  // What is no UTF-8 cannot be stored as text: each such byte becomes '?'.
  if (!is_valid_utf8(bad.text))
    for (char& c : bad.text)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  findings.bad.push_back(std::move(bad));
  return {};
}

void TextTable::State::spread(const Record& record) {
  std::ranges::fill(row, Cell{});
  for (std::size_t i = 0; i < record.cells.size(); ++i)
    row[options.json ? i : places[i]] = record.cells[i];
  if (options.source_column.empty()) return;
  row.back().kind = Cell::Kind::string;
  row.back().text = options.sources[file];
}

/// "", or why the row has no place in the table.
std::string TextTable::State::write_row(idx_t at, const Record& record) {
  spread(record);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const bool written = writers[i].write(at, row[i]);
    const bool refused = written && writers[i].wrote_nan() && options.refuse_nan;
    if (written && !refused) {
      if (writers[i].wrote_nan()) ++findings.nans[source_columns[i].name];
      continue;
    }
    for (std::size_t back = 0; back <= i; ++back) writers[back].take_back(at);
    return "column '" + source_columns[i].name + "': '" + std::string(row[i].text.substr(0, 100)) +
           "' is not " + with_article(described[i].type);
  }
  return {};
}

Result<idx_t> TextTable::State::fill(duckdb_data_chunk chunk) {
  for (std::size_t i = 0; i < writers.size(); ++i)
    writers[i].aim(duckdb_data_chunk_get_vector(chunk, i));
  if (options.cancelled && options.cancelled()) return cancelled_error();
  const idx_t most = duckdb_vector_size();
  idx_t filled = 0;
  Record record;
  while (filled < most) {
    if (reader == nullptr) {
      if (file == options.files.size()) break;
      MR_TRY(reader, open_file(file));
      if (!options.json) MR_CHECK(match_columns(reader->names(), false));
    }
    MR_TRY(const bool any, next_row(record));
    if (!any) {
      reader.reset();
      ++file;
      continue;
    }
    std::string reason = record.problem.empty() ? write_row(filled, record) : record.problem;
    if (reason.empty())
      ++filled;
    else
      MR_CHECK(note_bad(record, std::move(reason)));
  }
  findings.rows += filled;
  return filled;
}

TextTable::TextTable(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextTable::TextTable(TextTable&&) noexcept = default;
TextTable& TextTable::operator=(TextTable&&) noexcept = default;
TextTable::~TextTable() = default;

Result<TextTable> TextTable::open(TextOptions options) {
  if (options.files.empty()) return invalid_argument("there is no file to read");
  MR_CHECK(check_encoding(options.bytes.encoding));
  for (const auto& [column, format] : options.date_formats) {
    MR_TRY(const TimeFormat checked, TimeFormat::of(format));
    (void)checked;
  }
  auto state = std::make_unique<State>();
  if (options.sources.size() != options.files.size()) {
    options.sources.clear();
    for (const auto& file : options.files) options.sources.push_back(file.filename().string());
  }
  state->options = std::move(options);
  MR_CHECK(state->infer());
  return TextTable(std::move(state));
}

const std::vector<TextColumn>& TextTable::columns() const { return state_->described; }
const std::vector<std::string>& TextTable::hints() const { return state_->hints; }
const TextFindings& TextTable::findings() const { return state_->findings; }

Status TextTable::attach(Session& session, const std::string& name) {
  return session.add_rows(name, *state_);
}

}  // namespace millrace::data

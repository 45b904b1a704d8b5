// Rules on single lines: banned calls and words, names, columns, lengths.
#pragma once

#include "tests/tidy/source.h"

namespace millrace::tidy {

/// The wall clock is read in engine/base/clock.cc alone; everyone else is handed a Clock.
Findings check_wall_clock(const Tree& tree);
/// Tests wait for signals or advance a clock; they do not sleep.
Findings check_sleep(const Tree& tree);
/// SQL for PostgreSQL stands in engine/pg/sql. DuckDB's stands where engine/data is used.
Findings check_sql(const Tree& tree);
/// Unfinished work, switched-off tests, paths of somebody's machine.
Findings check_words(const Tree& tree);
/// Names that say nothing: Manager, Helper, Util, Impl; folders utils and common.
Findings check_names(const Tree& tree);
/// `#pragma once`, an opening comment, no `using namespace`.
Findings check_headers(const Tree& tree);
/// 100 columns of C++.
Findings check_columns(const Tree& tree);

/// long_files.txt: "path lines reason…" a line; lines is the most that the file may have.
struct LongFile {
  std::string path;
  std::size_t most = 0;
  std::string reason;
};
std::vector<LongFile> parse_long_files(std::string_view text);
/// 500 lines, or what the list allows; an entry that is no longer needed is a finding too.
Findings check_lengths(const Tree& tree, const std::vector<LongFile>& allowed);

}  // namespace millrace::tidy

// Any bytes as a CSV file: a table or an error, told in our words. (DuckDB is not instrumented: the
// corpus and blind mutations have to do.)
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/data/scan.h"
#include "engine/data/session.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::data;
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("csv_fuzz-" + std::to_string(getpid()) + ".csv");
  static Session session = *Session::open();
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  ScanOptions options;
  options.files = {file};
  options.format = Format::csv;
  if (const auto relation = scan_relation(options)) {
    const auto table = session.query("SELECT * FROM " + *relation + " LIMIT 100");
    if (!table) (void)explain_read_error(table.error(), options);
  }
  std::filesystem::remove(file);
  return 0;
}

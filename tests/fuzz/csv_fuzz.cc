// Any bytes as a CSV file and as JSON lines: a table or an error, told in our words.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/data/text_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::data;
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("csv_fuzz-" + std::to_string(getpid()) + ".csv");
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  for (const bool json : {false, true}) {
    TextOptions options;
    options.files = {file};
    options.json = json;
    options.bad_rows = BadRows::count;
    options.bytes.max_bytes = 1 << 20;
    auto table = TextTable::open(options);
    if (!table) continue;
    Session session = *Session::open();
    if (table->attach(session, "rows")) (void)session.query("SELECT * FROM rows() LIMIT 100");
  }
  std::filesystem::remove(file);
  return 0;
}

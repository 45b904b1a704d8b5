// Any bytes as a CSV file and as JSON lines: a table or an error, told in our words.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
    // A session is dear: one serves many inputs, whose tables live as long as it does.
    static std::vector<std::unique_ptr<TextTable>> tables;
    static std::optional<Session> session;
    if (!session || tables.size() >= 200) {
      session.reset();
      tables.clear();
      session = *Session::open();
    }
    tables.push_back(std::make_unique<TextTable>(*std::move(table)));
    const std::string name = "rows" + std::to_string(tables.size());
    if (tables.back()->attach(*session, name))
      (void)session->query("SELECT * FROM " + name + "() LIMIT 100");
  }
  std::filesystem::remove(file);
  return 0;
}

// sdk: prints the file that the user's own code may import.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "engine/app/verbs.h"
#include "operators/control/sdk_files.h"

namespace millrace {

VerbAction declare_sdk(CLI::App& verb, Options&) {
  const auto language = std::make_shared<std::string>();
  verb.add_option("language", *language, "python: millrace_worker.py, for the operator python")
      ->required()
      ->check(CLI::IsMember({"python"}));
  return [language]() -> Result<int> {
    const std::string_view text = operators::python_sdk();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  };
}

}  // namespace millrace

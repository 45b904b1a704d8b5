// sdk: prints the file that the user's own code may import.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "engine/app/verbs.h"
#include "operators/control/sdk_files.h"

namespace millrace {

VerbAction declare_sdk(CLI::App& verb, Options&) {
  const auto language = std::make_shared<std::string>();
  verb.add_option("language", *language,
                  "python: millrace_worker.py, for the operator python; node: millrace_worker.mjs, "
                  "for the operator call")
      ->required()
      ->check(CLI::IsMember({"python", "node"}));
  return [language]() -> Result<int> {
    const std::string_view text =
        *language == "node" ? operators::node_sdk() : operators::python_sdk();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  };
}

}  // namespace millrace

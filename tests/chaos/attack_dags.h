// The DAGs of the attacks.
#pragma once

#include <filesystem>

namespace millrace::chaos {

/// `work` writes a line to its log and makes a table of the parameter `n`; `check` reads the table
/// that its parameter names; `learn` ships a model called `flights`; `tick` is scheduled each
/// minute. Files lie in `folder`.
void write_attack_dags(const std::filesystem::path& folder);

}  // namespace millrace::chaos

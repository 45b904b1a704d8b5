// The outputs that every task declares which makes one table.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace millrace {

/// Name and meaning of the members of outputs_of(TableArtifact), and then of `more`.
std::vector<std::pair<std::string, std::string>> table_outputs(
    std::vector<std::pair<std::string, std::string>> more = {});

}  // namespace millrace

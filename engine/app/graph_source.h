// The graph of what a person names: a DAG of a running engine, or a DAG file.
#pragma once

#include <string>

#include "engine/app/options.h"
#include "engine/base/result.h"
#include "engine/graph/task_graph.h"

namespace millrace {

/// True of "x.yaml", "x.yml" and a word with a slash.
bool names_a_file(const std::string& word);
Result<TaskGraph> graph_of_word(const Options& options, const std::string& word);

}  // namespace millrace

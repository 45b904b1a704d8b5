#include "engine/app/graph_source.h"

#include <filesystem>

#include "engine/app/connection.h"
#include "engine/app/shared_options.h"
#include "engine/http/target.h"
#include "engine/node/resource_folder.h"
#include "operators/catalog.h"

namespace millrace {

bool names_a_file(const std::string& word) {
  return word.ends_with(".yaml") || word.ends_with(".yml") || word.find('/') != std::string::npos;
}

Result<TaskGraph> graph_of_word(const Options& options, const std::string& word) {
  if (names_a_file(word)) {
    if (!std::filesystem::exists(word)) return not_found("there is no file '" + word + "'");
    MR_TRY(const RegisterDag loaded, load_for_engine(word, builtin_catalog(), options.dags));
    return task_graph_of(*loaded.dag);
  }
  MR_TRY(const Connection connection, connect_to_read(options));
  MR_TRY(const Json detail, connection.client.get("/api/v1/dags/" + http::percent_encode(word) +
                                                  namespace_query(options)));
  return read_task_graph(detail);
}

}  // namespace millrace

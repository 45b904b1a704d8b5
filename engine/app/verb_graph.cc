// graph: the tasks of a DAG as text or as a picture. Of a DAG over the API, of a DAG file without
// an engine.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/app/graph_source.h"
#include "engine/app/shared_options.h"
#include "engine/app/show.h"
#include "engine/app/verbs.h"
#include "engine/base/record_json.h"
#include "engine/graph/draw.h"

namespace millrace {

VerbAction declare_graph(CLI::App& verb, Options& options) {
  struct Words {
    std::string dag, format = "text";
  };
  auto words = std::make_shared<Words>();
  verb.add_option("dag", words->dag, "The DAG's id, or a DAG file")->required();
  verb.add_option("--format", words->format, "text, mermaid, dot or svg")
      ->check(CLI::IsMember({"text", "mermaid", "dot", "svg"}))
      ->capture_default_str();
  add_namespace_option(verb, options);
  add_dags_option(verb, options);
  return [&options, words]() -> Result<int> {
    MR_TRY(const TaskGraph graph, graph_of_word(options, words->dag));
    if (options.json)
      return print_json(Json::object(
          {{"dag", graph.dag}, {"tasks", record_json<JsonStyle::shown>(graph.tasks)}}));
    std::fputs(draw(graph, *from_name<GraphFormat>(words->format)).c_str(), stdout);
    return 0;
  };
}

}  // namespace millrace

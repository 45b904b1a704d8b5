// Options that several verbs have.
#pragma once

#include "engine/app/options.h"

namespace CLI {
class App;
}

namespace millrace {

/// --host, --allow-host, --serve-port and those of the prediction log.
void add_server_options(CLI::App& verb, Options& options);
/// --tls-cert, --tls-key
void add_tls_options(CLI::App& verb, Options& options);
/// --workers, --nice
void add_runner_options(CLI::App& verb, Options& options);
/// Both, and --port.
void add_engine_options(CLI::App& verb, Options& options);
/// --dags
void add_dags_option(CLI::App& verb, Options& options);
/// --namespace of a verb that names a DAG or a model, or of one that lists them.
void add_namespace_option(CLI::App& verb, Options& options);
void add_namespace_filter(CLI::App& verb, Options& options);
/// "?namespace=…" for a path of the API, or "" without one; begins with `mark`.
std::string namespace_query(const Options& options, char mark = '?');
/// --retention
void add_retention_option(CLI::App& verb, Options& options);

}  // namespace millrace

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
/// --retention
void add_retention_option(CLI::App& verb, Options& options);

}  // namespace millrace

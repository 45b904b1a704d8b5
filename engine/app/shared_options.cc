#include "engine/app/shared_options.h"

#include <CLI/CLI.hpp>
#include <string>

#include "engine/app/word_check.h"
#include "engine/http/guard.h"
#include "engine/http/target.h"

namespace millrace {
namespace {

/// The name in lower case; returns what is wrong with it, or "".
std::string as_host_name(std::string& name) {
  auto allowed = http::allowed_host(name);
  if (!allowed) return allowed.error().message;
  name = *std::move(allowed);
  return "";
}

}  // namespace

void add_server_options(CLI::App& verb, Options& options) {
  verb.add_option("--host", options.host, "Address to listen on")->capture_default_str();
  verb.add_option("--allow-host", options.allow_hosts,
                  "A host name the servers answer to, besides localhost and IP addresses; repeat "
                  "the option for more; with commas in the environment")
      ->delimiter(',')
      ->transform(CLI::Validator(as_host_name, "NAME"))
      ->envname("MILLRACE_ALLOW_HOST");
  verb.add_option("--serve-port", options.serve_port,
                  "Port of the model server; 0 chooses a free port")
      ->check(CLI::Range(0, 65'535))
      ->capture_default_str();
  verb.add_option_function<std::string>(
          "--prediction-log",
          [&options](const std::string& name) {
            options.log_when_full = *serve::when_full_from(name);
          },
          "When predictions come faster than they are stored: drop them, block their requests, or "
          "sample them; default drop")
      ->check(CLI::IsMember({"drop", "block", "sample"}));
  verb.add_option("--log-sampling", options.log_sampling,
                  "Share of predictions to store, 0 to 1; measurements count all of them")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

void add_tls_options(CLI::App& verb, Options& options) {
  auto* certificate = verb.add_option("--tls-cert", options.tls_cert,
                                      "Speak HTTPS with this certificate and its chain (PEM); a "
                                      "renewed file is read without a restart");
  auto* key = verb.add_option("--tls-key", options.tls_key, "Private key of the certificate (PEM)");
  certificate->needs(key);
  key->needs(certificate);
}

void add_namespace_option(CLI::App& verb, Options& options) {
  verb.add_option("--namespace", options.name_space,
                  "Namespace of the DAG or model; default: default")
      ->check(not_empty());
}

void add_namespace_filter(CLI::App& verb, Options& options) {
  verb.add_option("--namespace", options.name_space, "Only of this namespace; default: all")
      ->check(not_empty());
}

std::string namespace_query(const Options& options, char mark) {
  if (options.name_space.empty()) return "";
  return mark + ("namespace=" + http::percent_encode(options.name_space));
}

void add_dags_option(CLI::App& verb, Options& options) {
  verb.add_option("--dags", options.dags, "Folder of DAG files")
      ->capture_default_str()
      ->check(not_empty());
}

void add_retention_option(CLI::App& verb, Options& options) {
  verb.add_option_function<std::string>(
          "--retention",
          [&options](const std::string& text) {
            options.retention = value_or_refuse(parse_retention(text));
          },
          "Drop older history, e.g. 90d; default: drop nothing")
      ->envname("MILLRACE_RETENTION");
}

void add_runner_options(CLI::App& verb, Options& options) {
  verb.add_option("--workers", options.workers,
                  "Runner processes; 0 means twice the cores, at least 4")
      ->check(CLI::Range(0, 1024));
  verb.add_option("--nice", options.nice, "Niceness added to runner processes")
      ->check(CLI::Range(0, 19))
      ->capture_default_str();
}

void add_engine_options(CLI::App& verb, Options& options) {
  add_server_options(verb, options);
  verb.add_option("--port", options.port, "Port of dashboard and API; 0 chooses a free port")
      ->check(CLI::Range(0, 65'535))
      ->capture_default_str();
  add_runner_options(verb, options);
}

}  // namespace millrace

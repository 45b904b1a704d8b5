// NodeOptions: what a node is started with: its database, its folders, its servers and its runners.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/serve/prediction_log.h"

namespace millrace {

struct NodeOptions {
  std::filesystem::path state = ".millrace";
  std::string db;  // PostgreSQL URL; "": a private cluster in `state`
  std::filesystem::path dags = "dags";
  std::string host = "127.0.0.1";  // address that both servers listen on
  int port = 8793;                 // of API and dashboard; 0: any free port
  int serve_port = 8794;           // of the model server; 0: any free port
  std::filesystem::path tls_cert;  // PEM files: both servers speak HTTPS; "": HTTP
  std::filesystem::path tls_key;
  std::vector<std::string> allow_hosts;  // in lower case: host names that both servers answer to
  double log_sampling = 1;               // share of predictions that is stored, 0 to 1
  serve::WhenFull log_when_full = serve::WhenFull::drop;
  int workers = 0;                    // runner processes; 0: twice the cores, at least 4
  int nice = 5;                       // niceness of runners, added to that of this process
  std::optional<Duration> retention;  // nullopt: all history is kept
};

/// The address of one of its servers: "http://127.0.0.1:8793".
std::string server_url(const NodeOptions& options, int port);
/// The same for a program on this machine: loopback where the server listens on all addresses.
std::string local_url(NodeOptions options, int port);

/// The number of runner processes that `workers` stands for.
int worker_count(const NodeOptions& options);

}  // namespace millrace

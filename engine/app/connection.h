// Connection: how a verb reaches the API: of a running engine, or, for verbs that only read, of a
// short-lived server of this process on a state folder where no engine is running.
#pragma once

#include <memory>

#include "engine/app/api_client.h"
#include "engine/app/engine_address.h"
#include "engine/app/options.h"
#include "engine/node/node.h"

namespace millrace {

struct Connection {
  std::unique_ptr<Node> reader;  // nullptr: an engine is running
  ApiClient client;
};

/// For an engine at that address. Its own certificate is trusted where the state folder names it
/// and no authorities are named.
ApiClient client_of(const Options& options, const EngineAddress& address);
/// `unavailable` with the cure when no engine is running.
Result<ApiClient> connect(const Options& options);
/// Works without an engine where the state folder has a private cluster. `not_found` with the cure
/// when the folder has no database.
Result<Connection> connect_to_read(const Options& options);

}  // namespace millrace

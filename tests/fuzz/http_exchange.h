// A server of ours, given bytes over a real connection: that way the parser of the library, our
// guard, the router and every decoder behind them are reached as a stranger reaches them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace millrace::fuzz {

/// From the first call on only errors are logged: a server says a line for each request.
void log_errors_only();

/// What an input says, as it goes over the wire: requests that "\n%%\n" separates follow each other
/// at once, and "Content-Length: ?" becomes the length of what follows that request's header, so
/// that a mutated body is still taken for one.
std::string spelled_out(std::string_view input);

/// Sends the bytes to the port on loopback, says that there are no more, and reads to the end.
/// Aborts if the server does not end the connection in time, or answers something that is no HTTP.
std::string exchange(std::uint16_t port, std::string_view bytes);

/// Spells one input out to the one `Server` of this process, which is begun anew now and then: its
/// store in memory keeps whatever it is given.
template <typename Server>
void try_on(const std::uint8_t* data, std::size_t size) {
  constexpr int kInputsPerServer = 20'000;
  static std::unique_ptr<Server> server;
  static int inputs = 0;
  if (inputs++ % kInputsPerServer == 0) {
    log_errors_only();
    server.reset();
    server = std::make_unique<Server>();
  }
  exchange(server->port(), spelled_out({reinterpret_cast<const char*>(data), size}));
}

}  // namespace millrace::fuzz

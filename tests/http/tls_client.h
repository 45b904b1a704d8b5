// TlsClient: an HttpClient within TLS, which trusts every certificate and shows what it was sent.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/http/http_client.h"

namespace millrace::testing {

class TlsClient : public HttpClient {
 public:
  explicit TlsClient(int port);
  ~TlsClient() override;

  /// The handshake has succeeded.
  bool connected() const { return connected_; }
  /// The common name of the server's certificate.
  std::string server_name() const;
  /// The server has said that there is no more to come: nothing was cut off.
  bool ended_cleanly() const;

 protected:
  long read_some(char* data, std::size_t size) override;
  long write_some(const char* data, std::size_t size) override;

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  bool connected_ = false;
};

}  // namespace millrace::testing

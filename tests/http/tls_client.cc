#include "tests/http/tls_client.h"

#include <openssl/x509.h>

namespace millrace::testing {

TlsClient::TlsClient(int port)
    : HttpClient(port),
      context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
      tls_(SSL_new(context_.get()), SSL_free) {
  SSL_set_fd(tls_.get(), socket());
  connected_ = SSL_connect(tls_.get()) == 1;
}

TlsClient::~TlsClient() {
  if (connected_) SSL_shutdown(tls_.get());
}

std::string TlsClient::server_name() const {
  const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(tls_.get()),
                                                           X509_free);
  char name[256] = "";
  if (certificate)
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                              sizeof name);
  return name;
}

bool TlsClient::ended_cleanly() const {
  return (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

long TlsClient::read_some(char* data, std::size_t size) {
  return SSL_read(tls_.get(), data, static_cast<int>(size));
}

long TlsClient::write_some(const char* data, std::size_t size) {
  return SSL_write(tls_.get(), data, static_cast<int>(size));
}

}  // namespace millrace::testing

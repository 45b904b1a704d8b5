// TlsIdentity: the certificate and key of a server, from two PEM files, which it reads again when
// they have changed: a renewed certificate needs no restart.
#pragma once

#include <filesystem>
#include <memory>

#include "engine/base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace millrace::http {

/// Not thread-safe: each server has its own.
class TlsIdentity {
 public:
  /// `certificate`: the server's own first, then those between it and its authority. Errors name
  /// the file and what is wrong with it: it cannot be read, holds no certificate or key, the key is
  /// encrypted or belongs to another certificate.
  static Result<std::shared_ptr<TlsIdentity>> load(const std::filesystem::path& certificate,
                                                   const std::filesystem::path& key);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  /// For the next connection. If the files have changed but cannot be used (half written, or only
  /// one of the two is new), that is logged and what was read before stays.
  std::shared_ptr<boost::asio::ssl::context> context();

 private:
  struct Body;
  explicit TlsIdentity(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace millrace::http

#include "engine/http/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <string>
#include <utility>

#include "engine/base/file.h"
#include "engine/base/log.h"

namespace millrace::http {
namespace {

namespace ssl = boost::asio::ssl;
using Context = std::shared_ptr<ssl::context>;

constexpr std::size_t kMaxFileBytes = 1 << 20;

/// Changes when a file is replaced or written to.
struct Stamp {
  std::array<std::int64_t, 8> of_both{};
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  Stamp stamp;
  auto out = stamp.of_both.begin();
  for (const auto* file : {&certificate, &key}) {
    struct stat found {};
    if (::stat(file->c_str(), &found) != 0) found = {};
    *out++ = found.st_mtim.tv_sec;
    *out++ = found.st_mtim.tv_nsec;
    *out++ = static_cast<std::int64_t>(found.st_size);
    *out++ = static_cast<std::int64_t>(found.st_ino);
  }
  return stamp;
}

Error unusable(const std::filesystem::path& file, const std::string& why) {
  return invalid_argument("'" + file.string() + "' " + why);
}

Result<std::string> read(const std::filesystem::path& file) {
  std::error_code ignored;  // what cannot be read is said by read_file
  if (std::filesystem::is_directory(file, ignored))
    return unusable(file, "is a folder, not a file");
  auto text = read_file(file, kMaxFileBytes);
  if (!text) return invalid_argument(text.error().message);
  return text;
}

/// Never asks the terminal for a password.
int no_password(char*, int, int, void*) { return 0; }

Status use_key(SSL_CTX* context, const std::filesystem::path& certificate,
               const std::filesystem::path& file) {
  MR_TRY(const std::string text, read(file));
  if (text.find("ENCRYPTED") != text.npos)
    return unusable(file, "is encrypted with a password; write it without one: openssl pkey -in '" +
                              file.string() + "' -out server.key");
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(source.get(), nullptr, no_password, nullptr), &EVP_PKEY_free);
  if (!key)
    return unusable(file, "holds no private key in PEM format, '-----BEGIN PRIVATE KEY-----'");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return unusable(file, "is not the key of the certificate '" + certificate.string() + "'");
  return {};
}

void warn_of_age(SSL_CTX* context, const std::filesystem::path& file) {
  const X509* certificate = SSL_CTX_get0_certificate(context);
  if (certificate == nullptr) return;
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
    log::warning("the certificate of the servers has expired", {{"file", file.string()}});
  else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
    log::warning("the certificate of the servers is not valid yet", {{"file", file.string()}});
}

Result<Context> read_context(const std::filesystem::path& certificate,
                             const std::filesystem::path& key) {
  boost::system::error_code error;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections hold less memory
  SSL_CTX_set_default_passwd_cb(native, no_password);
  MR_TRY(const std::string chain, read(certificate));
  if (chain.find("-----BEGIN ") == chain.npos || chain.find("CERTIFICATE-----") == chain.npos)
    return unusable(certificate,
                    "holds no certificate in PEM format, '-----BEGIN CERTIFICATE-----'");
  context->use_certificate_chain(boost::asio::buffer(chain), error);
  if (error) return unusable(certificate, "cannot be used as a certificate: " + error.message());
  MR_CHECK(use_key(native, certificate, key));
  warn_of_age(native, certificate);
  return context;
}

}  // namespace

struct TlsIdentity::Body {
  std::filesystem::path certificate, key;
  Context context;
  Stamp stamp;
};

TlsIdentity::TlsIdentity(std::unique_ptr<Body> body) : body_(std::move(body)) {}
TlsIdentity::~TlsIdentity() = default;

Result<std::shared_ptr<TlsIdentity>> TlsIdentity::load(const std::filesystem::path& certificate,
                                                       const std::filesystem::path& key) {
  const Stamp stamp = stamp_of(certificate, key);  // before, so that no change is missed
  MR_TRY(Context context, read_context(certificate, key));
  return std::shared_ptr<TlsIdentity>(
      new TlsIdentity(std::make_unique<Body>(Body{certificate, key, std::move(context), stamp})));
}

std::shared_ptr<ssl::context> TlsIdentity::context() {
  Body& body = *body_;
  const Stamp now = stamp_of(body.certificate, body.key);
  if (now == body.stamp) return body.context;
  body.stamp = now;  // a file that cannot be used is not read again until it changes
  auto fresh = read_context(body.certificate, body.key);
  if (fresh) {
    body.context = *std::move(fresh);
    log::info("the certificate was read again", {{"file", body.certificate.string()}});
  } else {
    log::warning("the certificate has changed but cannot be used; the one before stays",
                 {{"error", fresh.error().message}});
  }
  return body.context;
}

}  // namespace millrace::http

// A certificate that signs itself, made by openssl, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace millrace::testing {

struct CertificateFiles {
  std::filesystem::path certificate, key;
};

/// `names`: as a subjectAltName has them, "DNS:localhost,IP:127.0.0.1".
inline CertificateFiles make_certificate(const std::filesystem::path& folder,
                                         const std::string& name, const std::string& names) {
  CertificateFiles files{folder / (name + ".crt"), folder / (name + ".key")};
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout '" +
      files.key.string() + "' -out '" + files.certificate.string() + "' -subj '/CN=" + name +
      "' -addext 'subjectAltName=" + names + "' 2> '" + (folder / "openssl.log").string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return files;
}

}  // namespace millrace::testing

// Where redirects may lead: a server outside must not make us read what only this machine can reach
// (loopback services, a cloud's metadata at 169.254.169.254).
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace millrace::http {

/// 127.0.0.0/8, 0.0.0.0/8, 169.254.0.0/16, ::1, ::, fe80::/10, and the IPv4 ones within IPv6.
bool is_local_address(const sockaddr* address);

struct UrlOrigin {
  std::string scheme;
  std::string host;  // in lower case
  std::string port;
  bool operator==(const UrlOrigin&) const = default;
};
/// Empty for what is no URL.
UrlOrigin origin_of(const std::string& url);

/// "" if a redirect may go there, or why not. `allowed`: if not empty, only these hosts, and these
/// also on local addresses.
std::string refused_redirect(const UrlOrigin& first, const UrlOrigin& next,
                             const std::vector<std::string>& allowed);

}  // namespace millrace::http

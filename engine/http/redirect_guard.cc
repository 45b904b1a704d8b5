#include "engine/http/redirect_guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/http/message.h"

namespace millrace::http {
namespace {

bool is_local_ipv4(std::uint32_t address) {
  return address >> 24 == 127 || address >> 24 == 0 || address >> 16 == (169 << 8 | 254);
}

bool is_local_ipv6(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address) ||
      IN6_IS_ADDR_LINKLOCAL(&address))
    return true;
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return false;
  std::uint32_t inner = 0;
  std::memcpy(&inner, address.s6_addr + 12, sizeof inner);
  return is_local_ipv4(ntohl(inner));
}

}  // namespace

bool is_local_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    return is_local_ipv4(ntohl(four.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    return is_local_ipv6(six.sin6_addr);
  }
  return true;  // a Unix socket
}

/// The same of a host as URLs have it: "localhost", "127.1", "[::1]". Names are not looked up.
static bool is_local_host(std::string_view host) {
  std::string name = in_lower_case(host);
  while (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  if (name.starts_with('[') && name.ends_with(']')) {
    name = name.substr(1, name.size() - 2);
    name = name.substr(0, name.find('%'));
    in6_addr six{};
    return inet_pton(AF_INET6, name.c_str(), &six) == 1 && is_local_ipv6(six);
  }
  in_addr four{};  // also "127.1" and "2130706433", as resolvers read them
  return inet_aton(name.c_str(), &four) != 0 && is_local_ipv4(ntohl(four.s_addr));
}

UrlOrigin origin_of(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> handle(curl_url(), curl_url_cleanup);
  if (!handle ||
      curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return {};
  const auto part = [&](CURLUPart what, unsigned flags) {
    char* text = nullptr;
    std::string out;
    if (curl_url_get(handle.get(), what, &text, flags) == CURLUE_OK) out = text;
    curl_free(text);
    return out;
  };
  return {part(CURLUPART_SCHEME, 0), in_lower_case(part(CURLUPART_HOST, 0)),
          part(CURLUPART_PORT, CURLU_DEFAULT_PORT)};
}

std::string refused_redirect(const UrlOrigin& first, const UrlOrigin& next,
                             const std::vector<std::string>& allowed) {
  if (next.host == first.host) return {};  // its address is looked at when it is connected to
  const bool named = std::ranges::any_of(
      allowed, [&](const std::string& host) { return in_lower_case(host) == next.host; });
  if (named) return {};
  if (!allowed.empty())
    return "a redirect to '" + next.host + "', which allowed_hosts does not name";
  if (is_local_host(next.host))
    return "a redirect to '" + next.host + "', a loopback or link-local address";
  return {};
}

}  // namespace millrace::http

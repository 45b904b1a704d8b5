// What of an outgoing request may be shown: secrets stay out of logs and errors. Pure. Internal to
// this module, but for shown_url, which client.h declares.
#pragma once

#include <string>
#include <string_view>

#include "engine/http/client.h"

namespace millrace::http {

/// Of a server's text: how much of it an error quotes.
inline constexpr std::size_t kMaxErrorText = 300;

/// "GET https://host/path".
std::string shown(const ClientRequest& request);
/// Its address; with `secret_url` only the host.
std::string shown_url(const ClientRequest& request);
/// `text` with the request's address as it may be shown, and "***" for secret values of headers: a
/// server may repeat what it was sent.
std::string without_secrets(std::string text, const ClientRequest& request);
/// Says how to answer, nothing of who asks. All others may be secrets: X-Api-Key, Private-Token.
bool is_public_header(std::string_view name);

}  // namespace millrace::http

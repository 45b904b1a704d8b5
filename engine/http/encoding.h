// Content encodings of responses, RFC 9110, section 12.5.3. Live answers are compressed by gzip at
// its fastest level: a slower one costs more time than it saves on any network that reaches us.
#pragma once

#include <string>
#include <string_view>

#include "engine/http/message.h"

namespace millrace::http {

/// True if Accept-Encoding takes this coding: named (or `*`) and not with q=0.
bool accepts(std::string_view accept_encoding, std::string_view coding);

/// The bytes as a gzip member, RFC 1952.
std::string gzip(std::string_view bytes);

/// Compresses the body if the client takes gzip, the type is text and it is worth it.
void compress(const HttpRequest& request, HttpResponse& response);

}  // namespace millrace::http

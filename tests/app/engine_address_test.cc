// How the command line finds an engine.
#include "engine/app/engine_address.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

// RFC 3986, section 3.2.2: an IPv6 address is written in brackets.
TEST(EngineAddress, UrlsPutIpv6AddressesInBrackets) {
  NodeOptions options;
  EXPECT_EQ(server_url(options, 8793), "http://127.0.0.1:8793");
  options.host = "::1";
  EXPECT_EQ(server_url(options, 8793), "http://[::1]:8793");
}

TEST(EngineAddress, TheMarkOfADatabaseDoesNotShowItsPassword) {
  Options options;
  EXPECT_EQ(database_mark(options), "private");
  options.db = "postgresql://millrace:secret@127.0.0.1/millrace";
  EXPECT_EQ(database_mark(options).find("secret"), std::string::npos);
  Options other = options;
  other.db += "2";
  EXPECT_NE(database_mark(options), database_mark(other));
}

}  // namespace
}  // namespace millrace

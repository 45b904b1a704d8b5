// The warning of `up` and `serve` when other machines can reach them.
#include <gtest/gtest.h>

#include "engine/app/options.h"

namespace millrace {
namespace {

TEST(OpenServers, WarnWhenOtherMachinesCanReachThem) {
  for (const std::string host : {"0.0.0.0", "::", "192.0.2.1", "10.1.2.3", "2001:db8::1"}) {
    const std::string warning = open_servers_warning(host);
    EXPECT_NE(warning.find("--host " + host + " opens"), std::string::npos) << warning;
    EXPECT_NE(warning.find("no access control"), std::string::npos) << warning;
  }
}

// 127.0.0.0/8 and ::1 are the loopback addresses: RFC 1122, section 3.2.1.3, RFC 4291, 2.5.3.
TEST(OpenServers, AreSilentOnLoopback) {
  for (const std::string host : {"127.0.0.1", "127.8.9.10", "::1", "localhost"})
    EXPECT_EQ(open_servers_warning(host), "") << host;
}

}  // namespace
}  // namespace millrace

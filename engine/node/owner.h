// How an engine names itself as the owner of a lease, and knows its own former lease again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace millrace {

/// "host:process:random". Two containers may have one host name and the same process number.
std::string owner_name(std::uint64_t entropy);

/// Writes `owner` into the state folder, whose lock the caller holds. The one that led from it
/// before; it is dead, since we hold the lock. "": there was none.
std::string take_over_state(const std::filesystem::path& state, const std::string& owner);

}  // namespace millrace

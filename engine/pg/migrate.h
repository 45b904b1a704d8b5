// Migrations: brings the schema of a database to the version of this program. Forward only, in the
// order of their numbers, each in a transaction of its own, under a lock; several programs may
// start at once.
#pragma once

#include <string>

#include "engine/pg/database.h"

namespace millrace {

/// `unsupported` when a newer program has upgraded the database, and its changes do not let this
/// one go on (the first line of each migration says which do).
Status migrate(Database& database);

/// The same for every program that uses this database, and for no other database.
Result<std::string> identity_of(Database& database);

}  // namespace millrace

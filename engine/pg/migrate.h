// Migrations: brings the schema of a database to the version of this program. Forward only, in the
// order of their numbers, each in a transaction of its own, under a lock; several programs may
// start at once.
#pragma once

#include "engine/pg/database.h"

namespace millrace {

/// `unsupported` when the database was made by a newer program.
Status migrate(Database& database);

}  // namespace millrace

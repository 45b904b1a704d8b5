// Rules on what is no code: folders, pages, the lock file, the reasons for what we depend on.
#pragma once

#include "tests/tidy/source.h"

namespace millrace::tidy {

/// The top level has the folders of docs/architecture.md, section 3, and no other.
Findings check_top_folders(const Tree& tree);
/// A relative link of a page leads to a file; `exists` answers for a path from the repo's root.
Findings check_links_of_pages(const Tree& tree,
                              const std::function<bool(const std::string&)>& exists);
/// A page names only verbs that ./run has.
Findings check_verbs(const Tree& tree);
/// Each Debian package of ./run and each npm package stands in docs/dependencies.md.
Findings check_dependencies(const Tree& tree);
/// package-lock.json pins an integrity hash for every package, and no download address.
Findings check_lock_file(const SourceFile& lock);

}  // namespace millrace::tidy

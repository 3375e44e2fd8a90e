#pragma once

#include "repository.hpp"

namespace bulkhead::tidy {

/// Arrows between and inside the parts, and which folder alone knows which library.
Findings checkIncludes(const Repository& repository);

/// Lines per file, code lines per header, lines per function.
Findings checkSizes(const Repository& repository);

/// snake_case for files and folders, and no name that says nothing.
Findings checkNames(const Repository& repository);

/// Words and calls that have a better replacement here.
Findings checkWords(const Repository& repository);

/// Each plugin is complete: manifest, page, build file, tests. Its own file only wires.
Findings checkPlugins(const Repository& repository);

/// One title per page, links that resolve, nothing about the machine it was written on.
Findings checkDocuments(const Repository& repository);

/// docs/requirements.tsv against the tests, and the form of tests/skips.txt.
Findings checkRequirements(const Repository& repository);

/// Statements of plugins stand in their stores' files.
Findings checkSql(const Repository& repository);

}  // namespace bulkhead::tidy

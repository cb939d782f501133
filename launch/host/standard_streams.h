// The standard streams of the program.
#pragma once

#include <string_view>

namespace switchyard {

// Opens /dev/null for each standard stream that is closed. Otherwise the next file that is opened
// would take the stream's number, and what is printed would go into that file.
void open_missing_streams();

// Prints to stderr; errors are ignored.
void say(std::string_view text);

// Flushes stdout. Errors: Exit::storage if part of what was printed is lost.
void check_results_written();

}  // namespace switchyard

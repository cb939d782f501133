// The standard streams of the program, and the limits on what it writes.
#pragma once

#include <string_view>

namespace switchyard {

// Opens /dev/null for each standard stream that is closed. Otherwise the next file that is opened
// would take the stream's number, and what is printed would go into that file.
void open_missing_streams();

// Makes a write beyond `ulimit -f` fail as one to a full disk does, so that the caller can report
// it. By default the system ends the process with SIGXFSZ and no message.
void let_large_writes_fail();

// Prints to stderr; errors are ignored.
void say(std::string_view text);

// Flushes stdout. Errors: Exit::storage if part of what was printed is lost.
void check_results_written();

}  // namespace switchyard

// The examples of evaluation files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace switchyard::prepare {

// Calls each(text, line) for every example of a file: the whole of a .txt or .md file, line 0; for
// each line of a .jsonl file that is not blank all its strings, nested ones included, keys not, in
// the order of the line and with a line feed between them. Plain, .gz or .zst. The text is valid
// UTF-8. Errors: Exit::usage for a file that does not exist or is of another kind; Exit::data for
// one that cannot be read to its end, and for a line that is not JSON: an example that went
// missing would stay in the training text unseen.
void read_examples(const std::filesystem::path& file,
                   const std::function<void(const std::string&, std::int64_t)>& each);

}  // namespace switchyard::prepare

// Documents: text files and JSON lines, plain or compressed, read one document at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "io/prepare/input/inputs.h"
#include "io/prepare/input/json_line.h"
#include "io/prepare/input/problems.h"
#include "io/prepare/words/document.h"

namespace switchyard::prepare {

// The limit of a file of one document, or of a line of a .jsonl file, in uncompressed bytes.
inline constexpr std::int64_t largest_document_bytes = std::int64_t{64} << 20;

// A document's text is its prompt, if there is one, and what answers it (Document::meta says where
// the prompt ends).
// Calls `each` with every document of a part: the whole of a .txt or .md file, one for each line of
// a .jsonl file that is not blank. Memory is bounded whatever the file holds. Whatever is wrong
// with it goes into `problems`. Returns how many documents the part held, including unusable ones:
// those passed to `each` and those that `problems` counts under one of the kinds that drop a
// document. A file that cannot be read, and a line or text that damage cut off, count as none.
std::int64_t read_documents(const InputFile& file, const FilePart& part, const TextFields& fields,
                            Problems& problems, const std::function<void(Document&&)>& each);

}  // namespace switchyard::prepare

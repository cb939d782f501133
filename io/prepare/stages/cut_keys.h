// Cut keys: how later generations find the lines, paragraphs and spans of a kept document.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/prepare/work/config.h"

namespace switchyard::prepare {

// For the index of a document's generation, by its text as it was kept: sorted, each once. A line
// or paragraph has two keys, the halves of its 128 bits, so that a document with both has it; a
// span is looked for by its seed. Of what `config` cuts only.
std::vector<std::uint64_t> cut_keys_of(const std::string& kept_text, const DedupConfig& config);

}  // namespace switchyard::prepare

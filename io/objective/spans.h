// Span denoising as causal masking (Aghajanyan et al., arXiv:2201.07520; UL2, arXiv:2205.05131, for
// the mean length and the share): spans move to the end of the piece, where the model writes them
// from left to right.
#pragma once

#include "io/objective/fill_in_middle.h"

namespace switchyard {

// a b [c d] e f [g] h becomes a b <0> e f <1> h <0> c d <1> g: the special ids take two tokens for
// each span, which the end of the piece gives way to. There are share * tokens / mean_length spans,
// at least 1 and at most ids.num_spans, one in each of as many equal parts of the text, and their
// lengths are uniform from 1 to 2 mean_length - 1, as far as a part has room. False, and nothing
// changes: fewer than shortest_rewritten tokens.
bool move_spans(std::span<std::int32_t> tokens, const SpecialIds& ids, double mean_length,
                double share, const Draw& draw);

}  // namespace switchyard

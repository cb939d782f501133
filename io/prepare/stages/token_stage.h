// The last stage of `prepare`: the tokens layer, made from the documents layer.
#pragma once

#include "io/prepare/work/run.h"

namespace switchyard::prepare {

// Collective. Tokenises every shard of kept documents that the tokens layer lacks, and commits the
// layer. A layer of another tokenizer is replaced if `config.retokenize`, else refused. Returns
// false if nothing was missing. Errors: Exit::data if no document is left to train on.
bool run_token_stage(const Run& run);

}  // namespace switchyard::prepare
